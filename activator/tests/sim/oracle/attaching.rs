//! What the oracle demands of processes that somebody else starts: one has the place of all others, and nobody who asks
//! for it stays without an answer.

use activator::Time;
use activator::id::{AttachId, FunctionId, InstanceId};
use activator::lifecycle::{Declined, Settings};

use super::{Known, Oracle};

impl Oracle {
    pub(super) fn attached(&self, function: FunctionId) -> Option<InstanceId> {
        let theirs = |(id, known): &(&InstanceId, &Known)| id.function == function && known.attached;
        self.instances.iter().find(theirs).map(|(id, _)| *id)
    }

    pub(super) fn attaches(
        &mut self,
        now: Time,
        attach: AttachId,
        instance: InstanceId,
        settings: Option<Settings>,
    ) {
        let asked = self.wishes.remove(&attach) == Some(instance.function);
        self.expect(asked, || format!("{instance:?} is somebody's, and nobody asked"));
        let Some(settings) = settings else {
            return self.expect(false, || format!("{instance:?} is of a revision nobody gave"));
        };
        let other = self.attached(instance.function);
        self.expect(other.is_none(), || format!("{instance:?} is attached beside {other:?}"));
        self.expect(!settings.single_use, || format!("{instance:?} is to be for one event, and attached"));
        // Ours make way, and none of them failed.
        let ours = self.instances.iter_mut().filter(|(id, _)| id.function == instance.function);
        ours.for_each(|(_, known)| known.unwanted = true);
        let known = Known { attached: true, ..Known::new(settings, now) };
        let first = self.instances.insert(instance, known).is_none();
        self.expect(first, || format!("{instance:?} is there twice"));
    }

    pub(super) fn declines(&mut self, attach: AttachId, why: &Declined) {
        let Some(function) = self.wishes.remove(&attach) else {
            return self.expect(false, || format!("{attach:?} is declined, and nobody asked"));
        };
        let taken = self.attached(function).is_some();
        self.expect(taken || *why != Declined::Taken, || format!("{function:?} is called taken and is free"));
    }

    /// Wishes that no answer followed at once.
    pub(crate) fn unheard(&mut self) {
        let unheard = self.wishes.keys().next().copied();
        self.expect(unheard.is_none(), || format!("{unheard:?} has no answer"));
    }
}

impl Known {
    pub(super) const fn new(settings: Settings, started: Time) -> Self {
        Self {
            settings,
            in_flight: 0,
            took_any: false,
            ready: false,
            told_to_end: false,
            started,
            overdue: false,
            idle_since: None,
            unwanted: false,
            timeouts: 0,
            paused: false,
            attached: false,
        }
    }
}
