//! How fast a subscription goes, and whether that is worth a wait of the others.

use core::time::Duration;

use super::Limits;
use crate::time::Time;

/// How fast a subscription goes since all it had was done.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Option<Time>,
    settled: u32,
    broke_off: bool,
}

impl Pace {
    /// It takes an event that is not its first.
    pub(super) fn goes_on(&mut self, now: Time) {
        self.since.get_or_insert(now);
    }

    /// Another event is done, and by that `all` it had.
    pub(super) fn settled(&mut self, all: bool) {
        if all {
            *self = Self::default();
        } else {
            self.settled = self.settled.saturating_add(1);
        }
    }

    /// The tail waited for it in vain.
    pub(super) const fn break_off(&mut self) {
        self.broke_off = true;
    }

    /// Whether so many will be done in this time if it goes on like that.
    fn does(&self, events: usize, within: Duration, now: Time) -> bool {
        let Some(since) = self.since.filter(|_| self.settled > 0 && !self.broke_off) else { return false };
        let took = now.since(since).as_micros() * events as u128;
        took <= within.as_micros() * u128::from(self.settled)
    }
}

/// With whom the tail has patience.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) now: Time,
    within: Duration,
    events: usize,
}

impl Patience {
    pub(super) const fn new(now: Time, limits: &Limits) -> Self {
        Self { now, within: limits.tail_waits, events: limits.pace_events }
    }

    /// Whether one that goes at this pace and has so many events unfinished is worth a wait: it is back when half of them are
    /// done.
    pub(super) fn has_with(&self, pace: &Pace, unfinished: usize) -> bool {
        unfinished >= self.events && pace.does(unfinished / 2, self.within, self.now)
    }
}
