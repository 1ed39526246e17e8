//! A part of an expression's text.

use core::ops::Range;

/// Where something is in the text, in bytes; the end is behind its last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let short = |at| u32::try_from(at).expect("the lexer refuses longer texts");
        Self { start: short(start), end: short(end) }
    }

    /// From the beginning of one to the end of another behind it.
    pub(super) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// The same as a range of bytes.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The same as a range of characters.
    pub fn characters(self, text: &str) -> Range<usize> {
        let count = |at: u32| text.get(..at as usize).unwrap_or(text).chars().count();
        count(self.start)..count(self.end)
    }

    /// What stands there.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}
