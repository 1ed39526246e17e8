//! The value of an attribute: its canonical text, and the type that it came as.

use super::short;

/// What kind of value an attribute has (CloudEvents 1.0, section 3.2 "Type System"). Binary values, URIs and times
/// travel as strings in every binding, so they are strings here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// A whole number in -2,147,483,648 ..= 2,147,483,647.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// A value, borrowed from its event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// UTF-8.
    bytes: &'a [u8],
    typed: bool,
}

impl<'a> Value<'a> {
    pub(super) const fn new(bytes: &'a [u8], typed: bool) -> Self {
        Self { bytes, typed }
    }

    /// The canonical text as bytes: what to compare.
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it is this text.
    #[inline]
    pub fn is(&self, text: &[u8]) -> bool {
        short::equal(self.bytes, text)
    }

    /// The canonical text. It is looked through for being UTF-8 each time: [`bytes`](Self::bytes) are at hand.
    pub fn text(&self) -> &'a str {
        core::str::from_utf8(self.bytes).expect("values are UTF-8 since the event was made")
    }

    /// The type. Bindings that carry only text (HTTP and Kafka in binary mode) make every value a string.
    #[inline]
    pub const fn kind(&self) -> Kind {
        match self.bytes {
            _ if !self.typed => Kind::String,
            b"true" | b"false" => Kind::Boolean,
            _ => Kind::Integer,
        }
    }

    pub(super) const fn is_typed(&self) -> bool {
        self.typed
    }
}

impl core::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.kind() {
            Kind::String => write!(f, "{:?}", self.text()),
            Kind::Integer | Kind::Boolean => f.write_str(self.text()),
        }
    }
}
