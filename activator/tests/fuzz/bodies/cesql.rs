//! CESQL: every text is read or refused without harm, and all that is said of an expression agrees.

use std::fmt::Write;
use std::sync::Arc;

use activator::event::Event;
use activator::filter::cesql::{Evaluation, Flaw, Problem, Span, Value, What};
use activator::filter::{Decision, Expression, Filter, Index};

use super::{Note, lines};

/// Reads the input as an expression and an event behind it.
pub(crate) fn run(input: &[u8], note: Note<'_>) {
    let input = String::from_utf8_lossy(input);
    let (text, event) = lines::split(&input);
    match Expression::parse(text) {
        Err(problems) => {
            note("refused");
            refused(text, &problems);
        }
        Ok(expression) => {
            note("parsed");
            let evaluation = expression.evaluate(&event);
            if evaluation.failures.is_empty() {
                note("without error");
            }
            if evaluation.value == Value::Boolean(true) {
                note("true");
            }
            accepted(&expression, &evaluation, &event);
        }
    }
}

/// Problems are told in the order of the text, at places that exist, in words.
fn refused(text: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused for no reason");
    assert!(problems.is_sorted_by_key(|problem| problem.span.start), "out of order: {problems:?}");
    let mut said = String::new();
    for problem in problems {
        stands(problem.span, text);
        write!(said, "{}{:?}", problem.what, problem.what.help()).expect("text takes all");
        if let Some((word, known)) = problem.what.slip() {
            assert!(!word.is_empty() && known.count() > 0);
        }
    }
    assert!(!said.is_empty());
}

fn accepted(expression: &Expression, evaluation: &Evaluation, event: &Event) {
    let text = expression.text();
    assert_eq!(*evaluation, expression.evaluate(event), "evaluated twice");
    if let Some(kind) = expression.type_of() {
        assert_eq!(evaluation.value.kind(), kind, "the type that was foreseen");
    }
    for failure in &evaluation.failures {
        stands(failure.span, text);
        assert!(!failure.message.is_empty());
    }
    brackets_change_nothing(text, evaluation, event);
    let passes = *evaluation == Evaluation { value: Value::Boolean(true), failures: Vec::new() };
    filter_agrees(expression, evaluation, passes, event);
    check_agrees(expression, passes, event);
    explanations_agree(expression, evaluation, event);
}

/// Whatever is put in brackets as a whole is what it was.
fn brackets_change_nothing(text: &str, evaluation: &Evaluation, event: &Event) {
    match Expression::parse(&format!("({text})")) {
        Ok(bracketed) => {
            let Evaluation { value, failures } = bracketed.evaluate(event);
            assert_eq!(value, evaluation.value, "in brackets");
            let kinds = |failures: &[activator::filter::cesql::Failure]| {
                failures.iter().map(|failure| failure.kind).collect::<Vec<_>>()
            };
            assert_eq!(kinds(&failures), kinds(&evaluation.failures), "in brackets");
        }
        Err(problems) => {
            let is_full = |problem: &Problem| matches!(problem.what, What::TooDeep | What::TooLong);
            assert!(problems.iter().all(is_full), "refused in brackets: {problems:?}");
        }
    }
}

/// The filter passes exactly when the value is true and nothing failed, also behind an index, and its opposite
/// exactly when it is false and nothing failed.
fn filter_agrees(expression: &Expression, evaluation: &Evaluation, passes: bool, event: &Event) {
    let filter = Arc::new(Filter::Cesql(expression.clone()));
    assert_eq!(filter.matches(event), passes, "the filter and {evaluation:?}");
    let opposite = Arc::new(Filter::Not(Box::new((*filter).clone())));
    let denied = *evaluation == Evaluation { value: Value::Boolean(false), failures: Vec::new() };
    assert_eq!(opposite.matches(event), denied, "the opposite and {evaluation:?}");
    let mut found = Vec::new();
    Index::build([&filter, &opposite]).matches(event, &mut found);
    let expected: Vec<u32> =
        [(0, passes), (1, denied)].iter().filter(|(_, is)| *is).map(|(n, _)| *n).collect();
    assert_eq!(found, expected, "the index");
}

/// What is said before any event comes is true of this one.
fn check_agrees(expression: &Expression, passes: bool, event: &Event) {
    let findings = expression.check();
    assert!(findings.is_sorted_by_key(|finding| finding.span), "out of order: {findings:?}");
    for finding in &findings {
        stands(finding.span, expression.text());
        finding.also.iter().for_each(|span| stands(*span, expression.text()));
        match &finding.flaw {
            Flaw::Always => assert!(passes, "always, but not {event:?}"),
            Flaw::NotBoolean(_) => assert!(!passes, "no boolean, but {event:?}"),
            // With two places it is said of a part.
            Flaw::Never if finding.also.is_none() => assert!(!passes, "never, but {event:?}"),
            _ => {}
        }
    }
    if let Some((one, other)) = Filter::Cesql(expression.clone()).contradiction() {
        assert!(!passes, "{one} contradicts {other}, but {event:?}");
    }
}

/// Whoever asks why hears of the same decision, and of parts that are there.
fn explanations_agree(expression: &Expression, evaluation: &Evaluation, event: &Event) {
    let text = expression.text();
    let decision = match (&evaluation.value, evaluation.failures.is_empty()) {
        (Value::Boolean(true), true) => Decision::Match,
        (Value::Boolean(false), true) => Decision::NoMatch,
        _ => Decision::Error,
    };
    let filter = Filter::Cesql(expression.clone());
    let explanation = filter.explain(event);
    assert_eq!(explanation.decision, decision);
    assert_eq!(explanation.failure.is_some(), decision == Decision::Error, "{explanation:?}");
    assert_eq!(filter.refusal(event).is_some(), decision != Decision::Match);
    let decider = expression.decider(event);
    stands(decider.span, text);
    assert_eq!((Some(decider.span), &decider.attributes), (explanation.span, &explanation.attributes));
    for (name, value) in &decider.attributes {
        assert_eq!(value.as_deref(), event.value(name).map(|value| value.text()));
    }
    let steps = expression.trace(event);
    steps.iter().for_each(|step| stands(step.span, text));
    if let Some(whole) = steps.first() {
        assert_eq!((whole.level, &whole.evaluation), (0, evaluation), "the whole comes first");
    }
}

/// A span is of the text, and cuts no character.
fn stands(span: Span, text: &str) {
    assert!(text.get(span.range()).is_some(), "{span:?} is not in {text:?}");
}
