//! One subscription's share of a partition: how far it is matched, what is unfinished, and who waits for whom.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::pace::{Pace, Patience};
use crate::cursor::Cursor;
use crate::id::{DeliveryId, Offset};

/// So many unfinished events of a lane are always stored one by one.
const UNFINISHED_STORED: usize = 128;

/// A subscription that has something to say; one that stands at the tail with nothing unfinished has no lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Matched up to here, below the tail; nothing = at the tail.
    pub(super) at: Option<Offset>,
    /// What matched and is not settled.
    unfinished: BTreeMap<Offset, Unfinished>,
    /// Those of them that are held, since their attempts are used up.
    held: BTreeSet<Offset>,
    /// Behind the last of them that was settled out of its turn, or in it.
    settled_to: Offset,
    /// The unfinished events of each key that is kept in order: only the first of them is delivered.
    keys: BTreeMap<Key, BTreeSet<Offset>>,
    /// What is done above the place it stands at.
    pub(super) earlier: Option<Cursor>,
    /// What was stored of a long backlog, for as long as it is what would be stored: there may be a hundred such lanes, and
    /// a commit for every event of a fast one.
    kept: Option<Cursor>,
    /// What matched before a change of the wiring and waits to be matched anew, with the attempts it had.
    doubted: BTreeMap<Offset, u32>,
    /// It took all that it may, and takes more when half of that is done.
    pub(super) full: bool,
    /// How fast it goes since all it had was done.
    pub(super) pace: Pace,
    /// Where it begins is asked for; until then it stands nowhere.
    pub(super) locating: bool,
    /// It began elsewhere than at the tail: its entry in the stored progress tells it from a newcomer.
    pub(super) pinned: bool,
    /// Bytes of events it keeps in the window.
    pub(super) held_bytes: usize,
}

/// What is kept in order, by its hash: two keys of one hash wait for each other, which harms nobody.
pub(super) type Key = u64;

#[derive(Debug)]
struct Unfinished {
    delivery: DeliveryId,
    key: Option<Key>,
}

/// What one lane may hold at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) events: usize,
    pub(super) bytes: usize,
    /// What all together may still take.
    pub(super) events_left: usize,
}

impl Room {
    /// There is none.
    pub(super) const NONE: Self = Self { events: 0, bytes: 0, events_left: 0 };
}

impl Lane {
    /// Up to where it is matched.
    pub(super) fn place(&self, tail: Offset) -> Offset {
        self.at.unwrap_or(tail)
    }

    /// Whether the record is settled already, or under way.
    pub(super) fn knows(&self, offset: Offset) -> bool {
        self.earlier.as_ref().is_some_and(|c| c.contains(offset)) || self.unfinished.contains_key(&offset)
    }

    /// What is unfinished and not held.
    fn under_way(&self) -> usize {
        self.unfinished.len() - self.held.len()
    }

    /// Whether nothing is left to do for it, but for what is held.
    pub(super) fn is_at_rest(&self) -> bool {
        self.under_way() == 0
    }

