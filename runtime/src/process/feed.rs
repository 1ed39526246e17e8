//! What is written to a child's stdin, and how much of it the child has read.

use std::io;
use std::os::fd::AsFd;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

use super::sys;

/// Our end of a child's stdin; the child finds its end when this is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    pipe: pipe::Sender,
    written: u64,
}

impl Feed {
    pub(crate) const fn new(pipe: pipe::Sender) -> Self {
        Self { pipe, written: 0 }
    }

    /// Writes some of the bytes and takes them off the front. Nothing is lost when it is given up before it is done.
    ///
    /// # Errors
    /// When the child has closed its end.
    pub(crate) async fn write(&mut self, bytes: &mut Bytes) -> io::Result<()> {
        self.written += self.pipe.write_buf(bytes).await? as u64;
        Ok(())
    }

    /// How many bytes the child took out of the pipe; asked of the kernel, and also known when the child is gone.
    pub(crate) fn taken(&self) -> io::Result<u64> {
        Ok(self.written.saturating_sub(sys::unread(self.pipe.as_fd())?.into()))
    }
}
