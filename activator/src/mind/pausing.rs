//! Subscriptions that somebody paused: nothing is begun for them, what is in flight comes to its end, and what waits goes on
//! with the attempts it had. What comes meanwhile stays in the channel: a paused one lags as one without room does, and the
//! tail and its neighbours go on without it.

use alloc::{sync::Arc, vec::Vec};

use super::Activator;
use super::delivery::{Stage, Storing};
use super::lane::Room;
use super::mending::place;
use crate::id::{DeliveryId, SubscriptionId};

impl Activator {
    pub(super) fn pause(&mut self, name: Arc<str>) {
        if !self.paused.insert(name) {
            return;
        }
        let waits = |stage: &Stage| matches!(stage, Stage::Queued);
        let queued = self.deliveries.iter().filter(|(_, d)| waits(&d.stage)).map(|(id, _)| id);
        // What is in this line is not being appended.
        let kept: Vec<_> =
            queued.chain(self.to_store.iter().copied()).filter(|id| self.is_kept_back(*id)).collect();
        for &id in &kept {
            self.touched.extend(self.destination(id));
            self.keep_back(id);
        }
        if kept.is_empty() {
            return;
        }
        let deliveries = &self.deliveries;
        let stays = |id: &DeliveryId| deliveries.get(*id).is_none_or(|d| d.stage != Stage::Paused);
        self.functions.values_mut().for_each(|function| function.queue.retain(stays));
        self.sinks.values_mut().for_each(|sink| sink.queue.retain(stays));
        self.to_store.retain(stays);
    }

    pub(super) fn resume(&mut self, name: &str) {
        if !self.paused.remove(name) {
            return;
        }
        let is_its_own = |id: DeliveryId| self.terms(id).is_some_and(|terms| *terms.name == *name);
        let paused = self.deliveries.iter().filter(|(_, d)| d.stage == Stage::Paused);
        let mut kept: Vec<_> = paused.map(|(id, _)| id).filter(|id| is_its_own(*id)).collect();
        // As they came.
        kept.sort_by_key(|id| self.subject(*id).map(place));
        for id in kept {
            self.enqueue(id);
        }
        let room = self.room();
        for subscription in self.subscriptions.values().filter(|s| *s.name == *name) {
            let Some(channel) = self.channels.get_mut(&subscription.channel) else { continue };
            channel.partitions.values_mut().for_each(|p| p.relieve(subscription.id, room));
        }
    }

    /// Whether it would be begun now and is not to be.
    pub(super) fn is_kept_back(&self, id: DeliveryId) -> bool {
        !self.paused.is_empty()
            && self.terms(id).is_some_and(|terms| self.paused.contains(&terms.name))
            && self.deliveries.get(id).is_some_and(|d| match &d.stage {
                Stage::Storing { what, .. } => *what == Storing::Forward,
                _ => true,
            })
    }

    /// Any -> Paused. Its event is read again when it goes on.
    pub(super) fn keep_back(&mut self, id: DeliveryId) {
        self.release(id);
        self.deliveries.get_mut(id).into_iter().for_each(|d| d.stage = Stage::Paused);
    }

    /// Whether a subscription takes nothing at the moment.
    pub(super) fn is_paused(&self, id: SubscriptionId) -> bool {
        !self.paused.is_empty() && self.subscriptions.get(&id).is_some_and(|s| self.paused.contains(&s.name))
    }

    /// What a subscription may take of what is read.
    pub(super) fn room_of(&self, id: SubscriptionId) -> Room {
        if self.is_paused(id) { Room::NONE } else { self.room() }
    }

    /// It bears another name from now on.
    pub(super) fn rename_paused(&mut self, from: &str, to: &Arc<str>) {
        if self.paused.remove(from) {
            self.paused.insert(to.clone());
        }
    }
}