    /// Whether nothing is unfinished.
    pub(super) fn is_empty(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Whether it can take no more.
    pub(super) fn is_full(&self, room: Room) -> bool {
        self.under_way() >= room.events || self.held_bytes > 0 && self.held_bytes >= room.bytes
    }

    /// Whether it is worth a wait when it is full now.
    pub(super) fn keeps_pace(&self, patience: Patience) -> bool {
        patience.has_with(&self.pace, self.under_way())
    }

    /// Whether it can take more after it was full.
    pub(super) fn has_room(&self, room: Room) -> bool {
        self.under_way() <= room.events / 2 && self.held_bytes <= room.bytes / 2
    }

    /// Whether nothing needs to be remembered of it, once it stands at the tail.
    pub(super) fn is_idle(&self) -> bool {
        let at_tail = self.at.is_none() && self.earlier.is_none();
        at_tail && self.unfinished.is_empty() && self.doubted.is_empty() && !self.pinned
    }

    /// A record that it wants. Says whether its turn has come: none of its key is before it.
    pub(super) fn begin(&mut self, offset: Offset, delivery: DeliveryId, key: Option<Key>) -> bool {
        self.kept.take_if(|kept| offset < kept.end());
        self.unfinished.insert(offset, Unfinished { delivery, key });
        self.doubted.remove(&offset);
        let Some(key) = key else { return true };
        let of_key = self.keys.entry(key).or_default();
        of_key.insert(offset);
        of_key.first() == Some(&offset)
    }

    /// Takes a record out of what is unfinished. Gives the one of its key whose turn has come, if it was the first.
    pub(super) fn remove(&mut self, offset: Offset) -> Option<DeliveryId> {
        self.held.remove(&offset);
        self.kept = None;
        let key = self.unfinished.remove(&offset)?.key?;
        let of_key = self.keys.get_mut(&key)?;
        let was_first = of_key.first() == Some(&offset);
        of_key.remove(&offset);
        let Some(next) = of_key.first() else {
            self.keys.remove(&key);
            return None;
        };
        let next = self.unfinished.get(next).map(|u| u.delivery);
        next.filter(|_| was_first)
    }

    /// A record is done.
    pub(super) fn settle(&mut self, offset: Offset, tail: Offset) -> Option<DeliveryId> {
        let next = self.remove(offset);
        self.pace.settled(self.is_at_rest());
        self.settled_to = self.settled_to.max(offset.next());
        let place = self.place(tail);
        if offset >= place && self.earlier.is_none() {
            self.earlier = Some(self.cursor(tail));
        }
        if let Some(earlier) = &mut self.earlier {
            earlier.mark_done(offset);
        }
        next
    }

    /// Nothing is unfinished for it here any more.
    pub(super) fn clear(&mut self) {
        self.kept = None;
        self.unfinished.clear();
        self.held.clear();
        self.keys.clear();
        self.doubted.clear();
    }

    /// An unfinished record is held.
    pub(super) fn hold_back(&mut self, offset: Offset) {
        if self.unfinished.contains_key(&offset) {
            self.held.insert(offset);
        }
    }

    /// And is so no more.
    pub(super) fn hold_no_more(&mut self, offset: Offset) {
        self.held.remove(&offset);
    }

    /// The oldest of those that are held, where those are more than that.
    pub(super) fn oldest_held_beyond(&self, most: usize) -> Option<DeliveryId> {
        let oldest = self.held.first().filter(|_| self.held.len() > most)?;
        self.unfinished.get(oldest).map(|u| u.delivery)
    }

    /// The first one of the same key, if that is another.
    pub(super) fn predecessor(&self, offset: Offset) -> Option<DeliveryId> {
        let first = self.of_key(offset)?.first().filter(|first| **first != offset)?;
        self.unfinished.get(first).map(|u| u.delivery)
    }

    /// Those of the same key that wait for it.
    pub(super) fn successors(&self, offset: Offset) -> Vec<DeliveryId> {
        let behind = self.of_key(offset).into_iter().flat_map(|all| all.range(offset.next()..));
        behind.filter_map(|offset| self.unfinished.get(offset).map(|u| u.delivery)).collect()
    }

    fn of_key(&self, offset: Offset) -> Option<&BTreeSet<Offset>> {
        self.keys.get(&self.unfinished.get(&offset)?.key?)
    }

    /// All that is unfinished, in the order of the offsets.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = DeliveryId> {
        self.unfinished.values().map(|u| u.delivery)
    }

    /// What is unfinished from one offset up to another.
    pub(super) fn between(&self, from: Offset, to: Offset) -> impl Iterator<Item = (Offset, DeliveryId)> {
        self.unfinished.range(from..to).map(|(&offset, u)| (offset, u.delivery))
    }

    /// How much more it may take.
    pub(super) fn left_of(&self, room: Room) -> usize {
        room.events.saturating_sub(self.under_way())
    }

    /// A record that matched is matched anew when it is read again.
    pub(super) fn doubt(&mut self, offset: Offset, attempts: u32) {
        self.doubted.insert(offset, attempts);
    }

    /// What waits to be matched anew, with the attempts it had.
    pub(super) fn doubted(&self) -> impl Iterator<Item = (Offset, u32)> {
        self.doubted.iter().map(|(&offset, &attempts)| (offset, attempts))
    }

    /// What matched before, lies below `at`, and did not match anew; with the attempts it had.
    pub(super) fn refuted(&mut self, at: Offset) -> BTreeMap<Offset, u32> {
        let rest = self.doubted.split_off(&at);
        core::mem::replace(&mut self.doubted, rest)
    }

    /// What is done as far as it knows; `tail` is where it stands unless it is behind.
    pub(super) fn cursor(&self, tail: Offset) -> Cursor {
        let place = self.place(tail);
        self.cursor_to(place, place)
    }

