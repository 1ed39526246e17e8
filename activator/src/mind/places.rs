//! Where those stand who are behind the tail of a partition, and whom the sweep serves next.

use alloc::{collections::BTreeSet, vec::Vec};

use crate::id::{Offset, SubscriptionId};

#[derive(Debug)]
pub(super) struct Places {
    /// How many stand behind the tail.
    behind: usize,
    /// Those of them that the sweep can serve, by their places.
    ready: BTreeSet<(Offset, SubscriptionId)>,
    /// Those of them that have nothing left to do.
    hungry: BTreeSet<SubscriptionId>,
}

impl Places {
    pub(super) const fn new() -> Self {
        Self { behind: 0, ready: BTreeSet::new(), hungry: BTreeSet::new() }
    }

    pub(super) const fn behind(&self) -> usize {
        self.behind
    }

    /// How many can be served.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Somebody stands there, for the sweep to come.
    pub(super) fn stand(&mut self, at: Offset, id: SubscriptionId, is_hungry: bool) {
        self.behind += 1;
        self.ready.insert((at, id));
        if is_hungry {
            self.hungry.insert(id);
        }
    }

    /// Somebody is behind the tail and cannot be served: it has no room, or does not know its place.
    pub(super) const fn stand_aside(&mut self) {
        self.behind += 1;
    }

    /// Somebody leaves its place, wherever it goes.
    pub(super) fn leave(&mut self, at: Offset, id: SubscriptionId) {
        self.behind -= 1;
        self.ready.remove(&(at, id));
        self.hungry.remove(&id);
    }

    /// Somebody was given something to do.
    pub(super) fn feed(&mut self, id: SubscriptionId) {
        self.hungry.remove(&id);
    }

    /// Somebody at that place has nothing left to do.
    pub(super) fn starve(&mut self, at: Offset, id: SubscriptionId) {
        if self.ready.contains(&(at, id)) {
            self.hungry.insert(id);
        }
    }

    /// From where the sweep reads next, and for whom first: from the lowest place, so that it gathers who is on its
    /// way. It waits for half of those who are behind to have room, or everyone would be served alone; but not when
    /// somebody has nothing left to do.
    pub(super) fn next(&self) -> Option<(Offset, SubscriptionId)> {
        let is_due = self.ready.len() * 2 >= self.behind || !self.hungry.is_empty();
        self.ready.first().copied().filter(|_| is_due)
    }

    /// Who rides the sweep on its way from one offset to another.
    pub(super) fn riders(&self, from: Offset, to: Offset) -> Vec<SubscriptionId> {
        let riding = self.ready.range((from, SubscriptionId(0))..(to, SubscriptionId(0)));
        riding.map(|&(_, id)| id).collect()
    }
}
