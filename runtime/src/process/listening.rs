//! Who listens where, as the kernel tells it: for the reason in an error, never for a decision.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a process listens, the processes of its group included.
pub(crate) fn listening(group: u32) -> Vec<SocketAddr> {
    let members = processes().filter(|pid| group_of(*pid) == Some(group));
    let inodes: Vec<u64> = members.flat_map(sockets_of).collect();
    listeners().into_iter().filter(|(_, inode)| inodes.contains(inode)).map(|(address, _)| address).collect()
}

/// The process that listens on an address.
pub(super) fn holder(address: SocketAddr) -> Option<u32> {
    let same = |found: &SocketAddr| {
        found.port() == address.port() && (found.ip() == address.ip() || found.ip().is_unspecified())
    };
    let (_, inode) = listeners().into_iter().find(|(found, _)| same(found))?;
    processes().find(|pid| sockets_of(*pid).contains(&inode))
}

/// The same, for people: `python3 (pid 4711)`.
fn port_holder(address: SocketAddr) -> Option<String> {
    let pid = holder(address)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("{} (pid {pid})", name.trim()))
}

/// Why an address cannot be listened on, in a way that says what to do.
pub(crate) fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return format!("cannot listen on {address}: {error}");
    }
    let holder = port_holder(address).map_or_else(String::new, |holder| format!(" by {holder}"));
    format!("{address} is taken{holder}; stop it, or choose another address")
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The fifth field of `stat`, counted behind the command's closing bracket.
fn group_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

fn sockets_of(pid: u32) -> Vec<u64> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = fds.filter_map(|fd| fs::read_link(fd.path()).ok());
    links
        .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
        .collect()
}

/// All listening TCP sockets of this network namespace, with their inodes.
fn listeners() -> Vec<(SocketAddr, u64)> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| table.lines().skip(1).filter_map(listener).collect::<Vec<_>>())
        .collect()
}

/// One line of the table, if its state is LISTEN.
fn listener(line: &str) -> Option<(SocketAddr, u64)> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let (ip, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(address(ip)?, port), fields.get(9)?.parse().ok()?))
}

/// Hex words, each in the machine's own byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |i: usize| u32::from_str_radix(hex.get(i * 8..i * 8 + 8)?, 16).ok();
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?.to_ne_bytes()).into());
    }
    let mut bytes = [0; 16];
    for (i, chunk) in bytes.chunks_exact_mut(4).enumerate() {
        chunk.copy_from_slice(&word(i)?.to_ne_bytes());
    }
    Some(Ipv6Addr::from(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_holder_of_a_port_is_named() {
        for ip in ["127.0.0.1", "::1"] {
            let listener = TcpListener::bind((ip, 0)).unwrap();
            let holder = port_holder(listener.local_addr().unwrap()).unwrap();
            assert!(holder.ends_with(&format!("(pid {})", std::process::id())), "{holder}");
        }
    }

    #[test]
    fn a_free_port_has_no_holder() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(port_holder(address), None);
    }
}
