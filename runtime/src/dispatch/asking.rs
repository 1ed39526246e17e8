//! A call to a process that speaks HTTP: asked, and its answer streamed to the caller.

use std::pin::pin;
use std::time::{Duration, Instant};

use activator::delivery::Outcome;
use activator::id::DeliveryId;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TE, UPGRADE};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::answer;
use super::call::{Call, CallBody, CallError, CallerBody, Lent, SWITCHED};
use super::exchange::{Context, Done, NoAnswer, Sending};
use super::hop;
use super::http1::put_field;
use super::pool::{Connection, For, Pool};
use super::timing::server_timing;
use super::wire::{Begun, Unanswered};

/// A call whose body is here.
struct Whole<'a> {
    head: &'a Parts,
    bytes: &'a Bytes,
}

impl Sending for Whole<'_> {
    fn wanted(&self) -> For {
        if self.is_plain() { For::Whole } else { For::Stream }
    }

    fn is_repeatable(&self) -> bool {
        self.head.method.is_idempotent()
    }

    async fn over(&self, pool: &Pool, mut connection: Connection) -> Result<(Begun, Connection), Unanswered> {
        if let Some(line) = connection.sender.line().filter(|_| self.is_plain()) {
            line.ask(|head| self.write(head)).await?;
            return Ok((Begun::Own, connection));
        }
        let body = Either::Left(Full::new(self.bytes.clone()));
        let request = Request::from_parts(self.head.clone(), body);
        let (response, connection) = Box::pin(pool.call(connection, request)).await?;
        Ok((Begun::Hyper(Box::new(response)), connection))
    }
}

impl Whole<'_> {
    /// Whether the answer is one as others: with a body, without trailers, and on a connection that stays what it is.
    fn is_plain(&self) -> bool {
        let Parts { method, headers, .. } = self.head;
        let is_other = method == Method::HEAD || method == Method::CONNECT;
        !is_other && !headers.contains_key(UPGRADE) && !headers.contains_key(TE)
    }

    /// Writes the head of the request, the blank line included; gives its body.
    fn write(&self, head: &mut Vec<u8>) -> Bytes {
        let Parts { method, uri, headers, .. } = self.head;
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        let mut add = |name: &HeaderName, value: &[u8]| put_field(head, name.as_str().as_bytes(), value);
        // HTTP/1.0 callers name no host, and HTTP/1.1 wants one.
        if !headers.contains_key(HOST) {
            add(&HOST, b"localhost");
        }
        for (name, value) in headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
            add(name, value.as_bytes());
        }
        if !self.bytes.is_empty() || !method.is_safe() {
            add(&CONTENT_LENGTH, itoa::Buffer::new().format(self.bytes.len()).as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        self.bytes.clone()
    }
}

impl Context {
    /// Makes the call. Its caller gets the answer; what is given is for the mind.
    pub(super) async fn call(
        &self,
        delivery: DeliveryId,
        mut call: Box<Call>,
        timeout: Duration,
        response: Option<Duration>,
    ) -> Done {
        let handed_over = Instant::now();
        let cold = self.accepted.borrow().is_none();
        let Call { head, body, answer, .. } = &mut *call;
        let answered = tokio::select! {
            answered = async { self.begun(response, pin!(self.ask(head, body))).await } => answered,
            () = answer.closed() => Err(NoAnswer::Lost("the caller hung up".to_owned())),
            () = self.time_is_up(timeout) => {
                call.answer.send(Err(CallError::TimedOut)).ok();
                return Done::Outcome(delivery, Outcome::TimedOut);
            }
        };
        let (begun, connection) = match answered {
            Ok(answered) => answered,
            Err(no_answer) => return unanswered(delivery, call, no_answer),
        };
        let (home, over) = oneshot::channel();
        let lent = Lent::new(connection, home);
        let mut response = match begun {
            Begun::Own => match lent.answer() {
                Ok(response) => response,
                Err(reason) => {
                    call.answer.send(Err(CallError::Malformed(reason.clone()))).ok();
                    return Done::Outcome(delivery, Outcome::MalformedReply(reason));
                }
            },
            Begun::Hyper(mut response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                let to = hop::upgrade(response.headers());
                self.mark(&mut response, &call, handed_over, cold);
                return Done::Outcome(delivery, Box::pin(self.switch(*response, to, *call)).await);
            }
            Begun::Hyper(response) => response.map(|body| CallBody::hyper(body, lent)),
        };
        self.mark(&mut response, &call, handed_over, cold);
        let status = response.status().as_u16();
        call.answer.send(Ok(response)).ok();
        // When its body is dropped, at its end or before; one that was here is at its end now.
        if let Ok(connection) = over.await {
            self.pool.give_back(connection);
        }
        Done::Outcome(delivery, answer::answered(status, None, Bytes::new()))
    }

