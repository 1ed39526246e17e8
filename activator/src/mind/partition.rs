//! One partition as the mind sees it: how far it is read and matched, what is unfinished for whom, and the
//! window of events that someone still needs.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::cursor::Cursor;
use crate::event::Event;
use crate::id::{DeliveryId, Offset, SubscriptionId};
use crate::input::OpenedPartition;

#[derive(Debug)]
pub(super) struct Partition {
    /// Everything below was read and matched, in this life.
    pub(super) position: Offset,
    /// Everything below was read and matched in this life or an earlier one: where a newcomer stands.
    matched: Offset,
    /// Tail reads under way. The one from the position counts; those from before the log was read again from
    /// further back are not asked for twice, or each would wait at the end.
    pub(super) reading: BTreeSet<Offset>,
    /// Point reads under way.
    pub(super) fetching: BTreeSet<Offset>,
    pub(super) lanes: BTreeMap<SubscriptionId, Lane>,
    window: BTreeMap<Offset, Held>,
    /// What matched before a change of the wiring and waits to be read and matched anew, with the attempts it had.
    doubted: BTreeMap<(Offset, SubscriptionId), u32>,
    /// Whether the stored progress is behind.
    pub(super) dirty: bool,
}

/// One subscription's share of a partition.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// What matched and is not settled.
    pub(super) unfinished: BTreeMap<Offset, DeliveryId>,
    /// What was done before the log was read again from further back.
    earlier: Option<Cursor>,
    /// Bytes of events it keeps in the window.
    pub(super) held_bytes: usize,
}

#[derive(Debug)]
struct Held {
    event: Event,
    users: u32,
}

/// What an event costs beyond its own bytes: the entries in window, lane and table.
const ENTRY_BYTES: usize = 128;

impl Partition {
    /// A partition as it was opened, with the cursor of each subscription.
    pub(super) fn opened(opened: &OpenedPartition, lanes: BTreeMap<SubscriptionId, Cursor>) -> Self {
        let matched = opened.committed.as_ref().map_or(opened.begin, |progress| progress.position);
        let mut partition = Self {
            position: matched,
            matched,
            reading: BTreeSet::new(),
            fetching: BTreeSet::new(),
            lanes: BTreeMap::new(),
            window: BTreeMap::new(),
            doubted: BTreeMap::new(),
            // A beginning that was never stored is pinned, or a restart before the first event could move it.
            dirty: opened.committed.is_none(),
        };
        for (subscription, cursor) in lanes {
            partition.lanes.insert(subscription, Lane::default());
            partition.resume(subscription, cursor);
        }
        partition
    }

    /// Where a subscription begins of which nothing is stored.
    pub(super) const fn newcomers_begin(&self) -> Offset {
        self.matched
    }

    /// Lets a subscription go on from a cursor that may lie behind: the log is read again from there, and the
    /// others are not bothered with what they have done.
    pub(super) fn resume(&mut self, subscription: SubscriptionId, cursor: Cursor) {
        let back_to = cursor.prefix().min(self.position);
        if back_to < self.position {
            let position = self.position;
            for lane in self.lanes.values_mut() {
                lane.earlier = Some(lane.cursor(position));
            }
            self.position = back_to;
        }
        self.matched = self.matched.max(cursor.end());
        self.lanes.entry(subscription).or_default().earlier = Some(cursor);
    }

    /// Moves the position; what was known from an earlier life is forgotten once it is known anew.
    pub(super) fn advance(&mut self, position: Offset) {
        self.position = position;
        self.matched = self.matched.max(position);
        for lane in self.lanes.values_mut() {
            lane.earlier.take_if(|earlier| earlier.end() <= position);
        }
        self.dirty = true;
    }

    /// The cursors of all that do not stand at the matched end.
    pub(super) fn behind(&self) -> impl Iterator<Item = (SubscriptionId, Cursor)> {
        self.lanes.iter().filter_map(|(&id, lane)| {
            let cursor = lane.cursor(self.position);
            (cursor != Cursor::at(self.matched)).then_some((id, cursor))
        })
    }

    pub(super) fn cursor(&self, subscription: SubscriptionId) -> Option<Cursor> {
        self.lanes.get(&subscription).map(|lane| lane.cursor(self.position))
    }

    pub(super) fn event(&self, offset: Offset) -> Option<&Event> {
        self.window.get(&offset).map(|held| &held.event)
    }

    /// Keeps an event in the window for one more user. Gives the bytes the window grew by.
    pub(super) fn hold(&mut self, subscription: SubscriptionId, offset: Offset, event: &Event) -> usize {
        let bytes = event.size() + ENTRY_BYTES;
        if let Some(lane) = self.lanes.get_mut(&subscription) {
            lane.held_bytes += bytes;
        }
        if let Some(held) = self.window.get_mut(&offset) {
            held.users += 1;
            return 0;
        }
        self.window.insert(offset, Held { event: event.clone(), users: 1 });
        bytes
    }

    /// One user less. Gives the bytes the window shrank by.
    pub(super) fn release(&mut self, subscription: SubscriptionId, offset: Offset) -> usize {
        let Some(held) = self.window.get_mut(&offset) else { return 0 };
        let bytes = held.event.size() + ENTRY_BYTES;
        if let Some(lane) = self.lanes.get_mut(&subscription) {
            lane.held_bytes = lane.held_bytes.saturating_sub(bytes);
        }
        held.users -= 1;
        if held.users > 0 {
            return 0;
        }
        self.window.remove(&offset);
        bytes
    }

