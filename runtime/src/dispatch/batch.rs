//! Events that go to a process in one request: what the request says, and what the answer says of each.

use std::time::Duration;

use activator::delivery::Outcome;
use activator::event::{Event, http as binding};
use activator::id::DeliveryId;
use bytes::Bytes;
use serde_json::Value;

use super::answer::{Answer, Headers, REPLY_BYTES_MAX, answered, excerpt};

/// Events that have the same time, in the order they came.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) events: Vec<(DeliveryId, Event)>,
    pub(super) timeout: Duration,
    pub(super) response: Option<Duration>,
}

impl Events {
    /// The body of the request.
    pub(super) fn body(&self) -> Bytes {
        binding::encode_batch(self.events.iter().map(|(_, event)| event), |_, _| {}).into()
    }

    /// The same outcome for all.
    pub(super) fn all(&self, outcome: &Outcome) -> Vec<(DeliveryId, Outcome)> {
        self.events.iter().map(|(delivery, _)| (*delivery, outcome.clone())).collect()
    }

    /// What the answer says of each.
    pub(super) fn outcomes(&self, answer: &Answer) -> Vec<(DeliveryId, Outcome)> {
        let Answer { status, headers, body: Some(body) } = answer else {
            let reason = format!("the answer to a batch has more than {REPLY_BYTES_MAX} bytes");
            return self.all(&Outcome::MalformedReply(reason));
        };
        let answered = |excerpt| answered(*status, None, excerpt);
        if !answer.is_success() {
            return self.all(&answered(excerpt(body)));
        }
        let is_reply = !matches!(status, 202 | 204) && headers.mode().is_some();
        if is_reply {
            let reason = "the answer to a batch is an event, and nobody knows to which it replies: a function \
                          that replies takes one event a request";
            return self.all(&Outcome::MalformedReply(reason.to_owned()));
        }
        match failures(headers, body).and_then(|failed| self.known(failed)) {
            Ok(failed) => self.each(&failed, &answered(Bytes::new())),
            Err(reason) => self.all(&Outcome::MalformedReply(reason)),
        }
    }

    /// Refuses an answer that names what was not in the batch: then nobody knows what it means.
    fn known(&self, failed: Vec<String>) -> Result<Vec<String>, String> {
        let is_ours = |id: &&String| self.events.iter().any(|(_, event)| event.id() == **id);
        match failed.iter().find(|id| !is_ours(id)) {
            Some(id) => {
                Err(format!("batchItemFailures names `{id}`, which is the id of no event in the batch"))
            }
            None => Ok(failed),
        }
    }

    /// Of two events with one id (their sources differ) both failed: which was meant, nobody knows.
    fn each(&self, failed: &[String], delivered: &Outcome) -> Vec<(DeliveryId, Outcome)> {
        let outcome = |event: &Event| {
            if failed.iter().any(|id| event.id() == id) {
                Outcome::Failed { reason: "named in batchItemFailures".to_owned(), retry: true }
            } else {
                delivered.clone()
            }
        };
        self.events.iter().map(|(delivery, event)| (*delivery, outcome(event))).collect()
    }
}

/// The ids that an answer names as failed, in the form AWS Lambda gave it. An answer that is no JSON names none.
fn failures(headers: &Headers, body: &[u8]) -> Result<Vec<String>, String> {
    let media_type =
        headers.get("content-type").and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let says_json = media_type == "application/json" || media_type.ends_with("+json");
    let is_empty = body.trim_ascii().is_empty();
    if is_empty || !says_json && !body.trim_ascii_start().starts_with(b"{") {
        return Ok(Vec::new());
    }
    let answer: Value =
        serde_json::from_slice(body).map_err(|error| format!("the answer to a batch is no JSON: {error}"))?;
    let items = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err("batchItemFailures is no list".to_owned()),
    };
    let id = |item: &Value| item.get("itemIdentifier").and_then(Value::as_str).map(str::to_owned);
    let ids: Option<Vec<String>> = items.iter().map(id).collect();
    ids.ok_or_else(|| "an item of batchItemFailures has no text as `itemIdentifier`".to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::CONTENT_TYPE;

    use super::*;
    use crate::history::fixture;

    fn failed(media_type: &'static str, body: &str) -> Result<Vec<String>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media_type.parse().unwrap());
        let load = Events {
            events: ["1", "2"]
                .map(|id| (DeliveryId { slot: 0, generation: 0 }, fixture::event(id, "/test", "test", b"")))
                .to_vec(),
            timeout: Duration::ZERO,
            response: None,
        };
        failures(&Headers::Hyper(headers), body.as_bytes()).and_then(|failed| load.known(failed))
    }

    #[test]
    fn an_answer_may_name_what_failed() {
        let json = "application/json; charset=utf-8";
        for body in ["", "{}", "null", "[]", r#"{"batchItemFailures": []}"#, r#"{"batchItemFailures": null}"#]
        {
            assert_eq!(failed(json, body), Ok(Vec::new()), "{body}");
        }
        assert_eq!(failed("text/plain", "ok"), Ok(Vec::new()));
        let one = r#"{"batchItemFailures": [{"itemIdentifier": "2"}]}"#;
        assert_eq!(failed(json, one), Ok(vec!["2".to_owned()]));
        assert_eq!(failed("text/plain", one), Ok(vec!["2".to_owned()]), "many servers say no better");
    }

    #[test]
    fn an_answer_that_cannot_be_understood_fails_the_batch() {
        for (body, what) in [
            ("ok", "no JSON"),
            (r#"{"batchItemFailures": [{"#, "no JSON"),
            (r#"{"batchItemFailures": {"itemIdentifier": "1"}}"#, "no list"),
            (r#"{"batchItemFailures": ["1"]}"#, "no text"),
            (r#"{"batchItemFailures": [{"itemIdentifier": 1}]}"#, "no text"),
            (r#"{"batchItemFailures": [{"id": "1"}]}"#, "no text"),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, "names ``"),
            (r#"{"batchItemFailures": [{"itemIdentifier": "3"}]}"#, "names `3`"),
        ] {
            let reason = failed("application/json", body).unwrap_err();
            assert!(reason.contains(what), "{body}: {reason}");
        }
    }
}
