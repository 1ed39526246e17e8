//! What functions print, all of them together: the last of it, in memory. Who follows it is woken, and reads at his own pace:
//! nobody waits for him.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use activator::id::Revision;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::process::{Line, Stream};

/// Bytes of all lines together: some ten thousands of them, and little beside what events may take.
const BYTES_MAX: usize = 8 << 20;
/// Lines that are read at a time.
pub(crate) const READ_MAX: usize = 512;

/// One line, with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) line: Line,
    pub(crate) function: Arc<str>,
    pub(crate) revision: Revision,
    /// The id of the event that its process worked on, when it was only one.
    pub(crate) event: Option<Arc<str>>,
}

/// A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    ring: Mutex<Ring>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Printed>,
    bytes: usize,
    /// The number of the oldest line; numbers are never used twice.
    first: u64,
}

/// What was read at once.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) lines: Vec<Printed>,
    /// From where to read on.
    pub(crate) next: u64,
    /// Lines that were forgotten before they were read.
    pub(crate) missed: u64,
}

impl Printed {
    /// Bytes it holds, roughly.
    fn weight(&self) -> usize {
        size_of::<Self>() + self.line.text.len() + self.event.as_ref().map_or(0, |event| event.len())
    }

    /// `stdout` or `stderr`.
    pub(crate) const fn stream(&self) -> &'static str {
        match self.line.stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

impl Logs {
    pub(crate) fn push(&self, printed: Printed) {
        let mut ring = self.ring();
        ring.bytes += printed.weight();
        ring.lines.push_back(printed);
        while ring.bytes > BYTES_MAX {
            let Some(oldest) = ring.lines.pop_front() else { break };
            ring.bytes -= oldest.weight();
            ring.first += 1;
        }
        drop(ring);
        self.0.changed.notify_waiters();
    }

    /// The newest lines that are wanted, the oldest of them first, and from where to follow.
    pub(crate) fn newest(&self, last: usize, wants: impl Fn(&Printed) -> bool) -> Read {
        let ring = self.ring();
        let mut lines: Vec<_> =
            ring.lines.iter().rev().filter(|printed| wants(printed)).take(last).cloned().collect();
        lines.reverse();
        Read { lines, next: ring.first + ring.lines.len() as u64, missed: 0 }
    }

    /// What came at `next` and later, wanted or not.
    pub(crate) fn read(&self, next: u64) -> Read {
        let ring = self.ring();
        let from = next.max(ring.first);
        let skipped = usize::try_from(from - ring.first).unwrap_or(usize::MAX);
        let lines: Vec<_> = ring.lines.iter().skip(skipped).take(READ_MAX).cloned().collect();
        Read { next: from + lines.len() as u64, missed: from - next, lines }
    }

    /// Completes with the next line; enlists when it is enabled or awaited, not when it is made.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.0.changed.notified()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn print(logs: &Logs, function: &str, text: &str) {
        let (at, stream) = (SystemTime::now(), Stream::Stdout);
        let line = Line { at, stream, instance: 1, goes_on: false, text: text.into() };
        logs.push(Printed { line, function: function.into(), revision: Revision(1), event: None });
    }

    fn texts(read: &Read) -> Vec<&str> {
        read.lines.iter().map(|printed| &*printed.line.text).collect()
    }

    #[test]
    fn the_newest_are_given_in_their_order_and_read_on_from_there() {
        let logs = Logs::default();
        for at in 0..6 {
            print(&logs, if at % 2 == 0 { "even" } else { "odd" }, &at.to_string());
        }
        let read = logs.newest(2, |printed| &*printed.function == "even");
        assert_eq!(texts(&read), ["2", "4"]);
        assert_eq!(texts(&logs.read(read.next)), [""; 0]);
        print(&logs, "odd", "6");
        let read = logs.read(read.next);
        assert_eq!((texts(&read), read.missed), (vec!["6"], 0));
        assert_eq!(read.next, 7);
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_is_counted() {
        let logs = Logs::default();
        let long = "x".repeat(BYTES_MAX / 10);
        for _ in 0..100 {
            print(&logs, "long", &long);
        }
        assert!(logs.ring().bytes <= BYTES_MAX);
        let read = logs.read(0);
        assert_eq!((read.lines.len(), read.missed, read.next), (9, 91, 100));
        for _ in 0..READ_MAX + 5 {
            print(&logs, "short", "");
        }
        let read = logs.read(100);
        assert_eq!((read.lines.len(), read.next), (READ_MAX, 100 + READ_MAX as u64));
        assert_eq!(logs.read(read.next).lines.len(), 5);
    }

    #[tokio::test]
    async fn who_follows_is_woken_by_the_next_line() {
        let logs = Logs::default();
        let mut news = std::pin::pin!(logs.news());
        news.as_mut().enable();
        print(&logs, "one", "hello");
        tokio::time::timeout(std::time::Duration::from_secs(20), news).await.expect("it is woken");
    }
}
