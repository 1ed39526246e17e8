//! Reads what a process prints, for as long as the process lives and no longer.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use super::pump::{Alive, pump};
use super::{Line, Lines, Stream};

/// A longer line is split.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// Reads the pipes of one process into [`Lines`].
#[derive(Debug)]
pub(crate) struct Collector {
    /// Dropped when the process is gone.
    alive: Alive,
    readers: JoinSet<()>,
}

impl Collector {
    /// Starts to read. Every line is kept in `lines`, and told to `tell` as it comes.
    pub(crate) fn start(
        pipes: impl IntoIterator<Item = (Stream, pipe::Receiver)>,
        lines: &Lines,
        tell: impl Fn(&Line) + Send + Sync + 'static,
    ) -> Self {
        let alive = Alive::new(());
        let tell = Arc::new(tell);
        let mut readers = JoinSet::new();
        for (stream, pipe) in pipes {
            let (lines, tell) = (lines.clone(), Arc::clone(&tell));
            let keep = move |text: &[u8]| {
                let text = String::from_utf8_lossy(text).into();
                let line = Line { at: SystemTime::now(), stream, text };
                tell(&line);
                lines.push(line);
            };
            let alive = alive.subscribe();
            readers.spawn(async move {
                let mut splitter = Splitter::new(keep);
                pump(pipe, alive, |bytes| splitter.push(bytes)).await;
                splitter.end();
            });
        }
        Self { alive, readers }
    }

    /// To be called when the process has ended: reads what is still in the pipes. Does not wait for a grandchild
    /// that holds them open.
    pub(crate) async fn finish(mut self) {
        drop(self.alive);
        while self.readers.join_next().await.is_some() {}
    }
}

/// Bytes in, lines out.
struct Splitter<F> {
    begun: Vec<u8>,
    line: F,
}

impl<F: FnMut(&[u8])> Splitter<F> {
    const fn new(line: F) -> Self {
        Self { begun: Vec::new(), line }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.grow(&bytes[..end]);
            (self.line)(self.begun.strip_suffix(b"\r").unwrap_or(&self.begun));
            self.begun.clear();
            bytes = &bytes[end + 1..];
        }
        self.grow(bytes);
    }

    fn grow(&mut self, mut bytes: &[u8]) {
        while self.begun.len() + bytes.len() > LINE_BYTES_MAX {
            let (head, tail) = bytes.split_at(LINE_BYTES_MAX - self.begun.len());
            self.begun.extend_from_slice(head);
            (self.line)(&self.begun);
            self.begun.clear();
            bytes = tail;
        }
        self.begun.extend_from_slice(bytes);
    }

    fn end(mut self) {
        if !self.begun.is_empty() {
            (self.line)(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut splitter = Splitter::new(|line: &[u8]| lengths.push(line.len()));
        for piece in pieces {
            splitter.push(piece);
        }
        splitter.end();
        lengths
    }

    #[test]
    fn lines_end_where_they_end_however_they_come() {
        assert_eq!(split(&[b"one\ntw", b"o\r\n", b"\nlast"]), [3, 3, 0, 4]);
        assert_eq!(split(&[b""]), [] as [usize; 0]);
    }

    #[test]
    fn a_line_without_end_is_split() {
        let long = vec![b'x'; 40_000];
        assert_eq!(split(&[&long]), [16_384, 16_384, 7_232]);
        assert_eq!(split(&[&long[..16_384], b"\n"]), [16_384]);
    }
}
