//! The functions' processes and the URLs: they start, take, answer, hang and die.

use std::time::Duration;

use activator::delivery::{Advice, Outcome};
use activator::effect::{Effect, Payload, Target};
use activator::event::Event;
use activator::id::{DeliveryId, FunctionId, InstanceId, Revision};
use activator::input::Input;
use activator::lifecycle::{Availability, Overflow, Settings};
use activator::scale::{Idle, Policy, Rules, Scaling};
use bytes::Bytes;

use super::clock::{MILLI, Micros, SECOND, micros};
use super::random::Random;
use super::truth::Case;
use super::wiring::{SHIP, SHIP_KEPT, THUMB};
use super::world::{Happening, World};

/// How a revision was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Make {
    pub(crate) settings: Settings,
    /// Whether any process of it ever starts.
    pub(crate) good: bool,
}

#[derive(Debug)]
pub(crate) struct Process {
    single_use: bool,
    up: bool,
    announced: bool,
    /// It takes and never answers.
    hangs: bool,
    /// Somebody else started it: nothing that it is given has a time.
    attached: bool,
    holds: Vec<DeliveryId>,
    /// What it says arrives in order.
    last_news: Micros,
}

/// A delivery that someone holds.
#[derive(Debug)]
pub(crate) struct Held {
    to: Target,
    event: Option<Event>,
    case: Option<Case>,
    taken: bool,
    /// Whether its time is that for an answer to begin.
    to_begin: bool,
}

/// Mostly a plain time.
fn idle(users: &mut Random) -> Idle {
    let millis = Duration::from_millis;
    if users.chance(700) {
        return Idle::After(millis(users.between(0, 20_000)));
    }
    let floor = users.between(0, 2_000);
    Idle::Auto { floor: millis(floor), ceiling: millis(users.between(floor, 20_000)) }
}

/// Mostly demand.
fn policy(users: &mut Random) -> Policy {
    if users.chance(700) {
        return Policy::Demand;
    }
    let percent = |n: u64| u32::try_from(n).expect("small");
    Policy::Kpa(Rules {
        window: Duration::from_millis(users.between(3_000, 20_000)),
        panic_window: percent(users.between(1, 100)),
        panic_threshold: percent(users.between(110, 1_000)),
        grace: Duration::from_millis(users.between(0, 5_000)),
    })
}

impl World {
    /// A new content of a function's file.
    pub(crate) fn make(&mut self, function: FunctionId, good: bool) -> Availability {
        self.revisions += 1;
        let single_use = function == THUMB;
        let concurrency = if single_use { 1 } else { self.users.between(1, 4) };
        let settings = Settings {
            revision: Revision(self.revisions),
            single_use,
            concurrency: u32::try_from(concurrency).expect("small"),
            scaling: self.scaling(single_use),
            overflow: Overflow {
                refuse: self.users.chance(300),
                waiting_max: [1, 3, 1000][self.users.index(3)],
            },
            start_timeout: Duration::from_millis(self.users.between(1_000, 10_000)),
            call_timeout: Duration::from_secs(10),
            response_timeout: self
                .users
                .chance(300)
                .then(|| Duration::from_millis(self.users.between(1_000, 5_000))),
            drain_timeout: Duration::from_millis(self.users.between(500, 5_000)),
        };
        self.makes.insert((function, settings.revision), Make { settings, good });
        settings.into()
    }

    /// Mostly zero when idle, as it is by default.
    fn scaling(&mut self, single_use: bool) -> Scaling {
        let users = &mut self.users;
        let mut small = |from, to| u32::try_from(users.between(from, to)).expect("small");
        let max = small(1, 3);
        let few = |draw: u32| if single_use { 0 } else { draw.saturating_sub(3).min(max) };
        Scaling {
            min: few(small(0, 5)),
            initial: few(small(0, 5)),
            max,
            activation: small(1, max.into()),
            target: [1, 2, u32::MAX][small(0, 2) as usize],
            utilization: small(50, 100),
            down_delay: Duration::from_millis([0, 0, 3_000][small(0, 2) as usize]),
            idle: idle(users),
            policy: policy(users),
            standby: users.chance(700),
        }
    }

    pub(crate) fn settings_of(&self, effect: &Effect) -> Option<Settings> {
        let (Effect::Spawn { instance, revision } | Effect::Attach { instance, revision, .. }) = effect
        else {
            return None;
        };
        self.makes.get(&(instance.function, *revision)).map(|make| make.settings)
    }

