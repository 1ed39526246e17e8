//! A new topology against the old one: what is equal goes on undisturbed.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use super::committing::CommitState;
use super::lane::Lane;
use super::running::FunctionQueue;
use super::{Activator, Channel, owning};
use crate::effect::{Effect, End, EventRef, Report};
use crate::id::{ChannelId, DeliveryId, Partition as PartitionId, SubscriptionId};
use crate::time::Time;
use crate::topology::{self, Destination, Subscription, Topology};

/// A map that was filled one by one, in order, has nodes that are half empty; of all at once, they are full.
fn pack<K: Ord, V>(map: &mut BTreeMap<K, V>) {
    *map = core::mem::take(map).into_iter().collect();
}

impl Activator {
    pub(super) fn wired(&mut self, now: Time, topology: Topology) {
        self.dead_letters = topology.dead_letters;
        let mut new: BTreeMap<_, _> = topology.subscriptions.into_iter().map(|s| (s.id, s)).collect();
        let mut renamed = self.renamed(&new);
        let known: Vec<SubscriptionId> = self.subscriptions.keys().copied().collect();
        let mut others = !new.keys().eq(&known);
        for id in known {
            let old = &self.subscriptions[&id];
            match new.get(&id) {
                Some(same) if same == old => {
                    // The new one's memory is shared with the rest of the new wiring.
                    let same = new.remove(&id);
                    self.subscriptions.extend(same.map(|same| (id, same)));
                }
                Some(changed) if changed.channel == old.channel => {
                    let changed = changed.clone();
                    new.remove(&id);
                    others = true;
                    self.rewire(now, changed);
                }
                _ => self.unsubscribe(now, id),
            }
        }
        self.close_all_but(&topology.channels);
        for channel in &topology.channels {
            self.wire_channel(channel);
        }
        for subscription in new.into_values() {
            let before = renamed.remove(&subscription.id);
            self.subscribe(now, subscription, before);
        }
        if others {
            self.replays_go_elsewhere(now);
            pack(&mut self.subscriptions);
            pack(&mut self.functions);
        }
        self.share_out(topology.traffic);
        self.tidy_memories(now);
    }

    /// Who comes under a new name and is in all else the one that goes: it bears that one's name until now.
    fn renamed(
        &self,
        new: &BTreeMap<SubscriptionId, Arc<Subscription>>,
    ) -> BTreeMap<SubscriptionId, Arc<str>> {
        let mut renamed = BTreeMap::new();
        let is_new = |s: &&Arc<Subscription>| !self.subscriptions.contains_key(&s.id);
        for gone in self.subscriptions.values().filter(|s| !new.contains_key(&s.id)) {
            let mut same = new.values().filter(is_new).filter(|s| {
                ***s == Subscription { id: s.id, name: s.name.clone(), ..Subscription::clone(gone) }
            });
            // With several it is anybody's guess.
            if let (Some(one), None) = (same.next(), same.next()) {
                renamed.entry(one.id).or_insert_with(|| gone.name.clone());
            }
        }
        renamed
    }

    fn wire_channel(&mut self, channel: &topology::Channel) {
        if let Some(known) = self.channels.get_mut(&channel.id) {
            (known.keeps, known.is_last, known.hops) = (channel.keeps, channel.is_last, channel.hops);
            known.leaving = false;
            return;
        }
        let wired = Channel {
            keeps: channel.keeps,
            is_last: channel.is_last,
            hops: channel.hops,
            is_open: false,
            partitions: BTreeMap::new(),
            subscriptions: Vec::new(),
            index: None,
            orphans: BTreeMap::new(),
            leaving: false,
            commit: CommitState::Clean,
            commit_next: Time::default(),
            commits_later: false,
        };
        self.channels.insert(channel.id, wired);
        self.ask(Effect::Open { channel: channel.id });
    }

    fn close_all_but(&mut self, kept: &[topology::Channel]) {
        let gone: Vec<ChannelId> =
            self.channels.keys().filter(|id| !kept.iter().any(|c| c.id == **id)).copied().collect();
        for id in gone {
            self.channels.get_mut(&id).into_iter().for_each(|channel| channel.leaving = true);
            if self.channels.get(&id).is_some_and(|c| c.commit == CommitState::Armed || c.is_to_commit()) {
                self.commit_at_once(id);
            }
            self.close_if_stored(id);
        }
    }

    /// Lets go of a channel that is out of the wiring, when its progress is stored. Where everyone was, also those
    /// who were removed with it, counts should it come back.
    pub(super) fn close_if_stored(&mut self, id: ChannelId) {
        let stored = |c: &Channel| c.leaving && c.commit == CommitState::Clean;
        if !self.channels.get(&id).is_some_and(stored) {
            return;
        }
        let Some(channel) = self.channels.remove(&id) else { return };
        channel.partitions.values().for_each(|partition| self.let_go(partition));
        self.ask(Effect::Close { channel: id });
    }

