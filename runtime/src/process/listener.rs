//! The socket a function takes its requests from: ours, and given to the child as fd 3.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, listen, setsockopt, socket,
    sockopt,
};

use super::sys;

/// Connections that may wait until the function accepts them; no instance is given as many requests.
const BACKLOG: i32 = 1024;

/// A listening TCP socket on the loopback. Requests sent to it wait, also while no process has it open.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
}

impl Listener {
    /// A new one, on a port that the system chooses.
    pub(crate) fn bind() -> io::Result<Self> {
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        // Accepted sockets inherit it.
        setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
        bind(socket.as_raw_fd(), &loopback(0))?;
        listen(&socket, Backlog::new(BACKLOG)?)?;
        Ok(Self { socket: socket.into() })
    }

    /// Where to connect to.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Connections that nobody accepted yet.
    pub(crate) fn unaccepted(&self) -> io::Result<u32> {
        sys::accept_queue(self.as_fd())
    }

    /// Accepts and closes what nobody accepted: those requests were surely not seen by the function. Gives who
    /// made them. For when the child is gone, or takes its requests elsewhere.
    pub(crate) fn withdraw(&self) -> io::Result<Vec<SocketAddr>> {
        // The flag is shared with the child; that is why it is set only here, and reset.
        self.socket.set_nonblocking(true)?;
        let withdrawn = self.close_all();
        self.set_blocking(true)?;
        withdrawn
    }

    fn close_all(&self) -> io::Result<Vec<SocketAddr>> {
        let mut withdrawn = Vec::new();
        loop {
            match self.socket.accept() {
                Ok((_, caller)) => withdrawn.push(caller),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(withdrawn),
                // The caller hung up before; it has gone from the queue too.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As a child expects it. The one before may have left it otherwise, and the flag is the socket's.
    pub(super) fn set_blocking(&self, blocking: bool) -> io::Result<()> {
        let flags = OFlag::from_bits_retain(fcntl(&self.socket, FcntlArg::F_GETFL)?);
        if flags.contains(OFlag::O_NONBLOCK) == blocking {
            fcntl(&self.socket, FcntlArg::F_SETFL(flags ^ OFlag::O_NONBLOCK))?;
        }
        Ok(())
    }
}

/// A connection to a listener at this port of the loopback. The system shakes hands with itself within the call; nothing is
/// waited for if it does not.
pub(crate) fn connect_to(port: u16) -> io::Result<TcpStream> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    match connect(socket.as_raw_fd(), &loopback(port)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(socket.into()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn loopback(port: u16) -> SockaddrIn {
    std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_accepted_is_counted_and_can_be_taken_back() {
        let listener = Listener::bind().unwrap();
        let addr = listener.addr().unwrap();
        assert!(addr.ip().is_loopback());
        let callers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(addr).unwrap()).collect();
        assert_eq!(listener.unaccepted().unwrap(), 3);
        listener.socket.accept().unwrap();
        assert_eq!(listener.unaccepted().unwrap(), 2);
        let waiting: Vec<_> = callers[1..].iter().map(|caller| caller.local_addr().unwrap()).collect();
        assert_eq!(listener.withdraw().unwrap(), waiting);
        assert_eq!(listener.unaccepted().unwrap(), 0);
        assert_eq!(listener.withdraw().unwrap(), []);
        drop(callers);
    }

    #[test]
    fn a_connection_waits_there_once_it_is_made_although_nobody_waited_for_it() {
        let listener = Listener::bind().unwrap();
        let caller = connect_to(listener.addr().unwrap().port()).unwrap();
        assert_eq!(listener.unaccepted().unwrap(), 1);
        assert_eq!(listener.withdraw().unwrap(), [caller.local_addr().unwrap()]);
    }

    #[test]
    fn two_hundred_requests_wait_for_a_start() {
        let listener = Listener::bind().unwrap();
        let addr = listener.addr().unwrap();
        let callers: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(addr).unwrap()).collect();
        assert_eq!(listener.unaccepted().unwrap(), 200);
        drop(callers);
    }

    #[test]
    fn accepted_connections_do_not_delay_small_answers() {
        let listener = Listener::bind().unwrap();
        let _caller = TcpStream::connect(listener.addr().unwrap()).unwrap();
        let (accepted, _) = listener.socket.accept().unwrap();
        assert!(accepted.nodelay().unwrap());
    }
}
