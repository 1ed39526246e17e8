//! The name of an attribute, ready to be looked up in many events.

use alloc::boxed::Box;

use super::short;

/// A name with what tells it from others at a glance. Any text will do: one that no attribute may have finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    text: Box<str>,
    key: Key,
}

impl Name {
    /// A name to look up with [`Event::value`](super::Event::value).
    pub fn new(name: &str) -> Self {
        Self { text: name.into(), key: Key::of(name.as_bytes()) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }
}

/// What is compared before a whole name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) signature: u8,
    /// The first sixteen bytes; fewer are followed by zeros.
    word: u128,
    /// The bits of `word` that are of the name.
    mask: u128,
}

impl Key {
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        let mask = if name.len() < 16 { (1 << (8 * name.len())) - 1 } else { u128::MAX };
        Self { signature: signature(name), word: short::double_word(name), mask }
    }

    /// Whether a text begins with the first sixteen bytes of the name.
    #[inline]
    pub(super) const fn begins(&self, text: [u8; 16]) -> bool {
        (u128::from_le_bytes(text) ^ self.word) & self.mask == 0
    }
}

/// A cheap hash that tells the names of one event apart nearly always. It is stored: changing it makes every stored
/// event unreadable.
#[inline]
pub(super) const fn signature(name: &[u8]) -> u8 {
    let [first, .., last] = name else {
        return if let [only] = name { *only } else { 0 };
    };
    let length = (name.len() & 0xff) as u8;
    let mixed = u32::from_le_bytes([*first, *last, name[name.len() / 2], length]);
    // Fibonacci hashing: the top byte depends on all others.
    (mixed.wrapping_mul(0x9e37_79b1) >> 24) as u8
}
