//! The attribute block, as channels store it, little-endian:
//!
//! `text | places u32 x (n + 1) | signatures u8 x n, the last one first, filled up to a multiple of 8 in front | n u8`
//!
//! The text is names and values one after the other: `name0 value0 name1 value1 ..`. A place is where a name begins (16
//! bits), how long it is (7 bits) and whether its value is typed (see [`Kind`](super::Kind)); one more tells the end of
//! the last value. So an attribute is read by three loads: the number with seven signatures, two places, and the first
//! sixteen bytes of its name.

use super::name::Key;
use super::{Value, short};

/// The longest text of a block: with all that stands before it, 16 bits tell every place.
pub(super) const TEXT_MAX: usize = 64_000;
/// The most attributes of an event: they are counted by 8 bits.
pub(super) const COUNT_MAX: usize = 255;
/// The longest name: its length is told by 7 bits.
pub(super) const NAME_MAX: usize = 127;

/// The length of a block.
pub(super) const fn size(text_len: usize, count: usize) -> usize {
    text_len + tables_len(count)
}

/// What follows the text of so many attributes.
const fn tables_len(count: usize) -> usize {
    places_len(count) + 8 * words(count)
}

const fn places_len(count: usize) -> usize {
    4 * (count + 1)
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
    pub(super) const NONE: Self = Self::new(0, 0, false, 0);

    pub(super) const fn new(start: u16, name_len: u8, typed: bool, signature: u8) -> Self {
        Self { start, name_len, typed, signature }
    }

    pub(super) const fn name_len(self) -> usize {
        self.name_len as usize
    }

    pub(super) const fn is_typed(self) -> bool {
        self.typed
    }
}

/// Writes what follows a text into the rest of its block.
pub(super) fn write_tables(
    heads: impl Iterator<Item = Head>,
    count: usize,
    text_len: usize,
    tables: &mut [u8],
) {
    let (places, signatures) = tables.split_at_mut(places_len(count));
    let (places, _) = places.as_chunks_mut::<4>();
    signatures.fill(0);
    for ((head, place), signature) in heads.zip(&mut *places).zip(signatures.iter_mut().rev().skip(1)) {
        let name = u32::from(head.name_len) | u32::from(head.typed) << 7;
        *place = (u32::from(head.start) | name << 16).to_le_bytes();
        *signature = head.signature;
    }
    let end = u32::try_from(text_len).expect("the builder bounds the text");
    places[count] = end.to_le_bytes();
    signatures[8 * words(count) - 1] = u8::try_from(count).expect("the builder counts to 255");
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
        let count = usize::from(*bytes.last()?);
        (bytes.len() >= tables_len(count)).then_some(Self { bytes, count })
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// All names and values.
    pub(super) fn text(&self) -> &'a [u8] {
        &self.bytes[..self.text_len()]
    }

    /// Nothing in the block that is none, which tells no number either.
    const fn text_len(&self) -> usize {
        self.bytes.len().saturating_sub(tables_len(self.count))
    }

    /// The signature that is stored for an attribute.
    pub(super) fn signature(&self, at: usize) -> u8 {
        self.bytes[self.bytes.len() - 2 - at]
    }

    /// Whether the tables say nothing but where attributes are: a block can be written in one way.
    pub(super) fn is_tidy(&self) -> bool {
        let (places, signatures) = self.bytes[self.text_len()..].split_at(places_len(self.count));
        let (places, _) = places.as_chunks::<4>();
        let filled = &signatures[..signatures.len() - 1 - self.count];
        let end_has_no_name = places.last().is_some_and(|place| place[2] == 0);
        filled.iter().chain(places.iter().map(|place| &place[3])).all(|byte| *byte == 0) && end_has_no_name
    }

    #[inline]
    fn places(&self, at: usize) -> Option<Places> {
        let places = self.bytes.get(self.text_len() + 4 * at..)?.first_chunk()?;
        Some(Places(u64::from_le_bytes(*places)))
    }

    /// The name and the value of an attribute; nothing when its places are beyond the text or not in order.
    pub(super) fn entry(&self, at: usize) -> Option<(&'a [u8], Value<'a>)> {
        let places = self.places(at)?;
        if places.end() > self.text_len() {
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
    #[inline]
    fn value_if(&self, at: usize, name: &[u8], key: &Key) -> Option<Value<'a>> {
        let places = self.places(at)?;
        let middle = places.start() + name.len();
        // What fills the signatures up has no place, though there may be bytes where one would be.
        let is_it = at < self.count
            && places.name_len() == name.len()
            && match self.bytes.get(places.start()..)?.first_chunk() {
                Some(text) if name.len() <= 16 => key.begins(*text),
                _ => is_whole_name(self.bytes.get(places.start()..middle)?, name),
            };
        let value = self.bytes.get(middle..places.end())?;
        is_it.then(|| Value::new(value, places.is_typed()))
    }
}

/// For names too long for a key, and blocks too short for a look at sixteen bytes.
#[cold]
#[inline(never)]
fn is_whole_name(found: &[u8], name: &[u8]) -> bool {
    found == name
}

/// The value under a name: of the signatures like its own, eight at a time from the end, the first whose name is this
/// one.
#[inline]
pub(super) fn find<'a>(block: &'a [u8], name: &[u8], key: &Key) -> Option<Value<'a>> {
    let mut word = u64::from_le_bytes(*block.last_chunk()?);
    let parts = Block { bytes: block, count: (word >> 56) as usize };
    // The last byte is the number.
    let mut signatures = u64::MAX >> 8;
    let mut first = 0;
    loop {
        let mut hits = short::equal_to(word, key.signature) & signatures;
        while hits != 0 {
            let behind = hits.leading_zeros() as usize;
            let value = parts.value_if(first + behind / 8 - 1, name, key);
            if value.is_some() {
                return value;
            }
            hits &= !(1 << (63 - behind));
        }
        (first, signatures) = (first + 8, u64::MAX);
        if first > parts.count {
            return None;
        }
        word = u64::from_le_bytes(*block.get(..block.len() - first)?.last_chunk()?);
    }
}
