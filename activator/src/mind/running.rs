//! Functions, their processes, and their idle time.

use alloc::{boxed::Box, collections::VecDeque, string::ToString, vec::Vec};

use super::Activator;
use super::calls::CALLS_REFUSED_AFTER;
use super::timer::Timer;
use crate::effect::{Effect, FunctionNews, Report};
use crate::id::{DeliveryId, FunctionId, InstanceId};
use crate::lifecycle::{Availability, Finish, Function, Spare, Start, State};
use crate::scale::TICK;
use crate::time::Time;
use crate::topology::Destination;

/// A function and what waits for it.
#[derive(Debug)]
pub(super) struct FunctionQueue {
    pub(super) machine: Function,
    pub(super) queue: VecDeque<DeliveryId>,
    /// Instances with an idle timer: one each, or under load there would be one an event.
    idle_timers: Vec<InstanceId>,
    /// Whether a timer runs for the next look at its averages.
    is_watched: bool,
    /// Calls in the queue that somebody still waits for.
    pub(super) calls: u32,
    /// Calls that came for whichever revision, so that each draws the next lot.
    pub(super) drawn: u32,
}

impl FunctionQueue {
    pub(super) const fn new(id: FunctionId) -> Self {
        Self {
            machine: Function::new(id),
            queue: VecDeque::new(),
            idle_timers: Vec::new(),
            is_watched: false,
            calls: 0,
            drawn: 0,
        }
    }
}

impl Activator {
    pub(super) fn revised(&mut self, now: Time, id: FunctionId, availability: Availability) {
        let function = self.functions.entry(id).or_insert_with(|| Box::new(FunctionQueue::new(id)));
        let could_run = function.machine.is_present();
        let is_new = function.machine.is_news(&availability);
        let stop = function.machine.revise(availability);
        let can_run = function.machine.is_present();
        self.stop_and_retire(now, id, stop);
        if could_run != can_run {
            self.route_around(id);
        }
        if is_new {
            self.mended(id);
        }
        self.watch_patience(now, id);
        self.watch_idle_of(id);
        self.touched.push(Destination::Function(id));
    }

    /// Starts what is wanted for what waits and is in flight, or is to be kept warm.
    pub(super) fn start_wanted(&mut self, now: Time, id: FunctionId) {
        while !self.is_stopping()
            && let Some(function) = self.functions.get_mut(&id)
            && let Some(start) = function.machine.start_next(now, function.queue.len())
        {
            self.start(now, start);
        }
        self.watch_averages(now, id);
    }

    /// While there is something to average, it is looked at.
    fn watch_averages(&mut self, now: Time, id: FunctionId) {
        let Some(function) = self.functions.get_mut(&id) else { return };
        if function.machine.is_watched() && !core::mem::replace(&mut function.is_watched, true) {
            self.arm(now + TICK, Timer::Look(id));
        }
    }

    /// Starts and ends follow from a look at once.
    pub(super) fn look_due(&mut self, now: Time, id: FunctionId) {
        let Some(function) = self.functions.get_mut(&id) else { return };
        function.is_watched = false;
        for instance in function.machine.look(now) {
            self.terminate(instance);
        }
        self.watch_averages(now, id);
        self.touched.push(Destination::Function(id));
    }

    fn start(&mut self, now: Time, start: Start) {
        self.arm(now + start.timeout, Timer::Start(start.instance));
        self.ask(Effect::Spawn { instance: start.instance, revision: start.revision });
        self.report(Report::Function {
            function: start.instance.function,
            news: FunctionNews::Starting(start.instance),
        });
    }

    /// An instance is about to be given something; one that was paused goes on before.
    pub(super) fn began(&mut self, id: InstanceId) {
        if self.functions.get_mut(&id.function).is_some_and(|f| f.machine.began(id)) {
            self.ask(Effect::Resume { instance: id });
        }
    }

