//! The attribute block, as channels store it, little-endian:
//!
//! `text | starts u16 x n | name lengths u8 x n | signatures u8 x n | n u8`
//!
//! The text is names and values one after the other: `name0 value0 name1 value1 ..`. A value ends where the next name
//! starts. The high bit of a name's length says that the value is typed (see [`Kind`](super::Kind)). Reading an
//! attribute looks through the signatures, and then at one name.

use alloc::vec::Vec;
use bytes::Bytes;

use super::{Value, short};

/// The longest text of a block: its places are told by 16 bits.
pub(super) const TEXT_MAX: usize = 65_535;
/// The most attributes of an event: they are counted by 8 bits.
pub(super) const COUNT_MAX: usize = 255;
/// The longest name: its length is told by 7 bits.
pub(super) const NAME_MAX: usize = 127;

/// What an attribute takes beside its text.
pub(super) const ENTRY: usize = 4;

const TYPED: u8 = 0x80;

/// Where an attribute lies in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) start: u16,
    length: u8,
    pub(super) signature: u8,
}

impl Head {
    pub(super) const fn new(start: u16, name_len: u8, typed: bool, signature: u8) -> Self {
        Self { start, length: if typed { name_len | TYPED } else { name_len }, signature }
    }

    pub(super) const fn name_len(self) -> usize {
        (self.length & !TYPED) as usize
    }
}

/// Writes a block in one allocation of just its size.
pub(super) fn write(text: &[u8], heads: &[Head]) -> Bytes {
    let count = heads.len();
    let mut block = Vec::with_capacity(text.len() + ENTRY * count + 1);
    block.extend_from_slice(text);
    block.resize(text.len() + ENTRY * count, 0);
    let (starts, rest) = block[text.len()..].split_at_mut(2 * count);
    let (lengths, signatures) = rest.split_at_mut(count);
    let (starts, _) = starts.as_chunks_mut::<2>();
    for (head, ((start, length), signature)) in
        heads.iter().zip(starts.iter_mut().zip(lengths).zip(signatures))
    {
        *start = head.start.to_le_bytes();
        *length = head.length;
        *signature = head.signature;
    }
    block.push(u8::try_from(count).expect("the builder counts to 255"));
    block.into()
}

/// The parts of a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Block<'a> {
    pub(super) text: &'a [u8],
    starts: &'a [[u8; 2]],
    lengths: &'a [u8],
    signatures: &'a [u8],
}

impl<'a> Block<'a> {
    /// The parts of a block; nothing when it is too short for the number that it tells.
    pub(super) fn split(block: &'a [u8]) -> Option<Self> {
        let (&count, rest) = block.split_last()?;
        let count = usize::from(count);
        let (rest, signatures) = rest.split_at_checked(rest.len().checked_sub(count)?)?;
        let (rest, lengths) = rest.split_at_checked(rest.len().checked_sub(count)?)?;
        let (text, starts) = rest.split_at_checked(rest.len().checked_sub(2 * count)?)?;
        Some(Self { text, starts: starts.as_chunks().0, lengths, signatures })
    }

    /// How many attributes there are.
    pub(super) const fn count(&self) -> usize {
        self.signatures.len()
    }

    pub(super) fn head(&self, at: usize) -> Head {
        Head {
            start: u16::from_le_bytes(self.starts[at]),
            length: self.lengths[at],
            signature: self.signatures[at],
        }
    }

    /// The name and the value of an attribute; nothing when its places are beyond the text or not in order.
    #[inline]
    pub(super) fn entry(&self, at: usize) -> Option<(&'a [u8], Value<'a>)> {
        let start = usize::from(u16::from_le_bytes(*self.starts.get(at)?));
        let end =
            self.starts.get(at + 1).map_or(self.text.len(), |next| usize::from(u16::from_le_bytes(*next)));
        let length = *self.lengths.get(at)?;
        let (name, value) = self.text.get(start..end)?.split_at_checked(usize::from(length & !TYPED))?;
        Some((name, Value::new(value, length & TYPED != 0)))
    }

    pub(super) fn entries(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        (0..self.count()).filter_map(move |at| self.entry(at))
    }
}

/// The value under a name.
#[inline]
pub(super) fn find<'a>(block: &'a [u8], name: &[u8], signature: u8) -> Option<Value<'a>> {
    let (&count, mut rest) = block.split_last()?;
    let mut left = usize::from(count);
    while left > 0 {
        // Eight signatures at a time, from the last one on; what precedes the first one is masked out.
        let foreign = 8_usize.saturating_sub(left);
        let mut hits = short::bytes_equal(last_word(rest), signature) & (u64::MAX << (8 * foreign));
        while hits != 0 {
            let at = left + hits.trailing_zeros() as usize / 8 - 8;
            if let Some((found, value)) = Block::split(block)?.entry(at)
                && short::equal(found, name)
            {
                return Some(value);
            }
            hits &= hits - 1;
        }
        left = left.saturating_sub(8);
        rest = &rest[..rest.len().saturating_sub(8)];
    }
    None
}

fn last_word(bytes: &[u8]) -> [u8; 8] {
    bytes.last_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 8];
        word[8 - bytes.len()..].copy_from_slice(bytes);
        word
    })
}
