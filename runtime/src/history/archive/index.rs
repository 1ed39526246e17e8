//! What is known of a segment without reading it: where each record lies, under the hashes of its id and place, and of what
//! time they are. In memory of the segment that is written to; of a closed one in a file beside it, little-endian:
//!
//! `crc32c u32 | format u32 | length u64 | first u64 | last u64 | written u64 | (id u32 | place u32 | at u32)*`
//!
//! The checksum covers what follows it. A file that is not there or not right costs a walk over the segment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use activator::effect::ReplyId;

use super::super::record::Spot;
use super::frame::FORMAT;

const SLOT: usize = 12;
/// Where the slots begin.
const HEAD: usize = 40;
/// In `at`, which is below it: a segment is much smaller.
const REPLY: u32 = 1 << 31;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) slots: Vec<Slot>,
    /// Events in it, in contrast to slots: replies have slots too.
    pub(super) events: usize,
    pub(super) times: Times,
}

/// When the events arrived, and when the last one was written; milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::history) struct Times {
    pub(in crate::history) first: u64,
    pub(in crate::history) last: u64,
    pub(super) written: u64,
}

/// A record, under the hash of its id or of that of a reply to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) id: u32,
    pub(super) place: u32,
    at: u32,
}

impl Slot {
    /// Of a record that begins at `at`, which is below 2 GiB.
    pub(super) fn new(id: u32, spot: &Spot, at: u64) -> Self {
        Self { id, place: hash_place(spot), at: at as u32 & !REPLY }
    }

    /// Where in the file the record begins.
    pub(super) fn at(self) -> u64 {
        u64::from(self.at & !REPLY)
    }

    /// Whether the id is that of a reply.
    pub(super) const fn is_of_reply(self) -> bool {
        self.at & REPLY != 0
    }

    /// What copies of one event in one place have in common.
    pub(super) fn key(self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.id)
    }
}

/// Under which an id is found; another one may be found under it, too.
pub(in crate::history) fn hash_id(id: &str) -> u32 {
    crc32c::crc32c(id.as_bytes())
}

pub(super) fn hash_place(spot: &Spot) -> u32 {
    let crc = crc32c::crc32c(spot.channel.as_bytes());
    let crc = crc32c::crc32c_append(crc, &spot.partition.0.to_le_bytes());
    crc32c::crc32c_append(crc, &spot.offset.0.to_le_bytes())
}

pub(in crate::history) fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().try_into().unwrap_or(u64::MAX)
}

impl Index {
    /// Takes a record of an event that arrived then and was answered so.
    pub(super) fn note<'r>(
        &mut self,
        slot: Slot,
        arrived: SystemTime,
        replies: impl Iterator<Item = &'r ReplyId>,
    ) {
        self.slots.push(slot);
        self.slots.extend(replies.map(|reply| Slot { id: hash_id(&reply.id), at: slot.at | REPLY, ..slot }));
        let arrived = millis(arrived);
        self.times.first = if self.events == 0 { arrived } else { self.times.first.min(arrived) };
        self.times.last = self.times.last.max(arrived);
        // As far as it can be told from the file alone.
        self.times.written = self.times.written.max(arrived);
        self.events += 1;
    }

    /// What it takes in a file.
    pub(super) const fn bytes(&self) -> u64 {
        (HEAD + self.slots.len() * SLOT) as u64
    }

    /// The slots of records themselves.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = Slot> {
        self.slots.iter().copied().filter(|slot| !slot.is_of_reply())
    }

    /// The file beside a segment of this length.
    pub(super) fn encode(&self, length: u64) -> Vec<u8> {
        let mut file = vec![0; 4];
        file.reserve(HEAD + self.slots.len() * SLOT);
        file.extend_from_slice(&FORMAT.to_le_bytes());
        for number in [length, self.times.first, self.times.last, self.times.written] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        for slot in &self.slots {
            for number in [slot.id, slot.place, slot.at] {
                file.extend_from_slice(&number.to_le_bytes());
            }
        }
        let crc = crc32c::crc32c(&file[4..]);
        file[..4].copy_from_slice(&crc.to_le_bytes());
        file
    }

    /// The index in a file, if it is one of a segment of this length.
    pub(super) fn decode(file: &[u8], length: u64) -> Option<Self> {
        let (crc, rest) = file.split_first_chunk()?;
        let (format, _) = rest.split_first_chunk()?;
        let intact = crc32c::crc32c(rest) == u32::from_le_bytes(*crc);
        if !intact || u32::from_le_bytes(*format) != FORMAT || file.len() < HEAD {
            return None;
        }
        let (numbers, _) = file[8..HEAD].as_chunks::<8>();
        let number = |at: usize| u64::from_le_bytes(numbers[at]);
        let (slots, odd) = file[HEAD..].as_chunks::<SLOT>();
        if number(0) != length || !odd.is_empty() {
            return None;
        }
        let slots: Vec<_> = slots.iter().map(slot).collect();
        let events = slots.iter().filter(|slot| !slot.is_of_reply()).count();
        Some(Self { slots, events, times: Times { first: number(1), last: number(2), written: number(3) } })
    }
}

fn slot(bytes: &[u8; SLOT]) -> Slot {
    let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Slot { id: number(0), place: number(4), at: number(8) }
}

impl Times {
    /// What is left at `now` until all of it is older than `age`; nothing when it is.
    pub(super) fn left(&self, now: u64, age: Duration) -> Option<Duration> {
        let end = Duration::from_millis(self.written).saturating_add(age);
        end.checked_sub(Duration::from_millis(now)).filter(|left| !left.is_zero())
    }
}
