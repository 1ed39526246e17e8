//! One world: a mind, and all that it believes to be outside. Everything follows from the seed.

mod judge;
mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use activator::effect::{Effect, Payload, Target};
use activator::event::{Event, Identity};
use activator::id::{CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Revision};
use activator::input::{Input, Progress};
use activator::lifecycle::Availability;
use activator::topology::Topology;
use activator::{Activator, Limits};

use crate::bugs::{self, Bug};
use crate::clock::{Clock, MILLI, Micros, SECOND};
use crate::coverage::Coverage;
use crate::faults::Weather;
use crate::marks::Mark;
use crate::oracle::Oracle;
use crate::processes::{Held, Make, Process};
use crate::random::Random;
use crate::storage::{At, Log, stamp_of};
use crate::trace::Trace;
use crate::truth::Case;
use crate::wiring::{self, SHARED};

pub(crate) struct World {
    pub(crate) bug: Option<Bug>,
    pub(crate) memory: bugs::Memory,
    pub(crate) mind: Activator,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock<Happening>,
    pub(crate) faults: Random,
    pub(crate) speed: Random,
    pub(crate) load: Random,
    pub(crate) users: Random,
    pub(crate) weather: Weather,
    pub(crate) oracle: Oracle,
    pub(crate) coverage: Coverage,
    pub(crate) all: Topology,
    pub(crate) wired: Topology,
    pub(crate) logs: BTreeMap<ChannelId, Log>,
    pub(crate) folder: BTreeMap<FunctionId, Availability>,
    pub(crate) makes: BTreeMap<(FunctionId, Revision), Make>,
    pub(crate) revisions: u32,
    pub(crate) processes: BTreeMap<InstanceId, Process>,
    pub(crate) ended: Vec<InstanceId>,
    pub(crate) held: BTreeMap<DeliveryId, Held>,
    pub(crate) calls: BTreeSet<CallId>,
    pub(crate) named: u64,
    /// The last events that producers sent.
    pub(crate) sent: Vec<Event>,
    /// What was delivered to subscriptions that want it once, and until when that is to be known.
    pub(crate) remembered: BTreeMap<Arc<str>, Vec<(Identity, Micros)>>,
    /// The subscriptions that are paused, as it is stored.
    pub(crate) paused: BTreeSet<Arc<str>>,
    pub(crate) bad_neighbour: bool,
    pub(crate) calm_since: Option<Micros>,
    pub(crate) draining_since: Option<Micros>,
    pub(crate) lives: u64,
    /// What records say is done in this life.
    pub(crate) marks: Vec<Mark>,
    paid: bool,
    trace: Option<Trace>,
}

/// What happens in the world.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The mind hears of something.
    News(Input),
    /// A request reaches the storage.
    Storage(Effect),
    /// A process accepts requests from now on.
    Up(InstanceId),
    /// An attempt comes to its end.
    Finish(DeliveryId, activator::delivery::Outcome),
    /// An attempt has had its time.
    Overdue(DeliveryId),
    Exit(InstanceId, &'static str),
    /// The partitions of a shared channel that nobody has are given out.
    Assign(ChannelId),
    /// An outcome comes again.
    Echo(DeliveryId),
    Produce,
    Visit,
    Call,
    Calm,
    Check,
}

