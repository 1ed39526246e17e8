//! Kept-alive connections to one address: many that take a request each, or one that takes all.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::{Request, Response};
use nix::errno::Errno;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::door::Learned;
use super::request::RequestBody;
use super::wire::{Sender, Speaks, Tasks, Unanswered};
use crate::process::connect_to;

/// Idle connections that are kept.
const IDLE_MAX: usize = 256;
/// The wait after the system had no room for a connection.
const NO_ROOM_WAIT: Duration = Duration::from_millis(50);

/// The connections to one instance or sink. All end with it.
#[derive(Debug)]
pub(super) struct Pool {
    speaks: Speaks,
    learned: Arc<Learned>,
    /// Whose turn it is, where the other side serves one connection at a time.
    turn: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// The one that takes all, and who may make it.
    shared: Mutex<Option<Connection>>,
    making: tokio::sync::Mutex<()>,
    tasks: Tasks,
    connected: AtomicU32,
    open: Arc<AtomicU32>,
    /// Requests that may be waiting for one of our idle connections to go away.
    shut_out: AtomicU32,
}

/// A connection that can take a request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: Sender,
    /// Whether it carried a request before: the other side may be closing it just now.
    pub(super) reused: bool,
    /// Our end of it.
    pub(super) local: SocketAddr,
    idle_since: Instant,
    /// Nothing where others may have one at the same time.
    turn: Option<OwnedSemaphorePermit>,
    _open: Open,
}

/// What a connection is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A request that is here.
    Whole,
    /// One that is streamed, or becomes something else.
    Stream,
}

/// Counts a connection until it is dropped.
#[derive(Debug)]
struct Open(Arc<AtomicU32>);

/// While this lives, no connection is kept for later.
#[derive(Debug)]
pub(super) struct Way<'a>(&'a AtomicU32);

impl Pool {
    pub(super) fn new(speaks: Speaks, learned: Arc<Learned>) -> Self {
        Self {
            speaks,
            learned,
            turn: Arc::new(Semaphore::new(1)),
            idle: Mutex::default(),
            shared: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            tasks: Tasks::default(),
            connected: AtomicU32::new(0),
            open: Arc::default(),
            shut_out: AtomicU32::new(0),
        }
    }

    /// A connection that has been idle for at most `idle_max`, if that is said, or a new one.
    pub(super) async fn connection(
        &self,
        addresses: &[SocketAddr],
        wanted: For,
        idle_max: Option<Duration>,
    ) -> Result<Connection, String> {
        if self.speaks == Speaks::Http2 {
            return match self.shared() {
                Some(connection) => Ok(connection),
                None => Box::pin(self.share(addresses)).await,
            };
        }
        let turn = if self.learned.is_one_connection() { Box::pin(self.turn()).await } else { None };
        while let Some(mut connection) = self.idle(wanted) {
            let is_too_old = |most| connection.idle_since.elapsed() > most;
            if connection.reused && idle_max.is_some_and(is_too_old) {
                continue;
            }
            // Between the end of an answer and this the other side may have closed it.
            if connection.sender.is_ready().await {
                return Ok(Connection { turn, ..connection });
            }
        }
        // Seldom, and its future is large.
        let connection = Box::pin(self.open(addresses)).await?;
        Ok(Connection { turn, ..connection })
    }

