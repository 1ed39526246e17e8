//! Where a process takes its requests: at the listener it was given as fd 3, or at the `$PORT` it binds itself.
//!
//! Nothing needs to be declared. The first process of a revision is offered both, and what it does is remembered
//! for the later ones: those at a listener get their first request written before they are started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::process::{Listener, PortHold};

/// The first look comes this long after the start, and each further one half as long again later.
const FIRST_LOOK: Duration = Duration::from_micros(200);
/// The longest time between two looks.
const LAST_LOOK: Duration = Duration::from_millis(20);

/// What earlier processes of the same revision did.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    door: AtomicU8,
    /// A process died while its `$PORT` was held: it may be one that cannot bind a number somebody else holds.
    unheld: AtomicBool,
}

/// Zero is: not known.
const LISTENER: u8 = 1;
const PORT: u8 = 2;

/// Where one process may take its requests.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: Arc<Listener>,
    listener_address: SocketAddr,
    port: Option<PortHold>,
    learned: Arc<Learned>,
}

/// What a look at a starting process found.
#[derive(Debug)]
pub(super) enum Opened {
    /// It accepts at the listener.
    Listener,
    /// It accepts at its port; the connection proves it.
    Port(SocketAddr, TcpStream),
}

impl Door {
    pub(super) fn new(learned: Arc<Learned>) -> io::Result<Self> {
        let listener = Arc::new(Listener::bind()?);
        let listener_address = listener.addr()?;
        let port = match learned.door.load(Ordering::Relaxed) {
            LISTENER => None,
            _ if learned.unheld.load(Ordering::Relaxed) => Some(PortHold::none()?),
            _ => Some(PortHold::take()?),
        };
        Ok(Self { listener, listener_address, port, learned })
    }

    /// The process's `$PORT`: where fd 3 listens already when it is known to use that.
    pub(super) fn port(&self) -> u16 {
        self.port.as_ref().map_or_else(|| self.listener_address.port(), PortHold::port)
    }

    /// Where requests may be sent before the process is known to accept any.
    pub(super) fn early_address(&self) -> Option<SocketAddr> {
        self.port.is_none().then_some(self.listener_address)
    }

    pub(super) const fn listener_address(&self) -> SocketAddr {
        self.listener_address
    }

    /// Waits until the process accepts, by looking. `connected` tells how many connections the listener was
    /// given, `probe` being the first of them: when fewer wait, the process has accepted.
    pub(super) async fn opened(&self, connected: impl Fn() -> u32) -> Opened {
        let mut wait = FIRST_LOOK;
        loop {
            tokio::time::sleep(wait).await;
            if self.listener.unaccepted().is_ok_and(|waiting| waiting < connected()) {
                self.learned.door.store(LISTENER, Ordering::Relaxed);
                return Opened::Listener;
            }
            if let Some(port) = &self.port {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.port()));
                if let Ok(stream) = TcpStream::connect(address).await {
                    self.learned.door.store(PORT, Ordering::Relaxed);
                    return Opened::Port(address, stream);
                }
            }
            wait = (wait * 3 / 2).min(LAST_LOOK);
        }
    }

    /// The process ended before it accepted anything.
    pub(super) fn start_failed(&self) {
        if self.port.is_some() {
            self.learned.unheld.fetch_xor(true, Ordering::Relaxed);
        }
    }
}
