//! Processes that somebody else starts: one takes the place of a function's own for as long as he wants.

use super::Activator;
use crate::effect::{Effect, FunctionNews, Report};
use crate::id::{AttachId, FunctionId, InstanceId};
use crate::lifecycle::{Attached, Declined};
use crate::time::Time;
use crate::topology::Destination;

impl Activator {
    /// Somebody wants to be a function's process, to look at what fails maybe: he gets that at once.
    pub(super) fn attaching(&mut self, now: Time, attach: AttachId, id: FunctionId) {
        match self.attach(now, id) {
            Ok(Attached { instance, revision, stop }) => {
                self.ask(Effect::Attach { attach, instance, revision });
                let news = FunctionNews::Attached(instance);
                self.report(Report::Function { function: id, news });
                self.stop_and_retire(now, id, stop);
                self.mended(id);
                self.touched.push(Destination::Function(id));
            }
            Err(why) => self.ask(Effect::Decline { attach, why }),
        }
    }

    /// Ours serve again, also what failed with his. That they do not start, if so, callers are to hear anew.
    pub(super) fn detached(&mut self, now: Time, id: InstanceId, reason: &str) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        function.machine.exited(now, id, reason);
        let is_zero = function.machine.instances().is_empty();
        let told = [FunctionNews::Detached { reason: reason.into() }].into_iter();
        for news in told.chain(is_zero.then_some(FunctionNews::Zero)) {
            self.report(Report::Function { function: id.function, news });
        }
        self.mended(id.function);
        self.watch_patience(now, id.function);
        self.touched.push(Destination::Function(id.function));
    }

    fn attach(&mut self, now: Time, id: FunctionId) -> Result<Attached, Declined> {
        if self.is_stopping() {
            return Err(Declined::Stopping);
        }
        self.functions.get_mut(&id).ok_or(Declined::Unknown)?.machine.attach(now)
    }
}
