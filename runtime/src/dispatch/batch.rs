//! Events that go to a process in one request: which go together, and what the answer says of each.
//!
//! Nothing is waited for: what came while all requests of the process were under way goes with the next.

use std::collections::VecDeque;
use std::time::Duration;

use activator::delivery::Outcome;
use activator::event::{Event, http as binding};
use activator::id::DeliveryId;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Response};
use serde_json::Value;

use super::request::{self, REPLY_BYTES_MAX, excerpt};
use super::{Job, Work};
use crate::config::resolved::Batch;

/// Data of one request, beside that of a first event.
const BYTES_MAX: usize = 4 << 20;

/// What waits for a request.
#[derive(Debug)]
pub(super) struct Waiting {
    batch: Batch,
    jobs: VecDeque<Job>,
}

/// What goes in one request.
#[derive(Debug)]
pub(super) enum Load {
    Call(Job),
    Events(Events),
}

/// Events that have the same time, in the order they came.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) events: Vec<(DeliveryId, Event)>,
    pub(super) timeout: Duration,
}

impl Waiting {
    pub(super) const fn new(batch: Batch) -> Self {
        Self { batch, jobs: VecDeque::new() }
    }

    pub(super) fn push(&mut self, job: Job) {
        self.jobs.push_back(job);
    }

    /// Whether a request can be made while so many are under way.
    pub(super) fn is_due(&self, under_way: usize) -> bool {
        !self.jobs.is_empty() && under_way < self.batch.requests_max as usize
    }

    /// What goes next. Those with another time wait for the request after it.
    pub(super) fn next(&mut self) -> Option<Load> {
        let Job { delivery, work, timeout } = self.jobs.pop_front()?;
        let event = match work {
            Work::Event(event) => event,
            call @ Work::Call(_) => return Some(Load::Call(Job { delivery, work: call, timeout })),
        };
        let mut bytes = event.data().len();
        let mut load = Events { events: vec![(delivery, event)], timeout };
        let mut others = VecDeque::new();
        for job in self.jobs.drain(..) {
            let Work::Event(event) = &job.work else {
                others.push_back(job);
                continue;
            };
            let more = bytes.saturating_add(event.data().len());
            let fits = load.events.len() < self.batch.events_max as usize && more <= BYTES_MAX;
            if fits && job.timeout == timeout {
                bytes = more;
                load.events.push((job.delivery, event.clone()));
            } else {
                others.push_back(job);
            }
        }
        self.jobs = others;
        Some(Load::Events(load))
    }

    /// What no request was made for.
    pub(super) fn take(&mut self) -> VecDeque<Job> {
        std::mem::take(&mut self.jobs)
    }
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

    /// Reads the answer: one outcome for each.
    ///
    /// # Errors
    /// When the connection breaks before the end of the body.
    pub(super) async fn outcomes(
        &self,
        response: Response<Incoming>,
    ) -> Result<Vec<(DeliveryId, Outcome)>, String> {
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let body = match Limited::new(body, REPLY_BYTES_MAX).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let reason = format!("the answer to a batch has more than {REPLY_BYTES_MAX} bytes");
                return Ok(self.all(&Outcome::MalformedReply(reason)));
            }
            Err(error) => return Err(error.to_string()),
        };
        let answered = |excerpt| Outcome::Answered { status, reply: None, excerpt };
        if !head.status.is_success() {
            return Ok(self.all(&answered(excerpt(&body))));
        }
        let is_reply = !matches!(status, 202 | 204) && request::mode(&head.headers).is_some();
        if is_reply {
            let reason = "the answer to a batch is an event, and nobody knows to which it replies: a function \
                          that replies takes one event a request";
            return Ok(self.all(&Outcome::MalformedReply(reason.to_owned())));
        }
        Ok(match failures(&head.headers, &body).and_then(|failed| self.known(failed)) {
            Ok(failed) => self.each(&failed, &answered(Bytes::new())),
            Err(reason) => self.all(&Outcome::MalformedReply(reason)),
        })
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
fn failures(headers: &HeaderMap, body: &[u8]) -> Result<Vec<String>, String> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
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
    use super::*;

    fn event(id: &str, bytes: usize) -> Event {
        let mut event = Event::builder();
        for (name, value) in [("id", id), ("source", "/test"), ("type", "test")] {
            event.attribute(name, value).unwrap();
        }
        event.build(vec![b'x'; bytes].into()).unwrap()
    }

    fn job(slot: u32, bytes: usize, seconds: u64) -> Job {
        Job {
            delivery: DeliveryId { slot, generation: 0 },
            work: Work::Event(event(&slot.to_string(), bytes)),
            timeout: Duration::from_secs(seconds),
        }
    }

    fn slots(waiting: &mut Waiting) -> Vec<u32> {
        match waiting.next().unwrap() {
            Load::Events(events) => events.events.iter().map(|(delivery, _)| delivery.slot).collect(),
            Load::Call(job) => panic!("{job:?}"),
        }
    }

    #[test]
    fn what_waits_goes_together_up_to_the_bounds() {
        let mut waiting = Waiting::new(Batch { events_max: 3, requests_max: 2 });
        assert!(!waiting.is_due(0), "there is nothing");
        for slot in 0..5 {
            waiting.push(job(slot, 1, 1));
        }
        assert!(waiting.is_due(1) && !waiting.is_due(2));
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 1, 2], vec![3, 4]));
        for slot in 0..4 {
            waiting.push(job(slot, BYTES_MAX / 2, 1));
        }
        waiting.push(job(4, 2 * BYTES_MAX, 1));
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 1], vec![2, 3]));
        assert_eq!(slots(&mut waiting), [4], "one goes however large it is");
    }

    #[test]
    fn events_with_other_times_go_apart() {
        let mut waiting = Waiting::new(Batch { events_max: 3, requests_max: 1 });
        for (slot, seconds) in [(0, 1), (1, 2), (2, 1), (3, 2)] {
            waiting.push(job(slot, 1, seconds));
        }
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 2], vec![1, 3]));
    }

    fn failed(media_type: &'static str, body: &str) -> Result<Vec<String>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media_type.parse().unwrap());
        let load = Events {
            events: ["1", "2"].map(|id| (DeliveryId { slot: 0, generation: 0 }, event(id, 0))).to_vec(),
            timeout: Duration::ZERO,
        };
        failures(&headers, body.as_bytes()).and_then(|failed| load.known(failed))
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