    /// Waits until no other connection is used, where the other side serves one at a time.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        if !self.learned.is_one_connection() {
            return None;
        }
        // Nobody closes it.
        Arc::clone(&self.turn).acquire_owned().await.ok()
    }

    /// The connection that takes all, while it lives.
    fn shared(&self) -> Option<Connection> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = shared.as_ref().filter(|connection| !connection.sender.is_closed())?;
        let sender = connection.sender.another()?;
        let (local, idle_since) = (connection.local, connection.idle_since);
        Some(Connection {
            sender,
            reused: true,
            local,
            idle_since,
            turn: None,
            _open: Open::another(&self.open),
        })
    }

    /// Makes the connection that takes all, unless somebody else just did.
    async fn share(&self, addresses: &[SocketAddr]) -> Result<Connection, String> {
        let _making = self.making.lock().await;
        if let Some(connection) = self.shared() {
            return Ok(connection);
        }
        let connection = self.open(addresses).await?;
        self.keep(connection);
        self.shared().ok_or_else(|| "the connection ended at once".to_owned())
    }

    /// A new connection to the first address that takes it.
    pub(super) async fn fresh(&self, addresses: &[SocketAddr]) -> Result<Connection, String> {
        let turn = self.turn().await;
        if turn.is_some() {
            self.clear();
        }
        Ok(Connection { turn, ..self.open(addresses).await? })
    }

    /// While the system has no room for one, this waits.
    async fn open(&self, addresses: &[SocketAddr]) -> Result<Connection, String> {
        loop {
            match TcpStream::connect(addresses).await {
                Ok(stream) => return self.adopt(stream).await,
                Err(error) if is_no_room(&error) => tokio::time::sleep(NO_ROOM_WAIT).await,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Sends a call over a connection.
    pub(super) async fn call(
        &self,
        connection: Connection,
        request: Request<RequestBody>,
    ) -> Result<(Response<Incoming>, Connection), Unanswered> {
        let (response, sender) = connection.sender.call(request, &self.tasks).await?;
        Ok((response, Connection { sender, ..connection }))
    }

    /// The one that was used last, of the kind that fits if there is any.
    fn idle(&self, wanted: For) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |connection: &Connection| connection.sender.is_own() == (wanted == For::Whole);
        match idle.iter().rposition(fits) {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        }
    }

    /// A new connection to a listener of ours at this port, now or not at all.
    pub(super) async fn connect(&self, port: u16) -> Result<Connection, String> {
        let stream = connect_to(port).and_then(TcpStream::from_std).map_err(|e| e.to_string())?;
        self.adopt(stream).await
    }

    /// A connection over a stream that is connected already.
    pub(super) async fn adopt(&self, stream: TcpStream) -> Result<Connection, String> {
        self.connected.fetch_add(1, Ordering::Relaxed);
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let local = stream.local_addr().map_err(|e| e.to_string())?;
        let sender = Sender::new(self.speaks, stream, &self.tasks).await.map_err(|e| e.to_string())?;
        let open = Open::another(&self.open);
        Ok(Connection { sender, reused: false, local, idle_since: Instant::now(), turn: None, _open: open })
    }

    /// Takes a connection back once its answer was read.
    pub(super) fn give_back(&self, mut connection: Connection) {
        connection.reused = true;
        self.keep(connection);
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, mut connection: Connection) {
        if self.shut_out.load(Ordering::Relaxed) > 0 {
            return;
        }
        if self.speaks == Speaks::Http2 {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            if shared.as_ref().is_none_or(|shared| shared.sender.is_closed()) {
                *shared = Some(connection);
            }
            return;
        }
        connection.idle_since = Instant::now();
        // The next one finds it.
        let _turn = connection.turn.take();
        let most = if self.learned.is_one_connection() { 1 } else { IDLE_MAX };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.sender.is_closed() && idle.len() < most {
            idle.push(connection);
        }
    }

    /// How many connections were made.
    pub(super) fn connected(&self) -> u32 {
        self.connected.load(Ordering::Relaxed)
    }

    /// How long the only connection that the other side accepted has been idle, when so many more wait for that.
    pub(super) fn alone_for(&self, unaccepted: u32) -> Option<Duration> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let [alone] = idle.as_slice() else { return None };
        let accepted = self.open.load(Ordering::Relaxed).checked_sub(unaccepted);
        (accepted == Some(1) && alone.reused).then(|| alone.idle_since.elapsed())
    }

    /// Drops the idle connections, for when they lead to the wrong place.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether a connection takes one request at a time.
    pub(super) fn is_one_each(&self) -> bool {
        self.speaks == Speaks::Http1
    }

    /// Drops the idle connections, and those that become idle: the other side may serve one at a time.
    pub(super) fn make_way(&self) -> Way<'_> {
        self.shut_out.fetch_add(1, Ordering::Relaxed);
        self.clear();
        Way(&self.shut_out)
    }
}

impl Open {
    fn another(open: &Arc<AtomicU32>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Way<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether it is our own system that could not.
fn is_no_room(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM))
}
