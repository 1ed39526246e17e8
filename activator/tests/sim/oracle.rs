//! The judge: knows the promises and nothing of how the mind keeps them.
//!
//! It hears every input and sees every effect on their way. The first broken promise ends the world.

use std::collections::{BTreeMap, BTreeSet};

use activator::effect::{Effect, End, EventRef, FunctionNews, Payload, Report, Target};
use activator::id::{AppendId, CallId, ChannelId, DeliveryId, InstanceId, Partition, SinkId, SubscriptionId};
use activator::input::{Input, Progress};
use activator::lifecycle::Settings;
use activator::{Limits, Time};

use super::clock::{MILLI, Micros, micros};
use super::storage::{At, says_done};
use super::truth::{Case, Truth};

#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) truth: Truth,
    limits: Limits,
    pub(crate) verdict: Option<String>,
    /// Successes the mind was told of, and remembers or has stored.
    told: BTreeSet<Case>,
    under_way: BTreeMap<DeliveryId, UnderWay>,
    cases: BTreeMap<Case, DeliveryId>,
    instances: BTreeMap<InstanceId, Known>,
    sinks: BTreeMap<SinkId, usize>,
    calls: BTreeMap<CallId, Call>,
    appends: BTreeSet<AppendId>,
    commits: BTreeSet<ChannelId>,
    open: BTreeSet<ChannelId>,
    /// Attempts that count, of this life.
    attempts: BTreeMap<Case, u32>,
    /// Tried and to be tried again, and not under way.
    requeued: BTreeSet<Case>,
    /// The last that ended was told to before it had anything to start for.
    slandered: bool,
    pace: Pace,
}

#[derive(Debug)]
struct UnderWay {
    to: Target,
    case: Option<Case>,
    call: Option<CallId>,
    /// Its subscription was removed meanwhile.
    detached: bool,
}

/// An instance as the mind knows it.
#[derive(Debug)]
struct Known {
    settings: Settings,
    in_flight: u32,
    took_any: bool,
    ready: bool,
    told_to_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Waiting,
    UnderWay,
    /// Under way, and nobody waits for it.
    HungUp,
    Over,
}

/// How busy the mind is.
#[derive(Debug, Default)]
struct Pace {
    inputs: u64,
    effects: u64,
    timer_turns: u64,
    window: Micros,
    in_window: u64,
}

/// What a mind may ask for in a tenth of a second of one life: some times what the worlds give it to do.
const EFFECTS_A_WINDOW: u64 = 1_000;
const WINDOW: Micros = 100 * MILLI;

