//! A listener handed to another process over a Unix socket, as the kernel does it (SCM_RIGHTS).
#![expect(unsafe_code, reason = "a number that the kernel gives becomes a descriptor of ours")]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use super::Listener;

/// Hands over a copy of the listener, with one byte. It fails rather than wait.
pub(crate) fn pass_listener(socket: BorrowedFd<'_>, listener: &Listener) -> io::Result<()> {
    listener.set_blocking(true)?;
    let file = [listener.as_fd().as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&file)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(b"l")], &rights, MsgFlags::MSG_DONTWAIT, None)?;
    Ok(())
}

/// Waits for a listener that is handed over. It is closed when this process runs another program.
pub(crate) fn receive_listener(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut bytes = [IoSliceMut::new(&mut byte)];
    let mut room = cmsg_space!([i32; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut bytes, Some(&mut room), flags)?;
    let files = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.and_then(|files| files.first().copied());
    let file = file.ok_or_else(|| io::Error::other("the runtime gave no listener"))?;
    // SAFETY: the kernel has just opened it for us, and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(file) })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_listener_that_was_handed_over_is_the_same_one() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let listener = Listener::bind().unwrap();
        pass_listener(ours.as_fd(), &listener).unwrap();
        let received = TcpListener::from(receive_listener(theirs.as_fd()).unwrap());
        let caller = TcpStream::connect(listener.addr().unwrap()).unwrap();
        let (_, from) = received.accept().unwrap();
        assert_eq!((from, listener.unaccepted().unwrap()), (caller.local_addr().unwrap(), 0));
    }

    #[test]
    fn a_socket_that_ends_gives_no_listener() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert!(receive_listener(theirs.as_fd()).is_err());
    }
}