/// What became of a world.
pub(crate) struct Outcome {
    pub(crate) coverage: Coverage,
    pub(crate) verdict: Option<String>,
    pub(crate) simulated: Micros,
    pub(crate) events: u64,
    pub(crate) effects: u64,
    pub(crate) lives: u64,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, traced: bool) -> Self {
        let mut users = Random::stream(seed, "users");
        let mut faults = Random::stream(seed, "faults");
        let limits = limits(&mut users);
        let bad_neighbour = users.chance(300);
        let all = wiring::all(bad_neighbour, &mut users);
        let mut world = Self {
            bug,
            memory: bugs::Memory::default(),
            mind: Activator::new(limits.clone()),
            clock: Clock::new(),
            weather: Weather::of(&mut faults),
            faults,
            speed: Random::stream(seed, "speed"),
            load: Random::stream(seed, "load"),
            oracle: Oracle::new(limits.clone()),
            coverage: Coverage::default(),
            wired: all.clone(),
            all,
            logs: logs(&mut users),
            folder: BTreeMap::new(),
            makes: BTreeMap::new(),
            revisions: 0,
            processes: BTreeMap::new(),
            ended: Vec::new(),
            held: BTreeMap::new(),
            calls: BTreeSet::new(),
            named: 0,
            sent: Vec::new(),
            remembered: BTreeMap::new(),
            paused: BTreeSet::new(),
            bad_neighbour,
            users,
            limits,
            calm_since: None,
            draining_since: None,
            lives: 1,
            marks: Vec::new(),
            paid: false,
            trace: traced.then(Trace::new),
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        for function in wiring::FUNCTIONS {
            let good = self.make(function, true);
            self.folder.insert(function, good);
        }
        if self.bad_neighbour {
            self.coverage.count("fault bad neighbour");
            self.folder.insert(wiring::LAZY, Availability::Absent);
        }
        self.boot();
        self.clock.at(SECOND, Happening::Produce);
        self.clock.at(2 * SECOND, Happening::Visit);
        self.clock.at(2 * SECOND, Happening::Call);
        let storm = self.users.between(5, 30) * SECOND;
        self.clock.at(storm, Happening::Calm);
    }

    /// Runs until nothing is left to happen, or a promise is broken.
    pub(crate) fn run(mut self) -> Outcome {
        while self.oracle.verdict.is_none() && self.step() {}
        if self.oracle.verdict.is_none() {
            self.judge_the_quiet();
        }
        Outcome {
            simulated: self.clock.micros(),
            events: self.oracle.truth.stored_count(),
            effects: self.oracle.effects(),
            lives: self.lives,
            verdict: self.oracle.verdict,
            coverage: self.coverage,
        }
    }

    fn step(&mut self) -> bool {
        let timer = self.mind.poll_timeout().map(activator::Time::as_micros);
        let due = self.clock.due();
        let timer_first = match (timer, due) {
            (None, None) => return false,
            (Some(timer), Some(due)) => {
                let late = timer <= due && due < timer + 2 * MILLI && self.speed.chance(300);
                if late {
                    self.coverage.count("fault late timer");
                }
                timer <= due && !late
            }
            (timer, _) => timer.is_some(),
        };
        if timer_first {
            self.clock.advance(timer.unwrap_or_default());
            self.fire();
        } else if let Some(happening) = self.clock.pop() {
            self.happen(happening);
        }
        self.judge_the_time();
        true
    }

    fn fire(&mut self) {
        self.note(|_| "timer".into());
        self.oracle.timer_turn();
        self.mind.handle_timeout(self.clock.now());
        self.perform_effects();
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::News(input) => self.tell(input),
            Happening::Storage(effect) => self.reach_storage(effect, true),
            Happening::Up(instance) => self.up(instance),
            Happening::Finish(delivery, outcome) => self.finish(delivery, outcome),
            Happening::Overdue(delivery) => self.overdue(delivery),
            Happening::Exit(instance, reason) => self.exit(instance, reason),
            Happening::Assign(channel) => self.assign(channel),
            Happening::Echo(delivery) => self.echo(delivery),
            Happening::Produce => self.produce(),
            Happening::Visit => self.visit(),
            Happening::Call => self.call(),
            Happening::Calm => self.calm_down(),
            Happening::Check => self.check(),
        }
    }

    /// The mind hears of something, and what it asks for is done.
    pub(crate) fn tell(&mut self, mut input: Input) {
        self.batch(&mut input);
        self.note(|_| format!("-> {input:?}"));
        self.coverage.input(&input);
        if let Input::Wired(topology) = &input {
            self.wired = topology.clone();
        }
        self.oracle.hears(self.clock.now(), &input);
        self.memory.twist_input(self.bug, &mut input);
        let given_up = bugs::released_at_once(self.bug, &input);
        self.mind.handle(self.clock.now(), input);
        self.perform_effects();
        given_up.into_iter().for_each(|effect| self.perform(effect));
    }

    /// Outcomes that come soon after one another come together.
    fn batch(&mut self, input: &mut Input) {
        let Input::Outcomes(outcomes) = input else { return };
        let together = self.clock.micros() + 300;
        while let Some(Happening::News(Input::Outcomes(_))) = self.clock.next()
            && self.clock.due().is_some_and(|due| due < together)
            && self.speed.chance(500)
        {
            let Some(Happening::News(Input::Outcomes(more))) = self.clock.pop() else { return };
            outcomes.extend(more);
        }
    }

    fn perform_effects(&mut self) {
        while let Some(effect) = self.mind.poll_effect() {
            self.perform(effect);
            if self.oracle.verdict.is_some() {
                return;
            }
            if self.faults.chance(self.weather.crash_in_turn) {
                self.coverage.count("fault crash within a turn");
                return self.crash();
            }
        }
        self.oracle.unheard();
        if self.draining_since.is_some() && self.mind.is_stopped() {
            self.stopped();
        }
    }

    fn perform(&mut self, mut effect: Effect) {
        self.note(|_| format!("   <- {effect:?}"));
        self.coverage.effect(&effect);
        if self.bug == Some(Bug::NeverResumed) && matches!(effect, Effect::Resume { .. }) {
            return;
        }
        self.memory.twist_effect(self.bug, &mut effect);
        let (case, settings) = (case_of(&effect), self.settings_of(&effect));
        self.oracle.sees(self.clock.now(), &effect, settings, case);
        match effect {
            Effect::Open { .. }
            | Effect::Read { .. }
            | Effect::Locate { .. }
            | Effect::Append { .. }
            | Effect::Commit { .. } => {
                self.send_to_storage(effect);
            }
            Effect::Remember { name, identity } => self.remember(name, identity),
            Effect::Close { channel } => self.close(channel),
            Effect::Release { channel, partitions } => self.give_back(channel, &partitions),
            Effect::Spawn { instance, revision } => self.spawn(instance, revision),
            // What is stopped does nothing by itself as it is; that it is let go on in time is the oracle's to see.
            Effect::Pause { .. } | Effect::Resume { .. } => {}
            Effect::Attach { instance, .. } => self.attach(instance),
            Effect::Decline { .. } => {}
            Effect::Terminate { instance, kill } => self.terminate(instance, kill),
            Effect::Refuse { call, .. } => drop(self.calls.remove(&call)),
            Effect::Report(_) => {}
            Effect::Deliver { delivery, to, what, timeout, response } => {
                self.deliver(delivery, to, &what, timeout, response, case);
                if self.bug == Some(Bug::DeliveredTwice) && self.faults.chance(20) {
                    let twin =
                        DeliveryId { slot: delivery.slot, generation: delivery.generation + 1_000_000 };
                    self.perform_twin(twin, to, what, timeout);
                }
            }
        }
    }

    fn perform_twin(&mut self, delivery: DeliveryId, to: Target, what: Payload, timeout: Duration) {
        let effect = Effect::Deliver { delivery, to, what, timeout, response: None };
        self.oracle.sees(self.clock.now(), &effect, None, case_of(&effect));
    }

    /// Puts a line into the trace, when somebody wants one.
    pub(crate) fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_none() {
            return;
        }
        let line = format!("{:>12} {}", self.clock.micros(), line(self));
        self.trace.iter_mut().for_each(|trace| trace.push(line.clone()));
    }
}

