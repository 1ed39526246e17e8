//! Kept-alive connections to one address.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::request::RequestBody;

/// Idle connections that are kept.
const IDLE_MAX: usize = 256;

/// The connections to one instance or sink. All end with it.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Connection>>,
    /// Each drives one connection.
    tasks: Mutex<JoinSet<()>>,
    connected: AtomicU32,
}

/// A connection that can take a request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<RequestBody>,
    /// Whether it carried a request before: the other side may be closing it just now.
    pub(super) reused: bool,
}

impl Pool {
    /// An idle connection, or a new one.
    pub(super) async fn connection(&self, address: SocketAddr) -> Result<Connection, String> {
        while let Some(mut connection) = self.idle() {
            // Between the end of an answer and this the other side may have closed it.
            if connection.sender.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        self.connect(address).await
    }

    fn idle(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// A new connection.
    pub(super) async fn connect(&self, address: SocketAddr) -> Result<Connection, String> {
        let stream = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
        self.adopt(stream).await
    }

    /// A connection over a stream that is connected already.
    pub(super) async fn adopt(&self, stream: TcpStream) -> Result<Connection, String> {
        self.connected.fetch_add(1, Ordering::Relaxed);
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            // Its error is told to whoever waits for an answer.
            driver.await.ok();
        });
        Ok(Connection { sender, reused: false })
    }

    /// Takes a connection back once its answer was read.
    pub(super) fn give_back(&self, mut connection: Connection) {
        connection.reused = true;
        self.keep(connection);
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.sender.is_closed() && idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }

    /// How many connections were made.
    pub(super) fn connected(&self) -> u32 {
        self.connected.load(Ordering::Relaxed)
    }

    /// Drops the idle connections, for when they lead to the wrong place.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
