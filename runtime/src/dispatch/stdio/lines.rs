//! What a process prints to its stdout, line by line, up to a length.

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// A longer line is no answer. An event of 1 MiB fits, also in base64.
pub(super) const LINE_BYTES_MAX: usize = 2 << 20;

/// The reading end of a process's stdout.
#[derive(Debug)]
pub(super) struct Printed {
    pipe: pipe::Receiver,
    read: BytesMut,
    /// How much of what was read has no line's end in it.
    looked_at: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its end.
    Line(Bytes),
    /// More than a line may have, and no end of it yet.
    TooLong,
    /// Nothing any more.
    End,
}

impl Printed {
    pub(super) fn new(pipe: pipe::Receiver) -> Self {
        Self { pipe, read: BytesMut::new(), looked_at: 0 }
    }

    /// Waits for a line. Nothing is lost when it is given up before it is done.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.line() {
                return next;
            }
            match self.pipe.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Next::End,
                Ok(_) => {}
            }
        }
    }

    /// For when the process is gone: what is still in the pipe, without waiting for others that hold it open. The
    /// last line may lack its end.
    pub(super) fn next_of_the_rest(&mut self) -> Next {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some(next) = self.line() {
                return next;
            }
            match nix::unistd::read(&self.pipe, &mut buffer) {
                Ok(0) | Err(_) if self.read.is_empty() => return Next::End,
                Ok(0) | Err(_) => {
                    self.looked_at = 0;
                    return Next::Line(self.read.split().freeze());
                }
                Ok(length) => self.read.extend_from_slice(&buffer[..length]),
            }
        }
    }

    fn line(&mut self) -> Option<Next> {
        let new = &self.read[self.looked_at..];
        let end = new.iter().position(|&byte| byte == b'\n').map(|at| self.looked_at + at);
        self.looked_at = self.read.len();
        if end.unwrap_or(self.read.len()) > LINE_BYTES_MAX {
            return Some(Next::TooLong);
        }
        let mut line = self.read.split_to(end? + 1);
        self.looked_at = 0;
        line.truncate(line.len() - 1);
        Some(Next::Line(line.freeze()))
    }
}
