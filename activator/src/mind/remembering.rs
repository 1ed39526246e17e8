//! What was delivered, for subscriptions that want the same event once: one that comes again within a time, and among so
//! many, comes to its end without an attempt. What counts is that it was delivered; of two that are under way in one
//! partition, the second waits for the first.

use alloc::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use super::Activator;
use super::delivery::Stage;
use crate::delivery::Deduplicate;
use crate::effect::{Effect, End};
use crate::event::Identity;
use crate::id::{DeliveryId, SubscriptionId};
use crate::time::Time;
use crate::topology::Subscription;

/// What one subscription had.
#[derive(Debug, Default)]
pub(super) struct Memory {
    until: BTreeMap<Identity, Time>,
    /// The same in the order they came; one that came again is in it twice.
    order: VecDeque<(Identity, Time)>,
}

impl Memory {
    fn remember(&mut self, identity: Identity, until: Time, max: usize) {
        self.until.insert(identity, until);
        self.order.push_back((identity, until));
        while self.order.len() > max {
            self.forget_oldest();
        }
    }

    fn knows(&self, now: Time, identity: Identity) -> bool {
        self.until.get(&identity).is_some_and(|until| now < *until)
    }

    /// Lets go of what is over.
    fn forget_until(&mut self, now: Time) {
        while self.order.front().is_some_and(|(_, until)| *until <= now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((identity, until)) = self.order.pop_front()
            && self.until.get(&identity) == Some(&until)
        {
            self.until.remove(&identity);
        }
    }
}

impl Activator {
    /// What was remembered in an earlier life.
    pub(super) fn remembered(&mut self, now: Time, name: Arc<str>, seen: Vec<(Identity, Duration)>) {
        let memory = self.memories.entry(name).or_default();
        for (identity, left) in seen {
            memory.remember(identity, now + left, usize::MAX);
        }
    }

    /// Whether its event was delivered before. One that is delivered again on purpose is no repetition.
    pub(super) fn is_repeated(&self, now: Time, id: DeliveryId) -> bool {
        let Some(delivery) = self.deliveries.get(id).filter(|d| d.bearer.is_none()) else { return false };
        let Some(identity) = delivery.identity else { return false };
        let Some(subscription) = self.terms(id) else { return false };
        let memory = self.memories.get(&subscription.name);
        subscription.delivery.deduplicate.is_some() && memory.is_some_and(|m| m.knows(now, identity))
    }

    /// Nothing is left to do for it but to say so, at the end of what is going on.
    pub(super) fn repeat(&mut self, id: DeliveryId) {
        self.deliveries.get_mut(id).into_iter().for_each(|d| d.stage = Stage::Blocked);
        self.repeated.push(id);
    }

    /// The next of those whose event was delivered before.
    pub(super) fn settle_repeated(&mut self, now: Time) -> bool {
        let Some(id) = self.repeated.pop() else { return false };
        self.settle(now, id, End::Duplicate);
        true
    }

    /// What is to be remembered of a delivery, if it is a success.
    pub(super) fn to_remember(&self, id: DeliveryId, end: &End) -> Option<(Arc<str>, Identity, Deduplicate)> {
        let subscription = self.terms(id).filter(|_| matches!(end, End::Delivered { .. }))?;
        let identity = self.deliveries.get(id)?.identity?;
        Some((subscription.name.clone(), identity, subscription.delivery.deduplicate?))
    }

    pub(super) fn remember(&mut self, now: Time, name: Arc<str>, identity: Identity, how: Deduplicate) {
        let memory = self.memories.entry(name.clone()).or_default();
        memory.forget_until(now);
        memory.remember(identity, now + how.time, how.max as usize);
        self.ask(Effect::Remember { name, identity });
    }

    /// The wiring changed. Of a name that is gone, what was delivered stays known for its time: it may come back.
    pub(super) fn tidy_memories(&mut self, now: Time) {
        let wanted = |s: &&Arc<Subscription>| s.delivery.deduplicate.is_some();
        let wanted: Vec<Arc<str>> =
            self.subscriptions.values().filter(wanted).map(|s| s.name.clone()).collect();
        self.memories.retain(|name, memory| {
            memory.forget_until(now);
            !memory.order.is_empty() || wanted.contains(name)
        });
    }

    /// A subscription has another name.
    pub(super) fn rename_memory(&mut self, from: &str, to: &Arc<str>) {
        if let Some(memory) = self.memories.remove(from) {
            self.memories.insert(to.clone(), memory);
        }
    }

    /// Whose settings count for what is delivered to a subscription, or again to the one that bears a name.
    pub(super) fn bearing(&self, own: SubscriptionId, bearer: Option<SubscriptionId>) -> &Subscription {
        &self.subscriptions[&bearer.unwrap_or(own)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn one(number: u8) -> Identity {
        Identity([number; 16])
    }

    const fn at(second: u64) -> Time {
        Time::from_micros(second * 1_000_000)
    }

    #[test]
    fn it_knows_for_a_time_and_of_so_many() {
        let mut memory = Memory::default();
        memory.remember(one(1), at(10), 2);
        assert!(memory.knows(at(9), one(1)));
        assert!(!memory.knows(at(10), one(1)), "its time is over");
        memory.remember(one(2), at(20), 2);
        memory.remember(one(3), at(20), 2);
        let known: Vec<u8> = (1..=3).filter(|n| memory.knows(at(5), one(*n))).collect();
        assert_eq!(known, [2, 3], "the oldest goes first");
        memory.forget_until(at(20));
        assert!(memory.until.is_empty() && memory.order.is_empty(), "{memory:?}");
    }

    #[test]
    fn what_comes_again_is_known_for_the_later_time() {
        let mut memory = Memory::default();
        memory.remember(one(1), at(10), 9);
        memory.remember(one(1), at(20), 9);
        memory.forget_until(at(10));
        assert!(memory.knows(at(15), one(1)));
        assert_eq!(memory.order.len(), 1);
    }
}
