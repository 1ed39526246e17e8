//! A job: where one that took an event is asked about, and what is told of it (Knative's JobSink).

use std::time::Duration;

use activator::event::Event;
use bytes::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use super::reply::{self, Body};
use crate::config::resolved::ChannelKind;
use crate::history::view::{Outcome, Verdict};
use crate::history::{History, Until, Wanted};

/// Which job is asked about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) job: String,
    pub(super) source: String,
    pub(super) id: String,
}

/// What is told of it.
#[derive(Debug, Serialize)]
struct Told<'a> {
    job: &'a str,
    source: &'a str,
    id: &'a str,
    state: State,
    attempts: u32,
    /// How the last attempt ended.
    status: Option<&'a str>,
    /// What it printed, as far as it is kept.
    answer: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Pending,
    Succeeded,
    Failed,
}

/// The path at which a job tells of itself; a batch is many jobs, and has none.
pub(super) fn location(job: &str, events: &[Event]) -> Option<HeaderValue> {
    let [event] = events else { return None };
    let (source, id) = (encoded(event.source()), encoded(event.id()));
    HeaderValue::try_from(format!("/job/{job}/sources/{source}/ids/{id}")).ok()
}

impl Asked {
    /// The other way round: of a path behind `/job/NAME/`.
    pub(super) fn of(job: &str, rest: &str) -> Option<Self> {
        let (source, id) = rest.strip_prefix("sources/")?.split_once("/ids/")?;
        Some(Self { job: job.to_owned(), source: decoded(source)?, id: decoded(id)? })
    }
}

pub(super) async fn answer(history: &History, method: &Method, asked: &Asked) -> Response<Body> {
    if method != Method::GET {
        let mut response = reply::problem(405, "a job is asked about by GET", "use GET");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let wanted = Wanted::Id { id: asked.id.clone(), source: Some(asked.source.clone()) };
    let found = history.wait(&wanted, Until::Arrived, Duration::ZERO).await;
    let mine = |verdict: &&Verdict| verdict.kind == ChannelKind::Job.text() && verdict.trigger == asked.job;
    // Of an event that came again, the first one made the job.
    let verdicts = found.iter().flat_map(|event| &event.verdicts).filter(mine);
    match verdicts.filter_map(|verdict| Some((state(verdict.outcome)?, verdict))).next() {
        Some((state, verdict)) => told(asked, state, verdict),
        None => reply::problem(
            404,
            &format!("job {} knows no event {} of {}", asked.job, asked.id, asked.source),
            "it never came, or is too long ago: hydrant explain shows what is known of an event",
        ),
    }
}

fn told(asked: &Asked, state: State, verdict: &Verdict) -> Response<Body> {
    let told = Told {
        job: &asked.job,
        source: &asked.source,
        id: &asked.id,
        state,
        attempts: verdict.attempt_count,
        status: verdict.status.as_deref(),
        answer: verdict.answer.as_deref(),
    };
    let mut response = reply::empty(StatusCode::OK);
    if let Ok(json) = serde_json::to_vec(&told) {
        *response.body_mut() = Body::Left(Bytes::from(json).into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// Nothing of an event that made no job of its own.
const fn state(outcome: Outcome) -> Option<State> {
    Some(match outcome {
        Outcome::Pending | Outcome::Held | Outcome::Elsewhere | Outcome::Removed => State::Pending,
        Outcome::Delivered => State::Succeeded,
        Outcome::DeadLetter | Outcome::Dropped => State::Failed,
        Outcome::Duplicate | Outcome::Unmatched => return None,
    })
}

/// With everything but letters, digits and `-._~` percent-encoded (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let one = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

/// Nothing when it is not percent-encoded UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        decoded.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture;

    #[test]
    fn a_location_leads_back_to_its_event() {
        let event = fixture::event("a/b c%ä", "https://shop/x?y=1", "order", b"");
        let location = location("resize", std::slice::from_ref(&event)).unwrap();
        let path = location.to_str().unwrap();
        assert_eq!(path, "/job/resize/sources/https%3A%2F%2Fshop%2Fx%3Fy%3D1/ids/a%2Fb%20c%25%C3%A4");
        let rest = path.strip_prefix("/job/resize/").unwrap();
        let asked = Asked { job: "resize".into(), source: event.source().into(), id: event.id().into() };
        assert_eq!(Asked::of("resize", rest), Some(asked));
        assert!(super::location("resize", &[event.clone(), event]).is_none(), "two jobs");
    }

    #[test]
    fn other_paths_ask_about_nothing() {
        for rest in ["", "sources/a", "ids/a", "sources/a/ids", "sources/%/ids/a", "sources/a/ids/%ff"] {
            assert_eq!(Asked::of("resize", rest), None, "{rest}");
        }
    }
}
