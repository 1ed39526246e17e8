//! The judge: knows the promises and nothing of how the mind keeps them.
//!
//! It hears every input and sees every effect on their way. The first broken promise ends the world.

mod attaching;
mod hearing;
mod holding;
mod repeating;
mod reports;
mod seeing;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use activator::effect::Target;
use activator::event::Event;
use activator::id::{
    AppendId, AttachId, CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Partition, Revision, SinkId,
};
use activator::input::Progress;
use activator::lifecycle::Settings;
use activator::{Limits, Time};

use self::holding::Holds;
use self::repeating::Repeats;
use self::sharing::{Callee, Shares};
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
    /// Deliveries of this life that people were told of, and of no end.
    begun: BTreeSet<Case>,
    under_way: BTreeMap<DeliveryId, UnderWay>,
    cases: BTreeMap<Case, DeliveryId>,
    instances: BTreeMap<InstanceId, Known>,
    /// What the folder holds, as the mind was told.
    wished: BTreeMap<FunctionId, Settings>,
    /// When a function that failed to start may be started again.
    not_before: BTreeMap<FunctionId, Time>,
    /// The newest revision of each function that took a request.
    proven: BTreeMap<FunctionId, Revision>,
    sinks: BTreeMap<SinkId, usize>,
    calls: BTreeMap<CallId, Call>,
    /// Wishes to be a function's process that have no answer yet.
    wishes: BTreeMap<AttachId, FunctionId>,
    callees: BTreeMap<CallId, Callee>,
    shares: Shares,
    appends: BTreeSet<AppendId>,
    commits: BTreeSet<ChannelId>,
    open: BTreeSet<ChannelId>,
    /// The partitions the mind has, and since when one is asked back.
    owned: BTreeMap<(ChannelId, Partition), Option<Time>>,
    /// Attempts that count, of this life.
    attempts: BTreeMap<Case, u32>,
    /// For which nothing is to be begun, as the mind was told.
    paused: BTreeSet<Arc<str>>,
    /// Tried and to be tried again, and not under way.
    requeued: BTreeSet<Case>,
    /// The last that ended was told to before it had anything to start for.
    slandered: bool,
    /// The ids that were made for replies, by what each answers and for whom.
    made: BTreeMap<(String, Arc<str>), String>,
    repeats: Repeats,
    holds: Holds,
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
    started: Time,
    /// It was told to end when it had had its time to start.
    overdue: bool,
    /// When it last had nothing to do.
    idle_since: Option<Time>,
    /// Why it may be ended although it is warm and not idle for long: people or its own failures want it.
    unwanted: bool,
    /// Timeouts in a row.
    timeouts: u32,
    paused: bool,
    /// Somebody else starts it.
    attached: bool,
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

