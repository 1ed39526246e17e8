//! One function: the way of its processes from the decision to start one to the news of its end.

use alloc::{boxed::Box, vec::Vec};
use core::time::Duration;

use super::health::Health;
use super::standby::Standby;
use super::{Availability, Instance, State};
use crate::id::{FunctionId, InstanceId};
use crate::scale::{Kpa, Pauses, Peak};
use crate::time::Time;

/// Timeouts in a row after which a process counts as hung and is replaced.
const HUNG_AFTER: u32 = 3;

/// The processes of one function and what it may start.
#[derive(Debug)]
pub struct Function {
    pub(super) id: FunctionId,
    pub(super) availability: Availability,
    pub(super) health: Health,
    pub(super) instances: Vec<Instance>,
    pub(super) next_generation: u32,
    /// Processes that are wanted because the current revision is new, until there were that many.
    pub(super) initial: u32,
    /// One that is started ahead, because the current revision is new and the one before was of use.
    pub(super) standby: Standby,
    /// Whether anything was given to a process since the current revision came.
    pub(super) is_used: bool,
    /// How many were wanted lately, where that is a reason to keep them.
    pub(super) peak: Option<Box<Peak>>,
    /// Its pauses and starts, by which a process is kept.
    /// Nothing before there was any work.
    pub(super) pauses: Option<Box<Pauses>>,
    /// Knative's autoscaler, where the user wants it, while there is a process or work.
    pub(super) kpa: Option<Box<Kpa>>,
}

impl Function {
    /// A function nobody has seen in the folder yet.
    pub const fn new(id: FunctionId) -> Self {
        Self {
            id,
            availability: Availability::Absent,
            health: Health::Sound,
            instances: Vec::new(),
            next_generation: 0,
            initial: 0,
            standby: Standby::No,
            is_used: false,
            peak: None,
            pauses: None,
            kpa: None,
        }
    }

    /// What the folder holds.
    pub const fn availability(&self) -> &Availability {
        &self.availability
    }

    /// Whether there is something to start.
    pub const fn is_present(&self) -> bool {
        matches!(self.availability, Availability::Present(_))
    }

    /// Whether that is something to start, and not what there is already.
    pub fn is_news(&self, now: &Availability) -> bool {
        match (now, &self.availability) {
            (Availability::Present(new), Availability::Present(old)) => new.revision != old.revision,
            (Availability::Present(_), _) => true,
            _ => false,
        }
    }

    /// All processes that have not ended.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Why nothing starts, if so.
    pub fn trouble(&self) -> Option<&str> {
        match (&self.availability, &self.health) {
            // Somebody else sees to it.
            _ if self.attached().is_some() => None,
            (Availability::Absent, _) => Some("its file is missing"),
            (Availability::Broken(reason), _) => Some(reason),
            (_, Health::Failing(failing)) => Some(&failing.reason),
            _ => None,
        }
    }

    /// How often in a row the current revision failed to start.
    pub const fn failures(&self) -> u32 {
        self.health.failures()
    }

    /// Takes over what the folder holds now; a file change ends the wait of a crash loop. Old processes go on
    /// until the new revision has proven that it starts. Gives those to stop at once.
    pub fn revise(&mut self, now: Availability) -> Vec<InstanceId> {
        let gone = now == Availability::Absent;
        self.initial = match &now {
            Availability::Present(settings) => settings.scaling.initial,
            _ => 0,
        };
        self.stand_by(&now);
        self.availability = now;
        self.health = Health::Sound;
        // Each revision is scaled by what it sees itself.
        self.kpa = None;
        // Warm -> Retiring: the function was removed, so nothing of it takes events any more.
        if gone { self.retire(|i| !i.is_attached) } else { Vec::new() }
    }

