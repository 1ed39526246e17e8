//! Bringing all to zero in order: what is in flight ends, progress is stored, processes stop.

use alloc::vec::Vec;

use super::committing::CommitState;
use super::delivery::Stage;
use super::timer::Timer;
use super::{Activator, Channel};
use crate::effect::{Effect, Refusal};
use crate::id::CallId;
use crate::time::Time;

/// Whether new work is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// Nothing new begins.
    Draining,
    /// The time is up: processes are killed, what they held comes again after the next start.
    Cut,
}

impl Activator {
    pub(super) fn is_stopping(&self) -> bool {
        self.phase != Phase::Running
    }

    /// Whether processes were killed because the time to stop in order was over.
    pub(super) fn is_cut(&self) -> bool {
        self.phase == Phase::Cut
    }

    /// Running -> Draining.
    pub(super) fn drain(&mut self, now: Time) {
        if self.is_stopping() {
            return;
        }
        self.phase = Phase::Draining;
        self.arm(now + self.limits.drain, Timer::Drain);
        let calls: Vec<CallId> = self.calls.keys().copied().collect();
        for call in calls {
            self.refuse_queued(call, Refusal::Stopping);
        }
        // Once is enough: nothing starts any more, and whoever holds something stops when it is done. It has the
        // whole time of this drain, whatever its function gives it to make way for another revision.
        let stop: Vec<_> = self.functions.values_mut().flat_map(|f| f.machine.reap()).collect();
        for instance in stop {
            self.terminate(instance);
        }
    }

    /// Draining -> Cut.
    pub(super) fn drain_overdue(&mut self) {
        self.phase = Phase::Cut;
        for function in self.functions.values() {
            for instance in function.machine.instances() {
                self.effects.push_back(Effect::Terminate { instance: instance.id, kill: true });
            }
        }
    }

    /// Stores the last progress when nothing is in flight any more, once the runtime is asked to stop.
    pub(super) fn stop_next(&mut self) {
        if self.phase == Phase::Draining && !self.in_flight() {
            self.commit_now();
        }
    }

    fn in_flight(&self) -> bool {
        self.deliveries.iter().any(|(_, d)| matches!(d.stage, Stage::UnderWay(_) | Stage::Storing { .. }))
    }

    /// Whether the runtime was asked to stop and nothing is left to do: the process may end.
    pub fn is_stopped(&self) -> bool {
        let zero = self.functions.values().all(|f| f.machine.instances().is_empty());
        let is_stored =
            |c: &Channel| c.commit == CommitState::Clean && c.partitions.values().all(|p| !p.dirty);
        let stored = || self.channels.values().all(is_stored);
        match self.phase {
            Phase::Running => false,
            Phase::Draining => zero && !self.in_flight() && stored(),
            Phase::Cut => zero,
        }
    }
}