    /// What was started ahead, and has nothing to do, stops until there is something.
    pub(super) fn pause_standby(&mut self, id: FunctionId) {
        if let Some(instance) = self.functions.get_mut(&id).and_then(|f| f.machine.pause_next()) {
            self.ask(Effect::Pause { instance });
        }
    }

    pub(super) fn ready(&mut self, now: Time, id: InstanceId) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        let Some(stop) = function.machine.ready(now, id) else { return };
        self.stop_and_retire(now, id.function, stop);
        self.watch_idle_of(id.function);
        self.report(Report::Function { function: id.function, news: FunctionNews::Warm(id) });
        self.touched.push(Destination::Function(id.function));
    }

    pub(super) fn exited(&mut self, now: Time, id: InstanceId, reason: &str) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        if function.machine.attached().is_some_and(|attached| attached.id == id) {
            return self.detached(now, id, reason);
        }
        if let Some(wait) = function.machine.exited(now, id, reason) {
            let failures = function.machine.failures();
            self.arm(now + wait, Timer::Restart(id.function));
            let news = FunctionNews::StartFailed { reason: reason.to_string(), wait };
            self.report(Report::Function { function: id.function, news });
            if failures >= CALLS_REFUSED_AFTER {
                self.refuse_calls_of(id.function);
            }
        } else if function.machine.instances().is_empty() {
            self.report(Report::Function { function: id.function, news: FunctionNews::Zero });
        }
        self.touched.push(Destination::Function(id.function));
    }

    pub(super) fn instance_finished(&mut self, now: Time, id: InstanceId, how: Finish) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        if function.machine.finished(now, id, how) {
            self.terminate(id);
        }
        self.watch_idle(id);
        self.touched.push(Destination::Function(id.function));
    }

    /// Some that were kept may be spared now, since there are more of them or fewer are to be kept.
    fn watch_idle_of(&mut self, id: FunctionId) {
        let Some(function) = self.functions.get(&id) else { return };
        let ids: Vec<_> = function.machine.instances().iter().map(|i| i.id).collect();
        ids.into_iter().for_each(|id| self.watch_idle(id));
    }

    /// An instance without work is looked at again when its time is up.
    fn watch_idle(&mut self, id: InstanceId) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        if function.idle_timers.contains(&id) {
            return;
        }
        let Some(due) = function.machine.idle_until(id) else { return };
        function.idle_timers.push(id);
        self.arm(due, Timer::Idle(id));
    }

    pub(super) fn idle_due(&mut self, now: Time, id: InstanceId) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        let found = function.machine.idle_check(now, id);
        if let Spare::LookAgain(due) = found {
            return self.arm(due, Timer::Idle(id));
        }
        function.idle_timers.retain(|i| *i != id);
        if found == Spare::Stop {
            self.terminate(id);
        }
    }

    pub(super) fn start_overdue(&mut self, id: InstanceId) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        if function.machine.start_timed_out(id) {
            self.ask(Effect::Terminate { instance: id, kill: true });
        }
    }

    pub(super) fn retire_overdue(&mut self, id: InstanceId) {
        let Some(function) = self.functions.get_mut(&id.function) else { return };
        if function.machine.drain_timed_out(id) {
            self.terminate(id);
        }
    }

    pub(super) fn reap(&mut self, now: Time, id: FunctionId) {
        let Some(function) = self.functions.get_mut(&id) else { return };
        let stop = function.machine.reap();
        self.stop_and_retire(now, id, stop);
    }

    /// Stops those that hold nothing, and gives the retiring ones their time.
    pub(super) fn stop_and_retire(&mut self, now: Time, id: FunctionId, stop: Vec<InstanceId>) {
        for instance in stop {
            self.terminate(instance);
        }
        let Some(function) = self.functions.get(&id) else { return };
        let retiring: Vec<_> = function
            .machine
            .instances()
            .iter()
            .filter(|i| i.state == State::Retiring)
            .map(|i| (now + i.settings.drain_timeout, Timer::Retire(i.id)))
            .collect();
        self.timers.extend(retiring);
    }
}
