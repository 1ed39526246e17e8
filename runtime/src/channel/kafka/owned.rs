//! Which partitions are ours now: only those are read, and only for those is anything committed. Kafka refuses a
//! commit of an old generation of the group, but not one for a partition that another member has.

use std::collections::BTreeMap;

use activator::id::Offset;
use tokio::sync::watch;

/// Changed by what the group decides; without a group all are ours for good.
pub(super) struct Owned(watch::Sender<BTreeMap<u32, Hold>>);

/// How a partition is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// Tells one time it is ours from the next.
    pub(super) turn: u64,
    /// Where librdkafka began to fetch it.
    pub(super) from: Offset,
    /// Where it ended then.
    pub(super) end: Offset,
    /// Nothing is read of it any more, and what was read may be committed.
    asked_back: bool,
}

impl Hold {
    /// How a partition is held that no group gave.
    pub(super) const ALONE: Self = Self { turn: 0, from: Offset(0), end: Offset(0), asked_back: false };
}

impl Owned {
    pub(super) fn all(partitions: u32) -> Self {
        Self(watch::Sender::new((0..partitions).map(|number| (number, Hold::ALONE)).collect()))
    }

    pub(super) fn none() -> Self {
        Self(watch::Sender::default())
    }

    /// They are ours: each with where it is fetched from, and where it ends.
    pub(super) fn take(&self, turn: u64, partitions: impl IntoIterator<Item = (u32, Offset, Offset)>) {
        self.0.send_modify(|held| {
            let held_now = |(number, from, end)| (number, Hold { turn, from, end, asked_back: false });
            held.extend(partitions.into_iter().map(held_now));
        });
    }

    pub(super) fn ask_back(&self, partitions: &[u32]) {
        self.0.send_modify(|held| {
            for number in partitions {
                held.entry(*number).and_modify(|hold| hold.asked_back = true);
            }
        });
    }

    pub(super) fn give_up(&self, partitions: &[u32]) {
        self.0.send_modify(|held| held.retain(|number, _| !partitions.contains(number)));
    }

    /// All that are ours.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.0.borrow().keys().copied().collect()
    }

    /// The first of these that is not ours.
    pub(super) fn foreign(&self, partitions: impl IntoIterator<Item = u32>) -> Option<u32> {
        let held = self.0.borrow();
        partitions.into_iter().find(|number| !held.contains_key(number))
    }

    /// How a partition is held that may be read.
    pub(super) fn reading(&self, partition: u32) -> Option<Hold> {
        self.0.borrow().get(&partition).copied().filter(|hold| !hold.asked_back)
    }

    /// Waits until this turn of the partition is over.
    pub(super) async fn over(&self, partition: u32, turn: u64) {
        let is_over = |held: &BTreeMap<u32, Hold>| {
            held.get(&partition).is_none_or(|hold| hold.asked_back || hold.turn != turn)
        };
        // The sender is ours, so it does not go away meanwhile.
        self.0.subscribe().wait_for(is_over).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn taken(turn: u64) -> Owned {
        let owned = Owned::none();
        owned.take(turn, [(3, Offset(10), Offset(20))]);
        owned
    }

    #[test]
    fn what_is_asked_back_is_not_read_and_may_be_committed() {
        let owned = taken(1);
        assert_eq!((owned.reading(3).map(|hold| hold.from), owned.foreign([3])), (Some(Offset(10)), None));
        owned.ask_back(&[3, 4]);
        assert_eq!((owned.reading(3), owned.foreign([3])), (None, None));
        owned.give_up(&[3]);
        assert_eq!((owned.reading(3), owned.foreign([3])), (None, Some(3)));
    }

    #[test]
    fn a_read_ends_with_its_turn_and_not_before() {
        let owned = taken(1);
        assert!(owned.over(3, 1).now_or_never().is_none());
        let waiting = owned.over(3, 1);
        owned.give_up(&[3]);
        owned.take(2, [(3, Offset(10), Offset(20))]);
        assert!(waiting.now_or_never().is_some(), "ours again, and not as before");
        assert!(owned.over(3, 2).now_or_never().is_none());
        owned.ask_back(&[3]);
        assert!(owned.over(3, 2).now_or_never().is_some());
    }

    #[test]
    fn alone_all_partitions_are_ours() {
        let owned = Owned::all(2);
        assert_eq!((owned.reading(1), owned.foreign([0, 1])), (Some(Hold::ALONE), None));
        assert_eq!(owned.foreign([1, 2]), Some(2));
    }
}
