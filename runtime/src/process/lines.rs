//! What a function printed last, line by line.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Lines kept of one function.
const LINES_MAX: usize = 200;

/// Bytes kept of one function: there may be ten thousand of them.
const BYTES_MAX: usize = 64 * 1024;

/// Lines of one function that are told in a second; the ring keeps the last ones all the same.
const TOLD_MAX: u32 = 1_000;

/// Where it was printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// One line, without its end. What is no UTF-8 is replaced. A clone shares the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: SystemTime,
    pub(crate) stream: Stream,
    /// The number of the instance that printed it.
    pub(crate) instance: u32,
    /// Whether it goes on with what the line before it in its stream began: a panic, a traceback.
    pub(crate) goes_on: bool,
    pub(crate) text: Arc<str>,
}

/// Whether a line is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// It is, and first how many before it were not.
    Now { left_out: u64 },
    /// There were too many in this second.
    LeftOut,
}

/// The last lines of one function, whichever of its processes printed them. A clone is the same ring.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    ring: Arc<Mutex<Ring>>,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    /// When the second began in which lines are counted, and how many were told in it.
    second: Option<Instant>,
    told: u32,
    left_out: u64,
}

impl Lines {
    /// The last `n` lines that are still kept, oldest first.
    pub(crate) fn last(&self, n: usize) -> Vec<Line> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = ring.lines.len().saturating_sub(n);
        ring.lines.iter().skip(skipped).cloned().collect()
    }

    /// What an instance printed last, as one: a line, with those it goes on with. The end of it, if it is long.
    pub(crate) fn last_words(&self, instance: u32, lines_max: usize) -> Vec<Line> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = ring.lines.iter().rev().filter(|line| line.instance == instance).peekable();
        let Some(stream) = own.peek().map(|line| line.stream) else { return Vec::new() };
        let mut words = Vec::new();
        for line in own.filter(|line| line.stream == stream).take(lines_max) {
            words.push(line.clone());
            if !line.goes_on {
                break;
            }
        }
        words.reverse();
        words
    }

    /// Whether one more line is told now.
    pub(super) fn tell(&self, now: Instant) -> Telling {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.second.is_none_or(|begin| now.duration_since(begin) >= Duration::from_secs(1)) {
            (ring.second, ring.told) = (Some(now), 0);
        }
        if ring.told == TOLD_MAX {
            ring.left_out += 1;
            return Telling::LeftOut;
        }
        ring.told += 1;
        Telling::Now { left_out: std::mem::take(&mut ring.left_out) }
    }

    /// How many lines were not told since somebody said so.
    pub(super) fn take_left_out(&self) -> u64 {
        std::mem::take(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner).left_out)
    }

    pub(super) fn push(&self, line: Line) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.bytes += line.text.len();
        ring.lines.push_back(line);
        while ring.lines.len() > LINES_MAX || ring.bytes > BYTES_MAX {
            let Some(oldest) = ring.lines.pop_front() else {
                break;
            };
            ring.bytes -= oldest.text.len();
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        let (at, stream) = (SystemTime::now(), Stream::Stdout);
        Line { at, stream, instance: 0, goes_on: false, text: text.into() }
    }

    fn texts(lines: &Lines, n: usize) -> Vec<String> {
        lines.last(n).iter().map(Line::to_string).collect()
    }

    #[test]
    fn the_last_lines_are_kept_oldest_first() {
        let lines = Lines::default();
        for number in 0..1_000 {
            lines.push(line(&number.to_string()));
        }
        assert_eq!(texts(&lines, 2), ["998", "999"]);
        assert_eq!(lines.last(usize::MAX).len(), LINES_MAX);
    }

    #[test]
    fn long_lines_push_out_more_of_the_old_ones() {
        let lines = Lines::default();
        for _ in 0..100 {
            lines.push(line(&"x".repeat(BYTES_MAX / 4)));
        }
        assert_eq!(lines.last(usize::MAX).len(), 4);
    }

    #[test]
    fn the_last_words_of_an_instance_are_its_own_and_whole() {
        let lines = Lines::default();
        let print = |instance, stream, goes_on, text: &str| {
            lines.push(Line { instance, stream, goes_on, ..line(text) });
        };
        print(0, Stream::Stderr, false, "listening");
        print(0, Stream::Stderr, false, "Traceback:");
        print(0, Stream::Stdout, false, "hello");
        print(1, Stream::Stderr, false, "other");
        print(0, Stream::Stderr, true, "  File x");
        print(0, Stream::Stderr, true, "ValueError");
        print(1, Stream::Stderr, false, "more");
        let words = |max| -> Vec<String> { lines.last_words(0, max).iter().map(Line::to_string).collect() };
        assert_eq!(words(10), ["Traceback:", "  File x", "ValueError"]);
        assert_eq!(words(2), ["  File x", "ValueError"]);
        assert!(lines.last_words(2, 10).is_empty());
    }

    #[test]
    fn a_flood_is_left_out_and_counted() {
        let lines = Lines::default();
        let begin = Instant::now();
        for _ in 0..TOLD_MAX {
            assert_eq!(lines.tell(begin), Telling::Now { left_out: 0 });
        }
        for _ in 0..7 {
            assert_eq!(lines.tell(begin), Telling::LeftOut);
        }
        assert_eq!(lines.tell(begin + Duration::from_secs(1)), Telling::Now { left_out: 7 });
        assert_eq!(lines.take_left_out(), 0, "once");
    }
}
