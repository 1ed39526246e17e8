//! How many processes there are: when one more is started, and which of them takes the next delivery.

use core::time::Duration;

use super::standby::Standby;
use super::{Availability, Function, Instance, Settings, State};
use crate::id::{InstanceId, Revision};
use crate::scale::Policy;
use crate::time::Time;

/// A process to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its name.
    pub instance: InstanceId,
    /// What it runs.
    pub revision: Revision,
    /// How long it may take.
    pub timeout: Duration,
}

/// The processes of one revision.
struct Count {
    /// Those not on their way out.
    running: u32,
    in_flight: usize,
    /// One of them is not known to start.
    unproven: bool,
    /// One that never took a request is about to end: that is news about the revision, and the next start waits for
    /// it.
    failing: bool,
}

impl Function {
    /// The next process to be started for `waiting` deliveries and those in flight; asked until there is none. It has
    /// begun; the caller carries it out.
    pub fn start_next(&mut self, now: Time, waiting: usize) -> Option<Start> {
        let Availability::Present(current) = &self.availability else { return None };
        let current = **current;
        if self.attached().is_some() {
            return None;
        }
        let count = self.count(current.revision);
        let wanted = self.wanted(now, &current, waiting + count.in_flight);
        if count.running >= self.initial {
            self.initial = 0;
        }
        let wanted = wanted.max(self.initial);
        let stands_by = self.wants_standby(count.running, wanted);
        let allowed = !count.failing && self.health.allows_start(now, count.unproven);
        if !allowed || count.running >= wanted && !stands_by {
            return None;
        }
        let start = self.start(now, current);
        if stands_by {
            self.standby = Standby::Starting(start.instance);
        }
        Some(start)
    }

    fn count(&self, revision: Revision) -> Count {
        let mut count = Count { running: 0, in_flight: 0, unproven: false, failing: false };
        for instance in self.instances.iter().filter(|i| i.settings.revision == revision) {
            match instance.state {
                State::Stopping { start_failed } => count.failing |= start_failed,
                state => {
                    count.unproven |= state == State::Starting;
                    count.running += 1;
                    count.in_flight += instance.in_flight as usize;
                }
            }
        }
        count
    }

    fn wanted(&mut self, now: Time, current: &Settings, outstanding: usize) -> u32 {
        // Before the first work there is no pause.
        if outstanding > 0 || self.pauses.is_some() {
            self.pauses.get_or_insert_default().step(now, outstanding);
        }
        let wanted = match current.scaling.policy {
            Policy::Demand => current.scaling.wanted(outstanding, current.concurrency),
            Policy::Kpa(rules) => {
                let wanted = self.averaged(now, &rules, outstanding, current.scaling.min);
                let active = if outstanding > 0 { current.scaling.active(wanted) } else { wanted };
                return current.scaling.bounded(active);
            }
        };
        self.remember(now, current, wanted);
        wanted
    }

    /// Zero -> Starting: it is wanted.
    fn start(&mut self, now: Time, settings: Settings) -> Start {
        let instance = self.new_instance(now, settings);
        Start { instance, revision: settings.revision, timeout: settings.start_timeout }
    }

    pub(super) fn new_instance(&mut self, now: Time, settings: Settings) -> InstanceId {
        let id = InstanceId { function: self.id, generation: self.next_generation };
        self.next_generation += 1;
        self.instances.push(Instance {
            id,
            settings,
            state: State::Starting,
            started: now,
            in_flight: 0,
            timeouts: 0,
            is_attached: false,
        });
        id
    }

    /// Who takes the next delivery, and whether it is still starting; nobody, until something changes.
    pub fn place(&self) -> Option<(InstanceId, bool)> {
        if let Some(place) = self.place_at_attached() {
            return place;
        }
        let current = match &self.availability {
            Availability::Present(settings) => settings,
            Availability::Broken(_) => return self.place_at_old(),
            Availability::Absent => return None,
        };
        let room = self.instances.iter().filter(|i| i.settings.revision == current.revision && i.has_room());
        // The first with room up to its target, so that the others fall idle; then the least busy. One that works is
        // better than one that still starts.
        let best = room.min_by_key(|i| {
            let busy = if i.is_at_target() { i.in_flight } else { 0 };
            (i.state == State::Starting, matches!(i.state, State::Paused { .. }), busy)
        });
        match best {
            Some(instance) => Some((instance.id, instance.state == State::Starting)),
            // While the new revision does not start, a working one goes on.
            None if self.failures() > 0 => self.place_at_old(),
            None => None,
        }
    }

    /// Whether the next delivery finds no room, and no process more may be started for it. Whoever makes room by ending, since
    /// somebody wanted it to, is waited for.
    pub fn is_full(&self) -> bool {
        let Availability::Present(current) = &self.availability else { return false };
        if let Some(attached) = self.attached() {
            return attached.in_flight >= attached.settings.concurrency;
        }
        let ends = |i: &Instance| i.state == State::Retiring && i.settings.revision == current.revision;
        let most = self.count(current.revision).running >= current.scaling.max;
        most && self.failures() == 0 && self.place().is_none() && !self.instances.iter().any(ends)
    }

    fn place_at_old(&self) -> Option<(InstanceId, bool)> {
        let works = |i: &&Instance| i.state != State::Starting && i.has_room();
        self.instances.iter().find(works).map(|i| (i.id, false))
    }
}
