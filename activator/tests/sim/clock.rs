//! The world's time, and what happens when.

use std::collections::BTreeMap;
use std::time::Duration;

use activator::Time;

/// Microseconds.
pub(crate) type Micros = u64;

pub(crate) const MILLI: Micros = 1_000;
pub(crate) const SECOND: Micros = 1_000_000;

/// Happenings in the order of their time; those of one moment in the order they were put down.
#[derive(Debug)]
pub(crate) struct Clock<T> {
    now: Micros,
    put_down: u64,
    agenda: BTreeMap<(Micros, u64), T>,
}

impl<T> Clock<T> {
    pub(crate) const fn new() -> Self {
        Self { now: 0, put_down: 0, agenda: BTreeMap::new() }
    }

    pub(crate) const fn now(&self) -> Time {
        Time::from_micros(self.now)
    }

    pub(crate) const fn micros(&self) -> Micros {
        self.now
    }

    pub(crate) fn advance(&mut self, to: Micros) {
        self.now = self.now.max(to);
    }

    pub(crate) fn after(&mut self, wait: Micros, what: T) {
        self.at(self.now + wait, what);
    }

    pub(crate) fn at(&mut self, when: Micros, what: T) {
        self.put_down += 1;
        self.agenda.insert((when.max(self.now), self.put_down), what);
    }

    pub(crate) fn due(&self) -> Option<Micros> {
        self.agenda.first_key_value().map(|((when, _), _)| *when)
    }

    pub(crate) fn next(&self) -> Option<&T> {
        self.agenda.first_key_value().map(|(_, what)| what)
    }

    /// Goes on to what happens next.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let ((when, _), what) = self.agenda.pop_first()?;
        self.advance(when);
        Some(what)
    }

    /// Takes out whatever does not outlive a crash.
    pub(crate) fn take_out(&mut self, mut dies: impl FnMut(&T) -> bool) -> Vec<T> {
        let all = std::mem::take(&mut self.agenda);
        let (out, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, what)| dies(what));
        self.agenda = kept.into_iter().collect();
        out.into_iter().map(|(_, what)| what).collect()
    }
}

pub(crate) fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).expect("durations of a simulation are short")
}
