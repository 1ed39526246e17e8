//! What requests are sent over: HTTP/1.1, one at a time on a connection, or HTTP/2, many at once.
//!
//! What is here whole goes over HTTP/1.1 of our own. Once a call comes along that is not, a connection is hyper's.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answer::{Answer, Headers, REPLY_BYTES_MAX};
use super::exchange::describe;
use super::http1::{Broken, Line};
use super::request::{Message, RequestBody};

/// How long a connection whose answer was read may take until it is free. Whose other side answered without
/// reading the request may never be.
const FREE_MAX: Duration = Duration::from_millis(50);

/// What the other side speaks. Nothing is asked: whoever is told of HTTP/2 begins with it ("prior knowledge").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speaks {
    #[default]
    Http1,
    Http2,
}

/// The tasks that drive connections; all end with whoever holds this.
pub(super) type Tasks = Arc<Mutex<JoinSet<()>>>;

/// Sends requests over one connection.
#[derive(Debug)]
pub(super) enum Sender {
    Own(Box<Line>),
    Hyper(Hyper),
}

/// What streams both ways, or becomes something else.
#[derive(Debug)]
pub(super) enum Hyper {
    Http1(http1::SendRequest<RequestBody>),
    Http2(http2::SendRequest<RequestBody>),
}

/// An answer whose head is here.
#[derive(Debug)]
pub(super) enum Begun {
    Own,
    Hyper(Box<Response<Incoming>>),
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) reason: String,
    /// Surely nothing of it was sent.
    pub(super) is_unsent: bool,
}

impl Sender {
    pub(super) async fn new(speaks: Speaks, stream: TcpStream, tasks: &Tasks) -> hyper::Result<Self> {
        match speaks {
            Speaks::Http1 => Ok(Self::Own(Box::new(Line::new(stream)))),
            Speaks::Http2 => {
                let held = Held(Arc::downgrade(tasks));
                let (sender, driver) = http2::handshake(held.clone(), TokioIo::new(stream)).await?;
                held.spawn(async move { drop(driver.await) });
                Ok(Self::Hyper(Hyper::Http2(sender)))
            }
        }
    }

    /// Sends events, and waits for the head of the answer.
    pub(super) async fn ask(&mut self, message: &Message<'_>) -> Result<Begun, Unanswered> {
        match self {
            Self::Own(line) => Ok(line.ask(|head| message.write(head)).await.map(|()| Begun::Own)?),
            Self::Hyper(hyper) => {
                Box::pin(hyper.send(message.request())).await.map(|head| Begun::Hyper(Box::new(head)))
            }
        }
    }

    /// Reads the rest of the answer.
    ///
    /// # Errors
    /// When the connection breaks before its end.
    pub(super) async fn answer(&mut self, begun: Begun) -> Result<Answer, String> {
        match (self, begun) {
            (Self::Own(line), Begun::Own) => {
                line.answer(REPLY_BYTES_MAX).await.map(Answer::from).map_err(|error| error.to_string())
            }
            (_, Begun::Hyper(response)) => Box::pin(collect(*response)).await,
            (Self::Hyper(_), Begun::Own) => Err(Broken::Closed.to_string()),
        }
    }

    /// Makes a call, and waits for the head of its answer.
    pub(super) async fn call(
        self,
        request: Request<RequestBody>,
        tasks: &Tasks,
    ) -> Result<(Response<Incoming>, Self), Unanswered> {
        let mut hyper = match self {
            Self::Own(line) => Hyper::over(line.into_stream(), tasks).await?,
            Self::Hyper(hyper) => hyper,
        };
        let response = hyper.send(request).await?;
        Ok((response, Self::Hyper(hyper)))
    }

    /// Waits a moment until a request can be sent; gives whether it can.
    pub(super) async fn is_ready(&mut self) -> bool {
        match self {
            Self::Own(line) => line.is_free(),
            Self::Hyper(hyper) => {
                matches!(Box::pin(timeout(FREE_MAX, hyper.ready())).await, Ok(Ok(())))
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Own(line) => !line.is_free(),
            Self::Hyper(Hyper::Http1(sender)) => sender.is_closed(),
            Self::Hyper(Hyper::Http2(sender)) => sender.is_closed(),
        }
    }

    pub(super) const fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Own(line) => Some(line),
            Self::Hyper(_) => None,
        }
    }

    /// Another one for the same connection, where that takes many requests.
    pub(super) fn another(&self) -> Option<Self> {
        match self {
            Self::Hyper(Hyper::Http2(sender)) => Some(Self::Hyper(Hyper::Http2(sender.clone()))),
            Self::Own(_) | Self::Hyper(Hyper::Http1(_)) => None,
        }
    }
}

impl Hyper {
    /// HTTP/1.1 over a connection that no request is on.
    async fn over(stream: TcpStream, tasks: &Tasks) -> Result<Self, Unanswered> {
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) =
            handshake.map_err(|error| Unanswered { reason: describe(&error), is_unsent: true })?;
        // The error of a connection is told to whoever waits for an answer.
        Held(Arc::downgrade(tasks)).spawn(async move { drop(driver.with_upgrades().await) });
        Ok(Self::Http1(sender))
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    async fn send(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, Unanswered> {
        Ok(match self {
            Self::Http1(sender) => sender.try_send_request(request).await?,
            Self::Http2(sender) => sender.try_send_request(request).await?,
        })
    }
}

async fn collect(response: Response<Incoming>) -> Result<Answer, String> {
    let (head, body) = response.into_parts();
    let (status, headers) = (head.status.as_u16(), Headers::Hyper(head.headers));
    match Limited::new(body, REPLY_BYTES_MAX).collect().await {
        Ok(body) => Ok(Answer { status, headers, body: Some(body.to_bytes()) }),
        Err(error) if error.is::<LengthLimitError>() => Ok(Answer { status, headers, body: None }),
        Err(error) => Err(error.to_string()),
    }
}

impl From<Broken> for Unanswered {
    fn from(broken: Broken) -> Self {
        Self { reason: broken.to_string(), is_unsent: false }
    }
}

/// The request comes back when surely nothing of it was sent.
impl<R> From<TrySendError<R>> for Unanswered {
    fn from(error: TrySendError<R>) -> Self {
        Self { reason: describe(error.error()), is_unsent: error.message().is_some() }
    }
}

/// Runs what hyper needs beside, among the tasks of the connections: it must not hold them.
#[derive(Clone, Debug)]
struct Held(Weak<Mutex<JoinSet<()>>>);

impl Held {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(tasks) = self.0.upgrade() else { return };
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Held {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
