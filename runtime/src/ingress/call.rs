//! A direct call to a function: streamed both ways, not stored, not retried.

mod forward;

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::{Request, Response};

use super::body;
use super::reply::{self, Body};
use crate::config::resolved::Protocol;
use crate::dispatch::{CallError, CallerBody};
use crate::driver::Handle;

/// Bodies up to this size are read first, so that they can be sent to another process when one never took them.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) peer: IpAddr,
    /// How long it may take to go on with its body.
    pub(super) patience: Duration,
}

pub(super) async fn answer(
    driver: &Handle,
    request: Request<Incoming>,
    name: &str,
    path: &str,
    caller: Caller,
) -> Response<Body> {
    let directory = driver.directory();
    let Some(callee) = directory.callee(name) else {
        return reply::problem(
            404,
            &format!("there is no function `{name}`"),
            &format!("put an executable at functions/{name}"),
        );
    };
    let protocol = callee.protocol;
    let whole_max = match protocol {
        Some(protocol) if !protocol.is_http() => driver.config().runtime.body_bytes_max as u64,
        _ => WHOLE_BYTES_MAX,
    };
    let (mut head, body) = request.into_parts();
    forward::prepare(&mut head, path, caller.peer);
    let body = match caller_body(body, whole_max, protocol, caller.patience).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    match driver.call(callee, head, body).await {
        Ok(response) => response.map(Either::Right),
        Err(error) => refusal(name, &error),
    }
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
        CallError::Full => reply::later(&message, "call again, or raise `max` or `waiting` of the function"),
        CallError::Stopping => reply::later(&message, "call again when it is back"),
        CallError::Lost(_) | CallError::Malformed(_) => {
            reply::problem(502, &message, "see what the function printed in the runtime's log")
        }
        CallError::TimedOut => reply::problem(504, &message, "raise timeout.request of the function"),
        CallError::NotBegun(_) => reply::problem(504, &message, "raise timeout.response of the function"),
    }
}
