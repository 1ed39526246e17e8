//! Numbers and texts one after the other: what records of the archive are made of. A number takes as many bytes as it
//! needs, seven bits in each; a text is its length and itself.

use std::sync::Arc;

use bytes::{Buf, Bytes};

/// Bytes of the largest number.
const NUMBER_BYTES_MAX: u32 = 10;

pub(super) fn put_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// A difference: small ones of both signs take few bytes.
pub(super) fn put_signed(into: &mut Vec<u8>, number: i64) {
    put_number(into, (number.wrapping_shl(1) ^ (number >> 63)) as u64);
}

pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put_number(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

/// What may not be there: the empty text is nothing.
pub(super) fn put_text(into: &mut Vec<u8>, text: Option<&str>) {
    put_bytes(into, text.unwrap_or_default().as_bytes());
}

pub(super) fn put_float(into: &mut Vec<u8>, number: f64) {
    into.extend_from_slice(&number.to_le_bytes());
}

/// What is still to be read of a record. Whatever is not there or cannot be so is nothing.
pub(super) struct Reading(pub(super) Bytes);

impl Reading {
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for at in 0..NUMBER_BYTES_MAX {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// How many of something follow. Each takes a byte at least, so that no number asks for more memory than there is.
    pub(super) fn count(&mut self) -> Option<usize> {
        self.number()?.try_into().ok().filter(|&count: &usize| count <= self.0.len())
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn bytes(&mut self) -> Option<Bytes> {
        let length = self.count()?;
        Some(self.0.split_to(length))
    }

    pub(super) fn text(&mut self) -> Option<Arc<str>> {
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes).ok().map(Into::into)
    }

    /// A text that may not be there.
    pub(super) fn maybe(&mut self) -> Option<Option<Arc<str>>> {
        self.text().map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        self.0.try_get_f64_le().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_small_ones_take_a_byte() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(bytes.len() == 1, number < 128);
            let mut reading = Reading(bytes.into());
            assert_eq!((reading.number(), reading.number()), (Some(number), None));
        }
        for number in [0, 1, -1, 63, -64, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            assert_eq!(bytes.len() == 1, (-64..64).contains(&number));
            assert_eq!(Reading(bytes.into()).signed(), Some(number));
        }
    }

    #[test]
    fn what_claims_to_be_longer_than_it_is_is_nothing() {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, b"four");
        let whole = Bytes::from(bytes);
        assert_eq!(Reading(whole.clone()).text().as_deref(), Some("four"));
        for length in 0..whole.len() {
            assert_eq!(Reading(whole.slice(..length)).bytes(), None, "{length}");
        }
        assert_eq!(Reading(Bytes::from_static(&[0xff; 10])).number(), None, "a number without an end");
    }
}
