//! One function: which process takes the next delivery, when one starts, when one stops.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::{Availability, Instance, Settings, State};
use crate::id::{FunctionId, InstanceId, Revision};
use crate::scale;
use crate::time::Time;

/// The wait after the first failed start; it doubles with each further one.
const RESTART_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between starts.
const RESTART_WAIT_MAX: Duration = Duration::from_secs(30);
/// Timeouts in a row after which a process counts as hung and is replaced.
const HUNG_AFTER: u32 = 3;

/// The processes of one function and what it may start.
#[derive(Debug)]
pub struct Function {
    id: FunctionId,
    availability: Availability,
    health: Health,
    instances: Vec<Instance>,
    next_generation: u32,
}

/// Whether the current revision starts.
#[derive(Debug, PartialEq, Eq)]
enum Health {
    /// Nothing speaks against it.
    Sound,
    /// Its last start failed: one start at a time, and not before `until`.
    Failing { failures: u32, until: Time, reason: String },
}

/// Who takes the next delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This instance; `cold` if it is still starting.
    Instance {
        /// Which one.
        id: InstanceId,
        /// Whether it still starts.
        cold: bool,
    },
    /// Nobody has room: start one and ask again.
    Start(Start),
    /// Nobody, until something changes.
    Wait,
}

/// A process to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its name.
    pub instance: InstanceId,
    /// What it runs.
    pub revision: Revision,
    /// How long it may take.
    pub timeout: Duration,
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
        }
    }

    /// What the folder holds.
    pub const fn availability(&self) -> &Availability {
        &self.availability
    }

    /// All processes that have not ended.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Why nothing starts, if so.
    pub fn trouble(&self) -> Option<&str> {
        match (&self.availability, &self.health) {
            (Availability::Absent, _) => Some("its file is missing"),
            (Availability::Broken(reason), _) | (_, Health::Failing { reason, .. }) => Some(reason),
            _ => None,
        }
    }

    /// How often in a row the current revision failed to start.
    pub const fn failures(&self) -> u32 {
        match self.health {
            Health::Sound => 0,
            Health::Failing { failures, .. } => failures,
        }
    }

    /// Takes over what the folder holds now; a file change ends the wait of a crash loop. Old processes go on
    /// until the new revision has proven that it starts. Gives those to stop at once.
    pub fn revise(&mut self, now: Availability) -> Vec<InstanceId> {
        let gone = now == Availability::Absent;
        self.availability = now;
        self.health = Health::Sound;
        // Warm -> Retiring: the function was removed, so nothing of it takes events any more.
        if gone { self.retire_all_but(None) } else { Vec::new() }
    }

    /// Who takes the next of `waiting` deliveries. A start decided here has begun; the caller carries it out.
    pub fn place(&mut self, now: Time, waiting: usize) -> Place {
        let current = match self.availability {
            Availability::Present(settings) => settings,
            Availability::Broken(_) => return self.place_at_old(),
            Availability::Absent => return Place::Wait,
        };
        let mut room =
            self.instances.iter().filter(|i| i.settings.revision == current.revision && i.has_room());
        if let Some(instance) = room.next() {
            return Place::Instance { id: instance.id, cold: instance.state == State::Starting };
        }
        if self.may_start(now, &current, waiting) {
            return Place::Start(self.start(current));
        }
        // While the new revision does not start, a working one goes on.
        if self.failures() > 0 { self.place_at_old() } else { Place::Wait }
    }

    fn place_at_old(&self) -> Place {
        let warm = |i: &&Instance| matches!(i.state, State::Warm { .. }) && i.has_room();
        self.instances.iter().find(warm).map_or(Place::Wait, |i| Place::Instance { id: i.id, cold: false })
    }

    fn may_start(&self, now: Time, current: &Settings, waiting: usize) -> bool {
        let (mut running, mut in_flight, mut unproven) = (0, 0, false);
        for instance in self.instances.iter().filter(|i| i.settings.revision == current.revision) {
            match instance.state {
                // Its end is news about the revision; the next start waits for it.
                State::Stopping { start_failed: true } => return false,
                State::Stopping { .. } => continue,
                state => unproven |= state == State::Starting,
            }
            running += 1;
            in_flight += instance.in_flight as usize;
        }
        let allowed = match self.health {
            Health::Sound => true,
            // Half open: one process tries for all.
            Health::Failing { until, .. } => now >= until && !unproven,
        };
        allowed && running < scale::wanted(waiting + in_flight, current.concurrency, current.instances_max)
    }

    /// Zero -> Starting: somebody needs it and nobody has room.
    fn start(&mut self, settings: Settings) -> Start {
        let instance = InstanceId { function: self.id, generation: self.next_generation };
        self.next_generation += 1;
        self.instances.push(Instance {
            id: instance,
            settings,
            state: State::Starting,
            in_flight: 0,
            timeouts: 0,
        });
        Start { instance, revision: settings.revision, timeout: settings.start_timeout }
    }

    fn instance(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.id == id)
    }

    /// The instance was given one more delivery.
    pub fn began(&mut self, id: InstanceId) {
        if let Some(instance) = self.instance(id) {
            instance.in_flight += 1;
            if let State::Warm { idle_since } = &mut instance.state {
                *idle_since = None;
            }
        }
    }

    /// Starting -> Warm: the first request was accepted. Gives the processes of other revisions to stop at once;
    /// the rest of them stop when they have finished what they hold. Gives nothing when the instance is not
    /// starting: it is on its way out, or gone.
    pub fn ready(&mut self, now: Time, id: InstanceId) -> Option<Vec<InstanceId>> {
        let instance = self.instance(id).filter(|i| i.state == State::Starting)?;
        let revision = instance.settings.revision;
        instance.state = State::Warm { idle_since: (instance.in_flight == 0).then_some(now) };
        match &self.availability {
            Availability::Present(settings) if settings.revision == revision => {
                self.health = Health::Sound;
                Some(self.retire_all_but(Some(revision)))
            }
            _ => Some(Vec::new()),
        }
    }

    /// Warm -> Retiring, or -> Stopping when it holds nothing: another revision serves now, or none.
    fn retire_all_but(&mut self, kept: Option<Revision>) -> Vec<InstanceId> {
        let mut stop = Vec::new();
        for instance in self.instances.iter_mut().filter(|i| Some(i.settings.revision) != kept) {
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

    /// Warm -> Stopping, when it was idle for long enough.
    pub fn idle_check(&mut self, now: Time, id: InstanceId) -> IdleCheck {
        let Some(instance) = self.instance(id) else {
            return IdleCheck::Busy;
        };
        let State::Warm { idle_since: Some(since) } = instance.state else {
            return IdleCheck::Busy;
        };
        let until = since + instance.settings.idle;
        if now < until {
            return IdleCheck::LookAgain(until);
        }
        instance.state = State::Stopping { start_failed: false };
        IdleCheck::Stop
    }

    /// Any -> Stopping: all that hold nothing stop now, the others when they are done.
    pub fn reap(&mut self) -> Vec<InstanceId> {
        self.retire_all_but(None)
    }

    /// Starting -> Stopping: it took too long. Says whether that is so.
    pub fn start_timed_out(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instance(id).filter(|i| i.state == State::Starting) else {
            return false;
        };
        // What it was started for may have gone elsewhere: given nothing, it had nothing to accept.
        let given_any = instance.in_flight > 0 || instance.timeouts > 0;
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
        let unproven = matches!(instance.state, State::Starting | State::Stopping { start_failed: true });
        let current =
            matches!(self.availability, Availability::Present(s) if s.revision == instance.settings.revision);
        if !unproven || !current {
            return None;
        }
        let failures = self.failures() + 1;
        let wait = RESTART_WAIT.saturating_mul(1 << (failures - 1).min(16)).min(RESTART_WAIT_MAX);
        self.health = Health::Failing { failures, until: now + wait, reason: reason.into() };
        Some(wait)
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

/// What an idle check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleCheck {
    /// It works, or is on its way out.
    Busy,
    /// It is idle, and not long enough yet.
    LookAgain(Time),
    /// It is to be stopped.
    Stop,
}
