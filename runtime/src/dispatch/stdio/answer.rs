//! What a line says that a function answers with.

use activator::delivery::Outcome;
use activator::event::json;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is shown of a line that says nothing.
const SHOWN_CHARS: usize = 60;

/// The answer that is no event. A key that is not known is a slip of the pen: `rety` would mean nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Says<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    retry: Option<bool>,
}

/// Reads an answer.
///
/// # Errors
/// When it is none: then nobody knows which line answers what.
pub(super) fn read(line: &Bytes) -> Result<Outcome, String> {
    if json::claims_event(line) {
        return Ok(match json::decode_reply_line(line) {
            Ok(reply) => Outcome::Handled { reply: Some(reply) },
            Err(reason) => Outcome::MalformedReply(format!("the reply is not an event: {reason}")),
        });
    }
    let wanted = "an answer is an event, {}, or {\"error\": \"...\", \"retry\": true}; stderr is for the log";
    let refuse = |what: &str| format!("it printed `{}`, which is {what}: {wanted}", shown(line));
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(refuse("no JSON object"));
    }
    let says: Says<'_> = serde_json::from_slice(line).map_err(|error| refuse(&not_said(&error)))?;
    match (says.error, says.retry) {
        (None, None) => Ok(Outcome::Handled { reply: None }),
        (None, Some(_)) => Err(refuse("a `retry` without an `error`")),
        (Some(error), retry) => Ok(Outcome::Failed { reason: text(error), retry: retry.unwrap_or(true) }),
    }
}

fn not_said(error: &serde_json::Error) -> String {
    if error.is_data() { format!("no answer ({error})") } else { "not JSON".to_owned() }
}

/// A reason in its own words; what is no text is shown as it is written.
fn text(error: &RawValue) -> String {
    serde_json::from_str(error.get()).unwrap_or_else(|_| error.get().to_owned())
}

/// The start of a line, for people.
pub(super) fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN_CHARS)]);
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Result<Outcome, String> {
        read(&Bytes::copy_from_slice(line.as_bytes()))
    }

    fn failed(reason: &str, retry: bool) -> Result<Outcome, String> {
        Ok(Outcome::Failed { reason: reason.to_owned(), retry })
    }

    #[test]
    fn an_answer_has_one_of_three_forms() {
        assert_eq!(said("{}"), Ok(Outcome::Handled { reply: None }));
        assert_eq!(said(" { } \r"), Ok(Outcome::Handled { reply: None }));
        assert_eq!(said(r#"{"error": "no stock", "retry": false}"#), failed("no stock", false));
        assert_eq!(said(r#"{"error": "no stock"}"#), failed("no stock", true));
        assert_eq!(said(r#"{"error": {"code": 7}}"#), failed(r#"{"code": 7}"#, true));
        let reply = said(r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#);
        assert!(matches!(reply, Ok(Outcome::Handled { reply: Some(_) })), "{reply:?}");
    }

    #[test]
    fn an_event_that_is_none_is_a_malformed_reply() {
        let reply = said(r#"{"specversion":"1.0","id":"1","source":"/s"}"#);
        assert!(matches!(reply, Ok(Outcome::MalformedReply(_))), "{reply:?}");
    }

    #[test]
    fn anything_else_is_no_answer() {
        for (line, what) in [
            ("", "no JSON object"),
            ("ready!", "no JSON object"),
            ("{} {}", "not JSON"),
            (r#"["x", true]"#, "no JSON object"),
            ("null", "no JSON object"),
            (r#"{"level": "info"}"#, "unknown field `level`"),
            (r#"{"error": "x", "rety": false}"#, "unknown field `rety`"),
            (r#"{"error": "x", "retry": "no"}"#, "no answer"),
            (r#"{"retry": true}"#, "a `retry` without an `error`"),
        ] {
            let reason = said(line).unwrap_err();
            assert!(reason.contains(what), "{line}: {reason}");
        }
        assert!(said(&"x".repeat(1000)).unwrap_err().contains("x…`"));
    }
}
