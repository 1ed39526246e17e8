//! The name of an attribute, ready to be looked up in many events.

use alloc::boxed::Box;

/// A name with its signature. Any text will do: one that no attribute may have finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    text: Box<str>,
    signature: u8,
}

impl Name {
    /// A name to look up with [`Event::value`](super::Event::value).
    pub fn new(name: &str) -> Self {
        Self { text: name.into(), signature: signature(name.as_bytes()) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) const fn signature(&self) -> u8 {
        self.signature
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
