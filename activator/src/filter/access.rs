//! What an event must have for a filter to match: the door an index can look for it behind.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::event::Name;

/// A condition on the canonical text of one attribute that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access<'f> {
    pub(super) name: &'f str,
    pub(super) place: Place,
    pub(super) text: Cow<'f, [u8]>,
}

/// Where the text has to stand; the first keeps most events away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// All of the value.
    Whole,
    /// At its beginning; an empty text asks only that the attribute is there.
    Start,
    /// At its end.
    End,
}

/// One of these holds for every event that passes; for none, none passes.
#[derive(Clone, Debug)]
pub(super) struct AnyOf<'f> {
    pub(super) accesses: Vec<Access<'f>>,
    /// Whether an event for which one holds always passes.
    pub(super) decides: bool,
}

/// Alternatives of one door, at most: a filter with more is tried on every event rather than kept everywhere.
pub(super) const ALTERNATIVES_MAX: usize = 256;

impl<'f> AnyOf<'f> {
    pub(super) fn one(name: &'f Name, place: Place, text: impl Into<Cow<'f, [u8]>>) -> Self {
        let access = Access { name: name.as_str(), place, text: text.into() };
        Self { accesses: [access].into(), decides: true }
    }

    /// The type is one text, or ends with another.
    pub(super) fn of_type(whole: &'f str, end: String) -> Self {
        let access = |place, text| Access { name: "type", place, text };
        let whole = access(Place::Whole, whole.as_bytes().into());
        Self { accesses: [whole, access(Place::End, end.into_bytes().into())].into(), decides: true }
    }

    /// Holds when one of several does; nothing when one of them has no door, or there are too many.
    pub(super) fn union(parts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut whole = Self { accesses: Vec::new(), decides: true };
        for part in parts {
            let part = part?;
            whole.decides &= part.decides;
            whole.accesses.extend(part.accesses);
            if whole.accesses.len() > ALTERNATIVES_MAX {
                return None;
            }
        }
        Some(whole)
    }

    pub(super) fn undecided(mut self) -> Self {
        self.decides = false;
        self
    }

    /// How much it keeps away, going by its form alone: a whole text more than any part, a long part more than a
    /// short one.
    pub(super) fn strength(&self) -> usize {
        let strength = |access: &Access<'_>| match access.place {
            Place::Whole => usize::MAX,
            Place::Start | Place::End => access.text.len(),
        };
        self.accesses.iter().map(strength).min().unwrap_or(usize::MAX)
    }
}

/// The strongest door of a conjunction.
pub(super) fn strongest(doors: Vec<AnyOf<'_>>) -> Option<AnyOf<'_>> {
    // Of equals the first: people write what matters first.
    doors.into_iter().rev().max_by_key(AnyOf::strength)
}
