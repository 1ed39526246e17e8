//! Whom the tail of a partition waits for, and for how long.
//!
//! Who falls behind is served by the sweep, which reads again what the tail has read. For one that is slow there is no other
//! way, as nobody is to wait for it. But one that keeps pace is back in a moment, and with the tail gone on meanwhile it
//! would only be behind it again: all of a backlog would be read twice.

use alloc::collections::BTreeSet;

use super::Activator;
use super::partition::Partition;
use crate::id::{ChannelId, Partition as Number, SubscriptionId};
use crate::time::Time;

/// The tail stands still while there is somebody.
#[derive(Debug)]
pub(super) struct Awaited {
    who: BTreeSet<SubscriptionId>,
    until: Option<Time>,
}

impl Awaited {
    pub(super) const fn new() -> Self {
        Self { who: BTreeSet::new(), until: None }
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.who.is_empty()
    }

    pub(super) fn add(&mut self, id: SubscriptionId) {
        self.who.insert(id);
    }

    /// Somebody is back, or will not come.
    pub(super) fn remove(&mut self, id: SubscriptionId) {
        if self.who.remove(&id) && self.who.is_empty() {
            self.until = None;
        }
    }

    /// Whether the wait begins: it is over then, at the latest.
    pub(super) fn begin(&mut self, until: Time) -> bool {
        let begins = !self.who.is_empty() && self.until.is_none();
        if begins {
            self.until = Some(until);
        }
        begins
    }

    /// Those who did not come back in time.
    fn late(&mut self, now: Time) -> BTreeSet<SubscriptionId> {
        match self.until.take_if(|until| *until <= now) {
            Some(_) => core::mem::take(&mut self.who),
            None => BTreeSet::new(),
        }
    }
}

impl Activator {
    /// The tail has waited for long enough: whoever it waited for is slow.
    pub(super) fn tail_waited(&mut self, now: Time, channel: ChannelId, number: Number) {
        self.partition(channel, number).into_iter().for_each(|partition| partition.waited(now));
    }
}

impl Partition {
    fn waited(&mut self, now: Time) {
        for id in self.awaited.late(now) {
            self.lane_mut(id).into_iter().for_each(|lane| lane.pace.break_off());
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::Limits;
    use super::super::lane::Room;
    use super::super::pace::Patience;
    use super::*;
    use crate::id::{DeliveryId, Epoch, Offset};

    const ONE: SubscriptionId = SubscriptionId(1);
    const TWO_EVENTS: Room = Room { events: 2, bytes: usize::MAX, events_left: usize::MAX };

    fn patience(now: u64) -> Patience {
        let limits = Limits { tail_waits: Duration::from_micros(5), pace_events: 2, ..Limits::default() };
        Patience::new(Time::from_micros(now), &limits)
    }

    fn takes(partition: &mut Partition, now: u64, offset: u64) -> bool {
        let admitted = partition.admits_at_tail(ONE, Offset(offset), TWO_EVENTS, patience(now));
        if admitted {
            partition.begin(ONE, Offset(offset), DeliveryId { slot: 0, generation: 0 }, None);
        }
        partition.advance(Offset(offset + 1));
        admitted
    }

    fn settles(partition: &mut Partition, offset: u64) {
        partition.settle(ONE, Offset(offset));
        partition.relieve(ONE, TWO_EVENTS);
    }

    /// It took 0 to 2, is done with 0, and is full.
    fn full_at(now: u64) -> Partition {
        let mut partition = Partition::new(Epoch(0), Offset(0), true);
        // Its lane stays when nothing is left to remember, and with it its pace.
        partition.pin(ONE);
        assert!(takes(&mut partition, 0, 0) && takes(&mut partition, 0, 1));
        settles(&mut partition, 0);
        assert!(takes(&mut partition, now, 2));
        assert!(!takes(&mut partition, now, 3), "it is full");
        partition
    }

    #[test]
    fn only_who_is_soon_back_at_its_pace_is_waited_for() {
        assert!(!full_at(5).awaited.is_nobody(), "one in 5 us");
        assert!(full_at(6).awaited.is_nobody(), "one in 6 us");
    }

    #[test]
    fn who_broke_off_is_not_waited_for_before_it_was_done_with_all() {
        let mut partition = full_at(0);
        assert!(partition.awaited.begin(Time::from_micros(5)));
        partition.waited(Time::from_micros(4));
        assert!(!partition.awaited.is_nobody(), "its time is not over");
        partition.waited(Time::from_micros(5));
        assert!(partition.awaited.is_nobody());

        settles(&mut partition, 1);
        partition.swept(&[ONE], Offset(4));
        assert!(takes(&mut partition, 5, 4) && !takes(&mut partition, 5, 5), "it is full again");
        assert!(partition.awaited.is_nobody(), "and known to break off");

        [2, 4].into_iter().for_each(|offset| settles(&mut partition, offset));
        partition.swept(&[ONE], Offset(6));
        assert!(takes(&mut partition, 9, 6) && takes(&mut partition, 9, 7));
        settles(&mut partition, 6);
        assert!(takes(&mut partition, 9, 8) && !takes(&mut partition, 9, 9));
        assert!(!partition.awaited.is_nobody());
        settles(&mut partition, 7);
        partition.swept(&[ONE], Offset(10));
        assert!(partition.awaited.is_nobody(), "it is back");
    }
}
