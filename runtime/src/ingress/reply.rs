//! What the ingress answers by itself: JSON with what, why and what to do.

use activator::event::{Event, http as binding};
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::dispatch::CallBody;

pub(super) type Body = Either<Full<Bytes>, CallBody>;

/// An empty answer.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = status;
    response
}

/// An event, in binary mode.
pub(super) fn event(event: &Event) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(event.data().clone())));
    let headers = response.headers_mut();
    binding::encode_binary(event, |name, value| {
        // The binding gives names and values that HTTP allows.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            headers.insert(name, value);
        }
    });
    response
}

/// An answer that says what is wrong and what to do.
pub(super) fn problem(status: u16, message: &str, help: &str) -> Response<Body> {
    let body = serde_json::json!({ "message": message, "help": help }).to_string();
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(body))));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that says: not now.
pub(super) fn later(message: &str, help: &str) -> Response<Body> {
    let mut response = problem(503, message, help);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An answer that says: not here any more.
pub(super) fn stopping() -> Response<Body> {
    later("the runtime is stopping", "send it again when it is back")
}
