//! The judge: knows the promises and nothing of how the mind keeps them.
//!
//! It hears every input and sees every effect on their way. The first broken promise ends the world.

mod hearing;
mod reports;
mod seeing;

use std::collections::{BTreeMap, BTreeSet};

use activator::effect::Target;
use activator::event::Event;
use activator::id::{AppendId, CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Revision, SinkId};
use activator::input::Progress;
use activator::lifecycle::Settings;
use activator::{Limits, Time};

use crate::clock::{MILLI, Micros, micros};
use crate::storage::{At, says_done};
use crate::truth::{Case, Truth};

#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) truth: Truth,
    limits: Limits,
    pub(crate) verdict: Option<String>,
    /// Successes the mind was told of, and remembers or has stored.
    told: BTreeSet<Case>,
    /// What the mind called settled, ever.
    settled: BTreeSet<Case>,
    under_way: BTreeMap<DeliveryId, UnderWay>,
    cases: BTreeMap<Case, DeliveryId>,
    instances: BTreeMap<InstanceId, Known>,
    /// When a function that failed to start may be started again.
    not_before: BTreeMap<FunctionId, Time>,
    /// The newest revision of each function that took a request.
    proven: BTreeMap<FunctionId, Revision>,
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
    /// When it last had nothing to do.
    idle_since: Option<Time>,
    /// Why it may be ended although it is warm and not idle for long: people or its own failures want it.
    unwanted: bool,
    /// Timeouts in a row.
    timeouts: u32,
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
            settled: BTreeSet::new(),
            under_way: BTreeMap::new(),
            cases: BTreeMap::new(),
            instances: BTreeMap::new(),
            not_before: BTreeMap::new(),
            proven: BTreeMap::new(),
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
        self.not_before.clear();
        self.proven.clear();
        self.sinks.clear();
        self.calls.clear();
        self.appends.clear();
        self.commits.clear();
        self.open.clear();
        self.attempts.clear();
        self.requeued.clear();
        self.pace.in_window = 0;
    }

    /// What is passed on has one hop less than what it comes from, so that no circle is endless.
    fn passes_on(&mut self, event: &Event) {
        let hops = |event: &Event| event.get("knativebrokerttl").and_then(|hops| hops.parse::<u64>().ok());
        let left = self.truth.origin_of(event).map(|origin| (hops(origin), hops(event)));
        let fewer = left.is_none_or(|(before, after)| after < before);
        self.expect(fewer, || format!("{event:?} was passed on with hops {left:?}"));
    }

    /// What was tried in this life and waits to be tried again.
    pub(crate) const fn requeued(&self) -> &BTreeSet<Case> {
        &self.requeued
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
}
