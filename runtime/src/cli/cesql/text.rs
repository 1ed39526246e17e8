//! What an expression gave, for people: the value, what each part gave, and where something failed.

use activator::filter::cesql::{Evaluation, Failure, Span, Step, Value};

use super::super::output::one_line;
use crate::config::{Place, Source, Told};

/// Characters of a part that are shown.
const PART_MAX: usize = 72;
/// Characters of a part's value that are shown; the whole value is in the first line.
const VALUE_MAX: usize = 60;
/// Parts that are shown: who reads more asks for `-o json`, or for less.
const PARTS_MAX: usize = 200;
/// Failures that are shown.
const FAILURES_MAX: usize = 20;

/// The lines of an answer.
pub(super) fn text(expression: &str, evaluation: &Evaluation, steps: &[Step], colour: bool) -> String {
    let mut lines = vec![format!("{} ({})", shown(&evaluation.value), evaluation.value.kind())];
    lines.extend(parts(expression, steps, &evaluation.failures));
    lines.extend(failures(expression, evaluation, colour));
    lines.join("\n") + "\n"
}

/// A value as one would write it, on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

/// A line for each part that was evaluated, indented by how deep it is inside.
fn parts(expression: &str, steps: &[Step], failures: &[Failure]) -> Vec<String> {
    let shown_steps = &steps[..steps.len().min(PARTS_MAX)];
    let left: Vec<String> = shown_steps
        .iter()
        .map(|step| format!("{:indent$}{}", "", part(step.span, expression), indent = 2 * step.level + 2))
        .collect();
    let width = left.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = left
        .iter()
        .zip(shown_steps)
        .map(|(text, step)| {
            let value = one_line(&shown(&step.evaluation.value), VALUE_MAX);
            format!("{text:width$}  {value}{}", failed(step, failures))
        })
        .collect();
    lines.extend(more(steps.len(), PARTS_MAX, "part"));
    lines
}

fn part(span: Span, expression: &str) -> String {
    one_line(span.of(expression), PART_MAX)
}

/// What failed with this part, where it is the one that failed and not one around it.
fn failed(step: &Step, failures: &[Failure]) -> String {
    let here = failures.iter().filter(|failure| failure.span == step.span);
    here.map(|failure| format!("  {}", failure.kind.name())).collect()
}

fn failures(expression: &str, evaluation: &Evaluation, colour: bool) -> Vec<String> {
    let source = Source::new("EXPR", expression);
    let place = |span: Span| Place { source: source.clone(), span: span.range() };
    let told = Told { text: expression, called: "this", place: &place };
    let failures = evaluation.failures.iter().take(FAILURES_MAX);
    let mut lines: Vec<String> = failures.map(|failure| told.failure(failure).render(colour)).collect();
    lines.extend(more(evaluation.failures.len(), FAILURES_MAX, "error"));
    lines
}

fn more(count: usize, shown: usize, what: &str) -> Option<String> {
    let left = count.checked_sub(shown).filter(|left| *left > 0)?;
    Some(format!("  and {left} more {what}{}", if left == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use activator::filter::cesql::Expression;

    use super::super::super::events;
    use super::*;

    fn told(expression: &str) -> String {
        let event = r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order.created","total":"1200","flag":"true"}"#;
        let event = events::read_one(event).unwrap();
        let expression = Expression::parse(expression).unwrap();
        text(expression.text(), &expression.evaluate(&event), &expression.trace(&event), false)
    }

    #[test]
    fn every_part_that_was_evaluated_has_a_line() {
        let expected = "\
true (boolean)
  type LIKE 'order.%' AND (total > 1000 OR EXISTS region)  true
    type LIKE 'order.%'                                    true
      type                                                 \"order.created\"
    (total > 1000 OR EXISTS region)                        true
      total > 1000                                         true
        total                                              \"1200\"
";
        assert_eq!(told("type LIKE 'order.%' AND\n   (total > 1000 OR EXISTS region)"), expected);
        assert_eq!(told("'a\\\nb'"), "\"a\\\\\\nb\" (string)\n", "a literal has no parts");
    }

    #[test]
    fn what_failed_is_marked_where_it_is() {
        let expected = "\
false (boolean)
  flag AND INT(type) > 1  false
    flag                  \"true\"
    INT(type) > 1         false
      INT(type)           0
        type              \"order.created\"  cast
error[H036]: cast: \"order.created\" is no integer
 --> EXPR:1:14
  |
1 | flag AND INT(type) > 1
  |              ^^^^ here
  |
  = help: look first: IS_INT(type) AND .., or IS_BOOL(type) AND ..
";
        assert_eq!(told("flag AND INT(type) > 1"), expected);
    }

    #[test]
    fn a_long_answer_is_cut() {
        let text = told(&["missing"; 300].join(" OR "));
        assert!(
            text.contains("\n  and 101 more parts\n") && text.ends_with("\n  and 280 more errors\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
    }
}
