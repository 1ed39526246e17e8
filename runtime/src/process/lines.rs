//! What a function printed last, line by line.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Lines kept of one function.
const LINES_MAX: usize = 200;

/// Bytes kept of one function: there may be ten thousand of them.
const BYTES_MAX: usize = 64 * 1024;

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
    pub(crate) text: Arc<str>,
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
}

impl Lines {
    /// The last `n` lines that are still kept, oldest first.
    pub(crate) fn last(&self, n: usize) -> Vec<Line> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = ring.lines.len().saturating_sub(n);
        ring.lines.iter().skip(skipped).cloned().collect()
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
        Line { at: SystemTime::now(), stream: Stream::Stdout, text: text.into() }
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
}
