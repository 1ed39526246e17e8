//! One request to a process and its answer.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use activator::delivery::Outcome;
use activator::event::Event;
use activator::id::DeliveryId;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Request, Response, Uri};
use tokio::sync::{oneshot, watch};

use super::call::{Call, CallBody, CallError, CallerBody};
use super::pool::{Connection, Pool};
use super::request::{self, RequestBody};
use super::{Job, Work};
use crate::process::Listener;

/// What all requests to one process share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) pool: Pool,
    pub(super) place: watch::Sender<Place>,
    /// When the process accepted its first request.
    pub(super) accepted: watch::Sender<Option<Instant>>,
    /// The listener the process was given.
    pub(super) listener: OnceLock<Arc<Listener>>,
    /// As people read it: `r3`.
    pub(super) revision: String,
}

/// Where the process takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not known yet.
    Unknown,
    At(SocketAddr),
    /// The process is gone.
    Gone,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum Done {
    Outcome(DeliveryId, Outcome),
    /// Nobody took the call: it is given back as it was.
    Returned(DeliveryId, Box<Call>),
}

/// Whether a request that got no answer may be sent again to a process that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    Always,
    /// What the process may have read, it may have acted upon.
    UnlessWritten,
}

/// Why there is no answer.
enum NoAnswer {
    /// The process never saw the request.
    NotTaken,
    Lost(String),
}

impl Context {
    /// Makes the delivery and tells how it ended.
    pub(super) async fn carry_out(&self, job: Job) -> Done {
        match job.work {
            Work::Event(event) => Done::Outcome(job.delivery, self.deliver(&event, job.timeout).await),
            Work::Call(call) => self.call(job.delivery, call, job.timeout).await,
        }
    }

    async fn deliver(&self, event: &Event, timeout: Duration) -> Outcome {
        tokio::select! {
            outcome = self.exchange(event) => outcome.unwrap_or_else(|no_answer| match no_answer {
                NoAnswer::NotTaken => Outcome::NotTaken,
                NoAnswer::Lost(reason) => Outcome::Lost(reason),
            }),
            () = self.time_is_up(timeout) => Outcome::TimedOut,
        }
    }

    async fn exchange(&self, event: &Event) -> Result<Outcome, NoAnswer> {
        let make = || request::from_event(event, &Uri::from_static("/"));
        let (response, connection) = self.send(make, Repeat::Always).await?;
        let outcome = request::outcome(response).await.map_err(NoAnswer::Lost)?;
        self.pool.give_back(connection);
        Ok(outcome)
    }

    /// Sends a request as often as it takes and may be, and reads the head of the answer.
    async fn send(
        &self,
        make: impl Fn() -> Request<RequestBody>,
        repeat: Repeat,
    ) -> Result<(Response<Incoming>, Connection), NoAnswer> {
        loop {
            let address = self.address().await.ok_or(NoAnswer::NotTaken)?;
            // Who cannot be connected to took nothing.
            let connection = self.pool.connection(address).await;
            let mut connection = connection.map_err(|_| NoAnswer::NotTaken)?;
            let mut error = match connection.sender.try_send_request(make()).await {
                Ok(response) => return Ok((response, connection)),
                Err(error) => error,
            };
            let place = *self.place.borrow();
            // Nobody accepts anything where this went.
            if matches!(place, Place::At(now) if now != address) {
                continue;
            }
            if !self.took_a_request() {
                return Err(NoAnswer::NotTaken);
            }
            // A kept-alive connection may end just when it is used again: that is nobody's failure. The end of the
            // whole process is: it may have died of this request.
            let repeats = repeat == Repeat::Always || error.take_message().is_some();
            if place == Place::Gone || !connection.reused || !repeats {
                return Err(NoAnswer::Lost(describe(error.error())));
            }
        }
    }

    /// Whether the process accepted anything yet. Asked of the kernel: a process can accept a request and die of
    /// it before anyone looks.
    pub(super) fn took_a_request(&self) -> bool {
        let from_listener = |listener: &Arc<Listener>| {
            listener.unaccepted().is_ok_and(|waiting| waiting < self.pool.connected())
        };
        self.accepted.borrow().is_some() || self.listener.get().is_some_and(from_listener)
    }