fn logs(users: &mut Random) -> BTreeMap<ChannelId, Log> {
    let shared = users.chance(500);
    let log = |&(id, partitions): &(ChannelId, u64)| (id, Log::new(partitions, shared && id == SHARED));
    wiring::CHANNELS.iter().map(log).collect()
}

pub(crate) fn progress_of(logs: &BTreeMap<ChannelId, Log>, at: At) -> Option<Progress> {
    logs.get(&at.0)?.shelves.get(at.1.0 as usize)?.stored.clone()
}

/// Which event of which subscription is delivered.
fn case_of(effect: &Effect) -> Option<Case> {
    let Effect::Deliver { what: Payload::Event(event, _), timeout, .. } = effect else { return None };
    let at = stamp_of(event)?;
    // The timeout is that of whom a replay names.
    let id = if at.0 == wiring::REPLAYS { wiring::REPLAY } else { wiring::subscription_of(*timeout)? };
    Some((id, at))
}

fn limits(users: &mut Random) -> Limits {
    let mut small = |most: u64| usize::try_from(users.between(1, most)).expect("small");
    Limits {
        budget_bytes: [1 << 11, 1 << 13, 1 << 20][small(3) - 1],
        unfinished_max: [3, 20, 65_536][small(3) - 1],
        unfinished_min: [1, 3, 16][small(3) - 1],
        held_max: [1, 40, 16_384][small(3) - 1],
        appends_max: [1, 3, 1024][small(3) - 1],
        fetches_max: [1, 2, 16][small(3) - 1],
        sink_concurrency: [1, 4, 64][small(3) - 1],
        read_records: [1, 4, 256][small(3) - 1],
        read_bytes: [1, 600, 256 << 10][small(3) - 1],
        commit_every: Duration::from_millis(50),
        commit_tail_every: Duration::from_millis(200),
        tail_waits: Duration::from_millis([0, 250, 10_000][small(3) - 1]),
        pace_events: [1, 3, 1024][small(3) - 1],
        drain: Duration::from_secs([1, 10, 10][small(3) - 1]),
        revoke: Duration::from_secs([1, 10, 10][small(3) - 1]),
    }
}

/// An event as a producer makes it.
pub(crate) fn event(id: &str, ty: &str, hops: u64, key: &str) -> Event {
    let mut event = Event::builder();
    let hops = hops.to_string();
    for (name, value) in
        [("id", id), ("source", "/sim"), ("type", ty), ("partitionkey", key), ("knativebrokerttl", &hops)]
    {
        event.attribute(name, value).expect("allowed");
    }
    event.build(bytes::Bytes::from_static(b"payload of a simulated event")).expect("complete")
}
