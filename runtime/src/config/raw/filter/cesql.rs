//! A CESQL expression: what is wrong with it, at its place in the file.

use activator::filter::Filter;
use activator::filter::cesql::{Expression, Finding, Flaw, Problem, Span};

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::nearest::nearest;
use crate::config::value::Value;

/// The filter of an expression that parses and can be true; all else is reported.
pub(super) fn read_expression(value: &Value<'_>) -> Option<Filter> {
    let text = value.text()?.value;
    let place = |span: Span| value.place_inside(span.range());
    let expression = match Expression::parse(&text) {
        Ok(expression) => expression,
        Err(problems) => {
            for problem in problems {
                let message = format!("{} is no CESQL expression: {}", value.called(), problem.what);
                let finding = Diagnostic::new(Code::Cesql, message).at(&place(problem.span), "here");
                value.problems().report(finding.help(help(&problem)));
            }
            return None;
        }
    };
    let findings = expression.check();
    for finding in &findings {
        let (code, message, label, help) = told(finding, &text);
        let mut diagnostic = Diagnostic::new(code, format!("{} {message}", value.called()));
        diagnostic = diagnostic.at(&place(finding.span), label);
        if let Some(also) = finding.also {
            diagnostic = diagnostic.at(&place(also), "this");
        }
        value.problems().report(diagnostic.help(help));
    }
    findings.iter().all(|finding| !finding.flaw.is_error()).then_some(Filter::Cesql(expression))
}

/// What to do about a mistake.
pub(super) fn help(problem: &Problem) -> String {
    let near = problem.what.slip().and_then(|(word, known)| nearest(word, known));
    match (near, problem.what.help()) {
        (Some(word), _) => format!("did you mean {word}? (hydrant help cesql)"),
        (None, Some(help)) => help.into(),
        (None, None) => "hydrant help cesql shows how expressions are written".into(),
    }
}

/// The code, the rest of a sentence that begins with what the expression is called, the label, and the help.
fn told(finding: &Finding, text: &str) -> (Code, String, String, String) {
    let part = finding.span.of(text);
    let say =
        |code, message: &str, label: &str, help: &str| (code, message.into(), label.into(), help.into());
    match &finding.flaw {
        Flaw::NotBoolean(found) => say(
            Code::NotBoolean,
            "can never match: it gives no boolean",
            &format!("this is a {found}"),
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
