//! The attributes of an event: the block it came with, and the few that were added on its way.

use bytes::Bytes;

use super::block::{self, Block, COUNT_MAX, TEXT_MAX, find};
use super::error::shown;
use super::name::{Key, signature};
use super::{Builder, EventError, Name, SPECVERSION, Value, stored};

/// All attributes but `specversion`. Those that were added win over those that came.
#[derive(Clone)]
pub struct Attributes {
    base: Bytes,
    /// Empty, or a block of its own.
    added: Bytes,
}

impl Attributes {
    pub(super) const fn trusted(base: Bytes) -> Self {
        Self { base, added: Bytes::new() }
    }

    /// Takes a block as it was stored, when all of it holds.
    pub(super) fn from_stored(block: Bytes) -> Result<Self, EventError> {
        stored::check(&block)?;
        Ok(Self::trusted(block))
    }

    /// The attributes as one block, as it is stored. It is built anew when something was added.
    pub fn block(&self) -> Bytes {
        if self.added.is_empty() {
            return self.base.clone();
        }
        let mut merged = Builder::default();
        for (name, value) in self.entries() {
            merged.push(name, value, signature(name)).expect("what was added was counted and measured then");
        }
        merged.block()
    }

    /// The length of [`block`](Self::block), which is not built for it.
    pub fn size(&self) -> usize {
        if self.added.is_empty() {
            return self.base.len();
        }
        let (text, count) = self.extent();
        block::size(text, count)
    }

    /// All names and values, and those that were replaced.
    pub(super) fn texts(&self) -> [&[u8]; 2] {
        [self.base().text(), self.added().text()]
    }

    /// The bytes of all names and values, and the number of attributes.
    pub(super) fn extent(&self) -> (usize, usize) {
        let (base, added) = (self.base(), self.added());
        let replaced = added.entries().filter_map(|(name, _)| {
            let value = find(&self.base, name, &Key::of(name))?;
            Some(name.len() + value.bytes().len())
        });
        let (text, count) = replaced.fold((0, 0), |(text, count), len| (text + len, count + 1));
        (base.text().len() + added.text().len() - text, base.count() + added.count() - count)
    }

    /// The same attributes with one more, or another value for one of them.
    pub(super) fn with(&self, name: &str, value: &str) -> Result<Self, EventError> {
        if name == "specversion" {
            let is_ours = value == SPECVERSION;
            return if is_ours {
                Ok(self.clone())
            } else {
                Err(EventError::Specversion(shown(value.as_bytes())))
            };
        }
        let mut added = Builder::default();
        for (kept, value) in self.added().entries().filter(|(kept, _)| *kept != name.as_bytes()) {
            added.push(kept, value, signature(kept))?;
        }
        added.attribute(name, value)?;
        let with = Self { base: self.base.clone(), added: added.block() };
        match with.extent() {
            (_, count) if count > COUNT_MAX => Err(EventError::TooMany),
            (text, _) if text > TEXT_MAX => Err(EventError::TooLong(shown(name.as_bytes()))),
            _ => Ok(with),
        }
    }

    /// The value under `name`.
    #[inline]
    pub fn value(&self, name: &Name) -> Option<Value<'_>> {
        self.find(name.as_str().as_bytes(), name.key())
    }

    /// The text under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name.as_bytes(), &Key::of(name.as_bytes())).map(|value| value.text())
    }

    #[inline]
    pub(super) fn find(&self, name: &[u8], key: &Key) -> Option<Value<'_>> {
        if !self.added.is_empty()
            && let Some(value) = find(&self.added, name, key)
        {
            return Some(value);
        }
        find(&self.base, name, key)
    }

    /// All names with their texts: those that came in their order, then those that were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values().map(|(name, value)| (name, value.text()))
    }

    /// All names with their values, in the order of [`iter`](Self::iter).
    pub fn values(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries().map(|(name, value)| (core::str::from_utf8(name).expect("names are ASCII"), value))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        let is_kept =
            |name: &[u8]| self.added.is_empty() || find(&self.added, name, &Key::of(name)).is_none();
        self.base().entries().filter(move |(name, _)| is_kept(name)).chain(self.added().entries())
    }

    fn base(&self) -> Block<'_> {
        Block::split(&self.base).unwrap_or_default()
    }

    fn added(&self) -> Block<'_> {
        Block::split(&self.added).unwrap_or_default()
    }
}

/// The same names with the same values, in any order.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        if self.added.is_empty() && other.added.is_empty() && self.base == other.base {
            return true;
        }
        self.extent() == other.extent()
            && self.entries().all(|(name, value)| other.find(name, &Key::of(name)) == Some(value))
    }
}

impl Eq for Attributes {}

impl core::fmt::Debug for Attributes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.values()).finish()
    }
}
