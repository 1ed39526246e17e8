//! One process of a new revision that is started ahead, and paused once it accepts requests: the first event after a
//! change finds it warm, and until then it costs no CPU. It ends as any other does that is idle.

use super::{Availability, Function, Settings, State};
use crate::id::InstanceId;
use crate::time::Time;

/// How far it is with the current revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standby {
    /// None is wanted, or it is one like any other by now.
    No,
    /// One is to be started, unless somebody needs one anyway.
    Wanted,
    /// This one starts, and is paused when nothing has come for it by then.
    Starting(InstanceId),
}

impl Function {
    /// A new revision is there: one stands by for it, if the one before was of use to anybody. Ten thousand functions
    /// that nobody called start nothing when their folder is touched.
    pub(super) fn stand_by(&mut self, now: &Availability) {
        let works = |state| matches!(state, State::Starting | State::Warm { .. } | State::Paused { .. });
        self.is_used |= self.instances.iter().any(|i| works(i.state));
        self.standby = match now {
            Availability::Present(settings) if is_for(settings) && core::mem::take(&mut self.is_used) => {
                Standby::Wanted
            }
            Availability::Present(_) => {
                self.is_used = false;
                Standby::No
            }
            // While a build replaces its file.
            Availability::Absent | Availability::Broken(_) => Standby::No,
        };
    }

    /// Whether one more is started for nobody yet, where so many of the current revision run and are wanted.
    pub(super) fn wants_standby(&mut self, running: u32, wanted: u32) -> bool {
        if self.standby == Standby::Wanted && running.max(wanted) > 0 {
            self.standby = Standby::No;
        }
        self.standby == Standby::Wanted
    }

    /// It is one like any other, or gone.
    pub(super) fn stands_by_no_more(&mut self, id: InstanceId) {
        if self.standby == Standby::Starting(id) {
            self.standby = Standby::No;
        }
    }

    /// Warm -> Paused: it accepts requests, and there is none. Gives the one to be paused; asked when nothing waits.
    pub fn pause_next(&mut self) -> Option<InstanceId> {
        let Standby::Starting(id) = self.standby else { return None };
        let instance = self.instance(id)?;
        let State::Warm { idle_since: Some(since) } = instance.state else { return None };
        instance.state = State::Paused { since };
        self.standby = Standby::No;
        Some(id)
    }

    /// Paused -> Warm, since it was given something. Says whether it was paused.
    pub(super) fn wake(state: &mut State) -> bool {
        let was_paused = matches!(state, State::Paused { .. });
        if was_paused {
            *state = State::Warm { idle_since: None };
        }
        was_paused
    }

    /// Since when it has nothing to do.
    pub(super) const fn idle_since(state: State) -> Option<Time> {
        match state {
            State::Warm { idle_since } => idle_since,
            State::Paused { since } => Some(since),
            State::Starting | State::Retiring | State::Stopping { .. } => None,
        }
    }
}

/// One that is told to be kept, or to start by itself, needs no other; one for a single event starts with it.
fn is_for(settings: &Settings) -> bool {
    let scaling = &settings.scaling;
    scaling.standby && !settings.single_use && scaling.min.max(scaling.initial) == 0
}
