//! What is to be said of a CESQL expression, each thing at its place: mistakes in its text, doubts about it as a
//! filter, and what failed on an event.

use activator::filter::cesql::{Expression, Failure, FailureKind, Finding, Flaw, Problem, Span, Type};

use super::codes::Code;
use super::diagnostic::Diagnostic;
use super::nearest::nearest;
use super::source::Place;

/// Of a part that a help repeats, this much is shown.
const PART_MAX: usize = 40;

/// An expression as messages call it, and where its parts stand.
pub(crate) struct Told<'e> {
    pub(crate) text: &'e str,
    /// Begins the sentences: `` `filter` in [trigger.a] ``.
    pub(crate) called: &'e str,
    pub(crate) place: &'e dyn Fn(Span) -> Place,
}

impl Told<'_> {
    /// Why the text is no expression.
    pub(crate) fn mistake(&self, problem: &Problem) -> Diagnostic {
        let message = format!("{} is no CESQL expression: {}", self.called, problem.what);
        let finding = Diagnostic::new(Code::Cesql, message).at(&(self.place)(problem.span), "here");
        finding.help(mistake_help(problem))
    }

    /// Why it makes no filter, or hardly the one that was meant.
    pub(crate) fn doubt(&self, finding: &Finding) -> Diagnostic {
        let (code, message, label, help) = doubt(finding, self.text);
        let diagnostic = Diagnostic::new(code, format!("{} {message}", self.called));
        let mut diagnostic = diagnostic.at(&(self.place)(finding.span), label);
        if let Some(also) = finding.also {
            diagnostic = diagnostic.at(&(self.place)(also), "this");
        }
        diagnostic.help(help)
    }

    /// What went wrong with an event.
    pub(crate) fn failure(&self, failure: &Failure) -> Diagnostic {
        let message = format!("{}: {failure}", failure.kind.name());
        let finding = Diagnostic::new(Code::CesqlFails, message).at(&(self.place)(failure.span), "here");
        finding.help(failure_help(failure, failure.span.of(self.text)))
    }
}

/// What to do about a mistake.
fn mistake_help(problem: &Problem) -> String {
    let near = problem.what.slip().and_then(|(word, known)| nearest(word, known));
    match (near, problem.what.help()) {
        (Some(word), _) => format!("did you mean {word}? (hydrant help cesql)"),
        (None, Some(help)) => help.into(),
        (None, None) => "hydrant help cesql shows how expressions are written".into(),
    }
}

/// The code, the rest of a sentence that begins with what the expression is called, the label, and the help.
fn doubt(finding: &Finding, text: &str) -> (Code, String, String, String) {
    let part = finding.span.of(text);
    let say =
        |code, message: &str, label: &str, help: &str| (code, message.into(), label.into(), help.into());
    match &finding.flaw {
        Flaw::NotBoolean(found) => say(
            Code::NotBoolean,
            "can never match: it gives no boolean",
            &format!("this is {} {found}", if *found == Type::Integer { "an" } else { "a" }),
            "compare it with something: = != < LIKE IN",
        ),
        Flaw::MissingFunction { name, usage: Some(usage) } => say(
            Code::NoFunction,
            &format!("calls {} with the wrong number of arguments", name.to_uppercase()),
            "no such function",
            &format!("it is written {usage}"),
        ),
        Flaw::MissingFunction { name, usage: None } => say(
            Code::NoFunction,
            &format!("calls a function `{name}` that does not exist"),
            "no such function",
            &missing_function(name),
        ),
        Flaw::BareAttribute(name) => say(
            Code::Doubtful,
            "is an attribute alone: a boolean only in events that came as JSON",
            "a text in all others, which does not match",
            &format!("write {name} = TRUE"),
        ),
        Flaw::Never if finding.also.is_some() => {
            say(Code::NeverMatches, "can never match", "contradicts the other clause", &never(text, finding))
        }
        Flaw::Never => {
            say(Code::NeverMatches, "can never match", "always false", "remove it, or what makes it so")
        }
        Flaw::AlwaysFails(why) => {
            say(Code::NeverMatches, "fails on every event, and what fails does not match", why, &alone(part))
        }
        Flaw::Always => say(
            Code::AlwaysMatches,
            "matches every event",
            "always true",
            "without a filter, it does the same",
        ),
        Flaw::Mixed => say(
            Code::Doubtful,
            "mixes AND, OR and XOR without brackets",
            "takes all that follows as its right side",
            "the three have one precedence in CESQL and lean to the right: write the brackets you mean",
        ),
        Flaw::NotBinds(negated) => say(
            Code::Doubtful,
            &format!("negates `{negated}` alone, not the comparison"),
            "NOT holds more firmly than what follows",
            &format!(
                "write NOT ({})",
                part.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start()
            ),
        ),
    }
}

fn missing_function(name: &str) -> String {
    match nearest(name, Expression::function_names().iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", Expression::function_names().join(", ")),
    }
}

/// Two equalities that exclude each other were mostly meant as alternatives.
fn never(text: &str, finding: &Finding) -> String {
    let equality = |span: Span| {
        let (name, value) = span.of(text).split_once('=')?;
        let value = value.trim();
        (value.starts_with(['\'', '"']) && !name.contains(['!', '<', '>'])).then(|| (name.trim(), value))
    };
    match finding.also.and_then(|also| equality(also).zip(equality(finding.span))) {
        Some(((name, one), (_, other))) => format!("use {name} IN ({one}, {other})"),
        None => "to let either pass, join them by OR".into(),
    }
}

fn alone(part: &str) -> String {
    if part.starts_with(['\'', '"']) {
        return format!(
            "a text alone is no condition: compare an attribute with it, or write IN (.., {part})"
        );
    }
    "compare it with a value it can be".into()
}

/// How to keep it from failing; `part` is what failed.
fn failure_help(failure: &Failure, part: &str) -> String {
    let part = match part.char_indices().nth(PART_MAX) {
        Some((cut, _)) => format!("{}..", &part[..cut]),
        None => part.into(),
    };
    match failure.kind {
        FailureKind::MissingAttribute => format!("look first: EXISTS {part} AND .."),
        FailureKind::Cast => format!("look first: IS_INT({part}) AND .., or IS_BOOL({part}) AND .."),
        FailureKind::Math => {
            "integers go from -2147483648 to 2147483647, and nothing can be divided by 0".into()
        }
        FailureKind::MissingFunction => missing_function(part.split('(').next().unwrap_or_default()),
        FailureKind::FunctionEvaluation => "look first how long the text is: LENGTH(..)".into(),
    }
}
