//! Request/response calls to a function: they wait as events do, and their callers only for so long.

use alloc::{string::ToString, vec::Vec};
use core::time::Duration;

use super::Activator;
use super::delivery::{Delivery, Stage, Subject};
use super::timer::Timer;
use crate::effect::{Effect, Refusal, Target};
use crate::id::{CallId, DeliveryId, FunctionId};
use crate::lifecycle::{Availability, Settings};
use crate::time::Time;
use crate::topology::Destination;

/// How long a caller waits for a file that is missing: a build replaces it by deleting it first.
const ABSENT_PATIENCE: Duration = Duration::from_secs(1);
/// Failed starts in a row after which callers are told, rather than kept waiting.
pub(super) const CALLS_REFUSED_AFTER: u32 = 2;

impl Activator {
    /// Someone calls: the call waits as an event does.
    pub(super) fn called(&mut self, now: Time, call: CallId, function: FunctionId, tagged: bool) {
        if self.is_stopping() {
            return self.ask(Effect::Refuse { call, why: Refusal::Stopping });
        }
        if !self.functions.contains_key(&function) {
            return self.ask(Effect::Refuse { call, why: Refusal::Unknown });
        }
        let lot = if tagged { None } else { self.draw(function) };
        let revision = self.revision_of(function, lot);
        if self.is_crowded(revision) {
            return self.ask(Effect::Refuse { call, why: Refusal::Full });
        }
        let id = self.deliveries.insert(Delivery::new(Subject::Call { call, function }, lot));
        self.calls.insert(call, id);
        self.enqueue(id);
        self.watch_patience(now, revision);
    }

    /// A caller is gone; what was handed out already comes to its end.
    pub(super) fn hung_up(&mut self, call: CallId) {
        let Some(id) = self.calls.remove(&call) else { return };
        if self.deliveries.get(id).is_none_or(|d| d.stage != Stage::Queued) {
            return;
        }
        if let Some(Destination::Function(revision)) = self.destination(id) {
            self.functions.get_mut(&revision).into_iter().for_each(|f| f.calls -= 1);
        }
        self.deliveries.remove(id);
    }

    /// A call nobody took waits for the next instance, unless nobody waits for it or nothing begins any more.
    pub(super) fn call_again(&mut self, now: Time, id: DeliveryId, call: CallId) {
        if !self.calls.contains_key(&call) {
            return drop(self.deliveries.remove(id));
        }
        self.again(id);
        if self.is_stopping() {
            return self.refuse_queued(call, Refusal::Stopping);
        }
        if let Some(Destination::Function(revision)) = self.destination(id) {
            self.watch_patience(now, revision);
        }
    }

    /// Refuses a call that still waits.
    pub(super) fn refuse_queued(&mut self, call: CallId, why: Refusal) {
        let queued = self.calls.get(&call).and_then(|id| self.deliveries.get(*id));
        if queued.is_some_and(|d| d.stage == Stage::Queued) {
            self.hung_up(call);
            self.ask(Effect::Refuse { call, why });
        }
    }

    /// How this instance is run, which may be an older one that still works.
    pub(super) fn settings_at(&self, to: Target) -> Option<Settings> {
        let Target::Instance(id) = to else { return None };
        let mut instances = self.functions.get(&id.function)?.machine.instances().iter();
        instances.find(|instance| instance.id == id).map(|instance| instance.settings)
    }

    /// Callers of a function in trouble are told when their patience is over.
    pub(super) fn watch_patience(&mut self, now: Time, id: FunctionId) {
        let Some(function) = self.functions.get(&id).filter(|f| f.machine.trouble().is_some()) else {
            return;
        };
        let patience = match function.machine.availability() {
            Availability::Present(settings) => settings.start_timeout,
            Availability::Absent => ABSENT_PATIENCE,
            Availability::Broken(_) => Duration::ZERO,
        };
        for call in self.calls_of(id) {
            self.arm(now + patience, Timer::Patience(call));
        }
    }

    pub(super) fn patience_over(&mut self, call: CallId) {
        let destination = self.calls.get(&call).and_then(|id| self.destination(*id));
        let Some(Destination::Function(revision)) = destination else { return };
        let trouble = self.functions.get(&revision).and_then(|f| f.machine.trouble());
        if let Some(reason) = trouble.map(ToString::to_string) {
            self.refuse_queued(call, Refusal::Broken(reason));
        }
    }

    /// A function does not start: callers are told why. Events wait.
    pub(super) fn refuse_calls_of(&mut self, id: FunctionId) {
        let trouble = self.functions.get(&id).and_then(|f| f.machine.trouble());
        let Some(reason) = trouble.map(ToString::to_string) else { return };
        for call in self.calls_of(id) {
            self.refuse_queued(call, Refusal::Broken(reason.clone()));
        }
    }

    /// Whether as many calls wait for a function as may.
    fn is_crowded(&self, id: FunctionId) -> bool {
        let Some(function) = self.functions.get(&id) else { return false };
        match function.machine.availability() {
            Availability::Present(settings) => function.calls >= settings.overflow.waiting_max,
            // Their callers are told soon, however many they are.
            Availability::Absent | Availability::Broken(_) => false,
        }
    }

    /// There is no room for what waits: its calls are refused, where they are not to wait.
    pub(super) fn overflow(&mut self, id: FunctionId) {
        let Some(function) = self.functions.get(&id).filter(|f| f.calls > 0) else { return };
        let refuses = |now: &Availability| matches!(now, Availability::Present(s) if s.overflow.refuse);
        if refuses(function.machine.availability()) && function.machine.is_full() {
            for call in self.calls_of(id) {
                self.refuse_queued(call, Refusal::Full);
            }
        }
    }

    fn calls_of(&self, id: FunctionId) -> Vec<CallId> {
        let queue = self.functions.get(&id).into_iter().flat_map(|f| &f.queue);
        let subjects = queue.filter_map(|delivery| Some(self.deliveries.get(*delivery)?.subject));
        subjects
            .filter_map(|subject| match subject {
                Subject::Call { call, .. } => Some(call),
                Subject::Event(_) | Subject::Detached => None,
            })
            .collect()
    }
}