    /// All the window holds, when the partition goes away.
    pub(super) fn held_bytes(&self) -> usize {
        self.window.values().map(|held| held.event.size() + ENTRY_BYTES).sum()
    }

    /// A record is done. Above the position it was read before the log was read again, and must not match anew.
    pub(super) fn settle(&mut self, subscription: SubscriptionId, offset: Offset) {
        self.dirty = true;
        let position = self.position;
        let Some(lane) = self.lanes.get_mut(&subscription) else { return };
        lane.unfinished.remove(&offset);
        if offset >= position && lane.earlier.is_none() {
            lane.earlier = Some(lane.cursor(position));
        }
        if let Some(earlier) = &mut lane.earlier {
            earlier.mark_done(offset);
        }
    }

    /// A record that matched is matched anew when it is read again.
    pub(super) fn doubt(&mut self, subscription: SubscriptionId, offset: Offset, attempts: u32) {
        self.doubted.insert((offset, subscription), attempts);
    }

    /// The record is matched anew, and matches.
    pub(super) fn confirm(&mut self, subscription: SubscriptionId, offset: Offset) {
        self.doubted.remove(&(offset, subscription));
    }

    /// Those who wanted the record before and were not confirmed, with the attempts it had.
    pub(super) fn refuted(&mut self, offset: Offset) -> Vec<(SubscriptionId, u32)> {
        let of_record = (offset, SubscriptionId(0))..=(offset, SubscriptionId(u32::MAX));
        let found: Vec<_> = self.doubted.range(of_record).map(|((_, id), n)| (*id, *n)).collect();
        for (id, _) in &found {
            self.doubted.remove(&(offset, *id));
        }
        found
    }

    /// A subscription is gone.
    pub(super) fn forget(&mut self, subscription: SubscriptionId) {
        self.lanes.remove(&subscription);
        self.doubted.retain(|(_, id), _| *id != subscription);
    }

    /// What should have been read again below the position and was not there, with the attempts it had.
    pub(super) fn missed(&mut self) -> Vec<(SubscriptionId, Offset, u32)> {
        let rest = self.doubted.split_off(&(self.position, SubscriptionId(0)));
        let below = core::mem::replace(&mut self.doubted, rest);
        below.into_iter().map(|((offset, id), attempts)| (id, offset, attempts)).collect()
    }

    /// Whether no lane has more unfinished events than `max`.
    pub(super) fn has_room(&self, max: usize) -> bool {
        self.lanes.values().all(|lane| lane.unfinished.len() < max)
    }

    /// All deliveries of a subscription, in the order of their offsets.
    pub(super) fn deliveries(&self, subscription: SubscriptionId) -> Vec<DeliveryId> {
        self.lanes
            .get(&subscription)
            .map_or_else(Vec::new, |lane| lane.unfinished.values().copied().collect())
    }
}

impl Lane {
    /// Whether the record is settled already, or under way.
    pub(super) fn knows(&self, offset: Offset) -> bool {
        self.earlier.as_ref().is_some_and(|c| c.contains(offset)) || self.unfinished.contains_key(&offset)
    }

    fn cursor(&self, position: Offset) -> Cursor {
        // What is under way above the position was read before the log was read again.
        let below = self.unfinished.range(..position).map(|(&offset, _)| offset);
        let cursor = Cursor::from_unfinished(below, position);
        match &self.earlier {
            Some(earlier) => cursor.continued(position, earlier),
            None => cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const BILL: SubscriptionId = SubscriptionId(0);
    const SHIP: SubscriptionId = SubscriptionId(1);

    /// A partition read up to `position`, where both stand but for what BILL has under way.
    fn partition(position: u64, under_way: &[u64]) -> Partition {
        let begin = Offset(0);
        let opened = OpenedPartition { partition: crate::id::Partition(0), begin, committed: None };
        let lanes = [BILL, SHIP].map(|id| (id, Cursor::at(begin)));
        let mut partition = Partition::opened(&opened, BTreeMap::from(lanes));
        let lane = partition.lanes.get_mut(&BILL).unwrap();
        lane.unfinished =
            under_way.iter().map(|&o| (Offset(o), DeliveryId { slot: 0, generation: 0 })).collect();
        partition.advance(Offset(position));
        partition
    }

    #[test]
    fn what_is_done_while_the_log_is_read_again_does_not_match_anew() {
        for read_again_to in [5, 7, 8, 9] {
            let mut partition = partition(10, &[8, 9]);
            partition.resume(SHIP, Cursor::at(Offset(5)));
            partition.advance(Offset(read_again_to));
            partition.settle(BILL, Offset(8));
            partition.settle(BILL, Offset(9));
            let known: Vec<bool> = (8..10).map(|o| partition.lanes[&BILL].knows(Offset(o))).collect();
            let unread = (8..10).map(|o| o >= read_again_to);
            assert!(known.into_iter().zip(unread).all(|(known, unread)| known || !unread), "{read_again_to}");
            assert_eq!(partition.cursor(BILL), Some(Cursor::at(Offset(10))), "{read_again_to}");
        }
    }
}
