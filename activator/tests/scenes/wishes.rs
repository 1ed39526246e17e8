//! What people wish for in a scene.

use activator::effect::Effect;
use activator::id::{AttachId, FunctionId, InstanceId, SubscriptionId};
use activator::input::Input;

use crate::scene::Scene;

impl Scene {
    /// Somebody wants that what failed at a trigger is tried now.
    pub(crate) fn retry(&mut self, number: u32) {
        self.tell(Input::Retry { subscription: SubscriptionId(number) });
    }

    /// The runtime is asked to stop.
    pub(crate) fn drain(&mut self) {
        self.tell(Input::Drain);
    }

    /// Somebody attaches a process of his own to a function.
    pub(crate) fn attached(&mut self, function: u32) -> InstanceId {
        self.tell(Input::Attaching { attach: AttachId(1), function: FunctionId(function) });
        match self.next() {
            Some(Effect::Attach { instance, .. }) => instance,
            other => panic!("expected a place, got {other:?}"),
        }
    }

    /// And ends it.
    pub(crate) fn leaves(&mut self, instance: InstanceId) {
        self.tell(Input::Exited { instance, reason: "detached".into() });
    }
}
