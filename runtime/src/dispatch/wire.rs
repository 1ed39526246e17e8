//! What requests are sent over: HTTP/1.1, one at a time on a connection, or HTTP/2, many at once.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::request::RequestBody;

/// What the other side speaks. Nothing is asked: whoever is told of HTTP/2 begins with it ("prior knowledge").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speaks {
    #[default]
    Http1,
    Http2,
}

/// The tasks that drive connections; all end with whoever holds this.
pub(super) type Tasks = Arc<Mutex<JoinSet<()>>>;

/// How many of them there are.
pub(super) fn open(tasks: &Tasks) -> usize {
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    tasks.len()
}

/// Sends requests over one connection.
#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<RequestBody>),
    Http2(http2::SendRequest<RequestBody>),
}

impl Sender {
    pub(super) async fn handshake(speaks: Speaks, stream: TcpStream, tasks: &Tasks) -> hyper::Result<Self> {
        let held = Held(Arc::downgrade(tasks));
        let stream = TokioIo::new(stream);
        // The error of a connection is told to whoever waits for an answer.
        Ok(match speaks {
            Speaks::Http1 => {
                let (sender, driver) = http1::handshake(stream).await?;
                held.spawn(async move { drop(driver.with_upgrades().await) });
                Self::Http1(sender)
            }
            Speaks::Http2 => {
                let (sender, driver) = http2::handshake(held.clone(), stream).await?;
                held.spawn(async move { drop(driver.await) });
                Self::Http2(sender)
            }
        })
    }

    /// Waits until a request can be sent.
    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    /// Sends a request. It comes back with the error when surely nothing of it was sent.
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        match self {
            Self::Http1(sender) => Either::Left(sender.try_send_request(request)),
            Self::Http2(sender) => Either::Right(sender.try_send_request(request)),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// Another one for the same connection, where that takes many requests.
    pub(super) fn another(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }
}

/// Runs what HTTP/2 needs beside, among the tasks of the connections: it must not hold them.
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