    /// A subscription goes on from the cursor its name has, or the name it had before, or begins where it says.
    fn subscribe(&mut self, now: Time, subscription: Arc<Subscription>, before: Option<Arc<str>>) {
        let id = subscription.id;
        if let Destination::Function(function) = subscription.to {
            self.functions.entry(function).or_insert_with(|| Box::new(FunctionQueue::new(function)));
        }
        if let Some(channel) = self.channels.get_mut(&subscription.channel) {
            channel.subscriptions.push(id);
            channel.index = None;
            for (&number, partition) in &mut channel.partitions {
                let mut left = |name: &Arc<str>| channel.orphans.remove(&(number, name.clone()));
                match left(&subscription.name).or_else(|| left(before.as_ref()?)) {
                    Some(cursor) => owning::known(partition, id, cursor, subscription.start),
                    None => owning::begin(partition, id, subscription.start),
                }
                partition.dirty = true;
            }
            self.commit_soon(now, subscription.channel);
        }
        self.departed_return(subscription.channel, &subscription.name);
        if let Some(from) = before {
            self.departed_return(subscription.channel, &from);
            self.rename_memory(&from, &subscription.name);
            self.rename_paused(&from, &subscription.name);
            self.report(Report::Renamed { from, to: subscription.name.clone() });
        }
        self.subscriptions.insert(id, subscription);
    }

    /// A subscription is gone: its cursor stays behind under its name. What is under way comes to its end; what is not
    /// done by then is delivered again should the name come back.
    fn unsubscribe(&mut self, now: Time, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get(&id) else { return };
        let (channel_id, name) = (subscription.channel, subscription.name.clone());
        let Some(channel) = self.channels.get_mut(&channel_id) else { return };
        channel.subscriptions.retain(|s| *s != id);
        channel.index = None;
        let (mut deliveries, mut left) = (Vec::new(), Vec::new());
        for (&number, partition) in &mut channel.partitions {
            let Some(cursor) = partition.cursor(id) else { continue };
            channel.orphans.insert((number, name.clone()), cursor);
            deliveries.extend(partition.lane(id).into_iter().flat_map(Lane::deliveries));
            partition.dirty = true;
            left.push((channel_id, number));
        }
        left.into_iter().for_each(|partition| self.tell_doubted(partition, id, &End::Removed));
        deliveries.into_iter().for_each(|delivery| self.depart(delivery));
        if let Some(channel) = self.channels.get_mut(&channel_id) {
            channel.partitions.values_mut().for_each(|p| p.forget(id));
        }
        self.subscriptions.remove(&id);
        self.commit_soon(now, channel_id);
    }

    /// A subscription is the same and wants something else: what waits is matched anew from the channel, what is
    /// under way comes to its end and is not delivered again.
    pub(super) fn rewire(&mut self, now: Time, subscription: Arc<Subscription>) {
        let (id, channel_id) = (subscription.id, subscription.channel);
        let Some(channel) = self.channels.get(&channel_id) else { return };
        let cursors: Vec<_> =
            channel.partitions.iter().filter_map(|(&n, p)| Some((n, p.cursor(id)?))).collect();
        let lanes = channel.partitions.values().filter_map(|p| p.lane(id));
        let deliveries: Vec<_> = lanes.flat_map(Lane::deliveries).collect();
        for delivery in deliveries {
            self.doubt(delivery);
        }
        if let Destination::Function(function) = subscription.to {
            self.functions.entry(function).or_insert_with(|| Box::new(FunctionQueue::new(function)));
        }
        self.subscriptions.insert(id, subscription);
        if let Some(channel) = self.channels.get_mut(&channel_id) {
            channel.index = None;
            for (number, cursor) in cursors {
                channel.partitions.get_mut(&number).into_iter().for_each(|p| p.resume(id, cursor.clone()));
            }
        }
        self.commit_soon(now, channel_id);
    }

    /// Abandons a delivery whose event is matched anew; should that fail, people are told.
    fn doubt(&mut self, id: DeliveryId) {
        let Some(event) = self.subject(id).filter(|_| !self.is_under_way(id)) else { return };
        let attempts = self.deliveries.get(id).map_or(0, |d| d.attempts);
        self.forget(id);
        if let Some(partition) = self.partition(event.channel, event.partition) {
            partition.doubt(event.subscription, event.offset, attempts);
        }
    }

    /// What was to be matched anew for a subscription is not, since it or the partition goes.
    pub(super) fn tell_doubted(
        &mut self,
        (channel, partition): (ChannelId, PartitionId),
        subscription: SubscriptionId,
        end: &End,
    ) {
        let lane = self.partition(channel, partition).and_then(|p| p.lane(subscription));
        let doubted: Vec<_> = lane.into_iter().flat_map(Lane::doubted).collect();
        for (offset, attempts) in doubted {
            let event = EventRef { subscription, channel, partition, offset };
            self.report(Report::Settled { event, attempts, end: end.clone() });
        }
    }
}