    pub(super) fn instance(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.id == id)
    }

    /// The instance was given one more delivery. Says whether it was paused, and is to go on before it gets it.
    pub fn began(&mut self, id: InstanceId) -> bool {
        self.is_used = true;
        self.stands_by_no_more(id);
        let Some(instance) = self.instance(id) else { return false };
        instance.in_flight += 1;
        if let State::Warm { idle_since } = &mut instance.state {
            *idle_since = None;
        }
        Self::wake(&mut instance.state)
    }

    /// Starting -> Warm: the first request was accepted. Gives the processes of other revisions to stop at once;
    /// the rest of them stop when they have finished what they hold. Gives nothing when the instance is not
    /// starting: it is on its way out, or gone.
    pub fn ready(&mut self, now: Time, id: InstanceId) -> Option<Vec<InstanceId>> {
        let instance = self.instance(id).filter(|i| i.state == State::Starting)?;
        let (revision, took) = (instance.settings.revision, now.since(instance.started));
        instance.state = State::Warm { idle_since: (instance.in_flight == 0).then_some(now) };
        if instance.is_attached {
            // It says nothing about how ours start.
            return Some(Vec::new());
        }
        self.pauses.get_or_insert_default().started(took);
        match &self.availability {
            Availability::Present(settings) if settings.revision == revision => {
                self.health = Health::Sound;
                Some(self.retire(|i| i.settings.revision != revision && !i.is_attached))
            }
            _ => Some(Vec::new()),
        }
    }

    /// Any -> Retiring, or -> Stopping when it holds nothing: another revision serves now, somebody else, or none.
    pub(super) fn retire(&mut self, which: impl Fn(&Instance) -> bool) -> Vec<InstanceId> {
        let mut stop = Vec::new();
        for instance in self.instances.iter_mut().filter(|i| which(i)) {
            match instance.state {
                State::Stopping { .. } | State::Retiring => {}
                _ if instance.in_flight > 0 => instance.state = State::Retiring,
                _ => {
                    instance.state = State::Stopping { start_failed: false };
                    stop.push(instance.id);
                }
            }
        }
        stop
    }

    /// One delivery of the instance is over. Says whether the instance is to be stopped now.
    pub fn finished(&mut self, now: Time, id: InstanceId, how: Finish) -> bool {
        let Some(instance) = self.instance(id) else {
            return false;
        };
        instance.in_flight = instance.in_flight.saturating_sub(1);
        instance.timeouts = if how == Finish::TimedOut { instance.timeouts + 1 } else { 0 };
        // A process that takes nothing is about to end; one that hangs will not answer the next either.
        let lost = how == Finish::NotTaken || instance.timeouts >= HUNG_AFTER;
        let idle = instance.in_flight == 0;
        let (next, stop) = match instance.state {
            State::Stopping { .. } => return false,
            State::Starting if lost => (State::Stopping { start_failed: true }, true),
            State::Warm { .. } | State::Retiring if lost => (State::Stopping { start_failed: false }, true),
            // Retiring -> Stopping: the last of what it held is done.
            State::Retiring if idle => (State::Stopping { start_failed: false }, true),
            // Warm -> Stopping: a process for one delivery ends by itself, unless it hangs.
            State::Starting | State::Warm { .. } if instance.settings.single_use => {
                (State::Stopping { start_failed: false }, how == Finish::TimedOut)
            }
            State::Warm { .. } if idle => (State::Warm { idle_since: Some(now) }, false),
            unchanged => (unchanged, false),
        };
        instance.state = next;
        stop
    }

    /// Any -> Stopping: all that hold nothing stop now, the others when they are done.
    pub fn reap(&mut self) -> Vec<InstanceId> {
        self.initial = 0;
        self.retire(|_| true)
    }

    /// Starting -> Stopping: it took too long. Says whether that is so.
    pub fn start_timed_out(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instance(id).filter(|i| i.state == State::Starting) else {
            return false;
        };
        // What a process for one delivery was started for may have gone elsewhere: it had nothing to accept.
        let given_any = instance.in_flight > 0 || instance.timeouts > 0 || !instance.settings.single_use;
        instance.state = State::Stopping { start_failed: given_any };
        true
    }

    /// Retiring -> Stopping: it had its time to finish. Says whether that is so.
    pub fn drain_timed_out(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instance(id).filter(|i| i.state == State::Retiring) else {
            return false;
        };
        instance.state = State::Stopping { start_failed: false };
        true
    }

    /// Any -> Zero. Gives the wait until the next start when it never accepted a request.
    pub fn exited(&mut self, now: Time, id: InstanceId, reason: &str) -> Option<Duration> {
        let at = self.instances.iter().position(|i| i.id == id)?;
        let instance = self.instances.remove(at);
        self.stands_by_no_more(id);
        let unproven = matches!(instance.state, State::Starting | State::Stopping { start_failed: true });
        let current = matches!(&self.availability, Availability::Present(s) if s.revision == instance.settings.revision);
        if !unproven || !current || instance.is_attached {
            return None;
        }
        // From here on somebody has to need it.
        self.initial = 0;
        Some(self.health.start_failed(now, reason))
    }
}

/// How a delivery to an instance ended, as far as the instance is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It answered or broke the connection.
    Answered,
    /// It did not answer in time.
    TimedOut,
    /// It never took the request.
    NotTaken,
}