    /// What of it is stored: of a long backlog not which events are unfinished behind all that is done. There are many,
    /// and a restart that reads them again does nothing twice.
    pub(super) fn stored_cursor(&mut self, tail: Offset) -> Cursor {
        let place = self.place(tail);
        let is_plain = self.earlier.is_none();
        if let Some(kept) = self.kept.as_ref().filter(|kept| is_plain && kept.end() <= place) {
            return kept.clone();
        }
        let behind = self.unfinished.keys().nth(UNFINISHED_STORED);
        let to = behind.map_or(place, |&behind| behind.max(self.settled_to).min(place));
        let is_long = behind.is_some();
        let cursor = self.cursor_to(to, place);
        self.kept = (is_plain && is_long).then(|| cursor.clone());
        cursor
    }

    /// What is done below `to`, and nothing between it and `place`.
    fn cursor_to(&self, to: Offset, place: Offset) -> Cursor {
        // What is under way above its place was read before it went back there.
        let below = self.unfinished.range(..to).map(|(&offset, _)| offset);
        let cursor = Cursor::from_unfinished(below, to);
        match &self.earlier {
            Some(earlier) => cursor.continued(place, earlier),
            None => cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third record is wanted; of those, every hundredth of the first half is done.
    #[test]
    fn what_is_stored_of_a_long_backlog_is_true_and_short() {
        let mut lane = Lane::default();
        let offsets = || (0..30_000).step_by(3).map(Offset);
        for (offset, slot) in offsets().zip(0..) {
            lane.begin(offset, DeliveryId { slot, generation: 0 }, None);
        }
        let tail = Offset(30_000);
        let done: Vec<Offset> = offsets().step_by(100).take_while(|offset| offset.0 < 15_000).collect();
        for &offset in &done {
            lane.settle(offset, tail);
        }
        let (all, stored) = (lane.cursor(tail), lane.stored_cursor(tail));
        assert!(done.iter().all(|&offset| stored.contains(offset)), "what is done is not done again");
        let claimed: Vec<Offset> = offsets().filter(|&offset| stored.contains(offset)).collect();
        assert_eq!(claimed, done, "and nothing else that is wanted is passed over");
        assert_eq!(all.prefix(), stored.prefix());
        assert!(stored.end() <= Offset(15_000), "it ends with what is done: {}", stored.end());
        assert_eq!(all.end(), tail);
    }

    #[test]
    fn of_a_short_backlog_all_that_is_passed_is_stored() {
        let mut lane = Lane::default();
        lane.begin(Offset(5), DeliveryId { slot: 0, generation: 0 }, None);
        let tail = Offset(1_000_000);
        assert_eq!(lane.stored_cursor(tail), lane.cursor(tail));
        assert_eq!(lane.stored_cursor(tail).end(), tail);
    }

    /// Whatever happens between two commits, a lane stores what one stores that was never asked before.
    #[test]
    fn what_is_kept_of_a_long_backlog_is_what_would_be_stored() {
        let mut lane = Lane::default();
        let delivery = DeliveryId { slot: 0, generation: 0 };
        let stored = |lane: &mut Lane, tail: u64| {
            let kept = lane.stored_cursor(Offset(tail));
            lane.kept = None;
            assert_eq!(kept, lane.stored_cursor(Offset(tail)));
            kept
        };
        for offset in 1_000..2_000 {
            lane.begin(Offset(offset), delivery, None);
        }
        assert_eq!(stored(&mut lane, 2_000), Cursor::at(Offset(1_000)));
        lane.begin(Offset(2_100), delivery, None);
        assert_eq!(stored(&mut lane, 2_200), Cursor::at(Offset(1_000)), "more behind it changes nothing");
        lane.settle(Offset(1_500), Offset(2_200));
        assert!(stored(&mut lane, 2_200).contains(Offset(1_500)));
        lane.remove(Offset(1_000));
        assert_eq!(stored(&mut lane, 2_200).prefix(), Offset(1_001));
        lane.begin(Offset(900), delivery, None);
        assert_eq!(stored(&mut lane, 2_200).prefix(), Offset(900), "what comes back is unfinished again");
        lane.at = Some(Offset(800));
        assert_eq!(stored(&mut lane, 2_200).prefix(), Offset(800), "nothing above its place was read");
        lane.clear();
        lane.at = None;
        assert_eq!(stored(&mut lane, 2_200), Cursor::at(Offset(2_200)));
    }
}
