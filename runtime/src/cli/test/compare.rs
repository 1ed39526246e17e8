//! What differs between what a fixture expects and what came: each difference with its path.

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::fixture::seen::{Reply, Seen};
use super::super::fixture::{Fixture, NEVER_THE_SAME};

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    /// `outcome`, `reply.type`, `reply.data.items[0].price`.
    pub(super) path: String,
    /// Nothing = that it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) got: Option<Value>,
    /// Why it came to that, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// All differences, but for those that are ignored.
pub(super) fn differences(fixture: &Fixture, seen: &Seen, ignored: &[String]) -> Vec<Difference> {
    let mut found = Found::default();
    if let Some(matched) = &fixture.matched {
        let mut expected = matched.clone();
        expected.sort();
        found.compare("matched", Some(&expected.into()), Some(&seen.matched.clone().into()));
    }
    if let Some(outcome) = fixture.outcome {
        found.compare("outcome", Some(&text(outcome)), Some(&text(seen.outcome)));
        found.explain("outcome", seen.why.as_ref());
    }
    if let (Some(expected), Some(got)) = (&fixture.function, &seen.function) {
        found.compare("function", Some(&expected.as_str().into()), Some(&got.as_str().into()));
    }
    if let Some(expected) = &fixture.reply {
        let expected = expected.as_ref().and_then(|event| serde_json::from_str(event.get()).ok());
        let got = match &seen.reply {
            Reply::Event(event) => Some(event.clone()),
            Reply::None | Reply::Unknown(_) => None,
        };
        found.reply(expected, got);
    }
    found.0.retain(|difference| !ignored.iter().any(|name| is_below(&difference.path, name)));
    found.0
}

/// As it is written in fixtures.
fn text(outcome: impl Serialize) -> Value {
    serde_json::to_value(outcome).unwrap_or_default()
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn compare(&mut self, path: &str, expected: Option<&Value>, got: Option<&Value>) {
        match (expected, got) {
            (Some(Value::Object(expected)), Some(Value::Object(got))) if path != "reply" => {
                self.members(path, expected, got);
            }
            (Some(Value::Array(expected)), Some(Value::Array(got))) if path != "matched" => {
                for at in 0..expected.len().max(got.len()) {
                    self.compare(&format!("{path}[{at}]"), expected.get(at), got.get(at));
                }
            }
            (Some(expected), Some(got)) if is_same(expected, got) => {}
            (None, None) => {}
            _ => {
                let (expected, got) = (expected.cloned(), got.cloned());
                self.0.push(Difference { path: path.into(), expected, got, why: None });
            }
        }
    }

    fn members(&mut self, path: &str, expected: &Map<String, Value>, got: &Map<String, Value>) {
        let new = got.keys().filter(|name| !expected.contains_key(*name));
        for name in expected.keys().chain(new) {
            self.compare(&joined(path, name), expected.get(name), got.get(name));
        }
    }

    fn reply(&mut self, expected: Option<Map<String, Value>>, got: Option<Map<String, Value>>) {
        let without = |mut event: Map<String, Value>| {
            NEVER_THE_SAME.iter().for_each(|name| drop(event.remove(*name)));
            event
        };
        match (expected.map(without), got.map(without)) {
            (Some(expected), Some(got)) => self.members("reply", &expected, &got),
            (expected, got) => {
                self.compare("reply", expected.map(Value::Object).as_ref(), got.map(Value::Object).as_ref());
            }
        }
    }

    fn explain(&mut self, path: &str, why: Option<&String>) {
        if let Some(last) = self.0.last_mut().filter(|last| last.path == path) {
            last.why = why.cloned();
        }
    }
}

/// Numbers are the same when they are as much, however they are written.
fn is_same(one: &Value, other: &Value) -> bool {
    let is_float = |value: &Value| value.is_f64();
    match (one.as_f64(), other.as_f64()) {
        (Some(this), Some(that)) if is_float(one) != is_float(other) => this == that,
        _ => one == other,
    }
}