/// Whether what is stored says of a success that it is one.
fn is_remembered(truth: &Truth, stored: Option<&Progress>, (id, at): Case) -> bool {
    let Some(name) = truth.name_of(id) else { return false };
    let has_entry = stored.is_some_and(|progress| progress.behind.iter().any(|(named, _)| *named == name));
    (has_entry || !truth.begins_elsewhere(id)) && says_done(stored, &name, at.2)
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
            begun: BTreeSet::new(),
            under_way: BTreeMap::new(),
            cases: BTreeMap::new(),
            instances: BTreeMap::new(),
            wished: BTreeMap::new(),
            not_before: BTreeMap::new(),
            proven: BTreeMap::new(),
            sinks: BTreeMap::new(),
            calls: BTreeMap::new(),
            wishes: BTreeMap::new(),
            callees: BTreeMap::new(),
            shares: Shares::default(),
            appends: BTreeSet::new(),
            commits: BTreeSet::new(),
            open: BTreeSet::new(),
            owned: BTreeMap::new(),
            attempts: BTreeMap::new(),
            paused: BTreeSet::new(),
            requeued: BTreeSet::new(),
            slandered: false,
            made: BTreeMap::new(),
            repeats: Repeats::default(),
            holds: Holds::default(),
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
        let truth = &self.truth;
        self.told.retain(|&case| is_remembered(truth, stored(case.1).as_ref(), case));
        self.truth.forget_removed(None);
        self.under_way.clear();
        self.cases.clear();
        self.instances.clear();
        self.wished.clear();
        self.not_before.clear();
        self.proven.clear();
        self.sinks.clear();
        self.calls.clear();
        self.wishes.clear();
        self.shares = Shares::default();
        self.repeats.forget();
        self.holds.forget(|_| true);
        self.appends.clear();
        self.commits.clear();
        self.open.clear();
        self.owned.clear();
        self.attempts.clear();
        self.begun.clear();
        self.paused.clear();
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

    /// A reply without an id is given the same one each time that somebody answers the same event.
    fn is_named(&mut self, reply: &Event) {
        let Some(asked) = self.truth.asked_of(reply) else { return };
        let first = self.made.entry(asked).or_insert_with(|| reply.id().to_owned());
        let same = first == reply.id();
        self.expect(same, || format!("{reply:?} answers what was answered before under another id"));
    }

    /// What was tried in this life and waits to be tried again.
    pub(crate) const fn requeued(&self) -> &BTreeSet<Case> {
        &self.requeued
    }

    /// The channel is let go of: of its unstored successes nothing is remembered.
    pub(crate) fn let_go(&mut self, channel: ChannelId, stored: impl Fn(At) -> Option<Progress>) {
        let truth = &self.truth;
        self.told.retain(|&case| case.1.0 != channel || is_remembered(truth, stored(case.1).as_ref(), case));
        self.owned.retain(|(of, _), _| *of != channel);
    }

    /// Whether the mind has a partition, and nobody wants it back.
    pub(crate) fn has(&self, channel: ChannelId, partition: Partition) -> bool {
        self.owned.get(&(channel, partition)) == Some(&None)
    }

    /// Partitions are somebody else's. What was in flight is nobody's business, and of what was done only that is
    /// known which is stored.
    pub(crate) fn gave_up(
        &mut self,
        channel: ChannelId,
        partitions: &[Partition],
        stored: impl Fn(At) -> Option<Progress>,
    ) {
        let theirs = |at: &At| at.0 == channel && partitions.contains(&at.1);
        self.owned.retain(|(of, partition), _| *of != channel || !partitions.contains(partition));
        for under_way in self.under_way.values_mut() {
            under_way.detached |= under_way.case.is_some_and(|case| theirs(&case.1));
        }
        self.cases.retain(|case, _| !theirs(&case.1));
        self.attempts.retain(|case, _| !theirs(&case.1));
        self.requeued.retain(|case| !theirs(&case.1));
        self.holds.forget(|case| theirs(&case.1));
        let truth = &self.truth;
        let is_kept = |case: &Case| !theirs(&case.1) || is_remembered(truth, stored(case.1).as_ref(), *case);
        self.told.retain(is_kept);
        self.truth.forget_removed(Some(channel));
    }

    /// A partition is given up that was asked back: in time, then nothing is in flight and all is stored.
    pub(crate) fn gives_up(
        &mut self,
        now: Time,
        at: (ChannelId, Partition),
        stored: impl Fn(At) -> Option<Progress>,
    ) -> bool {
        let Some(Some(since)) = self.owned.get(&at).copied() else {
            self.expect(false, || format!("{at:?} is given up, and was not asked back"));
            return false;
        };
        let overdue = now.since(since) >= self.limits.revoke;
        let theirs = |case: &&Case| (case.1.0, case.1.1) == at;
        let busy = self.cases.keys().find(theirs).copied();
        self.expect(overdue || busy.is_none(), || format!("{at:?} is given up while {busy:?} is in flight"));
        let truth = &self.truth;
        let is_lost = |case: &&Case| theirs(case) && !is_remembered(truth, stored(case.1).as_ref(), **case);
        let lost = self.told.iter().find(is_lost).copied();
        self.expect(overdue || lost.is_none(), || format!("{at:?} is given up, and {lost:?} is not stored"));
        overdue
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
