//! Channels as logs: what is stored here survives every crash.

use std::collections::BTreeMap;
use std::time::Duration;

use activator::Time;
use activator::event::Event;
use activator::id::{ChannelId, Epoch, Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};

use super::random::Random;

/// Where an event is stored. It is stamped on the event, so that it is known again wherever it turns up.
pub(crate) type At = (ChannelId, Partition, Offset);

/// The attribute that bears the stamp.
pub(crate) const STAMP: &str = "storedat";

/// A channel's log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) shelves: Vec<Shelf>,
    pub(crate) door: Door,
    pub(crate) epochs: u32,
    /// Whether other runtimes may own its partitions.
    pub(crate) shared: bool,
}

/// Whether the mind has it open, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Closed,
    Opening,
    Open,
}

/// One partition.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// Under which epoch it is the mind's.
    pub(crate) held: Option<Epoch>,
    pub(crate) records: BTreeMap<Offset, Event>,
    /// When each was stored.
    times: BTreeMap<Offset, Time>,
    pub(crate) next: Offset,
    pub(crate) stored: Option<Progress>,
    /// What was stored before that; a power cut may bring it back.
    pub(crate) stored_before: Option<Progress>,
    /// Reads that wait for a record.
    pub(crate) waiting: Vec<Read>,
}

/// A read as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) channel: ChannelId,
    pub(crate) partition: Partition,
    pub(crate) epoch: Epoch,
    pub(crate) from: Offset,
    pub(crate) records_max: u32,
    pub(crate) bytes_max: u32,
}

impl Log {
    pub(crate) fn new(partitions: u64, shared: bool) -> Self {
        let shelves = (0..partitions).map(|_| Shelf::default()).collect();
        Self { shelves, door: Door::Closed, epochs: 0, shared }
    }

    pub(crate) fn shelf(&mut self, partition: Partition) -> &mut Shelf {
        &mut self.shelves[partition.0 as usize]
    }

    /// Gives the mind all partitions it does not have.
    pub(crate) fn hand_out(&mut self) -> (Epoch, Vec<OpenedPartition>) {
        self.epochs += 1;
        let epoch = Epoch(self.epochs);
        let free = self.shelves.iter_mut().zip(0..).filter(|(shelf, _)| shelf.held.is_none());
        let partitions = free.map(|(shelf, number)| {
            shelf.held = Some(epoch);
            OpenedPartition {
                partition: Partition(number),
                begin: shelf.begin(),
                committed: shelf.stored.clone(),
            }
        });
        (epoch, partitions.collect())
    }

    /// The partitions the mind has.
    pub(crate) fn held(&self) -> Vec<Partition> {
        let all = self.shelves.iter().zip(0..);
        all.filter(|(shelf, _)| shelf.held.is_some()).map(|(_, number)| Partition(number)).collect()
    }
}

impl Shelf {
    pub(crate) fn begin(&self) -> Offset {
        self.records.first_key_value().map_or(self.next, |(offset, _)| *offset)
    }

    /// Stores the event at the next offset, or behind a gap as transaction markers leave one.
    pub(crate) fn append(
        &mut self,
        channel: ChannelId,
        number: Partition,
        (now, gap): (Time, u64),
        event: &Event,
    ) -> (At, Event) {
        let offset = Offset(self.next.0 + gap);
        let stamp = format!("{channel}/{number}/{offset}");
        let event = event.with(STAMP, &stamp).expect("the stamp is an attribute");
        self.records.insert(offset, event.clone());
        self.times.insert(offset, now);
        self.next = offset.next();
        ((channel, number, offset), event)
    }

    /// What a read finds; nothing when it has to wait.
    pub(crate) fn read(&self, now: Time, read: &Read, random: &mut Random) -> Option<Batch> {
        if read.from >= self.next {
            return None;
        }
        let mut batch = Batch { next: self.next, ..Batch::default() };
        let mut rest = self.records.range(read.from..);
        if let Some((&first, _)) = rest.clone().next()
            && first > read.from
            && random.chance(300)
        {
            batch.next = first;
            return Some(batch);
        }
        let most = random.between(1, u64::from(read.records_max));
        let mut bytes = 0;
        for _ in 0..most {
            let Some((&offset, event)) = rest.next() else { return Some(batch) };
            bytes += event.size();
            if !batch.records.is_empty() && bytes > read.bytes_max as usize {
                batch.next = offset;
                return Some(batch);
            }
            batch.records.push((offset, event.clone()));
            batch.ages.push(self.times.get(&offset).map_or(Duration::ZERO, |time| now.since(*time)));
        }
        batch.next = batch.records.last().map_or(self.next, |(offset, _)| offset.next());
        Some(batch)
    }

    pub(crate) fn store(&mut self, progress: Progress) {
        self.stored_before = self.stored.replace(progress);
    }

    /// The highest offset that anything stored speaks of.
    pub(crate) fn spoken_of(&self) -> Offset {
        let Some(progress) = &self.stored else { return Offset(0) };
        progress.behind.iter().map(|(_, cursor)| cursor.end()).fold(progress.position, Offset::max)
    }
}

/// The stamp of an event, read back.
pub(crate) fn stamp_of(event: &Event) -> Option<At> {
    let mut numbers = event.get(STAMP)?.split('/').map(str::parse);
    let mut number = || numbers.next()?.ok();
    let (channel, partition, offset): (u64, u64, u64) = (number()?, number()?, number()?);
    Some((ChannelId(channel.try_into().ok()?), Partition(partition.try_into().ok()?), Offset(offset)))
}

/// Whether stored progress says that a subscription is done with an offset.
pub(crate) fn says_done(progress: Option<&Progress>, name: &str, offset: Offset) -> bool {
    let Some(progress) = progress else { return false };
    let own = progress.behind.iter().find(|(named, _)| **named == *name);
    own.map_or_else(|| offset < progress.position, |(_, cursor)| cursor.contains(offset))
}
