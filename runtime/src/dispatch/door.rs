//! Where a process takes its requests: at the listener it was given as fd 3, at one it makes on its `$PORT` and that is
//! replaced by ours while it does ([`Swap`]), or at its `$PORT`.
//!
//! Nothing needs to be declared. The first process of a revision is offered all, and what it does is remembered for the
//! later ones: those at our listener get their first request written before they are started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use super::exchange::Context;
use crate::process::{Listener, PortHold, Swap};

/// The first look comes this long after the start, and each further one half as long again later.
const FIRST_LOOK: Duration = Duration::from_micros(200);
/// One that was asked something already says by its answer that it accepts: until this long after its start, a look would
/// only take time from it.
const FIRST_LOOK_ASKED: Duration = Duration::from_millis(2);
/// The longest time between two looks.
const LAST_LOOK: Duration = Duration::from_millis(20);
/// A program whose listener should be replaced is asked at its own only after this long: something kept it from that.
const SWAP_MAX: Duration = Duration::from_millis(100);

/// What earlier processes of the same revision did.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    door: AtomicU8,
    /// A process died while its `$PORT` was held: it may be one that cannot bind a number somebody else holds.
    unheld: AtomicBool,
    /// One was given our listener and took nothing from it: it may have been watching its own from before it listened.
    unswapped: AtomicBool,
    /// One looked at no second connection while the first was kept.
    one_connection: AtomicBool,
}

/// Zero is: not known.
const LISTENER: u8 = 1;
const PORT: u8 = 2;
const SWAPPED: u8 = 3;

/// Where one process may take its requests.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: Arc<Listener>,
    listener_address: SocketAddr,
    port: Option<PortHold>,
    swap: Option<Swap>,
    learned: Arc<Learned>,
}

/// What a look at a starting process found.
#[derive(Debug)]
pub(super) enum Opened {
    /// It listens at our listener, and accepts there soon.
    Swapped,
    /// It accepts at the listener.
    Listener,
    /// It accepts at its port; the connection proves it.
    Port(SocketAddr, TcpStream),
}

impl Learned {
    /// Whether its processes serve one connection at a time.
    pub(super) fn is_one_connection(&self) -> bool {
        self.one_connection.load(Ordering::Relaxed)
    }

    pub(super) fn serves_one_connection(&self) {
        self.one_connection.store(true, Ordering::Relaxed);
    }
}

impl Door {
    pub(super) fn new(learned: Arc<Learned>, can_swap: bool) -> io::Result<Self> {
        let listener = Arc::new(Listener::bind()?);
        let listener_address = listener.addr()?;
        let port = match learned.door.load(Ordering::Relaxed) {
            LISTENER => None,
            _ if learned.unheld.load(Ordering::Relaxed) => Some(PortHold::none()?),
            _ => Some(PortHold::take()?),
        };
        let may_swap = can_swap && !learned.unswapped.load(Ordering::Relaxed);
        let swap = port.as_ref().filter(|_| may_swap).map(|port| Swap {
            port: port.port(),
            listener: Arc::clone(&listener),
            done: Arc::default(),
        });
        Ok(Self { listener, listener_address, port, swap, learned })
    }

    /// For a process that somebody else starts: of what ours did, only whether they could bind a number that is held.
    pub(super) fn to_attach(learned: &Learned) -> io::Result<Self> {
        let unheld = learned.unheld.load(Ordering::Relaxed).into();
        Self::new(Arc::new(Learned { unheld, ..Learned::default() }), false)
    }

    /// The process's `$PORT`: where fd 3 listens already when it is known to use that.
    pub(super) fn port(&self) -> u16 {
        self.port.as_ref().map_or_else(|| self.listener_address.port(), PortHold::port)
    }

    /// Where requests may be sent before the process is known to accept any.
    pub(super) fn early_address(&self) -> Option<SocketAddr> {
        let swaps = self.swap.is_some() && self.learned.door.load(Ordering::Relaxed) == SWAPPED;
        (self.port.is_none() || swaps).then_some(self.listener_address)
    }

    pub(super) const fn swap(&self) -> Option<&Swap> {
        self.swap.as_ref()
    }

    pub(super) const fn listener_address(&self) -> SocketAddr {
        self.listener_address
    }

    /// Waits until the process accepts, by looking, or until it listens at our listener, which is told. When fewer
    /// connections wait than the listener was given, the first of them empty, the process has accepted.
    pub(super) async fn opened(&self, context: &Context) -> Opened {
        let mut wait = if context.asked.load(Ordering::Relaxed) { FIRST_LOOK_ASKED } else { FIRST_LOOK };
        let (mut waited, mut answered) = (Duration::ZERO, false);
        loop {
            tokio::select! {
                biased;
                () = context.answered.wait(), if !answered => answered = true,
                () = tokio::time::sleep(wait) => waited += wait,
                () = swapped(self.swap.as_ref()) => return Opened::Swapped,
            }
            if self.listener.unaccepted().is_ok_and(|waiting| waiting < context.pool.connected()) {
                return self.accepts_at_listener();
            }
            if let Some(port) = self.port_to_ask(waited) {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                if let Ok(stream) = TcpStream::connect(address).await {
                    self.learned.door.store(PORT, Ordering::Relaxed);
                    return Opened::Port(address, stream);
                }
            }
            wait = (wait * 3 / 2).min(LAST_LOOK);
        }
    }

    /// It is known that it does: what comes next is sent there at once.
    pub(super) fn accepts_at_listener(&self) -> Opened {
        let door = if self.is_swapped() { SWAPPED } else { LISTENER };
        self.learned.door.store(door, Ordering::Relaxed);
        Opened::Listener
    }

    fn port_to_ask(&self, waited: Duration) -> Option<u16> {
        let is_left_alone = self.swap.is_none() || (!self.is_swapped() && waited > SWAP_MAX);
        self.port.as_ref().filter(|_| is_left_alone).map(PortHold::port)
    }

    fn is_swapped(&self) -> bool {
        self.swap.as_ref().is_some_and(|swap| swap.done.is())
    }

    /// The process ended before it accepted anything.
    pub(super) fn start_failed(&self) {
        if self.is_swapped() {
            self.learned.unswapped.store(true, Ordering::Relaxed);
        } else if self.port.is_some() {
            self.learned.unheld.fetch_xor(true, Ordering::Relaxed);
        }
    }
}

async fn swapped(swap: Option<&Swap>) {
    match swap {
        Some(swap) => swap.done.wait().await,
        None => std::future::pending().await,
    }
}