    /// The connections of caller and function become something else (a WebSocket, say): bytes that go both ways,
    /// until one of them ends. The call is in flight for as long.
    async fn switch(
        &self,
        mut response: Response<Incoming>,
        to: Option<HeaderValue>,
        mut call: Call,
    ) -> Outcome {
        // It is there whenever the caller named a protocol; whether it asked for it, the headers tell.
        let caller = call.head.extensions.remove::<OnUpgrade>();
        let asked = hop::upgrade(&call.head.headers);
        let (Some(caller), Some(_), Some(to)) = (caller, asked, to) else {
            let reason = SWITCHED.to_owned();
            call.answer.send(Err(CallError::Malformed(reason.clone()))).ok();
            return Outcome::MalformedReply(reason);
        };
        let function = hyper::upgrade::on(&mut response);
        hop::set_upgrade(response.headers_mut(), to);
        call.answer.send(Ok(response.map(|_| CallBody::whole(Bytes::new())))).ok();
        if let (Ok(caller), Ok(function)) = tokio::join!(caller, function) {
            let (mut caller, mut function) = (TokioIo::new(caller), TokioIo::new(function));
            tokio::io::copy_bidirectional(&mut caller, &mut function).await.ok();
        }
        Outcome::Handled { reply: None }
    }

    async fn ask(&self, head: &Parts, body: &mut CallerBody) -> Result<(Begun, Connection), NoAnswer> {
        if let CallerBody::Whole(bytes) = body {
            return self.send(&Whole { head, bytes }).await;
        }
        // What streams can be sent once: only to a process that accepts, over a connection nobody used before.
        let address = self.address().await.ok_or(NoAnswer::NotTaken)?;
        let mut accepted = self.accepted.subscribe();
        accepted.wait_for(Option::is_some).await.map_err(|_| NoAnswer::NotTaken)?;
        let connection = self.pool.fresh(&[address]).await.map_err(|_| NoAnswer::NotTaken)?;
        let CallerBody::Stream(stream) = std::mem::replace(body, CallerBody::Sent) else {
            return Err(NoAnswer::Lost("the request was sent already".to_owned()));
        };
        let request = Request::from_parts(head.clone(), Either::Right(stream));
        let answered = self.answered(connection.reused, pin!(self.pool.call(connection, request))).await;
        let begun = |(response, connection)| (Begun::Hyper(Box::new(response)), connection);
        answered.map(begun).map_err(|unanswered| NoAnswer::Lost(unanswered.reason))
    }

    /// What a caller may want to know beside the answer.
    fn mark<B>(&self, response: &mut Response<B>, call: &Call, handed_over: Instant, cold: bool) {
        // Whose answer is the first that is heard of it took the time to start.
        let accepted = self.accepted.borrow().unwrap_or_else(Instant::now).max(handed_over);
        let timing = server_timing(handed_over - call.arrived, accepted - handed_over, accepted.elapsed());
        // Those of the connection to the function end here.
        *response.version_mut() = Version::HTTP_11;
        let headers = response.headers_mut();
        hop::strip(headers);
        if cold {
            headers.insert("hydrant-cold", HeaderValue::from_static("1"));
        }
        let revision = HeaderValue::from_str(&self.revision).ok();
        for (name, value) in [("server-timing", timing), ("hydrant-revision", revision)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }
}

/// Its caller is told why there is no answer, unless another process may give one.
fn unanswered(delivery: DeliveryId, call: Box<Call>, no_answer: NoAnswer) -> Done {
    let no_answer = match no_answer {
        NoAnswer::NotTaken if call.can_be_sent() => return Done::Returned(delivery, call),
        NoAnswer::NotTaken => NoAnswer::Lost("the process ended while the request was on its way".to_owned()),
        told => told,
    };
    let outcome = Outcome::from(no_answer);
    let reason = outcome.error().unwrap_or_default().to_owned();
    let error = match outcome {
        Outcome::NotBegun(_) => CallError::NotBegun(reason),
        _ => CallError::Lost(reason),
    };
    call.answer.send(Err(error)).ok();
    Done::Outcome(delivery, outcome)
}
