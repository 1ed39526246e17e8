//! What a process answers on its stdout: kept as it is, up to a size.

use bytes::{Bytes, BytesMut};
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;

use super::pump::{Alive, pump};

/// Reads a pipe to its end, or to the process's.
#[derive(Debug)]
pub(crate) struct Capture {
    /// Dropped when the process is gone.
    alive: Alive,
    reader: JoinHandle<Captured>,
}

/// What was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) bytes: Bytes,
    /// There was more than was kept.
    pub(crate) truncated: bool,
}

impl Capture {
    /// Starts to read; what comes after `bytes_max` is read and forgotten, so that the process can go on.
    pub(crate) fn start(pipe: pipe::Receiver, bytes_max: usize) -> Self {
        let alive = Alive::new(());
        let gone = alive.subscribe();
        let reader = tokio::spawn(async move {
            let (mut kept, mut truncated) = (BytesMut::new(), false);
            pump(pipe, gone, |bytes| {
                let room = bytes_max - kept.len();
                kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
                truncated |= room < bytes.len();
            })
            .await;
            Captured { bytes: kept.freeze(), truncated }
        });
        Self { alive, reader }
    }

    /// To be called when the process has ended. Does not wait for a grandchild that holds the pipe open.
    pub(crate) async fn finish(self) -> Captured {
        drop(self.alive);
        self.reader.await.unwrap_or_default()
    }
}
