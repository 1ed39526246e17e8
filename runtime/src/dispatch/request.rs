//! The request an event becomes, and the outcome an answer becomes.

use activator::delivery::{Advice, Format, Outcome};
use activator::event::http::{self as binding, Mode};
use activator::event::{Event, EventError};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, Uri};

use super::advice::advice;

/// What is sent: an event's data, or a caller's body as it comes.
pub(super) type RequestBody = Either<Full<Bytes>, Incoming>;

/// The largest answer that is read as an event.
pub(super) const REPLY_BYTES_MAX: usize = 1 << 20;
/// Room for the headers of most events.
const HEADERS: usize = 16;
/// What is kept of an answer that is no event.
const EXCERPT_BYTES: usize = 1024;

/// The event in binary or structured mode. In binary mode its data is shared, not copied.
pub(super) fn from_event(event: &Event, format: Format, uri: &Uri) -> Request<RequestBody> {
    // What most events have fits, and nothing is moved.
    let mut headers = HeaderMap::with_capacity(HEADERS);
    // HTTP/1.1 demands a host, and Node insists on it.
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert("prefer", HeaderValue::from_static("reply"));
    let mut add = |name: &str, value: &[u8]| {
        // The binding gives names of a-z and 0-9, and values without control characters: HTTP allows both.
        if let (Some(name), Ok(value)) = (header_name(name), HeaderValue::from_bytes(value)) {
            headers.insert(name, value);
        }
    };
    let body = match format {
        Format::Binary => {
            binding::encode_binary(event, add);
            event.data().clone()
        }
        Format::Structured => Bytes::from(binding::encode_structured(event, &mut add)),
    };
    let mut request = Request::new(Either::Left(Full::new(body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers;
    request
}

/// Events in batched mode, already written. There is no reply to many.
pub(super) fn from_batch(body: Bytes) -> Request<RequestBody> {
    let mut request = Request::new(Either::Left(Full::new(body)));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(binding::BATCH));
    request
}

/// The names that every event has need not be checked and copied each time.
fn header_name(name: &str) -> Option<HeaderName> {
    Some(match name {
        "ce-specversion" => const { HeaderName::from_static("ce-specversion") },
        "ce-id" => const { HeaderName::from_static("ce-id") },
        "ce-source" => const { HeaderName::from_static("ce-source") },
        "ce-type" => const { HeaderName::from_static("ce-type") },
        "content-type" => header::CONTENT_TYPE,
        _ => HeaderName::from_bytes(name.as_bytes()).ok()?,
    })
}

/// What the content type and the `ce-` headers say the body is; nothing when it is no event.
pub(crate) fn mode(headers: &HeaderMap) -> Option<Mode> {
    binding::mode(pairs(headers))
}

/// The event in headers and body.
pub(crate) fn event(mode: Mode, headers: &HeaderMap, body: Bytes) -> Result<Event, EventError> {
    binding::decode(mode, pairs(headers), body)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// Reads the answer to an event.
///
/// # Errors
/// When the connection breaks before the end of the body.
pub(super) async fn outcome(response: Response<Incoming>) -> Result<Outcome, String> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    let advice = advice(&head.headers);
    let mode = mode(&head.headers).filter(|_| head.status.is_success());
    let body = match Limited::new(body, REPLY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            if mode.is_some() {
                return Ok(Outcome::MalformedReply(format!(
                    "the reply has more than {REPLY_BYTES_MAX} bytes"
                )));
            }
            Bytes::from_static(b"(more than 1 MiB)")
        }
        Err(error) => return Err(error.to_string()),
    };
    let Some(mode) = mode else {
        return Ok(Outcome::Answered { status, reply: None, excerpt: excerpt(&body), advice });
    };
    Ok(match event(mode, &head.headers, body) {
        Ok(reply) => Outcome::Answered { status, reply: Some(reply), excerpt: Bytes::new(), advice },
        Err(reason) => Outcome::MalformedReply(format!("the reply is not an event: {reason}")),
    })
}

/// An answer with no word on the next attempt.
pub(super) const fn answered(status: u16, reply: Option<Event>, excerpt: Bytes) -> Outcome {
    Outcome::Answered { status, reply, excerpt, advice: Advice::None }
}

/// A copy: an excerpt must not keep the whole answer in memory.
pub(super) fn excerpt(body: &Bytes) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len().min(EXCERPT_BYTES)])
}