fn joined(path: &str, name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_plain { format!("{path}.{name}") } else { format!("{path}[{name:?}]") }
}

/// Whether it is what is named, or a part of that; of the reply both may leave out that it is.
fn is_below(path: &str, name: &str) -> bool {
    let short = |path: &str| path.strip_prefix("reply.").unwrap_or(path).to_owned();
    let (path, name) = (short(path), short(name));
    path.strip_prefix(&*name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::view::Outcome;
    use serde_json::json;

    fn seen(reply: Value) -> Seen {
        Seen {
            matched: vec!["audit".into(), "bill".into()],
            outcome: Outcome::Delivered,
            function: Some("bill".into()),
            why: None,
            reply: match reply {
                Value::Object(event) => Reply::Event(event),
                _ => Reply::None,
            },
        }
    }

    fn fixture(more: &Value) -> Fixture {
        let mut fixture = json!({"trigger": "bill", "event": {}});
        fixture.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Fixture::read("x", &fixture.to_string()).unwrap()
    }

    /// The differences as `path expected got`, with a `-` for what is not there.
    fn check(expected: &Value, seen: &Seen, ignored: &[&str], differ: &[&str]) {
        let ignored: Vec<String> = ignored.iter().map(|name| (*name).to_owned()).collect();
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".into(), Value::to_string);
        let found: Vec<String> = differences(&fixture(expected), seen, &ignored)
            .iter()
            .map(|d| format!("{} {} {}", d.path, shown(&d.expected), shown(&d.got)))
            .collect();
        assert_eq!(found, differ, "{expected}");
    }

    #[test]
    fn only_what_is_expected_is_compared() {
        check(&json!({}), &seen(json!({"type": "t"})), &[], &[]);
        check(&json!({"matched": ["bill", "audit"], "outcome": "delivered"}), &seen(json!(null)), &[], &[]);
        check(
            &json!({"matched": ["bill"]}),
            &seen(json!(null)),
            &[],
            &[r#"matched ["bill"] ["audit","bill"]"#],
        );
        check(
            &json!({"outcome": "dead_letter"}),
            &seen(json!(null)),
            &[],
            &[r#"outcome "dead_letter" "delivered""#],
        );
        check(&json!({"function": "pay"}), &seen(json!(null)), &[], &[r#"function "pay" "bill""#]);
    }

    #[test]
    fn replies_differ_attribute_by_attribute_and_part_by_part() {
        let reply = json!({"id": "1", "time": "x", "type": "t", "data": {"a": [1, {"b c": 2}], "n": 12.0}});
        let seen = seen(reply);
        let expect = |reply: Value| json!({"reply": reply});
        check(
            &expect(json!({"id": "2", "type": "t", "data": {"a": [1, {"b c": 2}], "n": 12}})),
            &seen,
            &[],
            &[],
        );
        let other = expect(json!({"type": "u", "zone": "eu", "data": {"a": [1, {"b c": 3}, 4]}}));
        check(
            &other,
            &seen,
            &[],
            &[
                r#"reply.data.a[1]["b c"] 3 2"#,
                "reply.data.a[2] 4 -",
                "reply.data.n - 12.0",
                r#"reply.type "u" "t""#,
                r#"reply.zone "eu" -"#,
            ],
        );
        check(
            &other,
            &seen,
            &["data.a", "reply.type", "zon"],
            &["reply.data.n - 12.0", r#"reply.zone "eu" -"#],
        );
        check(&other, &seen, &["data", "type", "zone"], &[]);
    }

    #[test]
    fn a_reply_that_is_not_there_or_not_expected_is_one_difference() {
        let reply = json!({"id": "1", "type": "t"});
        check(&json!({"reply": null}), &seen(reply.clone()), &[], &[r#"reply - {"type":"t"}"#]);
        check(&json!({"reply": reply}), &seen(json!(null)), &[], &[r#"reply {"type":"t"} -"#]);
    }
}
