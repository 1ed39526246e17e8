//! A call to a function that speaks no HTTP: the event it becomes, and the response that is made for its caller.

use std::time::{Duration, Instant};

use activator::event::Event;
use activator::id::Revision;
use bytes::Bytes;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::answer;
use super::call::{Call, CallBody, CallerBody};
use super::timing::server_timing;

/// The media type of what is no event.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// When a call came, when it was handed to a process, and whether that had to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) arrived: Instant,
    pub(super) started: Instant,
    pub(super) cold: bool,
}

/// The event in a call; one is made around a body that is none.
pub(super) fn event_of(call: &mut Call) -> Event {
    let body = match std::mem::replace(&mut call.body, CallerBody::Sent) {
        CallerBody::Whole(bytes) => {
            call.body = CallerBody::Whole(bytes.clone());
            bytes
        }
        // The ingress gives functions that speak no HTTP whole bodies only.
        CallerBody::Stream(_) | CallerBody::Sent => Bytes::new(),
    };
    let headers = &call.head.headers;
    let event = answer::mode(headers).and_then(|mode| answer::event(mode, headers, body.clone()).ok());
    event.unwrap_or_else(|| {
        let content_type = call.head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let mut event = Event::builder();
        let path = call.head.uri.path();
        for (name, value) in [("id", "call"), ("source", "/fn"), ("type", "hydrant.call"), ("subject", path)]
        {
            event.attribute(name, value).ok();
        }
        if let Some(content_type) = content_type {
            event.attribute("datacontenttype", content_type).ok();
        }
        event.build(body).expect("id, source and type were just added")
    })
}

/// A response with this body.
pub(super) fn response(body: Bytes, media_type: &'static str) -> Response<CallBody> {
    let mut response = Response::new(CallBody::whole(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// What a caller may want to know beside the answer.
pub(super) fn mark(response: &mut Response<CallBody>, revision: Revision, times: Times) {
    let headers = response.headers_mut();
    if times.cold {
        headers.insert("hydrant-cold", HeaderValue::from_static("1"));
    }
    let timing = server_timing(times.started - times.arrived, Duration::ZERO, times.started.elapsed());
    let revision = HeaderValue::try_from(format!("r{revision}")).ok();
    for (name, value) in [("server-timing", timing), ("hydrant-revision", revision)] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}
