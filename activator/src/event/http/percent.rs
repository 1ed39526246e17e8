//! Values in headers (HTTP binding 3.1.3.2): percent-encoded UTF-8, possibly in double quotes.

use smallvec::SmallVec;

use crate::event::error::shown;
use crate::event::{EventError, short};

/// Appends the text of a value: first quotes and backslashes are taken off, then percent signs are decoded.
pub(super) fn decode(name: &[u8], value: &[u8], text: &mut SmallVec<[u8; 256]>) -> Result<(), EventError> {
    let mut bytes = Unquoted::of(value);
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut hex = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                let code = hex().zip(hex()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                code.ok_or_else(|| EventError::Percent(shown(name)))?
            }
            plain => plain,
        };
        text.push(byte);
    }
    Ok(())
}

/// The bytes of a value. One that is no proper quoted string (RFC 7230, section 3.2.6) stands for itself: producers
/// of older versions of the binding wrote quotes into it.
struct Unquoted<'a> {
    rest: &'a [u8],
    is_quoted: bool,
}

impl<'a> Unquoted<'a> {
    fn of(value: &'a [u8]) -> Self {
        let inner = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        match inner.filter(|inner| is_quotable(inner)) {
            Some(rest) => Self { rest, is_quoted: true },
            None => Self { rest: value, is_quoted: false },
        }
    }
}

/// Whether every quote has a backslash before it, and every backslash something behind.
fn is_quotable(inner: &[u8]) -> bool {
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return false,
            b'\\' if bytes.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

impl Iterator for Unquoted<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        if self.is_quoted && byte == b'\\' { self.rest.split_off_first().copied() } else { Some(byte) }
    }
}

/// Encodes values, one after the other, in the same memory.
#[derive(Default)]
pub(super) struct Encoded(SmallVec<[u8; 256]>);

impl Encoded {
    /// The value with everything but printable ASCII, and space, `"` and `%`, percent-encoded.
    pub(super) fn of<'v>(&'v mut self, value: &'v [u8]) -> &'v [u8] {
        if short::is_token(value) {
            return value;
        }
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        self.0.clear();
        for &byte in value {
            match byte {
                b'"' | b'%' | ..=b' ' | 0x7f.. => {
                    let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                    self.0.extend_from_slice(&[b'%', high, low]);
                }
                plain => self.0.push(plain),
            }
        }
        &self.0
    }
}
