//! Reads what a process prints, for as long as the process lives and no longer.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use super::lines::Telling;
use super::pump::{Alive, pump};
use super::{Line, Lines, Stream};

/// A longer line is split.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// Reads the pipes of one process into [`Lines`].
pub(crate) struct Collector {
    /// Dropped when the process is gone.
    alive: Alive,
    readers: JoinSet<()>,
    lines: Lines,
    listener: Arc<dyn Listener>,
}

/// Whom lines are told.
pub(crate) trait Listener: Send + Sync + 'static {
    /// The number of the instance that prints.
    fn instance(&self) -> u32;
    /// What may be kept of a text.
    fn clean(&self, text: String) -> String;
    /// A line, as it comes.
    fn line(&self, line: &Line);
    /// So many lines were not told: there were too many.
    fn left_out(&self, lines: u64);
}

impl Collector {
    /// Starts to read. Every line is kept in `lines`, and told as it comes unless there are too many.
    pub(crate) fn start(
        pipes: impl IntoIterator<Item = (Stream, pipe::Receiver)>,
        lines: &Lines,
        listener: impl Listener,
    ) -> Self {
        let alive = Alive::new(());
        let listener: Arc<dyn Listener> = Arc::new(listener);
        let mut readers = JoinSet::new();
        for (stream, pipe) in pipes {
            let (lines, listener) = (lines.clone(), Arc::clone(&listener));
            let keep = move |text: &[u8], goes_on: bool| {
                let text = listener.clean(String::from_utf8_lossy(text).into_owned()).into();
                let instance = listener.instance();
                let line = Line { at: SystemTime::now(), stream, instance, goes_on, text };
                if let Telling::Now { left_out } = lines.tell(Instant::now()) {
                    Some(left_out).filter(|lines| *lines > 0).into_iter().for_each(|n| listener.left_out(n));
                    listener.line(&line);
                }
                lines.push(line);
            };
            let alive = alive.subscribe();
            readers.spawn(async move {
                let mut splitter = Splitter::new(keep);
                pump(pipe, alive, |bytes| splitter.push(bytes)).await;
                splitter.end();
            });
        }
        Self { alive, readers, lines: lines.clone(), listener }
    }

    /// To be called when the process has ended: reads what is still in the pipes. Does not wait for a grandchild
    /// that holds them open.
    pub(crate) async fn finish(mut self) {
        drop(self.alive);
        while self.readers.join_next().await.is_some() {}
        let left_out = self.lines.take_left_out();
        if left_out > 0 {
            self.listener.left_out(left_out);
        }
    }
}

/// Bytes in, lines out, each with whether it goes on with the one before: what came at once belongs together, and so
/// does what is indented, with the line that closes it.
struct Splitter<F> {
    begun: Vec<u8>,
    line: F,
    /// A line of the same read was given by then.
    at_once: bool,
    was_indented: bool,
}

impl<F: FnMut(&[u8], bool)> Splitter<F> {
    const fn new(line: F) -> Self {
        Self { begun: Vec::new(), line, at_once: false, was_indented: false }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        self.at_once = false;
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.grow(&bytes[..end]);
            self.give();
            bytes = &bytes[end + 1..];
        }
        self.grow(bytes);
    }

    fn give(&mut self) {
        let text = self.begun.strip_suffix(b"\r").unwrap_or(&self.begun);
        let indented = text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        (self.line)(text, self.at_once || indented || self.was_indented);
        self.begun.clear();
        (self.at_once, self.was_indented) = (true, indented);
    }

    fn grow(&mut self, mut bytes: &[u8]) {
        while self.begun.len() + bytes.len() > LINE_BYTES_MAX {
            let (head, tail) = bytes.split_at(LINE_BYTES_MAX - self.begun.len());
            self.begun.extend_from_slice(head);
            self.give();
            bytes = tail;
        }
        self.begun.extend_from_slice(bytes);
    }

    fn end(mut self) {
        if !self.begun.is_empty() {
            self.give();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut splitter = Splitter::new(|line: &[u8], _| lengths.push(line.len()));
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

    #[test]
    fn what_came_at_once_or_is_indented_goes_on() {
        let mut heads = Vec::new();
        let mut splitter = Splitter::new(|line: &[u8], goes_on| {
            if !goes_on {
                heads.push(String::from_utf8_lossy(line).into_owned());
            }
        });
        for piece in
            ["one\n", "Traceback:\n", "  File x\n", "    y\n", "ValueError\n", "two\n", "panicked:\nwhy\n"]
        {
            splitter.push(piece.as_bytes());
        }
        splitter.end();
        assert_eq!(heads, ["one", "Traceback:", "two", "panicked:"]);
    }
}
