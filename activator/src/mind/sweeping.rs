//! One sweep a partition for all who are behind its tail, in the order of their places, like an elevator: however
//! many they are, they read the log together.

use super::Activator;
use super::lane::Room;
use super::partition::Partition;
use crate::id::{ChannelId, Offset, Partition as PartitionId};
use crate::input::Batch;
use crate::time::Time;

/// Records of a sweep at least: so many cost hardly more than one.
const RECORDS_MIN: usize = 16;

impl Partition {
    /// From where to read for those who are behind, and how many records: no more than the next to get on has room
    /// for, and all of them together should they want everything, or what is read would have to be read again.
    pub(super) fn sweep_on(&mut self, room: Room) -> Option<(Offset, u32)> {
        if self.sweeping.is_some() {
            return None;
        }
        let (from, next) = self.places.next()?;
        self.sweeping = Some(from);
        // The answer to a point read from here serves both.
        if self.fetching.contains(&from) {
            return None;
        }
        let share = room.events_left / self.places.ready().max(1);
        let records = self.lane(next).map_or(0, |lane| lane.left_of(room)).min(share).max(RECORDS_MIN);
        Some((from, u32::try_from(records).unwrap_or(u32::MAX)))
    }
}

impl Activator {
    /// A batch below the tail: queues what matches for whoever is behind and rides along. Who comes to the tail
    /// stands there from now on.
    pub(super) fn sweep_passes(
        &mut self,
        now: Time,
        channel: ChannelId,
        number: PartitionId,
        from: Offset,
        batch: &Batch,
    ) {
        let Some(partition) = self.partition(channel, number) else { return };
        let tail = partition.position();
        let to = batch.next.min(tail);
        let riders = partition.places.riders(from, to);
        for (offset, event, age) in batch.with_ages().take_while(|(offset, ..)| *offset < tail) {
            self.match_record(now, channel, number, (offset, event, age), |partition, id, room| {
                partition.admits_in_sweep(id, offset, from, room)
            });
        }
        if let Some(partition) = self.partition(channel, number) {
            partition.swept(&riders, to);
        }
        self.report_refuted(channel, number, &riders, batch);
        self.commit_later(now, channel);
    }
}
