//! How programs are run: as their settings say, but for the number of processes at which somebody pins a function for a time.

use std::collections::BTreeMap;

use activator::id::{FunctionId, Revision};
use activator::lifecycle::{Availability, Settings};

use crate::alike::Alike;
use crate::config::resolved::Program;
use crate::dispatch;

#[derive(Default)]
pub(super) struct Terms {
    /// What many have alike.
    settings: Alike<Settings>,
    pinned: BTreeMap<FunctionId, u32>,
}

impl Terms {
    /// How this revision of a function is run.
    pub(super) fn of(&mut self, id: FunctionId, program: &Program, revision: Revision) -> Availability {
        let settings = self.settings(id, program, revision);
        Availability::Present(self.settings.share(settings))
    }

    /// The same when only the number of its processes is another: none is started because it is new.
    pub(super) fn again(&mut self, id: FunctionId, program: &Program, revision: Revision) -> Availability {
        let mut settings = self.settings(id, program, revision);
        settings.scaling.initial = 0;
        Availability::Present(self.settings.share(settings))
    }

    /// Holds a function at so many processes, or lets go of it.
    pub(super) fn pin(&mut self, id: FunctionId, number: Option<u32>) {
        match number {
            Some(number) => self.pinned.insert(id, number),
            None => self.pinned.remove(&id),
        };
    }

    /// At how many processes somebody pinned a function.
    pub(super) fn pinned(&self, id: FunctionId) -> Option<u32> {
        self.pinned.get(&id).copied()
    }

    fn settings(&self, id: FunctionId, program: &Program, revision: Revision) -> Settings {
        let concurrency = program.terms.settings.concurrency.min(dispatch::IN_FLIGHT_MAX);
        let mut settings = Settings { revision, concurrency, ..program.terms.settings };
        if let Some(number) = self.pinned(id) {
            let scaling = &mut settings.scaling;
            // Of processes for one event none is kept.
            scaling.min = if settings.single_use { 0 } else { number };
            scaling.max = number;
            scaling.initial = scaling.initial.min(number);
            scaling.activation = scaling.activation.min(number);
        }
        settings
    }
}
