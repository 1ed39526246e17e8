//! A CESQL expression: what is wrong with it, at its place in the file.

use activator::filter::Filter;
use activator::filter::cesql::{Expression, Span};

use crate::config::expression::Told;
use crate::config::value::Value;

/// The filter of an expression that parses and can be true; all else is reported.
pub(super) fn read_expression(value: &Value<'_>) -> Option<Filter> {
    let text = value.text()?.value;
    let place = |span: Span| value.place_inside(span.range());
    let told = Told { text: &text, called: &value.called(), place: &place };
    let expression = match Expression::parse(&text) {
        Ok(expression) => expression,
        Err(problems) => {
            problems.iter().for_each(|problem| value.problems().report(told.mistake(problem)));
            return None;
        }
    };
    let findings = expression.check();
    findings.iter().for_each(|finding| value.problems().report(told.doubt(finding)));
    findings.iter().all(|finding| !finding.flaw.is_error()).then_some(Filter::Cesql(expression))
}
