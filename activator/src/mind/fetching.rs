//! Events kept in memory while they wait, within the byte budget, and read again when they were not.

use alloc::vec::Vec;

use super::Activator;
use super::delivery::{Stage, Storing, Subject};
use crate::effect::{Effect, EventRef};
use crate::event::Event;
use crate::id::{ChannelId, DeliveryId, Offset, Partition as PartitionId};
use crate::input::Batch;
use crate::time::Time;

/// When an event is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Its attempt is next: what is handed out is bounded by concurrency.
    Always,
    /// It waits: only while its subscription has not used up its share.
    WithinShare,
}

impl Activator {
    /// Keeps the event of a delivery in memory.
    pub(super) fn hold(&mut self, id: DeliveryId, event: &Event, how: Hold) {
        let share = self.room().bytes;
        let Some(subject) = self.subject(id) else { return };
        let Some(partition) =
            self.channels.get_mut(&subject.channel).and_then(|c| c.partitions.get_mut(&subject.partition))
        else {
            return;
        };
        let lane_bytes = partition.lane(subject.subscription).map_or(usize::MAX, |lane| lane.held_bytes);
        let Some(delivery) = self.deliveries.get_mut(id).filter(|d| !d.holds) else { return };
        if how == Hold::Always || lane_bytes < share {
            delivery.holds = true;
            self.held_bytes += partition.hold(subject.subscription, subject.offset, event);
        }
    }

    /// Lets go of the event of a delivery; it can be read again.
    pub(super) fn release(&mut self, id: DeliveryId) {
        let Some(subject) = self.subject(id) else { return };
        let Some(delivery) = self.deliveries.get_mut(id).filter(|d| d.holds) else { return };
        delivery.holds = false;
        if let Some(partition) = self.partition(subject.channel, subject.partition) {
            let freed = partition.release(subject.subscription, subject.offset);
            self.held_bytes -= freed;
        }
        self.relieve(subject);
    }

    /// The subscription of an event that is done, or let go of, may have room again.
    pub(super) fn relieve(&mut self, subject: EventRef) {
        if self.is_paused(subject.subscription) {
            return;
        }
        let room = self.room();
        if let Some(partition) = self.partition(subject.channel, subject.partition) {
            partition.relieve(subject.subscription, room);
        }
    }

    /// Lets go of all events that wait for one of the same key, which will take its time.
    pub(super) fn release_successors(&mut self, subject: EventRef) {
        let lane =
            self.partition(subject.channel, subject.partition).and_then(|p| p.lane(subject.subscription));
        let waiting = lane.map_or_else(Vec::new, |lane| lane.successors(subject.offset));
        for delivery in waiting {
            self.release(delivery);
        }
    }

    /// Queued, Storing -> Fetching: asks for the event of a delivery again. Says whether there was credit for it.
    pub(super) fn fetch(&mut self, id: DeliveryId) -> bool {
        let Some(subject) = self.subject(id) else { return false };
        if self.fetches >= self.limits.fetches_max {
            return false;
        }
        let (records_max, bytes_max) = (self.limits.read_records, self.limits.read_bytes);
        let channel = subject.channel;
        let Some(partition) = self.partition(channel, subject.partition) else { return false };
        let (epoch, from) = (partition.epoch, subject.offset);
        if partition.fetching.insert(from) {
            // The answer to a sweep from here serves both.
            let asked = partition.sweeping == Some(from);
            self.fetches += 1;
            if !asked {
                let partition = subject.partition;
                self.ask(Effect::Read { channel, partition, epoch, from, records_max, bytes_max });
            }
        }
        if let Some(delivery) = self.deliveries.get_mut(id) {
            let was = core::mem::replace(&mut delivery.stage, Stage::Queued);
            let dead_of = match was {
                Stage::Storing { what: Storing::DeadLetter(outcome), .. } => Some(outcome),
                _ => None,
            };
            delivery.stage = Stage::Fetching { dead_of };
        }
        true
    }

    /// Events read again: for the delivery that asked, and for those behind it that will ask next.
    pub(super) fn fetched(
        &mut self,
        now: Time,
        channel: ChannelId,
        number: PartitionId,
        from: Offset,
        batch: &Batch,
    ) {
        let mut to_front = Vec::new();
        for (offset, id) in self.unfinished(channel, number, from, batch.next) {
            let found = batch.records.binary_search_by_key(&offset, |(o, _)| *o).ok();
            match (found.map(|at| &batch.records[at].1), self.deliveries.get(id).map(|d| &d.stage)) {
                (Some(event), Some(Stage::Fetching { .. })) => {
                    self.hold(id, event, Hold::Always);
                    to_front.push(id);
                }
                (Some(event), Some(Stage::Queued)) => self.hold(id, event, Hold::WithinShare),
                (Some(event), Some(Stage::Blocked)) => {
                    let subject = self.subject(id);
                    if !subject.is_some_and(|subject| self.waits_for_retry(subject)) {
                        self.hold(id, event, Hold::WithinShare);
                    }
                }
                (None, _) if offset == from => self.gone(now, id),
                _ => {}
            }
        }
        // Each comes before those that were put there before it.
        to_front.into_iter().rev().for_each(|id| self.go_on(id));
    }

    /// Fetching -> Queued or Storing: its event was read again.
    fn go_on(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        let Stage::Fetching { dead_of } = &mut delivery.stage else { return };
        match dead_of.take() {
            Some(outcome) => self.store(id, Storing::DeadLetter(outcome)),
            None => self.enqueue_first(id),
        }
    }

    fn unfinished(
        &mut self,
        channel: ChannelId,
        number: PartitionId,
        from: Offset,
        to: Offset,
    ) -> Vec<(Offset, DeliveryId)> {
        let Some(partition) = self.partition(channel, number) else { return Vec::new() };
        // What asked is looked at also when nothing at all was there.
        let to = to.max(from.next());
        partition.lanes().flat_map(|(_, lane)| lane.between(from, to)).collect()
    }

    /// The event a delivery is about, when it is in memory.
    pub(super) fn event_of(&self, id: DeliveryId) -> Option<Event> {
        let subject = self.subject(id)?;
        self.channels
            .get(&subject.channel)?
            .partitions
            .get(&subject.partition)?
            .event(subject.offset)
            .cloned()
    }

    /// The event a delivery is about; nothing for calls and what is detached.
    pub(super) fn subject(&self, id: DeliveryId) -> Option<EventRef> {
        match self.deliveries.get(id)?.subject {
            Subject::Event(event) => Some(event),
            Subject::Call { .. } | Subject::Detached => None,
        }
    }
}
