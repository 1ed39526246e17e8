//! A connection to the ingress that serves one request after the other.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::http::{Answer, Ask, HttpError, request, whole};

/// Made with the first request, and anew when it was closed.
#[derive(Debug)]
pub(super) struct Connection {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// Moves its bytes.
    moving: JoinSet<()>,
}

impl Connection {
    pub(super) fn to(address: SocketAddr) -> Self {
        Self { address, sender: None, moving: JoinSet::new() }
    }

    /// Another one to the same.
    pub(super) fn another(&self) -> Self {
        Self::to(self.address)
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn ask(&mut self, ask: Ask) -> Result<Answer, HttpError> {
        let mut request = request(ask, self.address.to_string())?;
        let kept = self.sender.take();
        if let Some(sender) = kept {
            match self.exchange(sender, request).await {
                // It was closed before anything was sent.
                Err((Some(unsent), _)) => request = unsent,
                answered => return answered.map_err(|(_, error)| error),
            }
        }
        let sender = self.connect().await?;
        self.exchange(sender, request).await.map_err(|(_, error)| error)
    }

    /// Gives the request back where nothing of it was sent.
    async fn exchange(
        &mut self,
        mut sender: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, (Option<Request<Full<Bytes>>>, HttpError)> {
        let started = Instant::now();
        if let Err(error) = sender.ready().await {
            return Err((Some(request), HttpError::Broken(error)));
        }
        let answered = sender.try_send_request(request).await;
        let answer =
            answered.map_err(|mut error| (error.take_message(), HttpError::Broken(error.into_error())))?;
        let answer = whole(answer, started).await.map_err(|error| (None, error))?;
        self.sender = Some(sender);
        Ok(answer)
    }

    async fn connect(&mut self) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        let stream = TcpStream::connect(self.address).await.map_err(HttpError::Connect)?;
        stream.set_nodelay(true).map_err(HttpError::Connect)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(HttpError::Broken)?;
        self.moving = JoinSet::new();
        self.moving.spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}
