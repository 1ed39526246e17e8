//! A request/response call: the ingress holds the caller, this is the rest of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::Response;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::http::request::Parts;
use tokio::sync::oneshot;

/// A call that waits for its function.
#[derive(Debug)]
pub(crate) struct Call {
    /// What the caller sent, its path as the function is to see it.
    pub(crate) head: Parts,
    pub(crate) body: CallerBody,
    /// Where the caller waits.
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) arrived: Instant,
}

/// What the caller sends.
#[derive(Debug)]
pub(crate) enum CallerBody {
    /// It is here, and can be sent again when a process never took it.
    Whole(Bytes),
    /// It comes as it comes, and can be sent once.
    Stream(Incoming),
    /// It was sent.
    Sent,
}

impl Call {
    /// Whether the request can still be sent to another process.
    pub(super) const fn can_be_sent(&self) -> bool {
        !matches!(self.body, CallerBody::Sent)
    }
}

/// What the caller gets.
pub(crate) type Answer = Result<Response<CallBody>, CallError>;

/// Why a caller gets no answer of the function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("there is no function of this name")]
    Unknown,
    #[error("the function cannot run: {0}")]
    Broken(String),
    #[error("all of its processes are busy")]
    Full,
    #[error("the runtime is stopping")]
    Stopping,
    #[error("the function broke the connection: {0}")]
    Lost(String),
    #[error("the function did not answer as it must: {0}")]
    Malformed(String),
    #[error("the function did not answer in time")]
    TimedOut,
    #[error("{0}")]
    NotBegun(String),
}

/// The body of an answer, streamed. The instance counts the call as in flight until this is dropped.
#[derive(Debug)]
pub(crate) struct CallBody {
    body: Either<Full<Bytes>, Incoming>,
    _in_flight: Option<oneshot::Sender<()>>,
}

impl CallBody {
    /// A body that is streamed from the function; `in_flight` is dropped with it.
    pub(super) const fn streamed(body: Incoming, in_flight: oneshot::Sender<()>) -> Self {
        Self { body: Either::Right(body), _in_flight: Some(in_flight) }
    }

    /// A body that is there already.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { body: Either::Left(Full::new(bytes)), _in_flight: None }
    }
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