impl Oracle {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            truth: Truth::default(),
            limits,
            verdict: None,
            told: BTreeSet::new(),
            under_way: BTreeMap::new(),
            cases: BTreeMap::new(),
            instances: BTreeMap::new(),
            sinks: BTreeMap::new(),
            calls: BTreeMap::new(),
            appends: BTreeSet::new(),
            commits: BTreeSet::new(),
            open: BTreeSet::new(),
            attempts: BTreeMap::new(),
            requeued: BTreeSet::new(),
            slandered: false,
            pace: Pace::default(),
        }
    }

    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds && self.verdict.is_none() {
            self.verdict = Some(otherwise());
        }
    }

    /// The runtime died. What it knew of and had not stored may be repeated, and nothing else.
    pub(crate) fn crashed(&mut self, stored: impl Fn(At) -> Option<Progress>) {
        let named = |id| self.truth.name_of(id);
        self.told
            .retain(|&(id, at)| named(id).is_some_and(|name| says_done(stored(at).as_ref(), &name, at.2)));
        self.truth.forget_removed(None);
        self.under_way.clear();
        self.cases.clear();
        self.instances.clear();
        self.sinks.clear();
        self.calls.clear();
        self.appends.clear();
        self.commits.clear();
        self.open.clear();
        self.attempts.clear();
        self.requeued.clear();
        self.pace.in_window = 0;
    }

    /// What was tried in this life and waits to be tried again.
    pub(crate) const fn requeued(&self) -> &BTreeSet<Case> {
        &self.requeued
    }

    pub(crate) fn hears(&mut self, input: &Input) {
        self.pace.inputs += 1;
        match input {
            Input::Wired(topology) => {
                self.truth.wired(topology);
                let gone = |s: SubscriptionId, truth: &Truth, at: At| {
                    truth.current(s).is_none_or(|now| now.channel != at.0)
                };
                for d in self.under_way.values_mut() {
                    d.detached |= d.case.is_some_and(|(s, at)| gone(s, &self.truth, at));
                }
                self.cases.retain(|&(s, at), _| !gone(s, &self.truth, at));
                self.requeued.retain(|&(s, at)| !gone(s, &self.truth, at));
            }
            Input::Opened { channel, .. } => drop(self.open.insert(*channel)),
            Input::Appended { append, .. } => drop(self.appends.remove(append)),
            Input::Committed { channel, .. } => drop(self.commits.remove(channel)),
            Input::Ready { instance } => {
                self.instances.get_mut(instance).into_iter().for_each(|known| known.ready = true);
            }
            Input::Exited { instance, .. } => {
                let known = self.instances.remove(instance);
                self.slandered = known.is_some_and(|known| known.told_to_end && !known.took_any);
            }
            Input::Outcomes(outcomes) => outcomes.iter().for_each(|(id, outcome)| self.outcome(*id, outcome)),
            Input::Called { call, .. } => drop(self.calls.insert(*call, Call::Waiting)),
            Input::HungUp { call } => {
                if let Some(state) = self.calls.get_mut(call) {
                    *state = if *state == Call::UnderWay { Call::HungUp } else { Call::Over };
                }
            }
            Input::Revised { .. } | Input::Records { .. } | Input::Reap { .. } | Input::Drain => {}
        }
    }

    fn outcome(&mut self, id: DeliveryId, outcome: &activator::delivery::Outcome) {
        use activator::delivery::{Outcome, Verdict};
        let Some(over) = self.under_way.remove(&id) else { return };
        match over.to {
            Target::Sink(sink) => *self.sinks.entry(sink).or_default() -= 1,
            Target::Instance(instance) => {
                self.instances.get_mut(&instance).into_iter().for_each(|known| known.in_flight -= 1);
            }
        }
        if let Some(call) = over.call {
            let waits = *outcome == Outcome::NotTaken && self.calls.get(&call) == Some(&Call::UnderWay);
            self.calls.insert(call, if waits { Call::Waiting } else { Call::Over });
        }
        let Some(case) = over.case.filter(|_| !over.detached) else { return };
        self.cases.remove(&case);
        if *outcome != Outcome::NotTaken {
            *self.attempts.entry(case).or_default() += 1;
        }
        if matches!(outcome.verdict(), Verdict::Delivered(_)) {
            self.told.insert(case);
        } else {
            self.requeued.insert(case);
        }
    }

    /// Sees what the mind asks for. `settings` are those of the revision it spawns; `case` is what it delivers.
    pub(crate) fn sees(
        &mut self,
        now: Time,
        effect: &Effect,
        settings: Option<Settings>,
        case: Option<Case>,
    ) {
        if !matches!(effect, Effect::Report(_)) {
            self.pace(now);
        }
        match effect {
            Effect::Deliver { delivery, to, what, timeout } => {
                self.expect(!timeout.is_zero(), || format!("{delivery:?} has no time at all"));
                self.delivers(*delivery, *to, what, case);
            }
            Effect::Spawn { instance, .. } => self.spawns(*instance, settings),
            Effect::Terminate { instance, .. } => {
                self.instances.get_mut(instance).into_iter().for_each(|known| known.told_to_end = true);
            }
            Effect::Append { append, .. } => {
                self.appends.insert(*append);
                let under_way = self.appends.len();
                let most = self.limits.appends_max;
                self.expect(under_way <= most, || format!("{under_way} appends under way, {most} allowed"));
            }
            Effect::Commit { channel, progress } => {
                let first = self.commits.insert(*channel);
                self.expect(first, || format!("two commits of channel {channel} at once"));
                self.expect(!progress.is_empty(), || format!("a commit of nothing in channel {channel}"));
                let open = self.open.contains(channel);
                self.expect(open, || format!("a commit of channel {channel}, which is not open"));
            }
            Effect::Read { channel, .. } => {
                let open = self.open.contains(channel);
                self.expect(open, || format!("a read of channel {channel}, which is not open"));
            }
            Effect::Close { channel } => {
                let pending = self.commits.contains(channel);
                self.expect(!pending, || {
                    format!("channel {channel} is let go of while a commit is under way")
                });
                self.open.remove(channel);
                self.truth.forget_removed(Some(*channel));
            }
            Effect::Refuse { call, .. } => {
                let was = self.calls.insert(*call, Call::Over);
                self.expect(was == Some(Call::Waiting), || format!("call {call} is refused, it was {was:?}"));
            }
            Effect::Report(report) => self.reports(report),
            Effect::Open { .. } => {}
        }
    }

    /// The channel is let go of: of its unstored successes nothing is remembered.
    pub(crate) fn let_go(&mut self, channel: ChannelId, stored: impl Fn(At) -> Option<Progress>) {
        let truth = &self.truth;
        let kept = |&(id, at): &Case| {
            at.0 != channel
                || truth.name_of(id).is_some_and(|name| says_done(stored(at).as_ref(), &name, at.2))
        };
        self.told.retain(kept);
    }

    fn spawns(&mut self, instance: InstanceId, settings: Option<Settings>) {
        let Some(settings) = settings else {
            return self.expect(false, || format!("{instance:?} is started of a revision nobody gave"));
        };
        let known = Known { settings, in_flight: 0, took_any: false, ready: false, told_to_end: false };
        let first = self.instances.insert(instance, known).is_none();
        self.expect(first, || format!("{instance:?} is started twice"));
        let same = |(id, known): &(&InstanceId, &Known)| {
            id.function == instance.function && known.settings.revision == settings.revision
        };
        let spent = |known: &Known| known.settings.single_use && known.took_any && known.in_flight == 0;
        let running = self.instances.iter().filter(same).filter(|(_, k)| !k.told_to_end && !spent(k)).count();
        let most = settings.instances_max as usize;
        self.expect(running <= most, || format!("{running} instances of {instance:?}, {most} allowed"));
    }

    fn delivers(&mut self, id: DeliveryId, to: Target, what: &Payload, case: Option<Case>) {
        case.into_iter().for_each(|case| self.delivers_case(id, case));
        match to {
            Target::Instance(instance) => self.hands_to(instance),
            Target::Sink(sink) => {
                let under_way = self.sinks.entry(sink).or_default();
                *under_way += 1;
                let (under_way, most) = (*under_way, self.limits.sink_concurrency);
                self.expect(under_way <= most, || format!("{under_way} deliveries to a URL, {most} allowed"));
            }
        }
        let mut entry = UnderWay { to, case: None, call: None, detached: false };
        match what {
            Payload::Call(call) => {
                entry.call = Some(*call);
                let was = self.calls.insert(*call, Call::UnderWay);
                self.expect(was == Some(Call::Waiting), || {
                    format!("call {call} is delivered, it was {was:?}")
                });
            }
            Payload::Event(event) => {
                self.expect(case.is_some(), || format!("{event:?} is delivered and was never stored"));
                entry.case = case;
            }
        }
        let fresh = self.under_way.insert(id, entry).is_none();
        self.expect(fresh, || format!("{id:?} is used while it is under way"));
    }

    fn delivers_case(&mut self, id: DeliveryId, case: Case) {
        self.requeued.remove(&case);
        let other = self.cases.insert(case, id);
        self.expect(other.is_none(), || format!("{case:?} is under way twice at once"));
        let done = self.told.contains(&case);
        self.expect(!done, || format!("{case:?} is delivered again though that is known or stored"));
        let Some(subscription) = self.truth.current(case.0) else {
            return self.expect(false, || format!("{case:?} is delivered for a removed subscription"));
        };
        let attempts = self.attempts.get(&case).copied().unwrap_or(0);
        let most = subscription.delivery.retry;
        let endless = subscription.channel == self.truth.dead_letters();
        let steady = self.truth.rewirings(case.0) == 1 && !endless;
        self.expect(!steady || attempts <= most, || {
            format!("{case:?}: attempt {} of {most} + 1", attempts + 1)
        });
    }

    fn hands_to(&mut self, id: InstanceId) {
        let Some(known) = self.instances.get_mut(&id) else {
            return self.expect(false, || format!("a delivery to {id:?}, which has ended"));
        };
        known.in_flight += 1;
        let again = known.took_any && known.settings.single_use;
        known.took_any = true;
        let (told, in_flight, most) = (known.told_to_end, known.in_flight, known.settings.concurrency);
        self.expect(!told, || format!("a delivery to {id:?}, which was told to end"));
        self.expect(!again, || format!("a second delivery to {id:?}, a process for one"));
        self.expect(in_flight <= most, || format!("{in_flight} deliveries to {id:?}, {most} allowed"));
    }

    fn reports(&mut self, report: &Report) {
        match report {
            Report::Settled { event, attempts, end } => self.settles(*event, *attempts, end),
            Report::Function { news: FunctionNews::Warm(instance), .. } => {
                let proven = self.instances.get(instance).is_some_and(|known| known.ready);
                self.expect(proven, || format!("{instance:?} is called warm and never took a request"));
            }
            Report::Function { function, news: FunctionNews::Zero } => {
                let left = self.instances.keys().any(|id| id.function == *function);
                self.expect(!left, || format!("function {function} is called zero and is not"));
            }
            Report::Function { function, news: FunctionNews::StartFailed { .. } } => {
                let slandered = self.slandered;
                self.expect(!slandered, || {
                    format!("a process of {function} was given nothing, and called failed")
                });
            }
            Report::Matched { .. } | Report::Retrying { .. } | Report::Function { .. } => {}
        }
    }

    fn settles(&mut self, event: EventRef, attempts: u32, end: &End) {
        let Some(subscription) = self.truth.current(event.subscription) else {
            return self.expect(false, || format!("{event:?} is settled for a removed subscription"));
        };
        let case = (event.subscription, (subscription.channel, event.partition, event.offset));
        self.requeued.remove(&case);
        let (done, gone) = (self.truth.is_done(case), self.truth.is_gone(case.1));
        match end {
            End::Gone => self.expect(gone, || format!("{case:?} is called gone and is there")),
            End::Unmatched => {}
            End::DeadLetter(_) if subscription.channel == self.truth.dead_letters() => {
                self.expect(false, || format!("{case:?} is a dead letter of a dead letter"));
            }
            _ => self.expect(done, || format!("{case:?} is called {end:?} and is not")),
        }
        let counted = self.attempts.get(&case).copied().unwrap_or(0);
        let steady = self.truth.rewirings(case.0) == 1;
        self.expect(!steady || attempts == counted, || {
            format!("{case:?} is said to have taken {attempts} attempts and took {counted}")
        });
    }

    /// Progress is stored: nothing in it may be said to be done that is owed.
    pub(crate) fn commits(
        &mut self,
        (channel, number): (ChannelId, Partition),
        before: Option<&Progress>,
        progress: &Progress,
        keeps: bool,
    ) {
        let subscribers = self.truth.subscribers(channel);
        let places: Vec<At> = self.truth.places(channel, number).collect();
        for at in places {
            if keeps && at.2 < progress.position && !self.truth.anyone_since(at) {
                self.expect(false, || {
                    format!("{at:?} is passed in a channel that keeps, and nobody was there")
                });
            }
            for (id, name) in &subscribers {
                let (was, is) = (says_done(before, name, at.2), says_done(Some(progress), name, at.2));
                if was == is {
                    continue;
                }
                let case = (*id, at);
                let paid = !is || self.truth.is_done(case) || !self.truth.owes(case);
                self.expect(paid, || format!("stored progress of {name} passes {at:?}, which is not done"));
                self.expect(is || self.truth.is_gone(at), || {
                    format!("stored progress of {name} goes back behind {at:?}")
                });
            }
        }
    }

    fn pace(&mut self, now: Time) {
        self.pace.effects += 1;
        let window = micros(now.since(Time::from_micros(0))) / WINDOW;
        if window != self.pace.window {
            self.pace.window = window;
            self.pace.in_window = 0;
        }
        self.pace.in_window += 1;
        let spins = self.pace.in_window > EFFECTS_A_WINDOW;
        self.expect(!spins, || format!("more than {EFFECTS_A_WINDOW} effects in a tenth of a second"));
    }

    /// A turn by timer; too many for what happens are a mind that polls.
    pub(crate) fn timer_turn(&mut self) {
        self.pace.timer_turns += 1;
        let (turns, busy) = (self.pace.timer_turns, self.pace.inputs + self.pace.effects);
        self.expect(turns <= 1_000 + busy, || {
            format!("{turns} turns by timer for {busy} inputs and effects")
        });
    }

    pub(crate) const fn effects(&self) -> u64 {
        self.pace.effects
    }

    pub(crate) fn is_under_way(&self, id: DeliveryId) -> bool {
        self.under_way.contains_key(&id)
    }

    /// Calls that have no end yet.
    pub(crate) fn open_calls(&self) -> usize {
        self.calls.values().filter(|call| **call != Call::Over).count()
    }

    pub(crate) fn instances(&self) -> usize {
        self.instances.len()
    }

    /// Instances whose end the mind knows nothing of, by whether a delivery is with them.
    pub(crate) fn unanswered(&self) -> usize {
        self.under_way.len() + self.appends.len() + self.commits.len()
    }

    /// Successes the mind knows of that are not stored.
    pub(crate) fn unstored(&self, stored: impl Fn(At) -> Option<Progress>) -> Option<Case> {
        let says = |&(id, at): &Case| {
            self.truth.name_of(id).is_none_or(|name| says_done(stored(at).as_ref(), &name, at.2))
        };
        self.told.iter().copied().filter(|case| self.truth.is_done(*case)).find(|case| !says(case))
    }
}
