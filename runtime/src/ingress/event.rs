//! An event for a broker, a channel or a sink: checked, stored, then acknowledged.

use std::time::Duration;

use activator::event::{Event, http as binding, json};
use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body;
use super::job;
use super::reply::{self, Body};
use crate::channel::{AppendError, Position};
use crate::config::resolved::ChannelKind;
use crate::dispatch::{self, mode};
use crate::driver::{Handle, Route};

const MEDIA_TYPES: &str =
    "send ce- headers, application/cloudevents+json or application/cloudevents-batch+json";

/// Where an event was stored.
const CHANNEL: HeaderName = HeaderName::from_static("hydrant-channel");
const PARTITION: HeaderName = HeaderName::from_static("hydrant-partition");
const OFFSET: HeaderName = HeaderName::from_static("hydrant-offset");
/// These, where a job is to be asked after, and what hyper adds.
const ACCEPTED_HEADERS: usize = 6;

/// CloudEvents HTTP binding 1.0 and webhook 1.0; the statuses are the contract's table.
pub(super) async fn answer(
    driver: &Handle,
    request: Request<Incoming>,
    kind: ChannelKind,
    name: &str,
    patience: Duration,
) -> Response<Body> {
    if driver.directory().post_box(kind, name).is_none() {
        let kind = kind.text();
        return reply::problem(
            404,
            &format!("there is no {kind} `{name}`"),
            &format!("add [{kind}.{name}] to runtime.toml"),
        );
    }
    match *request.method() {
        Method::POST => {}
        Method::OPTIONS => return webhook_validation(request.headers()),
        _ => return wrong_method(),
    }
    let limit = driver.config().runtime.body_bytes_max;
    let events = match read_events(request, limit, patience).await {
        Ok(events) => events,
        Err(refusal) => return refusal,
    };
    let location = if kind == ChannelKind::Job { job::location(name, &events) } else { None };
    // Asked again, and gone when the runtime stops: who sends slowly keeps no channel open.
    let directory = driver.directory();
    match directory.post_box(kind, name) {
        Some(route) => match stored(route, events).await {
            Ok(position) => {
                let mut response = accepted(route, position);
                response.headers_mut().extend(location.map(|location| (LOCATION, location)));
                response
            }
            Err(refusal) => refusal,
        },
        None => reply::stopping(),
    }
}

pub(super) fn wrong_method() -> Response<Body> {
    let mut response = reply::problem(405, "events are sent by POST", "use POST");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    response
}

/// CloudEvents webhook 1.0, section 4 "Abuse Protection".
pub(super) fn webhook_validation(headers: &HeaderMap) -> Response<Body> {
    let mut response = reply::empty(StatusCode::OK);
    let allowed = response.headers_mut();
    allowed.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    allowed.insert("webhook-allowed-rate", HeaderValue::from_static("*"));
    if let Some(origin) = headers.get("webhook-request-origin") {
        allowed.insert("webhook-allowed-origin", origin.clone());
    }
    response
}

pub(super) async fn read_events(
    request: Request<Incoming>,
    limit: usize,
    patience: Duration,
) -> Result<Vec<Event>, Response<Body>> {
    // Refused before a byte of it is read.
    if request.body().size_hint().lower() > limit as u64 {
        return Err(body::too_large(limit));
    }
    let (head, body) = request.into_parts();
    let Some(mode) = mode(&head.headers) else {
        let found = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("no media type");
        return Err(reply::problem(
            400,
            &format!("not a CloudEvent: {found} and no ce- headers"),
            MEDIA_TYPES,
        ));
    };
    let body = body::read(body, limit, patience).await?;
    decode(mode, &head.headers, body).map_err(|reason| reply::problem(400, &reason, MEDIA_TYPES))
}

fn decode(mode: binding::Mode, headers: &HeaderMap, body: Bytes) -> Result<Vec<Event>, String> {
    let events = match mode {
        binding::Mode::Batch => json::decode_batch(&body).map(|events| {
            let travelling = dispatch::travelling(headers);
            events.into_iter().map(|event| event.with_headers(travelling.clone())).collect()
        }),
        binding::Mode::Binary | binding::Mode::Structured => {
            dispatch::event(mode, headers, body).map(|event| vec![event])
        }
    };
    events.map_err(|reason| reason.to_string())
}

/// Once the channel has all of them, as durably as it says of itself: where the last one is.
pub(super) async fn stored(route: &Route, events: Vec<Event>) -> Result<Option<Position>, Response<Body>> {
    let Some(channel) = &route.channel else {
        let trouble = route.trouble.as_deref().unwrap_or("it is being opened");
        let message = format!("{} cannot take events now: {trouble}", route.name);
        return Err(reply::later(&message, "send it again"));
    };
    let append = async |event| channel.append(event).await.map_err(|error| not_stored(route, &error));
    match <[Event; 1]>::try_from(events) {
        Ok([event]) => append(event).await.map(Some),
        // Of its own, so that one event takes no room for many.
        Err(events) => {
            Box::pin(async {
                let mut last = None;
                for stored in futures_util::future::join_all(events.into_iter().map(append)).await {
                    last = Some(stored?);
                }
                Ok(last)
            })
            .await
        }
    }
}

fn not_stored(route: &Route, error: &AppendError) -> Response<Body> {
    match error {
        AppendError::TooLarge { .. } => reply::problem(413, &error.to_string(), "send less"),
        AppendError::Unavailable(_) => reply::later(&format!("{}: {error}", route.name), "send it again"),
    }
}

fn accepted(route: &Route, position: Option<Position>) -> Response<Body> {
    let mut response = reply::empty(StatusCode::ACCEPTED);
    let headers = response.headers_mut();
    headers.reserve(ACCEPTED_HEADERS);
    headers.extend(route.header.clone().map(|name| (CHANNEL, name)));
    if let Some(Position { partition, offset }) = position {
        headers.insert(PARTITION, partition.0.into());
        headers.insert(OFFSET, offset.0.into());
    }
    response
}
