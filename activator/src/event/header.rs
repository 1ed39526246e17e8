//! The names of headers that hold attributes, such as `ce-id`, written in place.

use super::block::NAME_MAX;

/// A prefix that one name after the other is put behind.
pub(super) struct Prefixed {
    text: [u8; Self::LENGTH],
    prefix: usize,
}

impl Prefixed {
    const LENGTH: usize = NAME_MAX + 3;

    /// Behind a prefix of three bytes at most.
    pub(super) fn new(prefix: &'static str) -> Self {
        let mut text = [0; Self::LENGTH];
        text[..prefix.len()].copy_from_slice(prefix.as_bytes());
        Self { text, prefix: prefix.len() }
    }

    /// The header of an attribute.
    pub(super) fn with(&mut self, name: &str) -> &str {
        let end = self.prefix + name.len();
        self.text[self.prefix..end].copy_from_slice(name.as_bytes());
        core::str::from_utf8(&self.text[..end]).expect("two texts, one behind the other")
    }
}