    async fn address(&self) -> Option<SocketAddr> {
        let mut place = self.place.subscribe();
        let known = place.wait_for(|place| *place != Place::Unknown).await.ok()?;
        match *known {
            Place::At(address) => Some(address),
            Place::Unknown | Place::Gone => None,
        }
    }

    /// The time of an attempt runs from the moment the process accepts requests.
    async fn time_is_up(&self, timeout: Duration) {
        let mut accepted = self.accepted.subscribe();
        if accepted.wait_for(Option::is_some).await.is_err() {
            return std::future::pending().await;
        }
        tokio::time::sleep(timeout).await;
    }

    async fn call(&self, delivery: DeliveryId, mut call: Box<Call>, timeout: Duration) -> Done {
        let handed_over = Instant::now();
        let cold = self.accepted.borrow().is_none();
        let Call { head, body, answer, .. } = &mut *call;
        let answered = tokio::select! {
            answered = self.ask(head, body) => answered,
            () = answer.closed() => Err(NoAnswer::Lost("the caller hung up".to_owned())),
            () = self.time_is_up(timeout) => {
                call.answer.send(Err(CallError::TimedOut)).ok();
                return Done::Outcome(delivery, Outcome::TimedOut);
            }
        };
        let (mut response, connection) = match answered {
            Ok(answered) => answered,
            Err(NoAnswer::NotTaken) if call.can_be_sent() => return Done::Returned(delivery, call),
            Err(no_answer) => {
                let reason = match no_answer {
                    NoAnswer::Lost(reason) => reason,
                    NoAnswer::NotTaken => "the process ended while the request was on its way".to_owned(),
                };
                call.answer.send(Err(CallError::Lost(reason.clone()))).ok();
                return Done::Outcome(delivery, Outcome::Lost(reason));
            }
        };
        self.mark(&mut response, &call, handed_over, cold);
        let status = response.status().as_u16();
        let (in_flight, over) = oneshot::channel();
        let response = response.map(|body| CallBody::streamed(body, in_flight));
        call.answer.send(Ok(response)).ok();
        // Ends when the body is dropped, at its end or before.
        over.await.ok();
        self.pool.give_back(connection);
        Done::Outcome(delivery, Outcome::Answered { status, reply: None, excerpt: Bytes::new() })
    }

    async fn ask(
        &self,
        head: &Parts,
        body: &mut CallerBody,
    ) -> Result<(Response<Incoming>, Connection), NoAnswer> {
        if let CallerBody::Whole(bytes) = body {
            let whole = || Request::from_parts(head.clone(), Either::Left(Full::new(bytes.clone())));
            let repeat = if head.method.is_idempotent() { Repeat::Always } else { Repeat::UnlessWritten };
            return self.send(whole, repeat).await;
        }
        // What streams can be sent once: only to a process that accepts, over a connection nobody used before.
        let address = self.address().await.ok_or(NoAnswer::NotTaken)?;
        let mut accepted = self.accepted.subscribe();
        accepted.wait_for(Option::is_some).await.map_err(|_| NoAnswer::NotTaken)?;
        let mut connection = self.pool.connect(address).await.map_err(|_| NoAnswer::NotTaken)?;
        let CallerBody::Stream(stream) = std::mem::replace(body, CallerBody::Sent) else {
            return Err(NoAnswer::Lost("the request was sent already".to_owned()));
        };
        let request = Request::from_parts(head.clone(), Either::Right(stream));
        match connection.sender.send_request(request).await {
            Ok(response) => Ok((response, connection)),
            Err(error) => Err(NoAnswer::Lost(describe(&error))),
        }
    }

    /// What a caller may want to know beside the answer (`Server-Timing`, W3C).
    fn mark(&self, response: &mut Response<Incoming>, call: &Call, handed_over: Instant, cold: bool) {
        let accepted = self.accepted.borrow().unwrap_or(handed_over).max(handed_over);
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let timing = format!(
            "queue;dur={:.3}, spawn;dur={:.3}, run;dur={:.3}",
            ms(handed_over - call.arrived),
            ms(accepted - handed_over),
            ms(accepted.elapsed()),
        );
        let headers = response.headers_mut();
        if cold {
            headers.insert("hydrant-cold", HeaderValue::from_static("1"));
        }
        for (name, value) in [("server-timing", &timing), ("hydrant-revision", &self.revision)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// An error with its causes, on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
