//! How far a subscription is in a partition: a prefix, below which all is done, and done ranges above it.
//!
//! Both are stored, so one event that waits for its retry neither stalls its subscription nor makes a crash
//! deliver everything behind it again. The cursor is derived from what is unfinished, never kept beside it.

mod text;

use alloc::vec::Vec;

use crate::id::Offset;

pub use text::CursorError;

/// Everything below `prefix` is done, and so is every half-open range in `done`.
///
/// The ranges are ascending, not empty, do not touch, and lie above the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    prefix: Offset,
    done: Vec<(Offset, Offset)>,
}

impl Cursor {
    /// All below `prefix` is done and nothing above it.
    pub const fn at(prefix: Offset) -> Self {
        Self { prefix, done: Vec::new() }
    }

    /// What is done when everything below `position` was read and all but `unfinished` (ascending) is done.
    pub fn from_unfinished(unfinished: impl IntoIterator<Item = Offset>, position: Offset) -> Self {
        let mut unfinished = unfinished.into_iter();
        let Some(prefix) = unfinished.next() else {
            return Self::at(position);
        };
        let mut cursor = Self::at(prefix);
        let mut done_from = prefix.next();
        for offset in unfinished {
            cursor.push_done(done_from, offset);
            done_from = offset.next();
        }
        cursor.push_done(done_from, position);
        cursor
    }

    /// This cursor, which knows all below `position`, with what `earlier` knows from there on.
    #[must_use]
    pub fn continued(mut self, position: Offset, earlier: &Self) -> Self {
        self.push_done(position, earlier.prefix);
        for &(from, to) in &earlier.done {
            self.push_done(from.max(position), to);
        }
        self
    }

    /// Adds a range above all others, if it is one.
    fn push_done(&mut self, from: Offset, to: Offset) {
        if from >= to {
            return;
        }
        match self.done.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            None if self.prefix == from => self.prefix = to,
            _ => self.done.push((from, to)),
        }
    }

    /// The record at `offset` is done now, wherever it lies.
    pub fn mark_done(&mut self, offset: Offset) {
        self.mark_range(offset, offset.next());
    }

    /// All from `from` on and below `to` is done now, wherever it lies.
    pub fn mark_range(&mut self, from: Offset, to: Offset) {
        let from = self.first_not_done(from);
        if from >= self.end() {
            return self.push_done(from, to);
        }
        let at = self.done.partition_point(|&(known, _)| known < from);
        self.done.insert(at, (from, to));
        let ranges = core::mem::take(&mut self.done);
        for (from, to) in ranges {
            self.push_done(from.max(self.end()), to);
        }
    }

    /// The lowest offset that is not done.
    pub const fn prefix(&self) -> Offset {
        self.prefix
    }

    /// The done ranges above the prefix, each from its first offset to the one behind its last.
    pub fn done(&self) -> &[(Offset, Offset)] {
        &self.done
    }

    /// The lowest offset from `offset` on that is not done.
    pub fn first_not_done(&self, offset: Offset) -> Offset {
        if offset < self.prefix {
            return self.prefix;
        }
        let behind = self.done.partition_point(|&(from, _)| from <= offset);
        let range = behind.checked_sub(1).map(|i| self.done[i]);
        range.filter(|&(_, to)| offset < to).map_or(offset, |(_, to)| to)
    }

    /// Whether the record at `offset` is done.
    pub fn contains(&self, offset: Offset) -> bool {
        offset < self.prefix || {
            let behind = self.done.partition_point(|&(from, _)| from <= offset);
            behind.checked_sub(1).is_some_and(|i| offset < self.done[i].1)
        }
    }

    /// The offset from which on nothing is done.
    pub fn end(&self) -> Offset {
        self.done.last().map_or(self.prefix, |&(_, to)| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn cursor(unfinished: &[u64], position: u64) -> Cursor {
        Cursor::from_unfinished(unfinished.iter().map(|&o| Offset(o)), Offset(position))
    }

    #[test]
    fn nothing_unfinished_stands_at_the_position() {
        assert_eq!(cursor(&[], 7), Cursor::at(Offset(7)));
    }

    #[test]
    fn the_prefix_never_passes_an_unfinished_event() {
        let c = cursor(&[3, 4, 9], 12);
        assert_eq!(c.prefix(), Offset(3));
        assert_eq!(c.done(), vec![(Offset(5), Offset(9)), (Offset(10), Offset(12))]);
        let done: Vec<u64> = (0..14).filter(|&o| c.contains(Offset(o))).collect();
        assert_eq!(done, vec![0, 1, 2, 5, 6, 7, 8, 10, 11]);
        assert_eq!(c.end(), Offset(12));
        let next: Vec<u64> = (0..14).map(|o| c.first_not_done(Offset(o)).0).collect();
        assert_eq!(next, vec![3, 3, 3, 3, 4, 9, 9, 9, 9, 9, 12, 12, 12, 13]);
    }

    #[test]
    fn what_was_done_before_a_restart_stays_done_while_the_log_is_read_again() {
        let earlier = cursor(&[3, 9], 12);
        assert_eq!(cursor(&[], 2).continued(Offset(2), &earlier), cursor(&[3, 9], 12), "not there yet");
        assert_eq!(cursor(&[3], 5).continued(Offset(5), &earlier), cursor(&[3, 9], 12), "in between");
        assert_eq!(cursor(&[], 5).continued(Offset(5), &earlier), cursor(&[9], 12), "the first one done");
        assert_eq!(cursor(&[3, 9], 20).continued(Offset(20), &earlier), cursor(&[3, 9], 20), "behind it");
        assert_eq!(cursor(&[], 4).continued(Offset(4), &Cursor::at(Offset(12))), Cursor::at(Offset(12)));
    }

    #[test]
    fn what_is_done_late_closes_the_gap_it_left() {
        let mut c = cursor(&[3, 4, 9], 12);
        c.mark_done(Offset(4));
        assert_eq!(c, cursor(&[3, 9], 12));
        c.mark_done(Offset(3));
        assert_eq!(c, cursor(&[9], 12));
        c.mark_done(Offset(2));
        c.mark_done(Offset(13));
        assert_eq!(c, cursor(&[9, 12], 14));
        c.mark_done(Offset(12));
        c.mark_done(Offset(9));
        assert_eq!(c, Cursor::at(Offset(14)));
    }

    #[test]
    fn ranges_that_are_done_join_those_they_meet() {
        let mut c = cursor(&[3, 4, 9], 12);
        c.mark_range(Offset(8), Offset(11));
        assert_eq!(c, cursor(&[3, 4], 12));
        c.mark_range(Offset(20), Offset(22));
        c.mark_range(Offset(14), Offset(16));
        c.mark_range(Offset(4), Offset(20));
        assert_eq!(c, cursor(&[3], 22));
        c.mark_range(Offset(0), Offset(7));
        assert_eq!(c, Cursor::at(Offset(22)));
        c.mark_range(Offset(5), Offset(5));
        assert_eq!(c, Cursor::at(Offset(22)));
    }

    #[test]
    fn text_gives_back_the_cursor_it_was_made_from() {
        for c in [cursor(&[], 0), cursor(&[], 900), cursor(&[3], 4), cursor(&[3, 4, 9], 12)] {
            let text = alloc::format!("{c}");
            assert_eq!(text.parse::<Cursor>(), Ok(c), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in [
            "",
            "x",
            "3+",
            "3+4",
            "3+1-",
            "3+0-4",
            "3+1-0",
            "18446744073709551615+1-9",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