    pub(crate) fn spawn(&mut self, instance: InstanceId, revision: Revision) {
        let Some(make) = self.makes.get(&(instance.function, revision)).copied() else { return };
        let process = Process {
            single_use: make.settings.single_use,
            up: false,
            announced: false,
            hangs: self.faults.chance(self.weather.process_hangs),
            attached: false,
            holds: Vec::new(),
            last_news: self.clock.micros(),
        };
        if process.hangs {
            self.coverage.count("fault hung process");
        }
        self.processes.insert(instance, process);
        let start = self.speed.between(1, 400) * MILLI;
        if !make.good || self.faults.chance(self.weather.spawn_fails) {
            self.coverage.count("fault spawn fails");
            self.clock.after(start, Happening::Exit(instance, "exit 1"));
        } else if self.faults.chance(self.weather.start_hangs) {
            self.coverage.count("fault hung start");
        } else {
            self.clock.after(start, Happening::Up(instance));
        }
    }

    /// Somebody starts it himself, some time or never, and has enough of it some time.
    pub(crate) fn attach(&mut self, instance: InstanceId) {
        let last_news = self.clock.micros();
        let (up, announced, hangs) = (false, false, self.faults.chance(self.weather.process_hangs));
        let process =
            Process { single_use: false, up, announced, hangs, attached: true, holds: Vec::new(), last_news };
        self.processes.insert(instance, process);
        let (start, end) = (self.users.between(1, 8_000) * MILLI, self.users.between(1, 12_000) * MILLI);
        self.clock.after(start, Happening::Up(instance));
        self.clock.after(end, Happening::Exit(instance, "detached"));
    }

    pub(crate) fn deliver(
        &mut self,
        id: DeliveryId,
        to: Target,
        what: &Payload,
        timeout: Duration,
        response: Option<Duration>,
        case: Option<Case>,
    ) {
        let event = match what {
            Payload::Event(event, _) => Some(event.clone()),
            Payload::Call(_) => None,
        };
        let response = response.filter(|response| *response < timeout);
        self.held.insert(id, Held { to, event, case, taken: false, to_begin: response.is_some() });
        let attached = |instance| self.processes.get(&instance).is_some_and(|process| process.attached);
        if !matches!(to, Target::Instance(instance) if attached(instance)) {
            self.clock.after(micros(response.unwrap_or(timeout)), Happening::Overdue(id));
        }
        match to {
            Target::Sink(_) => self.take(id),
            Target::Instance(instance) => match self.processes.get_mut(&instance) {
                // It ended, and the mind has not heard of it yet.
                None => self.answer(id, Outcome::NotTaken),
                Some(process) => {
                    process.holds.push(id);
                    if process.up {
                        self.take(id);
                    }
                }
            },
        }
    }

    pub(crate) fn up(&mut self, instance: InstanceId) {
        let Some(process) = self.processes.get_mut(&instance) else { return };
        process.up = true;
        let holds = process.holds.clone();
        // One that speaks HTTP is seen to accept, whether it was given anything or not.
        let seen =
            !process.single_use && holds.is_empty() && !std::mem::replace(&mut process.announced, true);
        if seen {
            self.say(instance, Input::Ready { instance }, 0);
        }
        for delivery in holds {
            self.take(delivery);
        }
    }

    /// The request is accepted, and what will come of it is decided.
    fn take(&mut self, id: DeliveryId) {
        let Some(held) = self.held.get_mut(&id) else { return };
        held.taken = true;
        let (to, event, case) = (held.to, held.event.clone(), held.case);
        let process = match to {
            Target::Instance(instance) => self.processes.get_mut(&instance).map(|p| (instance, p)),
            Target::Sink(_) => None,
        };
        let (mut hangs, mut single_use) = (false, false);
        if let Some((instance, process)) = process {
            (hangs, single_use) = (process.hangs, process.single_use);
            if !std::mem::replace(&mut process.announced, true) {
                self.say(instance, Input::Ready { instance }, 0);
            }
        }
        if hangs || self.faults.chance(self.weather.delivery_hangs) {
            self.coverage.count("fault hung delivery");
            return;
        }
        let work = self.speed.between(1, 300) * MILLI;
        if let (Target::Instance(instance), true) = (to, self.faults.chance(self.weather.process_dies)) {
            self.coverage.count("fault process dies");
            return self.clock.after(work, Happening::Exit(instance, "signal 9"));
        }
        let in_lines =
            matches!(to, Target::Instance(instance) if [SHIP, SHIP_KEPT].contains(&instance.function));
        let outcome = self.outcome(event.as_ref(), case, single_use, in_lines);
        self.clock.after(work, Happening::Finish(id, outcome));
    }

