//! Channels opened, records read and matched once for all, and when to read more.

use alloc::{collections::BTreeMap, vec::Vec};

use super::delivery::{Delivery, Stage, Subject};
use super::partition::Partition;
use super::{Activator, Channel};
use crate::cursor::Cursor;
use crate::effect::{Effect, End, EventRef, Report};
use crate::event::Event;
use crate::filter::Index;
use crate::id::{ChannelId, DeliveryId, Epoch, Offset, Partition as PartitionId, SubscriptionId};
use crate::input::{Batch, OpenedPartition};
use crate::time::Time;

/// A subscription keeps at most this part of what is left of the byte budget in a partition; what matches beyond
/// it is kept as an offset and read again. However many are slow, there is room for one more, and reading never
/// waits for any of them.
const SHARE: usize = 4;

/// When an event is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Its attempt is next: what is handed out is bounded by concurrency.
    Always,
    /// It waits: only while its subscription has not used up its share.
    WithinShare,
}

impl Channel {
    /// Whether nothing is read: what it holds waits for someone to subscribe, or for its return.
    const fn rests(&self) -> bool {
        self.leaving || self.keeps && self.subscriptions.is_empty()
    }
}

impl Activator {
    pub(super) fn opened(&mut self, now: Time, id: ChannelId, epoch: Epoch, partitions: &[OpenedPartition]) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        channel.epoch = Some(epoch);
        for opened in partitions {
            let mut cursors: BTreeMap<_, _> = opened
                .committed
                .iter()
                .flat_map(|progress| &progress.behind)
                .map(|(name, cursor)| (name.clone(), cursor.clone()))
                .collect();
            let newcomers_begin = opened.committed.as_ref().map_or(opened.begin, |p| p.position);
            let lanes = channel.subscriptions.iter().map(|&subscription| {
                let name = &self.subscriptions[&subscription].name;
                let cursor = cursors.remove(name).unwrap_or_else(|| Cursor::at(newcomers_begin));
                (subscription, cursor)
            });
            let lanes = lanes.collect();
            channel.partitions.insert(opened.partition, Partition::opened(opened, lanes));
            let orphans = cursors.into_iter().map(|(name, cursor)| ((opened.partition, name), cursor));
            channel.orphans.extend(orphans);
        }
        self.commit_soon(now, id);
    }

    pub(super) fn records(
        &mut self,
        now: Time,
        channel: ChannelId,
        number: PartitionId,
        epoch: Epoch,
        from: Offset,
        batch: Batch,
    ) {
        let Some(known) = self.channels.get_mut(&channel).filter(|c| c.epoch == Some(epoch)) else { return };
        let Some(partition) = known.partitions.get_mut(&number) else { return };
        if partition.fetching.remove(&from) {
            self.fetches -= 1;
            self.touched.append(&mut self.starved);
            self.fetched(now, channel, number, from, &batch);
        } else if partition.reading.remove(&from) && partition.position == from {
            self.matched(now, channel, number, batch);
        }
    }

    /// Matches a batch at the tail, once for all subscriptions, and queues what matched.
    fn matched(&mut self, now: Time, channel: ChannelId, number: PartitionId, batch: Batch) {
        // Asked for while someone subscribed, and answered when no one does.
        if self.channels.get(&channel).is_some_and(Channel::rests) {
            return;
        }
        let (mut begun, mut over) = (Vec::new(), Vec::new());
        for (offset, event) in &batch.records {
            self.match_record(channel, number, *offset, event, &mut begun);
            for (delivery, subject) in begun.drain(..) {
                self.hold(delivery, event, Hold::WithinShare);
                self.report(Report::Matched { event: subject });
                self.enqueue(delivery);
            }
            let refuted = self.partition(channel, number).map(|p| p.refuted(*offset)).unwrap_or_default();
            over.extend(refuted.into_iter().map(|(subscription, attempts)| {
                (EventRef { subscription, partition: number, offset: *offset }, attempts, End::Unmatched)
            }));
        }
        if let Some(partition) = self.partition(channel, number) {
            partition.advance(batch.next);
            over.extend(partition.missed().into_iter().map(|(subscription, offset, attempts)| {
                (EventRef { subscription, partition: number, offset }, attempts, End::Gone)
            }));
        }
        for (event, attempts, end) in over {
            self.report(Report::Settled { event, attempts, end });
        }
        self.commit_soon(now, channel);
    }

    /// Begins a delivery for each subscription that a record matches and that does not know it yet.
    fn match_record(
        &mut self,
        channel: ChannelId,
        number: PartitionId,
        offset: Offset,
        event: &Event,
        begun: &mut Vec<(DeliveryId, EventRef)>,
    ) {
        let Some(known) = self.channels.get_mut(&channel) else { return };
        let Some(partition) = known.partitions.get_mut(&number) else { return };
        let index = known.index.get_or_insert_with(|| {
            Index::build(known.subscriptions.iter().map(|id| &self.subscriptions[id].filter))
        });
        index.matches(event, &mut self.hits);
        for &hit in &self.hits {
            let id = known.subscriptions[hit as usize];
            let Some(lane) = partition.lanes.get_mut(&id).filter(|lane| !lane.knows(offset)) else {
                continue;
            };
            let subject = EventRef { subscription: id, partition: number, offset };
            let delivery = self.deliveries.insert(Delivery::new(Subject::Event(subject)));
            lane.unfinished.insert(offset, delivery);
            partition.confirm(id, offset);
            begun.push((delivery, subject));
        }
    }

    /// Keeps the event of a delivery in memory.
    pub(super) fn hold(&mut self, id: DeliveryId, event: &Event, how: Hold) {
        let share = self.limits.budget_bytes.saturating_sub(self.held_bytes) / SHARE;
        let Some((subject, channel)) = self.subject(id) else { return };
        let Some(partition) =
            self.channels.get_mut(&channel).and_then(|c| c.partitions.get_mut(&subject.partition))
        else {
            return;
        };
        let lane_bytes =
            partition.lanes.get(&subject.subscription).map_or(usize::MAX, |lane| lane.held_bytes);
        let Some(delivery) = self.deliveries.get_mut(id).filter(|d| !d.holds) else { return };
        if how == Hold::Always || lane_bytes < share {
            delivery.holds = true;
            self.held_bytes += partition.hold(subject.subscription, subject.offset, event);
        }
    }

    /// Lets go of the event of a delivery; it can be read again.
    pub(super) fn release(&mut self, id: DeliveryId) {
        let Some((subject, channel)) = self.subject(id) else { return };
        let Some(delivery) = self.deliveries.get_mut(id).filter(|d| d.holds) else { return };
        delivery.holds = false;
        if let Some(partition) = self.partition(channel, subject.partition) {
            let freed = partition.release(subject.subscription, subject.offset);
            self.held_bytes -= freed;
        }
    }

    /// Queued -> Fetching: asks for the event of a delivery again. Says whether there was credit for it.
    pub(super) fn fetch(&mut self, id: DeliveryId) -> bool {
        let Some((subject, channel_id)) = self.subject(id) else { return false };
        if self.fetches >= self.limits.fetches_max {
            return false;
        }
        let Some(channel) = self.channels.get_mut(&channel_id) else { return false };
        let (Some(epoch), Some(partition)) = (channel.epoch, channel.partitions.get_mut(&subject.partition))
        else {
            return false;
        };
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.stage = Stage::Fetching;
        }
        if partition.fetching.insert(subject.offset) {
            self.fetches += 1;
            let effect = Effect::Read {
                channel: channel_id,
                partition: subject.partition,
                epoch,
                from: subject.offset,
                records_max: self.limits.read_records,
                bytes_max: self.limits.read_bytes,
            };
            self.ask(effect);
        }
        true
    }

    /// Events read again: for the delivery that asked, and for those behind it that will ask next.
    fn fetched(&mut self, now: Time, channel: ChannelId, number: PartitionId, from: Offset, batch: &Batch) {
        for (offset, event) in &batch.records {
            for delivery in self.unfinished_at(channel, number, *offset) {
                match self.deliveries.get(delivery).map(|d| &d.stage) {
                    Some(Stage::Fetching) => {
                        self.hold(delivery, event, Hold::Always);
                        self.enqueue_first(delivery);
                    }
                    Some(Stage::Queued) => self.hold(delivery, event, Hold::WithinShare),
                    _ => {}
                }
            }
        }
        if batch.records.first().is_none_or(|(offset, _)| *offset != from) {
            for delivery in self.unfinished_at(channel, number, from) {
                self.gone(now, delivery);
            }
        }
    }

    fn unfinished_at(&self, channel: ChannelId, number: PartitionId, offset: Offset) -> Vec<DeliveryId> {
        let partition = self.channels.get(&channel).and_then(|c| c.partitions.get(&number));
        let lanes = partition.into_iter().flat_map(|p| p.lanes.values());
        lanes.filter_map(|lane| lane.unfinished.get(&offset).copied()).collect()
    }

    /// The event a delivery is about, when it is in memory.
    pub(super) fn event_of(&self, id: DeliveryId) -> Option<Event> {
        let (subject, channel) = self.subject(id)?;
        self.channels.get(&channel)?.partitions.get(&subject.partition)?.event(subject.offset).cloned()
    }

    /// The event a delivery is about, and the channel it is in; nothing for calls and what is detached.
    pub(super) fn subject(&self, id: DeliveryId) -> Option<(EventRef, ChannelId)> {
        match self.deliveries.get(id)?.subject {
            Subject::Event(event) => Some((event, self.channel_of(event.subscription)?)),
            Subject::Call { .. } | Subject::Detached => None,
        }
    }

    fn channel_of(&self, subscription: SubscriptionId) -> Option<ChannelId> {
        self.subscriptions.get(&subscription).map(|s| s.channel)
    }

    pub(super) fn partition(&mut self, channel: ChannelId, number: PartitionId) -> Option<&mut Partition> {
        self.channels.get_mut(&channel)?.partitions.get_mut(&number)
    }

    /// Reads on wherever there is room for more.
    pub(super) fn read_next(&mut self) {
        if self.is_stopping() {
            return;
        }
        for (&channel, known) in &mut self.channels {
            let Some(epoch) = known.epoch else { continue };
            if known.rests() {
                continue;
            }
            for (&number, partition) in &mut known.partitions {
                if !partition.has_room(self.limits.unfinished_max)
                    || !partition.reading.insert(partition.position)
                {
                    continue;
                }
                self.effects.push_back(Effect::Read {
                    channel,
                    partition: number,
                    epoch,
                    from: partition.position,
                    records_max: self.limits.read_records,
                    bytes_max: self.limits.read_bytes,
                });
            }
        }
    }
}
