//! A request/response call: the ingress holds the caller, this is the rest of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::CONTENT_LENGTH;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use tokio::sync::oneshot;

use super::http1::{Line, Rest};
use super::pool::Connection;

/// What is wrong with an answer of status 101 to who wanted none.
pub(super) const SWITCHED: &str = "it switched protocols, which nobody asked for";

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

/// The body of an answer. While it is streamed, the instance counts the call as in flight.
#[derive(Debug)]
pub(crate) struct CallBody {
    source: Source,
    lent: Lent,
}

#[derive(Debug)]
enum Source {
    Here(Full<Bytes>),
    Own(Rest),
    Hyper(Incoming),
}

/// A connection that an answer comes over, until that was passed on or is not wanted any more. Then it goes home, where one is
/// kept that can be used again.
#[derive(Debug, Default)]
pub(super) struct Lent(Option<(Connection, oneshot::Sender<Connection>)>);

impl CallBody {
    /// A body that is there already.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { source: Source::Here(Full::new(bytes)), lent: Lent::default() }
    }

    /// A body that hyper streams from the function.
    pub(super) const fn hyper(body: Incoming, lent: Lent) -> Self {
        Self { source: Source::Hyper(body), lent }
    }
}

impl Lent {
    pub(super) const fn new(connection: Connection, home: oneshot::Sender<Connection>) -> Self {
        Self(Some((connection, home)))
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.0.as_mut()?.0.sender.line()
    }

    /// The answer that has begun on a connection of our own.
    ///
    /// # Errors
    /// It is none that can be passed on.
    pub(super) fn answer(mut self) -> Result<Response<CallBody>, String> {
        let begun = self.line().and_then(Line::begun);
        let (status, fields, rest) = begun.ok_or("nothing was asked")?;
        let status = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(SWITCHED.to_owned());
        }
        let mut headers = fields.map().ok_or("its header fields cannot be passed on")?;
        if rest.length().is_none() {
            // The body tells where it ends (RFC 9112, section 6.3).
            headers.remove(CONTENT_LENGTH);
        }
        let body = match self.line().and_then(|line| line.whole(&rest)) {
            Some(whole) => CallBody::whole(whole),
            None => CallBody { source: Source::Own(rest), lent: self },
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some((connection, home)) = self.0.take() {
            home.send(connection).ok();
        }
    }
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self { source, lent } = self.get_mut();
        Poll::Ready(match source {
            Source::Here(body) => {
                ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(|never| match never {}))
            }
            Source::Hyper(body) => {
                ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(Into::into))
            }
            Source::Own(rest) => match lent.line() {
                Some(line) => {
                    ready!(line.poll_piece(rest, cx)).map(|piece| piece.map(Frame::data).map_err(Into::into))
                }
                None => None,
            },
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Here(body) => body.is_end_stream(),
            Source::Hyper(body) => body.is_end_stream(),
            Source::Own(rest) => rest.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Here(body) => body.size_hint(),
            Source::Hyper(body) => body.size_hint(),
            Source::Own(rest) => rest.length().map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
