//! What a server answered to events, however it came, and the outcome that is.

use activator::delivery::{Advice, Outcome};
use activator::event::http::{self as binding, Mode};
use activator::event::{self, Event, EventError, Reply};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::HeaderValue;

use super::advice::advice;
use super::http1::{self, Fields};

/// The largest answer that is read as an event.
pub(super) const REPLY_BYTES_MAX: usize = 1 << 20;
/// What is kept of an answer that is no event.
const EXCERPT_BYTES: usize = 1024;

/// An answer read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    /// Nothing when it has more than [`REPLY_BYTES_MAX`].
    pub(super) body: Option<Bytes>,
}

/// Names in lower case, and values.
#[derive(Debug)]
pub(super) enum Headers {
    Own(Fields),
    Hyper(HeaderMap),
}

impl Headers {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let (own, hyper) = match self {
            Self::Own(fields) => (Some(fields.iter()), None),
            Self::Hyper(map) => (None, Some(pairs(map))),
        };
        own.into_iter().flatten().chain(hyper.into_iter().flatten())
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        match self {
            Self::Own(fields) => fields.get(name),
            Self::Hyper(map) => map.get(name).map(HeaderValue::as_bytes),
        }
    }

    /// What they say the body is; nothing when it is no event.
    pub(super) fn mode(&self) -> Option<Mode> {
        binding::mode(self.iter())
    }
}

impl Answer {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// What it means for the one event it answers.
    pub(super) fn outcome(self) -> Outcome {
        let mode = self.headers.mode().filter(|_| self.is_success());
        let Self { status, headers, body } = self;
        let advice = advice(&headers);
        let (Some(mode), Some(body)) = (mode, &body) else {
            if mode.is_some() {
                return Outcome::MalformedReply(format!("the reply has more than {REPLY_BYTES_MAX} bytes"));
            }
            let excerpt = body.map_or(Bytes::from_static(b"(more than 1 MiB)"), |body| excerpt(&body));
            return Outcome::Answered { status, reply: None, excerpt, advice };
        };
        match binding::decode_reply(mode, headers.iter(), body.clone()) {
            Ok(reply) => {
                let travelling = headers.iter().map(|(name, value)| (name.as_bytes(), value));
                let reply = Some(reply.with_headers(event::Headers::of(travelling)));
                Outcome::Answered { status, reply, excerpt: Bytes::new(), advice }
            }
            Err(reason) => Outcome::MalformedReply(format!("the reply is not an event: {reason}")),
        }
    }
}

impl From<http1::Answer> for Answer {
    fn from(http1::Answer { status, fields, body }: http1::Answer) -> Self {
        Self { status, headers: Headers::Own(fields), body }
    }
}

/// What the content type and the `ce-` headers say the body is; nothing when it is no event.
pub(crate) fn mode(headers: &HeaderMap) -> Option<Mode> {
    binding::mode(pairs(headers))
}

/// The event in headers and body.
pub(crate) fn event(mode: Mode, headers: &HeaderMap, body: Bytes) -> Result<Event, EventError> {
    Ok(binding::decode(mode, pairs(headers), body)?.with_headers(travelling(headers)))
}

/// Those of a message's headers that travel with its events.
pub(crate) fn travelling(headers: &HeaderMap) -> event::Headers {
    event::Headers::of(pairs(headers).map(|(name, value)| (name.as_bytes(), value)))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// An answer with no word on the next attempt.
pub(super) const fn answered(status: u16, reply: Option<Reply>, excerpt: Bytes) -> Outcome {
    Outcome::Answered { status, reply, excerpt, advice: Advice::None }
}

/// A copy: an excerpt must not keep the whole answer in memory.
pub(super) fn excerpt(body: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len().min(EXCERPT_BYTES)])
}
