//! One world: a mind, and all that it believes to be outside. Everything follows from the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use activator::effect::{Effect, Payload, Target};
use activator::event::Event;
use activator::id::{CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Revision};
use activator::input::{Input, Progress};
use activator::lifecycle::Availability;
use activator::topology::Topology;
use activator::{Activator, Limits};

use super::bugs::{self, Bug};
use super::clock::{Clock, MILLI, Micros, SECOND, micros};
use super::coverage::Coverage;
use super::faults::Weather;
use super::oracle::Oracle;
use super::processes::{Held, Make, Process};
use super::random::Random;
use super::storage::{At, Log, stamp_of};
use super::trace::Trace;
use super::truth::Case;
use super::wiring;

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
    pub(crate) bad_neighbour: bool,
    pub(crate) calm_since: Option<Micros>,
    pub(crate) draining_since: Option<Micros>,
    pub(crate) lives: u64,
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

/// After the faults stop, all is done within this.
const DONE_WITHIN: Micros = 600 * SECOND;
/// After all is done, all is at zero within this: the longest idle time, start and grace together.
const ZERO_WITHIN: Micros = 60 * SECOND;
/// What a drain may take beyond its limit: killed processes end.
const DRAIN_SLACK: Micros = 5 * SECOND;

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, traced: bool) -> Self {
        let mut users = Random::stream(seed, "users");
        let mut faults = Random::stream(seed, "faults");
        let limits = limits(&mut users);
        let bad_neighbour = limits.unfinished_max > 1_000 && users.chance(300);
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
            logs: wiring::CHANNELS.iter().map(|&(id, partitions)| (id, Log::new(partitions))).collect(),
            folder: BTreeMap::new(),
            makes: BTreeMap::new(),
            revisions: 0,
            processes: BTreeMap::new(),
            ended: Vec::new(),
            held: BTreeMap::new(),
            calls: BTreeSet::new(),
            named: 0,
            bad_neighbour,
            users,
            limits,
            calm_since: None,
            draining_since: None,
            lives: 1,
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
        let storm = self.users.between(10, 60) * SECOND;
        self.clock.at(storm, Happening::Calm);
    }

    /// A runtime starts: it tells its new mind the wiring and the folder, in whatever order it finds them.
    fn boot(&mut self) {
        let mut news = vec![Input::Wired(self.wired.clone())];
        news.extend(self.folder.iter().map(|(&function, now)| Input::Revised { function, now: now.clone() }));
        if self.speed.chance(300) {
            news.reverse();
        }
        for (input, wait) in news.into_iter().zip(1..) {
            self.clock.after(wait * 10, Happening::News(input));
        }
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
        self.oracle.hears(&input);
        self.memory.twist_input(self.bug, &mut input);
        self.mind.handle(self.clock.now(), input);
        self.perform_effects();
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
        if self.draining_since.is_some() && self.mind.is_stopped() {
            self.stopped();
        }
    }

    fn perform(&mut self, mut effect: Effect) {
        self.note(|_| format!("   <- {effect:?}"));
        self.coverage.effect(&effect);
        self.memory.twist_effect(self.bug, &mut effect);
        let (case, settings) = (case_of(&effect), self.settings_of(&effect));
        self.oracle.sees(self.clock.now(), &effect, settings, case);
        match effect {
            Effect::Open { .. } | Effect::Read { .. } | Effect::Append { .. } | Effect::Commit { .. } => {
                self.send_to_storage(effect);
            }
            Effect::Close { channel } => self.close(channel),
            Effect::Spawn { instance, revision } => self.spawn(instance, revision),
            Effect::Terminate { instance, kill } => self.terminate(instance, kill),
            Effect::Refuse { call, .. } => drop(self.calls.remove(&call)),
            Effect::Report(_) => {}
            Effect::Deliver { delivery, to, what, timeout } => {
                self.deliver(delivery, to, &what, timeout, case);
                if self.bug == Some(Bug::DeliveredTwice) && self.faults.chance(20) {
                    let twin =
                        DeliveryId { slot: delivery.slot, generation: delivery.generation + 1_000_000 };
                    self.perform_twin(twin, to, what, timeout);
                }
            }
        }
    }

    fn perform_twin(&mut self, delivery: DeliveryId, to: Target, what: Payload, timeout: Duration) {
        let effect = Effect::Deliver { delivery, to, what, timeout };
        self.oracle.sees(self.clock.now(), &effect, None, case_of(&effect));
    }

    /// The runtime is gone; what it had sent may still arrive. What is stored stays, the rest is forgotten.
    pub(crate) fn crash(&mut self) {
        self.note(|_| "CRASH".into());
        self.coverage.count("fault crash");
        let lives_on = |h: &Happening| {
            matches!(
                h,
                Happening::Produce | Happening::Visit | Happening::Call | Happening::Calm | Happening::Check
            )
        };
        for happening in self.clock.take_out(|h| !lives_on(h)) {
            if let Happening::Storage(effect @ (Effect::Append { .. } | Effect::Commit { .. })) = happening
                && self.faults.chance(500)
            {
                self.coverage.count("fault stored by the dying");
                self.reach_storage(effect, false);
            }
        }
        if self.bug == Some(Bug::RequeueLost) {
            self.forget_requeued();
        }
        self.lose_power();
        self.end_life();
    }

    fn end_life(&mut self) {
        let logs = &self.logs;
        self.oracle.crashed(|at| progress_of(logs, at));
        for log in self.logs.values_mut() {
            log.close();
        }
        self.processes.clear();
        self.ended.clear();
        self.held.clear();
        self.calls.clear();
        self.draining_since = None;
        self.memory = bugs::Memory::default();
        self.mind = Activator::new(self.limits.clone());
        self.lives += 1;
        self.boot();
    }

    fn forget_requeued(&mut self) {
        for &(id, at) in self.oracle.requeued() {
            let Some(name) = self.oracle.truth.name_of(id) else { continue };
            let Some(log) = self.logs.get_mut(&at.0) else { continue };
            let progress = log.shelf(at.1).stored.as_mut();
            progress.into_iter().for_each(|progress| bugs::forget(progress, &name, at));
        }
    }

    /// The mind says that the drain is over.
    fn stopped(&mut self) {
        self.note(|_| "STOPPED".into());
        let (instances, calls) = (self.oracle.instances(), self.oracle.open_calls());
        let within =
            self.draining_since.is_some_and(|since| self.clock.micros() < since + micros(self.limits.drain));
        self.oracle.expect(instances == 0, || format!("stopped with {instances} processes"));
        if within {
            self.oracle.expect(calls == 0, || format!("stopped with {calls} calls open"));
            let logs = &self.logs;
            let unstored = self.oracle.unstored(|at| progress_of(logs, at));
            self.oracle
                .expect(unstored.is_none(), || format!("stopped in order, and {unstored:?} is not stored"));
        } else {
            self.coverage.count("fault drain cut");
        }
        self.clock.take_out(|h| {
            !matches!(
                h,
                Happening::Produce | Happening::Visit | Happening::Call | Happening::Calm | Happening::Check
            )
        });
        self.end_life();
    }

    fn judge_the_time(&mut self) {
        let now = self.clock.micros();
        if let Some(since) = self.draining_since {
            let most = micros(self.limits.drain) + DRAIN_SLACK;
            self.oracle.expect(now <= since + most, || "a drain does not come to its end".into());
        }
        let Some(calm) = self.calm_since else { return };
        let most = if self.paid { ZERO_WITHIN } else { DONE_WITHIN };
        if now > calm + most {
            let (unpaid, calls, paid) = (self.unpaid(), self.oracle.open_calls(), self.paid);
            let states = self.mind.states();
            self.oracle.expect(false, || {
                format!(
                    "no end within {most} us; all paid: {paid}; still {unpaid:?}, {calls} calls\n{states:#?}"
                )
            });
        }
    }

    /// Looks whether all is done; if so, silence is to follow.
    fn check(&mut self) {
        if !self.unpaid().is_empty() || self.oracle.open_calls() > 0 || self.draining_since.is_some() {
            return self.clock.after(SECOND, Happening::Check);
        }
        self.paid = true;
        self.calm_since = Some(self.clock.micros());
    }

    /// What is owed and not done, but for what waits for a bad neighbour.
    fn unpaid(&self) -> Vec<Case> {
        let lazy = |id| {
            self.bad_neighbour
                && self
                    .oracle
                    .truth
                    .current(id)
                    .is_some_and(|s| s.to == activator::topology::Destination::Function(wiring::LAZY))
        };
        self.oracle.truth.unpaid().into_iter().filter(|(id, _)| !lazy(*id)).collect()
    }

    /// Nothing is left to happen: everything is done, stored and at zero.
    fn judge_the_quiet(&mut self) {
        let (unpaid, paid) = (self.unpaid(), self.paid);
        self.oracle
            .expect(paid && unpaid.is_empty(), || format!("the world stands still and owes {unpaid:?}"));
        let (alive, unanswered) = (self.processes.len(), self.oracle.unanswered());
        self.oracle.expect(alive == 0, || format!("{alive} processes live on in silence"));
        self.oracle.expect(unanswered == 0, || format!("{unanswered} effects have no answer"));
        for (function, state) in self.mind.states() {
            let lazy = self.bad_neighbour && function == wiring::LAZY;
            let zero = state.instances == 0 && state.in_flight == 0 && (state.queued == 0 || lazy);
            self.oracle.expect(zero, || format!("function {function} in silence: {state:?}"));
        }
        let logs = &self.logs;
        let unstored = self.oracle.unstored(|at| progress_of(logs, at));
        self.oracle.expect(unstored.is_none(), || format!("all is quiet and {unstored:?} is not stored"));
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

pub(crate) fn progress_of(logs: &BTreeMap<ChannelId, Log>, at: At) -> Option<Progress> {
    logs.get(&at.0)?.shelves.get(at.1.0 as usize)?.stored.clone()
}

/// Which event of which subscription is delivered.
fn case_of(effect: &Effect) -> Option<Case> {
    let Effect::Deliver { what: Payload::Event(event), timeout, .. } = effect else { return None };
    Some((wiring::subscription_of(*timeout)?, stamp_of(event)?))
}

fn limits(users: &mut Random) -> Limits {
    let mut small = |most: u64| usize::try_from(users.between(1, most)).expect("small");
    Limits {
        budget_bytes: [1 << 11, 1 << 13, 1 << 20][small(3) - 1],
        unfinished_max: [3, 20, 65_536][small(3) - 1],
        appends_max: [1, 3, 1024][small(3) - 1],
        fetches_max: [1, 2, 16][small(3) - 1],
        sink_concurrency: [1, 4, 64][small(3) - 1],
        read_records: [1, 4, 256][small(3) - 1],
        read_bytes: [1, 600, 256 << 10][small(3) - 1],
        commit_every: Duration::from_millis(50),
        drain: Duration::from_secs(10),
    }
}

/// An event as a producer makes it.
pub(crate) fn event(id: &str, ty: &str, hops: u64) -> Event {
    let mut event = Event::builder();
    for (name, value) in
        [("id", id), ("source", "/sim"), ("type", ty), ("knativebrokerttl", &hops.to_string())]
    {
        event.attribute(name, value).expect("allowed");
    }
    event.build(bytes::Bytes::from_static(b"payload of a simulated event")).expect("complete")
}
