//! A direct call to a function: streamed both ways, not stored, not retried.

use std::time::Duration;

use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::header::{EXPECT, FORWARDED, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri, Version};

use super::body;
use super::reply::{self, Body};
use crate::config::resolved::Protocol;
use crate::dispatch::{CallError, CallerBody, hop};
use crate::driver::Handle;

/// Bodies up to this size are read first, so that they can be sent to another process when one never took them.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

pub(super) async fn answer(
    driver: &Handle,
    request: Request<Incoming>,
    name: &str,
    path: &str,
    patience: Duration,
) -> Response<Body> {
    let directory = driver.directory();
    let Some((function, protocol)) = directory.function(name) else {
        return reply::problem(
            404,
            &format!("there is no function `{name}`"),
            &format!("put an executable at functions/{name}"),
        );
    };
    let whole_max = match protocol {
        Some(protocol) if !protocol.is_http() => driver.config().runtime.body_bytes_max as u64,
        _ => WHOLE_BYTES_MAX,
    };
    let (mut head, body) = request.into_parts();
    prepare(&mut head, path);
    let body = match caller_body(body, whole_max, protocol, patience).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    match driver.call(function, head, body).await {
        Ok(response) => response.map(Either::Right),
        Err(error) => refusal(name, &error),
    }
}

fn prepare(head: &mut Parts, path: &str) {
    let query = head.uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        head.uri = uri;
    }
    let host = head.headers.get(hyper::header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    if let Ok(forwarded) = HeaderValue::from_str(&format!("for=127.0.0.1;host=\"{host}\";proto=http")) {
        head.headers.insert(FORWARDED, forwarded);
    }
    // Ours ends here: the connection to the function has its own.
    hop::strip(&mut head.headers);
    // It was answered when the body was asked for.
    head.headers.remove(EXPECT);
    // HTTP/1.0 callers too are heard over a connection that is kept.
    head.version = Version::HTTP_11;
}

async fn caller_body(
    body: Incoming,
    whole_max: u64,
    protocol: Option<Protocol>,
    patience: Duration,
) -> Result<CallerBody, Response<Body>> {
    let known = body.size_hint().exact();
    if protocol.is_none_or(Protocol::is_http) && known.is_none_or(|size| size > whole_max) {
        return Ok(CallerBody::Stream(body));
    }
    let limit = usize::try_from(whole_max).unwrap_or(usize::MAX);
    body::read(body, limit, patience).await.map(CallerBody::Whole)
}

fn refusal(name: &str, error: &CallError) -> Response<Body> {
    let message = format!("{name}: {error}");
    match error {
        CallError::Unknown => {
            reply::problem(404, &message, "put an executable of this name into the functions folder")
        }
        CallError::Broken(_) => {
            reply::problem(503, &message, "mend the file; the next call starts the new one")
        }
        CallError::Stopping => reply::later(&message, "call again when it is back"),
        CallError::Lost(_) | CallError::Malformed(_) => {
            reply::problem(502, &message, "see what the function printed in the runtime's log")
        }
        CallError::TimedOut => reply::problem(504, &message, "raise timeout.request of the function"),
    }
}
