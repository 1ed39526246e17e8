//! Processes that follow averages: what Knative's autoscaler is told and what becomes of its looks.

use alloc::{boxed::Box, vec::Vec};

use super::{Availability, Function, Settings, State};
use crate::id::{InstanceId, Revision};
use crate::scale::{Kpa, Policy, Rules};
use crate::time::Time;

impl Function {
    /// Whether it is to be looked at every [`TICK`](crate::scale::TICK): not at zero, nor when nothing but the minimum
    /// is left.
    pub const fn is_watched(&self) -> bool {
        self.kpa.is_some()
    }

    /// The rules of those who follow averages; what the newest content says counts.
    fn rules(&self) -> Option<(Settings, Rules)> {
        let settings = match &self.availability {
            Availability::Present(settings) => **settings,
            Availability::Broken(_) => self.instances.first()?.settings,
            Availability::Absent => return None,
        };
        match settings.scaling.policy {
            Policy::Demand => None,
            Policy::Kpa(rules) => Some((settings, rules)),
        }
    }

    /// The processes wanted by the last look, where so much is under way or waits from now on.
    pub(super) fn averaged(&mut self, now: Time, rules: &Rules, outstanding: usize, min: u32) -> u64 {
        if outstanding == 0 && (self.instances.is_empty() || self.kpa.is_none() && self.is_down_to(min)) {
            self.kpa = None;
            return 0;
        }
        let kpa = self.kpa.get_or_insert_with(|| Box::new(Kpa::new(now, rules)));
        kpa.step(now, outstanding);
        kpa.wanted()
    }

    /// Looks at the averages. Gives the processes to stop: idle ones that are more than are wanted.
    pub fn look(&mut self, now: Time) -> Vec<InstanceId> {
        let Some((settings, rules)) = self.rules() else {
            self.kpa = None;
            return Vec::new();
        };
        let (scaling, revision) = (settings.scaling, settings.revision);
        let ready = self.warm(revision);
        let Some(kpa) = &mut self.kpa else { return Vec::new() };
        let needed = kpa.look(now, &scaling, &rules, settings.concurrency, ready);
        let (wanted, rests) = (scaling.bounded(needed), kpa.rests());
        self.remember(now, &settings, wanted);
        let kept = self.peak.as_mut().map_or(wanted, |peak| peak.highest(now).max(wanted));
        let stop = self.stop_idle(revision, ready.saturating_sub(kept), needed == 0);
        if rests && wanted <= scaling.min && self.is_down_to(scaling.min) {
            // Those that stay do so without a look, until there is work.
            self.kpa = None;
        }
        stop
    }

    fn is_down_to(&self, min: u32) -> bool {
        self.instances.len() <= min as usize
    }

    /// Warm, Paused -> Stopping: the youngest of the current revision first, since the oldest are given what comes; the others
    /// only when none is needed at all, and of each revision as many stay as are kept warm.
    fn stop_idle(&mut self, current: Revision, mut spare: u32, none_needed: bool) -> Vec<InstanceId> {
        let mut stop = Vec::new();
        for at in (0..self.instances.len()).rev() {
            let instance = &self.instances[at];
            let is_idle = Self::idle_since(instance.state).is_some();
            let is_current = instance.settings.revision == current;
            let is_spare = if is_current { spare > 0 } else { none_needed && !self.is_kept(instance) };
            if !is_idle || !is_spare {
                continue;
            }
            spare -= u32::from(is_current);
            stop.push(instance.id);
            self.instances[at].state = State::Stopping { start_failed: false };
        }
        stop
    }
}
