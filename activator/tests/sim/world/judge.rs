//! What is judged of a whole world: that all comes to its end in time, and that silence is silence.

use std::sync::Arc;

use activator::id::SubscriptionId;
use activator::input::Input;
use activator::lifecycle::Availability;
use activator::topology::{Destination, Subscription};

use super::{Happening, World, progress_of};
use crate::clock::{Micros, SECOND, micros};
use crate::truth::Case;
use crate::wiring;

/// After the faults stop, all is done within this.
const DONE_WITHIN: Micros = 600 * SECOND;
/// After the faults stop, somebody looks at what is still held after this.
const SEEN_WITHIN: Micros = 60 * SECOND;
/// After all is done, all is at zero within this: the longest idle time, start and grace together.
const ZERO_WITHIN: Micros = 60 * SECOND;
/// What a drain may take beyond its limit: killed processes end.
const DRAIN_SLACK: Micros = 5 * SECOND;

impl World {
    pub(super) fn judge_the_time(&mut self) {
        let now = self.clock.micros();
        if let Some(since) = self.draining_since {
            let most = micros(self.limits.drain) + DRAIN_SLACK;
            self.oracle.expect(now <= since + most, || "a drain does not come to its end".into());
        }
        let Some(calm) = self.calm_since else { return };
        let most = if self.paid { ZERO_WITHIN } else { DONE_WITHIN };
        if now > calm + most {
            let (unpaid, calls, paid) = (self.unpaid(), self.oracle.open_calls(), self.paid);
            let states = self.mind.states();
            self.oracle.expect(false, || {
                format!(
                    "no end within {most} us; all paid: {paid}; still {unpaid:?}, {calls} calls\n{states:#?}"
                )
            });
        }
    }

    /// Nobody mends a URL but whoever asks. What is held for a function has its fix by now; what was only too slow even
    /// then, somebody sees in the end.
    fn ask_for_held(&mut self) {
        let all = self.calm_since.is_some_and(|since| self.clock.micros() > since + SEEN_WITHIN);
        let wired = self.wired.subscriptions.iter();
        let held = wired.filter(|s| all || matches!(s.to, Destination::Sink(_))).map(|s| s.id);
        for subscription in held.collect::<Vec<_>>() {
            self.clock.after(1, Happening::News(Input::Retry { subscription }));
        }
    }

    /// Looks whether all is done; if so, silence is to follow.
    pub(super) fn check(&mut self) {
        self.ask_for_held();
        let is_owed = !self.unpaid().is_empty() || self.holds_for_functions();
        if is_owed || self.oracle.open_calls() > 0 || self.draining_since.is_some() {
            return self.clock.after(SECOND, Happening::Check);
        }
        self.paid = true;
        self.calm_since = Some(self.clock.micros());
    }

    /// Whether something is held that may have been done: its function was only too slow to say so.
    fn holds_for_functions(&self) -> bool {
        let is_lazy = |function| self.bad_neighbour && function == wiring::LAZY;
        self.mind.states().into_iter().any(|(function, state)| state.held > 0 && !is_lazy(function))
    }

    /// What is owed and not done, but for what waits for a bad neighbour.
    fn unpaid(&self) -> Vec<Case> {
        let lazy = self.lazy();
        self.oracle.truth.unpaid().into_iter().filter(|(id, _)| !lazy.contains(id)).collect()
    }

    /// Whose events wait for a bad neighbour.
    fn lazy(&self) -> Vec<SubscriptionId> {
        let theirs = |s: &&Arc<Subscription>| s.to == Destination::Function(wiring::LAZY);
        let wired = self.wired.subscriptions.iter().filter(theirs);
        wired.filter(|_| self.bad_neighbour).map(|s| s.id).collect()
    }

    /// Nothing is left to happen: everything is done, stored and at zero.
    pub(super) fn judge_the_quiet(&mut self) {
        let (unpaid, paid) = (self.unpaid(), self.paid);
        self.oracle
            .expect(paid && unpaid.is_empty(), || format!("the world stands still and owes {unpaid:?}"));
        let (alive, unanswered) = (self.processes.len(), self.oracle.unanswered());
        let kept: u32 = self.folder.values().map(kept_warm).sum();
        self.oracle
            .expect(alive == kept as usize, || format!("{alive} processes live in silence, {kept} are to"));
        self.oracle.expect(unanswered == 0, || format!("{unanswered} effects have no answer"));
        let lazy = self.lazy();
        let endless = self.oracle.without_end(|id| lazy.contains(&id));
        self.oracle.expect(endless.is_none(), || format!("nobody is told what became of {endless:?}"));
        for (function, state) in self.mind.states() {
            let lazy = self.bad_neighbour && function == wiring::LAZY;
            let kept = self.folder.get(&function).map_or(0, kept_warm);
            let waits = state.queued + state.held;
            let zero = state.instances == kept && state.in_flight == 0 && (waits == 0 || lazy);
            self.oracle.expect(zero, || format!("function {function} in silence: {state:?}"));
        }
        let logs = &self.logs;
        let unstored = self.oracle.unstored(|at| progress_of(logs, at));
        self.oracle.expect(unstored.is_none(), || format!("all is quiet and {unstored:?} is not stored"));
    }
}

/// How many processes stay when there is nothing to do.
fn kept_warm(now: &Availability) -> u32 {
    match now {
        Availability::Present(settings) => settings.scaling.min,
        Availability::Absent | Availability::Broken(_) => 0,
    }
}
