//! Which user owns the process at the other end of a loopback connection: asked from the kernel by sock_diag,
//! else read from `/proc/net/tcp`. Loopback alone says nothing: every user of the machine can connect.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use nix::unistd::geteuid;
use tokio::net::TcpListener;

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Our own user, or root.
    Ours,
    /// Someone else.
    Other(u32),
    /// The kernel does not tell.
    Unknown,
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        let Ok(us) = stream.io().local_addr() else { return Self::Unknown };
        Self::of(*stream.remote_addr(), us)
    }
}

impl Peer {
    /// The owner of the socket that is bound to `them` and connected to `us`.
    pub(super) fn of(them: SocketAddr, us: SocketAddr) -> Self {
        match ask_kernel(them, us).or_else(|| read_table(them, us)) {
            Some(uid) if uid == 0 || uid == geteuid().as_raw() => Self::Ours,
            Some(uid) => Self::Other(uid),
            None => Self::Unknown,
        }
    }
}

// linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NO_COOKIE: [u8; 8] = [0xff; 8];
const TCP: u8 = 6;
const ESTABLISHED: u8 = 1;
const ANY_STATE: u32 = u32::MAX;
const HEADER: usize = 16;
const REQUEST: usize = HEADER + 56;
/// Of `inet_diag_msg`: family, state, timer, retransmissions, then the socket's id, then expires and two queues.
const STATE_AT: usize = HEADER + 1;
const ID_AT: usize = HEADER + 4;
const ADDRESSES: usize = 36;
const UID_AT: usize = HEADER + 64;

/// The owner, by an exact look-up of the one socket. The kernel answers within `sendto`, so nothing waits here.
fn ask_kernel(them: SocketAddr, us: SocketAddr) -> Option<u32> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkSockDiag).ok()?;
    let request = request(them, us);
    sendto(netlink.as_raw_fd(), &request, &NetlinkAddr::new(0, 0), MsgFlags::empty()).ok()?;
    let mut answer = [0; 1024];
    let size = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty()).ok()?;
    owner(answer.get(..size)?, &request)
}

fn request(them: SocketAddr, us: SocketAddr) -> Vec<u8> {
    let family = if them.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 } as u8;
    let mut request = Vec::with_capacity(REQUEST);
    request.extend(u32::to_ne_bytes(REQUEST as u32));
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([family, TCP, 0, 0]);
    request.extend(ANY_STATE.to_ne_bytes());
    request.extend(them.port().to_be_bytes());
    request.extend(us.port().to_be_bytes());
    request.extend(address(them.ip()));
    request.extend(address(us.ip()));
    request.extend(0_u32.to_ne_bytes());
    request.extend(NO_COOKIE);
    request
}

fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let mut padded = [0; 16];
            padded[..4].copy_from_slice(&ip.octets());
            padded
        }
    }
}

/// The user in an answer, if it is about the connected socket that was asked for: where there is none, the kernel
/// tells of one that listens on the same port.
fn owner(answer: &[u8], request: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let id = answer.get(ID_AT..ID_AT + ADDRESSES)?;
    let asked = request.get(HEADER + 8..HEADER + 8 + ADDRESSES)?;
    if kind != SOCK_DIAG_BY_FAMILY || answer[STATE_AT] != ESTABLISHED || id != asked {
        return None;
    }
    answer.get(UID_AT..UID_AT + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// The owner, as `/proc/net/tcp` and `tcp6` tell.
fn read_table(them: SocketAddr, us: SocketAddr) -> Option<u32> {
    let table = if them.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    owner_in(&fs::read_to_string(table).ok()?, them, us)
}

fn owner_in(table: &str, them: SocketAddr, us: SocketAddr) -> Option<u32> {
    let (them, us) = (table_address(them), table_address(us));
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let connected = fields.next()? == them && fields.next()? == us && fields.next()? == "01";
        if connected { fields.nth(3)?.parse().ok() } else { None }
    })
}

/// The address in words of the machine's byte order, as the table has it.
fn table_address(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).filter_map(|word| word.try_into().ok().map(u32::from_ne_bytes));
    let words: String = words.map(|word| format!("{word:08X}")).collect();
    format!("{words}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// The addresses of an open connection: the client's, the server's.
    fn connected(at: &str) -> (TcpStream, TcpStream, SocketAddr, SocketAddr) {
        let listener = TcpListener::bind(at).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, them) = listener.accept().unwrap();
        let us = server.local_addr().unwrap();
        (client, server, them, us)
    }

    #[test]
    fn our_own_connection_is_ours_by_either_way() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let (_client, _server, them, us) = connected(at);
            let ours = Some(geteuid().as_raw());
            assert_eq!(ask_kernel(them, us), ours, "sock_diag {at}");
            assert_eq!(read_table(them, us), ours, "/proc {at}");
            assert_eq!(Peer::of(them, us), Peer::Ours);
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_nobodys() {
        let (_client, _server, them, us) = connected("127.0.0.1:0");
        let other = SocketAddr::new(them.ip(), us.port());
        // The kernel answers with the listener here, which says nothing about who connected.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for (them, us) in [(other, us), (listener.local_addr().unwrap(), us)] {
            assert_eq!(Peer::of(them, us), Peer::Unknown, "{them} {us}");
        }
    }

    #[test]
    fn another_users_connection_is_not_ours() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   \
             0: 0100007F:99AF 0100007F:1F98 0A 00000000:00000000 00:00000000 00000000     0        0 1\n   \
             2: 0100007F:E8E4 0100007F:1F98 01 00000000:00000000 00:00000000 00000000  1234        0 2\n";
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        if cfg!(target_endian = "little") {
            assert_eq!(owner_in(table, at(0xE8E4), at(8088)), Some(1234));
            assert_eq!(owner_in(table, at(0x99AF), at(8088)), None, "not connected");
        }
    }
}
