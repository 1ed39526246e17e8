//! Records that say what is done by them. A reply bears the place of the event it answers and the name of whose delivery
//! that was; so one write stores the reply and says that the event is done. The cursor that says so too is written
//! later: after a crash in between, the event's channel takes from the marks what its cursors do not know.
//!
//! A mark counts in the life that follows the one it was made in, and in no other: what it says is in the cursors from
//! then on, and places may be given anew to other events after a power loss.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use activator::id::{Offset, Partition};
use activator::input::{OpenedPartition, Progress};

use super::clock::now_ms;

/// A stretch of time in which somebody had a channel open. No two are the same, whichever channels they are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life(pub(crate) u64);

/// That an event is done for a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// In which its channel's life it was read there.
    pub(crate) life: Life,
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
    pub(crate) subscription: Arc<str>,
}

/// What is done: the offsets of each partition, by subscription.
pub(crate) type Done = BTreeMap<Partition, BTreeMap<Arc<str>, Vec<Offset>>>;

/// The marks in one or several logs.
#[derive(Debug, Default)]
pub(crate) struct Marks(BTreeMap<Life, Done>);

/// What a crash left in a channel that outlives it.
#[derive(Debug)]
pub(crate) struct Legacy {
    /// The channel's last life; what was marked in it may be in any channel.
    pub(crate) life: Option<Life>,
    /// What this channel's own records say is done, there or elsewhere.
    pub(crate) marks: Marks,
    /// Where each partition ended.
    pub(crate) ends: BTreeMap<Partition, Offset>,
}

/// It lies among the headers of a record, where it is the first and has a name that no header has that travels.
const NAME: &[u8; NAME_LENGTH as usize] = b"done";
const NAME_LENGTH: u8 = 4;
/// `name length u8 | value length u16 | name`, and of the value `life u64 | partition u32 | offset u64`.
const HEAD: usize = 3 + NAME.len();
const PLACE: usize = 20;

impl Life {
    /// One that never was.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(now_ms()))
    }
}

impl Mark {
    /// The bytes it takes.
    pub(super) fn size(&self) -> usize {
        HEAD + PLACE + self.subscription.len()
    }

    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        let value = u16::try_from(self.size() - HEAD).expect("a subscription's name is shorter than 64 KiB");
        into.push(NAME_LENGTH);
        into.extend_from_slice(&value.to_le_bytes());
        into.extend_from_slice(NAME);
        into.extend_from_slice(&self.life.0.to_le_bytes());
        into.extend_from_slice(&self.partition.0.to_le_bytes());
        into.extend_from_slice(&self.offset.0.to_le_bytes());
        into.extend_from_slice(self.subscription.as_bytes());
    }
}

/// The mark among the headers of a record, with the name as it lies there.
fn decode(headers: &[u8]) -> Option<(Life, Partition, Offset, &str)> {
    let ([name, low, high], rest) = headers.split_first_chunk()?;
    let value = rest.strip_prefix(NAME).filter(|_| *name == NAME_LENGTH)?;
    let value = value.get(..usize::from(u16::from_le_bytes([*low, *high])))?;
    let (life, rest) = value.split_first_chunk()?;
    let (partition, rest) = rest.split_first_chunk()?;
    let (offset, subscription) = rest.split_first_chunk()?;
    let (partition, offset) = (u32::from_le_bytes(*partition), u64::from_le_bytes(*offset));
    let subscription = std::str::from_utf8(subscription).ok()?;
    Some((Life(u64::from_le_bytes(*life)), Partition(partition), Offset(offset), subscription))
}

impl Marks {
    /// Takes the mark among the headers of a record, if there is one.
    pub(super) fn note(&mut self, headers: &[u8]) {
        let Some((life, partition, offset, subscription)) = decode(headers) else { return };
        let names = self.0.entry(life).or_default().entry(partition).or_default();
        match names.get_mut(subscription) {
            Some(offsets) => offsets.push(offset),
            None => drop(names.insert(subscription.into(), vec![offset])),
        }
    }

    /// Adds those of another log.
    pub(crate) fn extend(&mut self, others: Self) {
        for (life, done) in others.0 {
            let known = self.0.entry(life).or_default();
            for (partition, names) in done {
                let known = known.entry(partition).or_default();
                for (name, offsets) in names {
                    known.entry(name).or_default().extend(offsets);
                }
            }
        }
    }

    /// Forgets those that were made in other lives.
    pub(crate) fn keep(&mut self, lives: &BTreeSet<Life>) {
        self.0.retain(|life, _| lives.contains(life));
    }

    /// What is done of what was read in one life.
    pub(crate) fn take(&mut self, life: Life) -> Done {
        self.0.remove(&life).unwrap_or_default()
    }
}

/// Adds what is done to what was committed, and gives the partitions of which that was not known. `at_tail` are the
/// subscriptions that stand where the channel does unless a cursor says else; of any other without a cursor nobody knows
/// where it began, and it begins anew.
pub(crate) fn take_over(
    partitions: &mut [OpenedPartition],
    done: &Done,
    ends: &BTreeMap<Partition, Offset>,
    at_tail: &[Arc<str>],
) -> Vec<(Partition, Progress)> {
    let mut changed = Vec::new();
    for opened in partitions {
        let (Some(names), Some(&end)) = (done.get(&opened.partition), ends.get(&opened.partition)) else {
            continue;
        };
        let begin = || Progress { position: opened.begin, behind: Vec::new() };
        let mut progress = opened.committed.clone().unwrap_or_else(begin);
        let mut is_new = false;
        for (name, offsets) in names {
            // What lies behind the end is gone, and its place another event's next.
            let there = offsets.iter().copied().filter(|offset| *offset < end);
            is_new |= progress.mark_done(name, at_tail.contains(name), there);
        }
        if is_new {
            changed.push((opened.partition, progress.clone()));
            opened.committed = Some(progress);
        }
    }
    changed
}
