//! Which processes are one too many: idle for long enough, and neither of those that are kept warm nor wanted a
//! moment ago.

use alloc::boxed::Box;

use super::{Availability, Function, Instance, Settings, State};
use crate::id::{InstanceId, Revision};
use crate::scale::{Idle, Peak};
use crate::time::Time;

/// Whether a process is spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spare {
    /// It works, is on its way out, or is one of those that are kept: no need to look again.
    Kept,
    /// It is idle, and not long enough yet.
    LookAgain(Time),
    /// It is to be stopped.
    Stop,
}

impl Function {
    /// When an idle process is to be looked at; nothing for one that is kept.
    pub fn idle_until(&self, id: InstanceId) -> Option<Time> {
        let instance = self.instances.iter().find(|i| i.id == id)?;
        let since = Self::idle_since(instance.state)?;
        if self.is_watched() || instance.is_attached {
            return None;
        }
        let idle = match instance.settings.scaling.idle {
            Idle::After(idle) => idle,
            Idle::Auto { floor, ceiling } => {
                self.pauses.as_ref().map_or(floor, |pauses| pauses.keep(floor, ceiling))
            }
        };
        (!self.is_kept(instance)).then(|| since + idle)
    }

    /// Warm, Paused -> Stopping, when it was idle for long enough.
    pub fn idle_check(&mut self, now: Time, id: InstanceId) -> Spare {
        let Some(until) = self.idle_until(id) else { return Spare::Kept };
        if now < until {
            return Spare::LookAgain(until);
        }
        let Some(revision) = self.instance(id).map(|i| i.settings.revision) else { return Spare::Kept };
        if let Some(later) = self.wanted_until(now, revision) {
            return Spare::LookAgain(later);
        }
        self.instance(id).into_iter().for_each(|i| i.state = State::Stopping { start_failed: false });
        Spare::Stop
    }

    /// One of the few that are kept warm. How many that are says the newest content there is.
    pub(super) fn is_kept(&self, instance: &Instance) -> bool {
        let settings = match &self.availability {
            Availability::Present(settings) => settings,
            _ => &instance.settings,
        };
        self.warm(instance.settings.revision) <= settings.scaling.min
    }

    pub(super) fn warm(&self, revision: Revision) -> u32 {
        let warm = |i: &&Instance| {
            let works = matches!(i.state, State::Warm { .. } | State::Paused { .. });
            i.settings.revision == revision && works && !i.settings.single_use
        };
        u32::try_from(self.instances.iter().filter(warm).count()).unwrap_or(u32::MAX)
    }

    /// Keeps in mind how many were wanted, for as long as that is a reason to keep them.
    pub(super) fn remember(&mut self, now: Time, current: &Settings, wanted: u32) {
        let delay = current.scaling.down_delay;
        if delay.is_zero() || self.instances.is_empty() && wanted == 0 {
            self.peak = None;
            return;
        }
        if self.peak.as_ref().is_none_or(|peak| peak.span() != delay) {
            self.peak = Some(Box::new(Peak::new(delay)));
        }
        self.peak.iter_mut().for_each(|peak| peak.step(now, wanted));
    }

    /// Until when as many are kept as there are: so many were wanted a moment ago.
    fn wanted_until(&mut self, now: Time, revision: Revision) -> Option<Time> {
        let warm = self.warm(revision);
        let peak = self.peak.as_mut()?;
        (peak.highest(now) >= warm).then(|| peak.forgets_at())
    }
}
