//! The attribute block, as channels store it, little-endian:
//!
//! `n u8, signatures u8 x n, filled up to a multiple of 8 | places u32 x (n + 1) | text`
//!
//! The text is names and values one after the other: `name0 value0 name1 value1 ..`. A place is where a name begins in
//! the block (16 bits), how long it is (7 bits) and whether its value is typed (see [`Kind`](super::Kind)); one more
//! tells the end of the last value. So an attribute is read by three loads: eight signatures, two places, and the
//! first eight bytes of its name.

use alloc::vec::Vec;
use bytes::Bytes;

use super::name::Key;
use super::{Value, short};

/// The longest text of a block: with all that stands before it, 16 bits tell every place.
pub(super) const TEXT_MAX: usize = 64_000;
/// The most attributes of an event: they are counted by 8 bits.
pub(super) const COUNT_MAX: usize = 255;
/// The longest name: its length is told by 7 bits.
pub(super) const NAME_MAX: usize = 127;

/// What stands before the text of so many attributes.
pub(super) const fn head_len(count: usize) -> usize {
    words(count) * 8 + 4 * (count + 1)
}

/// The words that hold the number and the signatures.
const fn words(count: usize) -> usize {
    (count + 8) / 8
}

/// Where an attribute lies in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) start: u16,
    name_len: u8,
    typed: bool,
    pub(super) signature: u8,
}

impl Head {
    pub(super) const fn new(start: u16, name_len: u8, typed: bool, signature: u8) -> Self {
        Self { start, name_len, typed, signature }
    }

    pub(super) const fn name_len(self) -> usize {
        self.name_len as usize
    }
}

/// Writes a block in one allocation of just its size.
pub(super) fn write(text: &[u8], heads: &[Head]) -> Bytes {
    let begin = head_len(heads.len());
    let mut block = Vec::with_capacity(begin + text.len());
    block.push(u8::try_from(heads.len()).expect("the builder counts to 255"));
    block.extend(heads.iter().map(|head| head.signature));
    block.resize(8 * words(heads.len()), 0);
    let short = |at: usize| u32::try_from(at).expect("the builder bounds the text");
    for head in heads {
        let place = short(begin + usize::from(head.start));
        let name = u32::from(head.name_len) | u32::from(head.typed) << 7;
        block.extend_from_slice(&(place | name << 16).to_le_bytes());
    }
    block.extend_from_slice(&short(begin + text.len()).to_le_bytes());
    block.extend_from_slice(text);
    block.into()
}

/// The parts of a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    count: usize,
}

/// Two places side by side, in one load.
#[derive(Clone, Copy)]
struct Places(u64);

impl Places {
    const fn start(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    const fn name_len(self) -> usize {
        (self.0 >> 16 & 0x7f) as usize
    }

    const fn is_typed(self) -> bool {
        self.0 >> 23 & 1 == 1
    }

    const fn end(self) -> usize {
        (self.0 >> 32 & 0xffff) as usize
    }
}

impl<'a> Block<'a> {
    /// The parts of a block; nothing when it is too short for the number that it tells.
    pub(super) fn split(bytes: &'a [u8]) -> Option<Self> {
        let count = usize::from(*bytes.first()?);
        (bytes.len() >= head_len(count)).then_some(Self { bytes, count })
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// All names and values.
    pub(super) fn text(&self) -> &'a [u8] {
        // Also of the block that is none, which has no head either.
        self.bytes.get(head_len(self.count)..).unwrap_or_default()
    }

    /// The signature that is stored for an attribute.
    pub(super) fn signature(&self, at: usize) -> u8 {
        self.bytes[1 + at]
    }

    /// Whether what stands before the text says nothing but where attributes are: a block can be written in one way.
    pub(super) fn is_tidy(&self) -> bool {
        let filled = &self.bytes[1 + self.count..8 * words(self.count)];
        let unused = (0..=self.count).any(|at| {
            let place = &self.bytes[8 * words(self.count) + 4 * at..];
            place[3] != 0 || at == self.count && place[2] != 0
        });
        filled.iter().all(|byte| *byte == 0) && !unused
    }

    #[inline]
    fn places(&self, at: usize) -> Option<Places> {
        let places = self.bytes.get(8 * words(self.count) + 4 * at..)?.first_chunk()?;
        Some(Places(u64::from_le_bytes(*places)))
    }

    /// The name and the value of an attribute; nothing when its places are beyond the text or not in order.
    pub(super) fn entry(&self, at: usize) -> Option<(&'a [u8], Value<'a>)> {
        let places = self.places(at)?;
        if places.start() < head_len(self.count) {
            return None;
        }
        let (name, value) =
            self.bytes.get(places.start()..places.end())?.split_at_checked(places.name_len())?;
        Some((name, Value::new(value, places.is_typed())))
    }

    pub(super) fn entries(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        (0..self.count).filter_map(move |at| self.entry(at))
    }

    /// The value of an attribute, when it has this name.
    fn value_if(&self, at: usize, name: &[u8]) -> Option<Value<'a>> {
        let (found, value) = self.entry(at)?;
        short::equal(found, name).then_some(value)
    }

    /// The value under a name, looked for among all.
    fn value(&self, name: &[u8], key: &Key) -> Option<Value<'a>> {
        let signatures = self.bytes.get(1..=self.count)?;
        let alike = signatures.iter().enumerate().filter(|(_, signature)| **signature == key.signature);
        alike.filter_map(|(at, _)| self.value_if(at, name)).next()
    }
}

/// The value under a name.
///
/// Nearly always the name is among the first fifteen, has at most 16 bytes, and bears a signature of its own; then
/// it is found without a loop and without a call.
#[inline]
pub(super) fn find<'a>(block: &'a [u8], name: &[u8], key: &Key) -> Option<Value<'a>> {
    let word = u64::from_le_bytes(*block.first_chunk()?);
    let count = (word & 0xff) as usize;
    let (mut first, mut hits) = (0, short::bytes_like(word, key.signature) & !0xff);
    if hits == 0 {
        if count < 8 {
            return None;
        }
        let word = u64::from_le_bytes(*block.get(8..)?.first_chunk()?);
        (first, hits) = (8, short::bytes_like(word, key.signature));
        if hits == 0 && count < 16 {
            return None;
        }
    }
    let at = (first + hits.trailing_zeros() as usize / 8).wrapping_sub(1);
    quick(Block { bytes: block, count }, at, name.len(), key).or_else(|| search(block, name, key))
}

/// The value of an attribute whose name fits into the key and is that one.
#[inline]
fn quick<'a>(block: Block<'a>, at: usize, name_len: usize, key: &Key) -> Option<Value<'a>> {
    let places = block.places(at)?;
    let text = block.bytes.get(places.start()..)?.first_chunk()?;
    let is_it = at < block.count && places.name_len() == name_len && name_len <= 16 && key.begins(*text);
    let value = block.bytes.get(places.start() + name_len..places.end())?;
    is_it.then(|| Value::new(value, places.is_typed()))
}

#[inline(never)]
fn search<'a>(block: &'a [u8], name: &[u8], key: &Key) -> Option<Value<'a>> {
    Block::split(block)?.value(name, key)
}
