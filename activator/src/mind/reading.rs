//! Records read at the tail, matched once for all who are there, and when to read more.

use alloc::vec::Vec;
use core::time::Duration;

use super::delivery::{Delivery, Stage, Subject};
use super::fetching::Hold;
use super::lane::Room;
use super::pace::Patience;
use super::partition::Partition;
use super::timer::Timer;
use super::{Activator, Channel};
use crate::effect::{Effect, End, EventRef, Report};
use crate::event::{Event, Identity};
use crate::filter::{Index, hash};
use crate::id::{ChannelId, DeliveryId, Epoch, Offset, Partition as PartitionId, SubscriptionId};
use crate::input::Batch;
use crate::time::Time;
use crate::topology::{Destination, Lot};

/// One subscription takes at most this part of the events that may still be unfinished in all.
const EVENTS_SHARE: usize = 2;
/// One subscription keeps at most this part of what is left of the byte budget.
const BYTES_SHARE: usize = 4;

impl Channel {
    /// Whether nothing is read: what it holds waits for someone to subscribe, or for its return.
    pub(super) const fn rests(&self) -> bool {
        self.leaving || self.keeps && self.subscriptions.is_empty()
    }
}

impl Activator {
    pub(super) fn records(
        &mut self,
        now: Time,
        channel: ChannelId,
        number: PartitionId,
        epoch: Epoch,
        from: Offset,
        batch: &Batch,
    ) {
        let Some(partition) = self.partition(channel, number).filter(|p| p.epoch == epoch) else { return };
        let fetched = partition.fetching.remove(&from);
        let swept = partition.sweeping.take_if(|sweeping| *sweeping == from).is_some();
        let at_tail = !fetched && !swept && core::mem::take(&mut partition.reading);
        let stays = partition.leaving.is_none();
        if fetched {
            self.fetches -= 1;
            self.touched.append(&mut self.starved);
            self.fetched(now, channel, number, from, batch);
        }
        if swept && stays {
            self.sweep_passes(now, channel, number, from, batch);
        }
        // Asked for while someone subscribed, and perhaps answered when no one does.
        if at_tail && stays && !self.channels.get(&channel).is_some_and(Channel::rests) {
            self.tail_passes(now, channel, number, batch);
        }
    }

    /// A batch at the tail: queues what matches for whoever stands there.
    fn tail_passes(&mut self, now: Time, channel: ChannelId, number: PartitionId, batch: &Batch) {
        let patience = Patience::new(now, &self.limits);
        for (offset, event, age) in batch.with_ages() {
            self.match_record(now, channel, number, (offset, event, age), |partition, id, room| {
                partition.admits_at_tail(id, offset, room, patience)
            });
        }
        let until = now + self.limits.tail_waits;
        if let Some(partition) = self.partition(channel, number) {
            partition.advance(batch.next);
            if partition.awaited.begin(until) {
                self.arm(until, Timer::Tail(channel, number));
            }
        }
        self.commit_later(now, channel);
    }

    /// Begins a delivery for each subscription that a record matches and that is admitted.
    pub(super) fn match_record(
        &mut self,
        now: Time,
        channel: ChannelId,
        number: PartitionId,
        (offset, event, age): (Offset, &Event, Duration),
        admits: impl Fn(&mut Partition, SubscriptionId, Room) -> bool,
    ) {
        let Some(known) = self.channels.get_mut(&channel) else { return };
        let index = known.index.get_or_insert_with(|| {
            Index::build(known.subscriptions.iter().map(|id| &self.subscriptions[id].filter))
        });
        let mut hits = core::mem::take(&mut self.hits);
        index.matches(event, &mut hits);
        for &hit in &hits {
            let Some(&subscription) = self.channels[&channel].subscriptions.get(hit as usize) else {
                continue;
            };
            let room = self.room_of(subscription);
            if self.partition(channel, number).is_some_and(|p| admits(p, subscription, room)) {
                self.begin(now, EventRef { subscription, channel, partition: number, offset }, event, age);
            }
        }
        self.hits = hits;
    }

    /// What one subscription may hold at the moment.
    pub(super) fn room(&self) -> Room {
        let limits = &self.limits;
        let events_left = limits.unfinished_max.saturating_sub(self.deliveries.len() - self.held);
        Room {
            events: (events_left / EVENTS_SHARE).max(limits.unfinished_min),
            bytes: limits.budget_bytes.saturating_sub(self.held_bytes) / BYTES_SHARE,
            events_left,
        }
    }

