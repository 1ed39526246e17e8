//! Looking something up in the archive: what one search knows of the segments, and the records it reads of them.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;

use super::super::record::{Record, Spot};
use super::frame::{self, EVENT, TABLE};
use super::index::{Index, Slot, Times, hash_id, hash_place};
use super::segment::Closed;
use super::shelf::Seen;
use super::table::Table;
use super::wire::Reading;

/// Records of one id that are looked at, the newest ones.
const SAME_ID_MAX: usize = 1_000;

/// The archive as it was when the search began. A segment that is deleted meanwhile is still open here.
pub(in crate::history) struct Search {
    /// The oldest first.
    segments: Vec<Segment>,
}

struct Segment {
    file: File,
    length: u64,
    index: Index,
    tables: RefCell<HashMap<u64, Option<Arc<Table>>>>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::history) struct Found {
    segment: usize,
    slot: Slot,
}

/// What the copies of one event in one place have in common; seldom others do, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::history) struct Key(u64);

impl Key {
    pub(in crate::history) fn of(spot: &Spot, id: &str) -> Self {
        Self(u64::from(hash_place(spot)) << 32 | u64::from(hash_id(id)))
    }
}

impl Found {
    pub(in crate::history) fn key(self) -> Key {
        Key(self.slot.key())
    }
}

impl Search {
    pub(super) fn of(seen: Seen) -> Self {
        let open = |closed: &Arc<Closed>| Segment::open(&closed.path, closed.length, closed.index()?);
        let mut segments: Vec<_> = seen.closed.iter().filter_map(open).collect();
        segments.extend(seen.active.and_then(|(path, length, index)| Segment::open(&path, length, index)));
        Self { segments }
    }

    /// Records of events with this id, the oldest first.
    pub(in crate::history) fn with_id(&self, id: &str) -> Vec<Record> {
        self.under(id, false, |record| record.event().is_some_and(|event| event.id() == id))
    }

    /// Records of events that were answered by one with this id.
    pub(in crate::history) fn answered_by(&self, id: &str) -> Vec<Record> {
        self.under(id, true, |record| record.replies().any(|reply| &*reply.id == id))
    }

    fn under(&self, id: &str, is_of_reply: bool, is_meant: impl Fn(&Record) -> bool) -> Vec<Record> {
        let hash = hash_id(id);
        let of_segment = |(segment, known): (usize, &Segment)| {
            let slots = known.index.slots.iter().rev().copied();
            let meant = slots.filter(|slot| slot.id == hash && slot.is_of_reply() == is_of_reply);
            meant.map(|slot| Found { segment, slot }).collect::<Vec<_>>()
        };
        let newest_first = self.segments.iter().enumerate().rev().flat_map(of_segment);
        let records = newest_first.filter_map(|found| self.record(found)).filter(|record| is_meant(record));
        let mut records: Vec<_> = records.take(SAME_ID_MAX).collect();
        records.reverse();
        records
    }

    /// All records of segments with events of a time that is wanted, the newest first.
    pub(in crate::history) fn newest_first(
        &self,
        wants: impl Fn(&Times) -> bool,
    ) -> impl Iterator<Item = Found> {
        let wanted =
            self.segments.iter().enumerate().rev().filter(move |(_, known)| wants(&known.index.times));
        wanted
            .flat_map(|(segment, known)| known.index.records().rev().map(move |slot| Found { segment, slot }))
    }

    /// Where the records of each event are that may have more than one, and of those that are asked for; the oldest first.
    pub(in crate::history) fn copies(&self, asked: impl Fn(Key) -> bool) -> HashMap<Key, Vec<Found>> {
        let mut all: Vec<_> = self.newest_first(|_| true).map(|found| (found.key(), found)).collect();
        all.reverse();
        all.sort_by_key(|(key, _)| *key);
        let same = all.chunk_by(|one, other| one.0 == other.0);
        let wanted = same.filter(|same| same.len() > 1 || asked(same[0].0));
        wanted.map(|same| (same[0].0, same.iter().map(|(_, found)| *found).collect())).collect()
    }

    pub(in crate::history) fn record(&self, found: Found) -> Option<Record> {
        let segment = &self.segments[found.segment];
        let (kind, body) = frame::read(&segment.file, found.slot.at(), segment.length)?;
        let mut reading = Reading(body);
        let table = (kind == EVENT).then(|| reading.number()).flatten()?;
        segment.table(table)?.record(&mut reading)
    }
}

impl Segment {
    fn open(path: &Path, length: u64, index: Index) -> Option<Self> {
        // Deleted since: it was beyond the bounds.
        let file = File::open(path).ok()?;
        Some(Self { file, length, index, tables: RefCell::default() })
    }

    fn table(&self, at: u64) -> Option<Arc<Table>> {
        let mut tables = self.tables.borrow_mut();
        let read = || {
            let (kind, body) = frame::read(&self.file, at, self.length)?;
            (kind == TABLE).then(|| Table::decode(body)).flatten().map(Arc::new)
        };
        tables.entry(at).or_insert_with(read).clone()
    }
}
