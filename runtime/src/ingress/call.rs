//! A direct call to a function: streamed both ways, not stored, not retried.

use http_body_util::{BodyExt, Either, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{FORWARDED, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri};

use super::reply::{self, Body};
use crate::config::resolved::Protocol;
use crate::dispatch::{CallError, CallerBody};
use crate::driver::Handle;

/// Bodies up to this size are read first, so that they can be sent to another process when one never took them.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

pub(super) async fn answer(
    driver: &Handle,
    request: Request<Incoming>,
    name: &str,
    path: &str,
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
        Some(Protocol::Oneshot) => driver.config().runtime.body_bytes_max as u64,
        Some(Protocol::Http) | None => WHOLE_BYTES_MAX,
    };
    let (mut head, body) = request.into_parts();
    prepare(&mut head, path);
    let body = match caller_body(body, whole_max, protocol).await {
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
    for hop_by_hop in ["connection", "keep-alive", "transfer-encoding", "te", "trailer"] {
        head.headers.remove(hop_by_hop);
    }
}

async fn caller_body(
    body: Incoming,
    whole_max: u64,
    protocol: Option<Protocol>,
) -> Result<CallerBody, Response<Body>> {
    let known = body.size_hint().exact();
    if protocol != Some(Protocol::Oneshot) && known.is_none_or(|size| size > whole_max) {
        return Ok(CallerBody::Stream(body));
    }
    let limit = usize::try_from(whole_max).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(CallerBody::Whole(body.to_bytes())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(reply::problem(
            413,
            &format!("the body has more than {limit} bytes"),
            "raise [runtime] body_max, or send less",
        )),
        Err(error) => Err(reply::problem(400, &format!("the body broke off: {error}"), "send it again")),
    }
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
        CallError::Lost(_) => {
            reply::problem(502, &message, "see what the function printed in the runtime's log")
        }
        CallError::TimedOut => reply::problem(504, &message, "raise timeout.request of the function"),
    }
}
