//! A `$PORT` for a program that binds one itself.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, setsockopt, socket, sockopt,
};

use super::listener::loopback;

/// A port number that nobody else is given while this lives. The socket behind it is bound and does not listen,
/// so a child that sets SO_REUSEADDR or SO_REUSEPORT can bind the number, on the loopback and on all addresses.
/// Most do (Go, Node, Python's servers, Rust's std); one that does not gets EADDRINUSE, and is started again
/// with a [`PortHold::none`].
#[derive(Debug)]
pub(crate) struct PortHold {
    port: u16,
    _socket: Option<OwnedFd>,
}

impl PortHold {
    /// A port that the system chooses, held.
    pub(crate) fn take() -> io::Result<Self> {
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        setsockopt(&socket, sockopt::ReusePort, &true)?;
        bind(socket.as_raw_fd(), &loopback(0))?;
        let addr: SockaddrIn = getsockname(socket.as_raw_fd())?;
        Ok(Self { port: addr.port(), _socket: Some(socket) })
    }

    /// A port that is free now and held by nobody. It lies outside the range from which the system gives ports
    /// to others, so that only someone who wants this very number can be faster than the child.
    pub(crate) fn none() -> io::Result<Self> {
        for _ in UNHELD {
            let port = UNHELD.start + NEXT.fetch_add(1, Ordering::Relaxed) % (UNHELD.end - UNHELD.start);
            if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
                return Ok(Self { port, _socket: None });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "all ports below the ephemeral range are taken"))
    }

    /// The number.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }
}

/// Below what Linux (32768) and IANA (49152) give out, above what services like to have.
const UNHELD: std::ops::Range<u16> = 20_000..30_000;

/// Where to look next, so that two children started at once get two numbers.
static NEXT: AtomicU16 = AtomicU16::new(0);