    fn begin(&mut self, now: Time, subject: EventRef, event: &Event, age: Duration) {
        let mut bearer = None;
        if self.subscriptions[&subject.subscription].to == Destination::Named {
            bearer = self.bearer(event);
            if bearer.is_none() {
                return self.report(Report::Settled { event: subject, attempts: 0, end: End::Removed });
            }
        }
        let terms = self.bearing(subject.subscription, bearer);
        let identity = terms.delivery.deduplicate.map(|_| Identity::of(event));
        // What is delivered again on purpose is so at once.
        let due = if bearer.is_none() { now + terms.delivery.after.saturating_sub(age) } else { now };
        let key = self.subscriptions[&subject.subscription].order.key_of(event).map(str::as_bytes);
        let key = key.or_else(|| identity.as_ref().map(|same| &same.0[..])).map(|key| hash(0, key));
        // Whether or not it counts by now: it may before the event is delivered.
        let lot = Some(Lot::of_event(event));
        let delivery = Delivery { bearer, identity, due, ..Delivery::new(Subject::Event(subject), lot) };
        let delivery = self.deliveries.insert(delivery);
        let Some(partition) = self.partition(subject.channel, subject.partition) else { return };
        let in_turn = partition.begin(subject.subscription, subject.offset, delivery, key);
        self.report(Report::Matched { event: subject });
        if in_turn {
            if due <= now {
                self.hold(delivery, event, Hold::WithinShare);
            }
            return self.take_turn(now, delivery);
        }
        if !self.waits_for_retry(subject) {
            self.hold(delivery, event, Hold::WithinShare);
        }
        self.deliveries.get_mut(delivery).into_iter().for_each(|d| d.stage = Stage::Blocked);
    }

    /// Whether the first event of the same key waits for its next attempt, is held, or waits for its subscription to go on: its
    /// successors keep no payloads.
    pub(super) fn waits_for_retry(&self, subject: EventRef) -> bool {
        let partition =
            self.channels.get(&subject.channel).and_then(|c| c.partitions.get(&subject.partition));
        let lane = partition.and_then(|p| p.lane(subject.subscription));
        let first: Option<DeliveryId> = lane.and_then(|lane| lane.predecessor(subject.offset));
        first
            .and_then(|first| self.deliveries.get(first))
            .is_some_and(|d| matches!(d.stage, Stage::Waiting | Stage::Held(_) | Stage::Paused))
    }

    /// Deliveries of a subscription whose events were to match anew and did not, up to its place.
    pub(super) fn report_refuted(
        &mut self,
        channel: ChannelId,
        number: PartitionId,
        riders: &[SubscriptionId],
        batch: &Batch,
    ) {
        let mut over = Vec::new();
        let Some(partition) = self.partition(channel, number) else { return };
        for &subscription in riders {
            for (offset, attempts) in partition.refuted(subscription) {
                let there = batch.records.binary_search_by_key(&offset, |(o, _)| *o).is_ok();
                let end = if there { End::Unmatched } else { End::Gone };
                over.push((EventRef { subscription, channel, partition: number, offset }, attempts, end));
            }
        }
        for (event, attempts, end) in over {
            self.report(Report::Settled { event, attempts, end });
        }
    }

    pub(super) fn partition(&mut self, channel: ChannelId, number: PartitionId) -> Option<&mut Partition> {
        self.channels.get_mut(&channel)?.partitions.get_mut(&number)
    }

    /// Asks where newcomers begin, also when all is to stop: until it is known, nothing is stored for anyone.
    pub(super) fn locate_next(&mut self) {
        for (&channel, known) in self.channels.iter_mut().filter(|(_, c)| c.is_open) {
            for (&partition, state) in &mut known.partitions {
                let epoch = state.epoch;
                if let Some(start) = state.locate_on() {
                    self.effects.push_back(Effect::Locate { channel, partition, epoch, start });
                }
            }
        }
    }

    /// Reads on wherever there is something to read for someone.
    pub(super) fn read_next(&mut self) {
        if self.is_stopping() {
            return;
        }
        let room = self.room();
        let limits = &self.limits;
        for (&channel, known) in self.channels.iter_mut().filter(|(_, c)| c.is_open && !c.rests()) {
            let subscriptions = known.subscriptions.len();
            for (&partition, state) in known.partitions.iter_mut().filter(|(_, p)| p.leaving.is_none()) {
                let epoch = state.epoch;
                let read = |from, records_max| Effect::Read {
                    channel,
                    partition,
                    epoch,
                    from,
                    records_max,
                    bytes_max: limits.read_bytes,
                };
                // With everyone behind, nobody needs the tail: all of it would be read again by the sweep.
                let is_needed = state.places.behind() == 0 || state.places.behind() < subscriptions;
                if is_needed && !state.reading && state.awaited.is_nobody() {
                    state.reading = true;
                    self.effects.push_back(read(state.position(), limits.read_records));
                }
                if let Some((from, records)) = state.sweep_on(room) {
                    self.effects.push_back(read(from, records.clamp(1, limits.read_records)));
                }
            }
        }
    }
}
