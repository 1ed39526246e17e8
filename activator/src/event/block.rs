//! The attribute block, as channels store it, little-endian:
//!
//! `text | starts u16 x n | name lengths u8 x n | signatures u8 x n | n u8`
//!
//! The text is names and values one after the other: `name0 value0 name1 value1 ..`. A value ends where the next name
//! starts. The high bit of a name's length says that the value is typed (see [`Kind`](super::Kind)). Reading an
//! attribute looks through the signatures, and then at one name.

use super::name::Key;
use super::{Value, short};

/// The longest text of a block: its places are told by 16 bits.
pub(super) const TEXT_MAX: usize = 65_535;
/// The most attributes of an event: they are counted by 8 bits.
pub(super) const COUNT_MAX: usize = 255;
/// The longest name: its length is told by 7 bits.
pub(super) const NAME_MAX: usize = 127;

/// What an attribute takes beside its text.
const ENTRY: usize = 4;

const TYPED: u8 = 0x80;

/// Where an attribute lies in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) start: u16,
    /// Of the name; the high bit says typed.
    length: u8,
    pub(super) signature: u8,
}

impl Head {
    pub(super) const NONE: Self = Self::new(0, 0, false, 0);

    pub(super) const fn new(start: u16, name_len: u8, typed: bool, signature: u8) -> Self {
        Self { start, length: if typed { name_len | TYPED } else { name_len }, signature }
    }

    pub(super) const fn name_len(self) -> usize {
        (self.length & !TYPED) as usize
    }

    pub(super) const fn is_typed(self) -> bool {
        self.length & TYPED != 0
    }
}

/// The length of a block.
pub(super) const fn size(text_len: usize, count: usize) -> usize {
    text_len + ENTRY * count + 1
}

/// Writes what follows the text of a block into the rest of its memory.
pub(super) fn write_tables(heads: impl Iterator<Item = Head>, count: usize, tables: &mut [u8]) {
    let (starts, rest) = tables.split_at_mut(2 * count);
    let (lengths, rest) = rest.split_at_mut(count);
    let (signatures, rest) = rest.split_at_mut(count);
    let places = starts.as_chunks_mut::<2>().0.iter_mut().zip(lengths).zip(signatures);
    for (head, ((start, length), signature)) in heads.zip(places) {
        *start = head.start.to_le_bytes();
        *length = head.length;
        *signature = head.signature;
    }
    rest[0] = u8::try_from(count).expect("the builder counts to 255");
}

/// The parts of a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    count: usize,
    text_len: usize,
}

impl<'a> Block<'a> {
    /// The parts of a block; nothing when it is too short for the number that it tells.
    #[inline]
    pub(super) fn split(bytes: &'a [u8]) -> Option<Self> {
        let count = usize::from(*bytes.last()?);
        let text_len = bytes.len().checked_sub(ENTRY * count + 1)?;
        Some(Self { bytes, count, text_len })
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// All names and values.
    pub(super) fn text(&self) -> &'a [u8] {
        &self.bytes[..self.text_len]
    }

    /// The signature that is stored for an attribute.
    pub(super) fn signature(&self, at: usize) -> u8 {
        self.bytes[self.text_len + 3 * self.count + at]
    }

    /// Where an attribute begins and ends, and its length with the mark of the type.
    #[inline]
    fn place(&self, at: usize) -> Option<(usize, usize, u8)> {
        // Two starts in one load: behind the last start lie lengths and signatures, so there is always enough.
        let starts = u32::from_le_bytes(*self.bytes.get(self.text_len + 2 * at..)?.first_chunk()?);
        let end = if at + 1 < self.count { (starts >> 16) as usize } else { self.text_len };
        let length = *self.bytes.get(self.text_len + 2 * self.count + at)?;
        Some(((starts & 0xffff) as usize, end, length))
    }

    /// The name and the value of an attribute; nothing when its places are beyond the text or not in order.
    pub(super) fn entry(&self, at: usize) -> Option<(&'a [u8], Value<'a>)> {
        let (start, end, length) = self.place(at)?;
        let (name, value) = self.text().get(start..end)?.split_at_checked(usize::from(length & !TYPED))?;
        Some((name, Value::new(value, length & TYPED != 0)))
    }

    pub(super) fn entries(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        (0..self.count).filter_map(move |at| self.entry(at))
    }

    /// The value of an attribute, when it has this name.
    #[inline]
    fn value_if(&self, at: usize, name: &[u8], key: &Key) -> Option<Value<'a>> {
        let (start, end, length) = self.place(at)?;
        let begins = self.bytes.get(start..)?.first_chunk().is_none_or(|text| key.begins(*text));
        if usize::from(length & !TYPED) != name.len() || !begins {
            return None;
        }
        let middle = start + name.len();
        // Eight bytes were compared, when there are so many behind a start: in the shortest block there are not.
        if (name.len() > 8 || self.count == 1) && !short::equal(self.bytes.get(start..middle)?, name) {
            return None;
        }
        Some(Value::new(self.bytes.get(middle..end)?, length & TYPED != 0))
    }

    /// The value under a name that is one of those marked in `hits`, eight from `first` on.
    #[inline]
    fn value_among(&self, name: &[u8], key: &Key, first: usize, mut hits: u64) -> Option<Value<'a>> {
        while hits != 0 {
            let value = self.value_if(first + hits.trailing_zeros() as usize / 8, name, key);
            if value.is_some() {
                return value;
            }
            hits &= hits - 1;
        }
        None
    }

    #[inline(never)]
    fn value_among_many(&self, name: &[u8], key: &Key) -> Option<Value<'a>> {
        let signatures = self.bytes.get(self.text_len + 3 * self.count..self.bytes.len() - 1)?;
        signatures.chunks(8).enumerate().find_map(|(at, chunk)| {
            let mut word = [!key.signature; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.value_among(name, key, 8 * at, short::equal_to(u64::from_le_bytes(word), key.signature))
        })
    }
}

/// The value under a name.
#[inline]
pub(super) fn find<'a>(block: &'a [u8], name: &[u8], key: &Key) -> Option<Value<'a>> {
    let parts = Block::split(block)?;
    match block.get(..block.len() - 1)?.last_chunk::<8>() {
        // All signatures in one word, the first one on top of what precedes them.
        Some(word) if (1..=8).contains(&parts.count) => {
            let hits = short::equal_to(u64::from_le_bytes(*word), key.signature) >> (8 * (8 - parts.count));
            parts.value_among(name, key, 0, hits)
        }
        _ => parts.value_among_many(name, key),
    }
}