    /// An attempt ends as was decided; a process for one delivery ends with it.
    pub(crate) fn finish(&mut self, id: DeliveryId, outcome: Outcome) {
        let Some(held) = self.held.get(&id) else { return };
        let (to, case) = (held.to, held.case);
        if let (Some(case), activator::delivery::Verdict::Delivered(reply)) = (case, outcome.verdict()) {
            self.oracle.truth.succeeded(case, reply);
        }
        self.answer(id, outcome);
        if let Target::Instance(instance) = to
            && self.processes.get(&instance).is_some_and(|p| p.single_use)
        {
            self.exit(instance, "exit");
        }
    }

    pub(crate) fn overdue(&mut self, id: DeliveryId) {
        let Some(held) = self.held.get(&id) else { return };
        let never_began = !held.taken && self.speed.chance(500);
        let outcome = match held.to_begin {
            _ if never_began => Outcome::NotTaken,
            true => Outcome::NotBegun("no response began".to_owned()),
            false => Outcome::TimedOut,
        };
        self.answer(id, outcome);
    }

    /// The attempt is over, and the mind hears of it.
    fn answer(&mut self, id: DeliveryId, outcome: Outcome) {
        let Some(held) = self.held.remove(&id) else { return };
        self.repeat_later(id);
        let input = Input::Outcomes(vec![(id, outcome)]);
        match held.to {
            Target::Instance(instance) if self.processes.contains_key(&instance) => {
                if let Some(process) = self.processes.get_mut(&instance) {
                    process.holds.retain(|held| *held != id);
                }
                let late = if self.faults.chance(self.weather.late_news) {
                    self.coverage.count("fault outcome after exit");
                    20 * MILLI
                } else {
                    0
                };
                self.say(instance, input, late);
            }
            _ => {
                let wait = self.speed.between(10, 2_000);
                self.clock.after(wait, Happening::News(input));
            }
        }
    }

    /// The process is gone. What it held was lost, or never taken.
    pub(crate) fn exit(&mut self, instance: InstanceId, reason: &str) {
        let Some(process) = self.processes.get(&instance) else { return };
        let single_use = process.single_use;
        for id in process.holds.clone() {
            let taken = self.held.get(&id).is_some_and(|held| held.taken);
            let outcome = match (taken, single_use) {
                (false, _) => Outcome::NotTaken,
                (true, true) => Outcome::Ended { code: 137, reply: None, excerpt: Bytes::new() },
                (true, false) => Outcome::Lost("connection reset".into()),
            };
            self.answer(id, outcome);
        }
        self.say(instance, Input::Exited { instance, reason: reason.into() }, 0);
        self.processes.remove(&instance);
        self.ended.push(instance);
    }

    /// News of an instance, one after the other, unless one comes `late`.
    fn say(&mut self, instance: InstanceId, input: Input, late: Micros) {
        let soon = self.clock.micros() + self.speed.between(10, 2_000);
        let Some(process) = self.processes.get_mut(&instance) else { return };
        let when = soon.max(process.last_news + 1);
        if late == 0 {
            process.last_news = when;
        }
        self.clock.at(when + late, Happening::News(input));
    }

    /// Terminated politely, a process has its grace; then it is killed.
    pub(crate) fn terminate(&mut self, instance: InstanceId, kill: bool) {
        let wait = if kill { self.speed.between(1, 5) } else { self.speed.between(1, 1_500) } * MILLI;
        self.clock.after(wait, Happening::Exit(instance, if kill { "signal 9" } else { "signal 15" }));
    }

    /// An outcome that was told comes once more, long after.
    fn repeat_later(&mut self, id: DeliveryId) {
        if !self.faults.chance(self.weather.late_news) {
            return;
        }
        let wait = self.speed.between(10, 2_000) * MILLI + SECOND;
        self.clock.after(wait, Happening::Echo(id));
    }

    /// A delivery keeps its name from attempt to attempt, so the echo of an earlier one has to keep out of the next.
    pub(crate) fn echo(&mut self, id: DeliveryId) {
        if self.oracle.is_under_way(id) {
            return;
        }
        self.coverage.count("fault late outcome");
        let late =
            Outcome::Answered { status: 200, reply: None, excerpt: Bytes::new(), advice: Advice::None };
        self.tell(Input::Outcomes(vec![(id, late)]));
    }
}
