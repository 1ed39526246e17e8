//! What an expression gives for an event, in the form scripts read.

use activator::event::Event;
use activator::filter::cesql::{Evaluation, Expression, Problem, Span, Value};
use serde::Serialize;

/// One answer of `-o json` and `--batch`. The names of the fields are public interface.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    /// Nothing where there is no expression, or no event.
    value: Option<serde_json::Value>,
    /// `boolean`, `integer` or `string`.
    #[serde(rename = "type")]
    ty: Option<String>,
    errors: Vec<Mistake>,
}

/// One error, with its place in the expression.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Mistake {
    /// One of CESQL's kinds (section 3.3), `parse`, or `generic` for all that is not about the expression.
    kind: &'static str,
    message: String,
    /// The first character, counted from 0.
    start: usize,
    /// Behind the last character.
    end: usize,
}

impl Answer {
    /// What `text` gives for an event.
    pub(super) fn of(text: &str, event: &Event) -> Self {
        match Expression::parse(text) {
            Ok(expression) => Self::evaluated(text, expression.evaluate(event)),
            Err(problems) => Self::refused(text, &problems),
        }
    }

    pub(super) fn evaluated(text: &str, evaluation: Evaluation) -> Self {
        let places = Characters::of(text);
        let errors = evaluation.failures.into_iter().map(|failure| {
            let (start, end) = places.of_span(failure.span);
            Mistake { kind: failure.kind.name(), message: failure.message, start, end }
        });
        Self {
            ty: Some(evaluation.value.kind().to_string()),
            errors: errors.collect(),
            value: Some(match evaluation.value {
                Value::Boolean(value) => value.into(),
                Value::Integer(value) => value.into(),
                Value::String(value) => value.into(),
            }),
        }
    }

    pub(super) fn refused(text: &str, problems: &[Problem]) -> Self {
        let places = Characters::of(text);
        let errors = problems.iter().map(|problem| {
            let (start, end) = places.of_span(problem.span);
            Mistake { kind: "parse", message: problem.what.to_string(), start, end }
        });
        Self { value: None, ty: None, errors: errors.collect() }
    }

    /// Nothing was evaluated.
    pub(super) fn generic(message: String) -> Self {
        Self { value: None, ty: None, errors: vec![Mistake { kind: "generic", message, start: 0, end: 0 }] }
    }
}

/// From bytes of a text to its characters, quick for many places in a long text.
struct Characters {
    /// The bytes with which no character begins.
    inner: Vec<usize>,
}

impl Characters {
    fn of(text: &str) -> Self {
        let inner = text.bytes().enumerate().filter(|(_, byte)| byte & 0xc0 == 0x80);
        Self { inner: inner.map(|(at, _)| at).collect() }
    }

    fn of_span(&self, span: Span) -> (usize, usize) {
        let of = |at: usize| at - self.inner.partition_point(|inner| *inner < at);
        (of(span.range().start), of(span.range().end))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::events::sample;
    use super::*;

    fn check(expression: &str, expected: &str) {
        assert_eq!(serde_json::to_string(&Answer::of(expression, &sample())).unwrap(), expected);
    }

    #[test]
    fn an_answer_has_a_value_its_type_and_errors_by_character() {
        check("1 + 1", r#"{"value":2,"type":"integer","errors":[]}"#);
        check("type LIKE 'com.%'", r#"{"value":true,"type":"boolean","errors":[]}"#);
        check("UPPER(source)", r#"{"value":"/SAMPLE","type":"string","errors":[]}"#);
        check(
            "'äöü€😀' = region",
            r#"{"value":false,"type":"boolean","errors":[{"kind":"missing_attribute","message":"the event has no region","start":10,"end":16}]}"#,
        );
        check(
            "'ä' ==",
            r#"{"value":null,"type":null,"errors":[{"kind":"parse","message":"expected an operator or the end, found `==`","start":4,"end":6}]}"#,
        );
    }
}
