//! The attribute block: `name length u8, value length u32 LE, name, value`, one after the other, UTF-8.
//! It is what the channels store, so reading an event back parses nothing.

use bytes::Bytes;

use super::EventError;

/// The attributes of an event in one shared buffer.
#[derive(Clone, PartialEq, Eq)]
pub struct Attributes(Bytes);

const HEAD: usize = 5;

impl Attributes {
    /// Takes a block as it was stored; checks that lengths and text hold.
    pub(super) fn from_block(block: Bytes) -> Result<Self, EventError> {
        let mut rest = &block[..];
        while !rest.is_empty() {
            let (name, value, behind) = split_entry(rest).ok_or(EventError::BrokenBlock)?;
            if core::str::from_utf8(name).is_err() || core::str::from_utf8(value).is_err() {
                return Err(EventError::BrokenBlock);
            }
            rest = behind;
        }
        Ok(Self(block))
    }

    pub(super) const fn trusted(block: Bytes) -> Self {
        Self(block)
    }

    /// The block as it is stored.
    pub const fn block(&self) -> &Bytes {
        &self.0
    }

    /// The text under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        find(&self.0, name).and_then(|value| core::str::from_utf8(value).ok())
    }

    /// All names with their texts, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        entries(&self.0).filter_map(|(name, value)| {
            Some((core::str::from_utf8(name).ok()?, core::str::from_utf8(value).ok()?))
        })
    }
}

pub(super) fn find<'a>(block: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    entries(block).find(|(name, _)| *name == wanted.as_bytes()).map(|(_, value)| value)
}

fn entries(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = block;
    core::iter::from_fn(move || {
        let (name, value, behind) = split_entry(rest)?;
        rest = behind;
        Some((name, value))
    })
}

fn split_entry(block: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (head, rest) = block.split_at_checked(HEAD)?;
    let value_len = u32::from_le_bytes(head[1..].try_into().ok()?);
    let (name, rest) = rest.split_at_checked(usize::from(head[0]))?;
    let (value, rest) = rest.split_at_checked(usize::try_from(value_len).ok()?)?;
    Some((name, value, rest))
}
