//! What clauses demand of an attribute, and whether two of them leave nothing.

use alloc::vec::Vec;

use super::cesql::Pattern;
use crate::event::Name;

/// Clauses that are held against one another: more would take longer than they are worth.
const CLAUSES_MAX: usize = 64;

/// What a clause demands of an attribute.
#[derive(Debug)]
pub(super) enum Fact<'f> {
    /// One of these texts.
    OneOf(Vec<&'f [u8]>),
    /// None of these texts.
    NoneOf(Vec<&'f [u8]>),
    /// A text of this form.
    Like(&'f Pattern),
    /// A text of another form.
    NotLike(&'f Pattern),
    /// A text that begins so.
    Starts(&'f [u8]),
    /// A text that ends so.
    Ends(&'f [u8]),
    /// An integer within these bounds.
    Between(i64, i64),
    /// That it is there.
    Present,
    /// That it is not there.
    Absent,
}

/// The first two clauses that cannot both hold, by what the caller knows them by.
pub(super) fn conflict<K: Clone>(facts: &[(K, &Name, Fact<'_>)]) -> Option<(K, K)> {
    let facts = &facts[..facts.len().min(CLAUSES_MAX)];
    facts.iter().enumerate().find_map(|(at, (second, name, fact))| {
        let before = facts[..at].iter().find(|(_, known, other)| known == name && !both(other, fact));
        before.map(|(first, ..)| (first.clone(), second.clone()))
    })
}

/// Whether some value can satisfy both, as far as can be told.
fn both(one: &Fact<'_>, other: &Fact<'_>) -> bool {
    use Fact::{Absent, Between, NoneOf, OneOf};
    match (one, other) {
        (Absent, Absent) => true,
        // All others want it to be there.
        (Absent, _) | (_, Absent) => false,
        (OneOf(texts), fact) | (fact, OneOf(texts)) => texts.iter().any(|text| fact.allows(text)),
        (Between(low, high), Between(least, most)) => low.max(least) <= high.min(most),
        (NoneOf(_), _) | (_, NoneOf(_)) => true,
        (Fact::Like(one), Fact::NotLike(other)) | (Fact::NotLike(other), Fact::Like(one)) => one != other,
        _ => {
            let (one, other) = (one.ends(), other.ends());
            let starts = one.0.starts_with(other.0) || other.0.starts_with(one.0);
            starts && (one.1.ends_with(other.1) || other.1.ends_with(one.1))
        }
    }
}

impl Fact<'_> {
    fn allows(&self, text: &[u8]) -> bool {
        match self {
            Self::OneOf(texts) => texts.contains(&text),
            Self::NoneOf(texts) => !texts.contains(&text),
            Self::Like(pattern) => pattern.matches(text),
            Self::NotLike(pattern) => !pattern.matches(text),
            Self::Starts(start) => text.starts_with(start),
            Self::Ends(end) => text.ends_with(end),
            Self::Between(..) | Self::Present => true,
            Self::Absent => false,
        }
    }

    /// How every text it allows begins and ends.
    fn ends(&self) -> (&[u8], &[u8]) {
        match self {
            Self::Like(pattern) => pattern.ends(),
            Self::Starts(start) => (start, &[]),
            Self::Ends(end) => (&[], end),
            _ => (&[], &[]),
        }
    }
}
