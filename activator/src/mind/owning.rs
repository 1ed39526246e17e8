//! Whose partitions are: all of them where one runtime reads alone; where several share a channel, they come and go.

use alloc::{collections::BTreeMap, sync::Arc, vec, vec::Vec};

use super::Activator;
use super::committing::CommitState;
use super::lane::Lane;
use super::partition::Partition;
use super::timer::Timer;
use crate::cursor::Cursor;
use crate::effect::{Effect, End};
use crate::id::{ChannelId, DeliveryId, Epoch, Offset, Partition as PartitionId, SubscriptionId};
use crate::input::{OpenedPartition, Progress};
use crate::time::Time;
use crate::topology::Start;

/// A partition that was asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// What is in flight comes to its end.
    InFlight,
    /// That has had its time: it is given up as soon as the last commit is answered, whatever it says.
    Overdue,
}

impl Activator {
    pub(super) fn opened(&mut self, now: Time, id: ChannelId, epoch: Epoch, opened: &[OpenedPartition]) {
        self.channels.get_mut(&id).into_iter().for_each(|channel| channel.is_open = true);
        self.assigned(now, id, epoch, opened);
    }

    /// Partitions are ours: whoever has a cursor there goes on from it.
    pub(super) fn assigned(&mut self, now: Time, id: ChannelId, epoch: Epoch, opened: &[OpenedPartition]) {
        for opened in opened {
            self.lose(id, opened.partition);
            let Some(channel) = self.channels.get_mut(&id) else { return };
            let position = opened.committed.as_ref().map_or(opened.begin, |progress| progress.position);
            let mut partition = Partition::new(epoch, position, opened.committed.is_some());
            let mut cursors = named_cursors(opened.committed.as_ref());
            for &subscription in &channel.subscriptions {
                let Some(wired) = self.subscriptions.get(&subscription) else { continue };
                match cursors.remove(&wired.name) {
                    Some(cursor) => known(&mut partition, subscription, cursor, wired.start),
                    None => begin(&mut partition, subscription, wired.start),
                }
            }
            let orphans = cursors.into_iter().map(|(name, cursor)| ((opened.partition, name), cursor));
            channel.orphans.extend(orphans);
            channel.partitions.insert(opened.partition, partition);
        }
        self.commit_soon(now, id);
    }

    /// The answer to [`Effect::Locate`].
    pub(super) fn located(
        &mut self,
        now: Time,
        (channel, number, epoch): (ChannelId, PartitionId, Epoch),
        start: Start,
        offset: Offset,
    ) {
        let Some(partition) = self.partition(channel, number).filter(|p| p.epoch == epoch) else { return };
        partition.located(start, offset);
        self.commit_soon(now, channel);
    }

    /// Partitions are asked back: nothing new begins, and what waits is the next owner's.
    pub(super) fn revoking(&mut self, now: Time, channel: ChannelId, partitions: &[PartitionId]) {
        for &number in partitions {
            let Some(partition) = self.partition(channel, number) else {
                self.ask(Effect::Release { channel, partitions: vec![number] });
                continue;
            };
            if partition.leaving.replace(Leaving::InFlight).is_some() {
                continue;
            }
            let (behind, epoch): (Vec<_>, _) = (partition.progress().collect(), partition.epoch);
            for (subscription, cursor) in behind {
                for delivery in self.deliveries_of(channel, number, subscription) {
                    if !self.is_under_way(delivery) {
                        self.end(delivery, End::Elsewhere);
                    }
                }
                if let Some(partition) = self.partition(channel, number) {
                    partition.resume(subscription, cursor);
                }
            }
            self.arm(now + self.limits.revoke, Timer::Revoke(channel, number, epoch));
            self.revoking.push((channel, number));
        }
    }

    /// What is in flight has had its time: its news will be stale.
    pub(super) fn revoke_overdue(&mut self, channel: ChannelId, number: PartitionId, epoch: Epoch) {
        let asked_back = |p: &&mut Partition| p.epoch == epoch && p.leaving.is_some();
        let Some(partition) = self.partition(channel, number).filter(asked_back) else { return };
        partition.leaving = Some(Leaving::Overdue);
        self.detach_all(channel, number);
    }

