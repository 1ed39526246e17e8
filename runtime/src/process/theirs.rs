//! A process that somebody else started: we see when it ends, and do nothing to it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

use super::{listening, notify, sys};

/// One that runs, or has ended since.
#[derive(Debug)]
pub(crate) struct Theirs {
    /// Readable when it has ended.
    pidfd: AsyncFd<OwnedFd>,
}

impl Theirs {
    /// The process of this number; within the async runtime. Whoever asks must know that it has not ended yet: then the
    /// number is nobody else's.
    pub(crate) fn of(pid: i32) -> io::Result<Self> {
        Ok(Self { pidfd: sys::watch(notify::pidfd(pid, 0)?)? })
    }

    /// The process that listens at an address, where the kernel tells us; it reads all of /proc.
    pub(crate) async fn at(address: SocketAddr) -> Option<Self> {
        let found = tokio::task::spawn_blocking(move || listening::holder(address)).await;
        Self::of(i32::try_from(found.ok()??).ok()?).ok()
    }

    /// Waits for its end. May be dropped while it waits, and asked again.
    pub(crate) async fn ended(&self) {
        // It fails only when the runtime ends, and then nobody looks.
        self.pidfd.readable().await.ok();
    }
}