    /// Gives up what is to be given up: when nothing is in flight any more, and what was done is stored.
    pub(super) fn release_next(&mut self) {
        for (channel, number) in core::mem::take(&mut self.revoking) {
            // Lost meanwhile, or let go of with its channel.
            if self.partition(channel, number).is_none_or(|p| p.leaving.is_none()) {
                continue;
            }
            if !self.may_release(channel, number) {
                self.revoking.push((channel, number));
                continue;
            }
            self.lose(channel, number);
            self.ask(Effect::Release { channel, partitions: vec![number] });
        }
    }

    fn may_release(&mut self, channel: ChannelId, number: PartitionId) -> bool {
        let Some(known) = self.channels.get(&channel) else { return true };
        let Some(partition) = known.partitions.get(&number) else { return true };
        let overdue = partition.leaving == Some(Leaving::Overdue);
        if !overdue && partition.lanes().any(|(_, lane)| !lane.is_empty()) {
            return false;
        }
        match &known.commit {
            CommitState::UnderWay(stored) if stored.contains(&number) => false,
            _ if !partition.is_to_store() => true,
            CommitState::Failed if overdue => true,
            CommitState::Clean | CommitState::Armed => {
                self.commit_at_once(channel);
                false
            }
            CommitState::UnderWay(_) | CommitState::Failed => false,
        }
    }

    /// Partitions are somebody else's already.
    pub(super) fn lost(&mut self, channel: ChannelId, partitions: &[PartitionId]) {
        for &number in partitions {
            self.lose(channel, number);
        }
    }

    /// Forgets a partition: what waits is dropped, and news of what is in flight is stale.
    fn lose(&mut self, channel: ChannelId, number: PartitionId) {
        self.detach_all(channel, number);
        let Some(known) = self.channels.get_mut(&channel) else { return };
        let Some(partition) = known.partitions.remove(&number) else { return };
        known.orphans.retain(|(of, _), _| *of != number);
        self.let_go(&partition);
    }

    /// What a partition held is free again.
    pub(super) fn let_go(&mut self, partition: &Partition) {
        self.held_bytes -= partition.held_bytes();
        self.fetches -= partition.fetching.len();
        self.touched.append(&mut self.starved);
    }

    /// Drops what waits for its turn, and what is in flight comes to its end for nobody.
    fn detach_all(&mut self, channel: ChannelId, number: PartitionId) {
        let Some(partition) = self.partition(channel, number) else { return };
        let lanes: Vec<SubscriptionId> = partition.lanes().map(|(id, _)| id).collect();
        for subscription in lanes {
            let Some(cursor) = self.partition(channel, number).and_then(|p| p.cursor(subscription)) else {
                continue;
            };
            self.tell_doubted((channel, number), subscription, &End::Elsewhere);
            for delivery in self.deliveries_of(channel, number, subscription) {
                self.lose_delivery(delivery);
            }
            if let Some(partition) = self.partition(channel, number) {
                partition.lane_mut(subscription).into_iter().for_each(Lane::clear);
                partition.resume(subscription, cursor);
            }
        }
    }

    pub(super) fn deliveries_of(
        &mut self,
        channel: ChannelId,
        number: PartitionId,
        subscription: SubscriptionId,
    ) -> Vec<DeliveryId> {
        let lane = self.partition(channel, number).and_then(|p| p.lane(subscription));
        lane.map_or_else(Vec::new, |lane| lane.deliveries().collect())
    }
}

fn named_cursors(committed: Option<&Progress>) -> BTreeMap<Arc<str>, Cursor> {
    let behind = committed.into_iter().flat_map(|progress| &progress.behind);
    behind.map(|(name, cursor)| (name.clone(), cursor.clone())).collect()
}

/// A subscription whose cursor is stored.
pub(super) fn known(partition: &mut Partition, id: SubscriptionId, cursor: Cursor, start: Start) {
    partition.resume(id, cursor);
    if start != Start::Tail {
        partition.pin(id);
    }
}

/// A subscription of which nothing is stored.
pub(super) fn begin(partition: &mut Partition, id: SubscriptionId, start: Start) {
    match start {
        Start::Tail => {}
        Start::Offset(offset) => known(partition, id, Cursor::at(offset), start),
        Start::Beginning | Start::Time(_) => partition.locate(id, start),
    }
}
