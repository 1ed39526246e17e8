//! The activator itself: routes what happened to the small machines below, and collects what is to be done.
//!
//! - `wiring`: a new topology against the old one.
//! - `owning`: channels opened, partitions that come and go, and where a subscription begins in one.
//! - `reading`: records read at the tail, matched and queued; `sweeping`: the same for those who are behind it;
//!   `partition`, `lane`, `places` and `window` keep one partition, one subscription's share of it, where those stand
//!   who are behind, and its events in memory.
//! - `awaiting`: whom the tail waits for, by their `pace`.
//! - `fetching`: events kept in memory while they wait, and read again when they were not.
//! - `delivering`: who takes what, what came of it, when to try again; `delivery` and `table` keep one each.
//! - `departing`: deliveries whose subscription or partition goes away under them.
//! - `holding`: events that are held when their attempts are used up.
//! - `mending`: what failed with a revision, when there is another one.
//! - `calls`: request/response calls and the patience of their callers.
//! - `storing`: replies, dead letters and forwarded events on their way into a channel.
//! - `committing`: how far everyone is, stored.
//! - `remembering`: what was delivered already, for those who want the same event once.
//! - `routing`: which of a function's revisions takes what.
//! - `pausing`: subscriptions for which nothing is begun at the moment.
//! - `running`: functions, their processes and their idle time.
//! - `attaching`: processes that somebody else starts.
//! - `stopping`: bringing all to zero in order.

mod attaching;
mod awaiting;
mod calls;
mod committing;
mod delivering;
mod delivery;
mod departing;
mod fetching;
mod holding;
mod lane;
mod mending;
mod owning;
mod pace;
mod partition;
mod pausing;
mod places;
mod queueing;
mod reading;
mod remembering;
mod replaying;
mod routing;
mod running;
mod state;
mod stopping;
mod storing;
mod sweeping;
mod table;
mod timer;
mod window;
mod wiring;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use self::committing::CommitState;
use self::delivery::Delivery;
use self::departing::Departed;
use self::partition::Partition;
use self::remembering::Memory;
use self::replaying::Names;
use self::running::FunctionQueue;
use self::stopping::Phase;
use self::table::Table;
use self::timer::Timer;
use crate::cursor::Cursor;
use crate::effect::{Effect, Report};
use crate::filter::Index;
use crate::id::{
    AppendId, CallId, ChannelId, DeliveryId, FunctionId, InstanceId, Partition as PartitionId, SinkId,
    SubscriptionId,
};
use crate::input::Input;
use crate::time::Time;
use crate::topology::{Destination, Subscription, Traffic};

pub use self::state::{FunctionPhase, State};

/// Bounds of the mind. Each is a promise of the body, too: it takes that many unanswered effects without waiting.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of events kept in memory while they wait; beyond it only their offsets are.
    pub budget_bytes: usize,
    /// Unfinished events of all subscriptions together. One takes at most half of what is left, then it falls behind
    /// and is served by the sweep.
    pub unfinished_max: usize,
    /// Unfinished events that each subscription may have in a partition, however many there are in all.
    pub unfinished_min: usize,
    /// Events that are held in all, since their attempts are used up. Of one subscription there are at most a sixteenth of it
    /// in a partition, and half of what is left; beyond that the oldest become dead letters.
    pub held_max: usize,
    /// Appends under way.
    pub appends_max: usize,
    /// Events read again at a time.
    pub fetches_max: usize,
    /// Deliveries under way to one URL.
    pub sink_concurrency: usize,
    /// Records of one read.
    pub read_records: u32,
    /// Bytes of one read.
    pub read_bytes: u32,
    /// The longest that what is done stays unstored.
    pub commit_every: Duration,
    /// The longest that it stays unstored that the tail moved on, and nothing else.
    pub commit_tail_every: Duration,
    /// The longest that the tail waits for a subscription that fell behind, and it only waits for one that will be back in
    /// this time, at the pace it has gone so far.
    pub tail_waits: Duration,
    /// Nor does it wait for one that has fewer events unfinished.
    pub pace_events: usize,
    /// How long what is in flight may take once the runtime is asked to stop.
    pub drain: Duration,
    /// How long what is in flight may take once its partition is asked back.
    pub revoke: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget_bytes: 64 << 20,
            unfinished_max: 65_536,
            unfinished_min: 16,
            held_max: 16_384,
            appends_max: 1024,
            fetches_max: 16,
            sink_concurrency: 64,
            read_records: 256,
            read_bytes: 256 << 10,
            // What was done in this time comes again after a crash, so it is short.
            commit_every: Duration::from_millis(5),
            // What only moved on would be read again after a crash, and nothing come of it.
            commit_tail_every: Duration::from_secs(1),
            tail_waits: Duration::from_millis(500),
            pace_events: 1024,
            drain: Duration::from_secs(10),
            revoke: Duration::from_secs(10),
        }
    }
}

/// Every decision of the runtime. See the crate's documentation.
#[derive(Debug)]
pub struct Activator {
    limits: Limits,
    phase: Phase,
    dead_letters: ChannelId,
    channels: BTreeMap<ChannelId, Channel>,
    subscriptions: BTreeMap<SubscriptionId, Arc<Subscription>>,
    names: Names,
    /// Boxed: a node of the map has room for many more than it holds.
    functions: BTreeMap<FunctionId, Box<FunctionQueue>>,
    /// Those of which not all goes to the latest revision.
    traffic: BTreeMap<FunctionId, Traffic>,
    sinks: BTreeMap<SinkId, SinkQueue>,
    deliveries: Table<Delivery>,
    /// Those under way whose subscription was removed.
    departed: BTreeMap<DeliveryId, Departed>,
    calls: BTreeMap<CallId, DeliveryId>,
    /// What subscriptions had that want the same event once, by their names.
    memories: BTreeMap<Arc<str>, Memory>,
    /// Names of subscriptions for which nothing is begun.
    paused: BTreeSet<Arc<str>>,
    /// Deliveries whose event was delivered before.
    repeated: Vec<DeliveryId>,
    /// Deliveries whose turn to be stored has come.
    to_store: VecDeque<DeliveryId>,
    appends: BTreeMap<AppendId, DeliveryId>,
    next_append: AppendId,
    fetches: usize,
    /// Partitions that are asked back and not given up yet.
    revoking: Vec<(ChannelId, PartitionId)>,
    held_bytes: usize,
    /// Deliveries that are held, since their attempts are used up.
    held: usize,
    timers: BTreeSet<(Time, Timer)>,
    /// Whoever may have got room or work in this turn.
    touched: Vec<Destination>,
    /// Channels of which something is stored at the end of this turn.
    to_commit: Vec<ChannelId>,
    /// Whoever waits for the credit to read an event again.
    starved: Vec<Destination>,
    /// Whom a record matched; its memory is used again.
    hits: Vec<u32>,
    effects: VecDeque<Effect>,
}

/// One channel that is wired.
#[derive(Debug)]
struct Channel {
    keeps: bool,
    /// What fails here has nowhere else to go.
    is_last: bool,
    hops: u32,
    is_open: bool,
    partitions: BTreeMap<PartitionId, Partition>,
    subscriptions: Vec<SubscriptionId>,
    /// Which of them an event matches, by their order; nothing after a change, until the next event.
    index: Option<Index>,
    /// Out of the wiring; let go of when its last progress is stored.
    leaving: bool,
    /// Cursors of names that nobody bears at the moment.
    orphans: BTreeMap<(PartitionId, Arc<str>), Cursor>,
    commit: CommitState,
    /// When it may be stored again how far everyone is.
    commit_next: Time,
    /// Whether a timer runs for a tail that moved.
    commits_later: bool,
}

/// What waits for a URL.
#[derive(Debug, Default)]
struct SinkQueue {
    queue: VecDeque<DeliveryId>,
    in_flight: usize,
}

impl Activator {
    /// A mind that knows of nothing yet; [`Input::Wired`] and [`Input::Revised`] tell it.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Running,
            dead_letters: ChannelId::default(),
            channels: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            names: None,
            functions: BTreeMap::new(),
            traffic: BTreeMap::new(),
            sinks: BTreeMap::new(),
            deliveries: Table::default(),
            departed: BTreeMap::new(),
            calls: BTreeMap::new(),
            memories: BTreeMap::new(),
            paused: BTreeSet::new(),
            repeated: Vec::new(),
            to_store: VecDeque::new(),
            appends: BTreeMap::new(),
            next_append: AppendId::default(),
            fetches: 0,
            revoking: Vec::new(),
            held_bytes: 0,
            held: 0,
            timers: BTreeSet::new(),
            touched: Vec::new(),
            to_commit: Vec::new(),
            starved: Vec::new(),
            hits: Vec::new(),
            effects: VecDeque::new(),
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Time, input: Input) {
        match input {
            Input::Wired(topology) => self.wired(now, topology),
            Input::Revised { function, now: availability } => self.revised(now, function, availability),
            Input::Opened { channel, epoch, partitions } => self.opened(now, channel, epoch, &partitions),
            Input::Records { channel, partition, epoch, from, batch } => {
                self.records(now, channel, partition, epoch, from, &batch);
            }
            Input::Assigned { channel, epoch, partitions } => self.assigned(now, channel, epoch, &partitions),
            Input::Revoking { channel, partitions } => self.revoking(now, channel, &partitions),
            Input::Lost { channel, partitions } => self.lost(channel, &partitions),
            Input::Located { channel, partition, epoch, start, offset } => {
                self.located(now, (channel, partition, epoch), start, offset);
            }
            Input::Remembered { name, seen } => self.remembered(now, name, seen),
            Input::Pause { name } => self.pause(name),
            Input::Resume { name } => self.resume(&name),
            Input::Appended { append, stored } => self.appended(now, append, stored),
            Input::Committed { channel, stored } => self.committed(now, channel, stored),
            Input::Attaching { attach, function } => self.attaching(now, attach, function),
            Input::Ready { instance } => self.ready(now, instance),
            Input::Exited { instance, reason } => self.exited(now, instance, &reason),
            Input::Outcomes(outcomes) => {
                for (delivery, outcome) in outcomes {
                    self.outcome(now, delivery, outcome);
                }
            }
            Input::Called { call, function, tagged } => self.called(now, call, function, tagged),
            Input::HungUp { call } => self.hung_up(call),
            Input::Reap { function } => self.reap(now, function),
            Input::Retry { subscription } => self.asked_to_retry(subscription),
            Input::Drain => self.drain(now),
        }
        self.follow_up(now);
    }

    /// The moment of [`poll_timeout`](Self::poll_timeout) has come, or a later one.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(&(due, timer)) = self.timers.first()
            && due <= now
        {
            self.timers.pop_first();
            self.timer_fired(now, timer);
        }
        self.follow_up(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing else happens.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.first().map(|&(due, _)| due)
    }

    /// The next thing to do; to be asked until there is none.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// What becomes possible by what happened in this turn.
    fn follow_up(&mut self, now: Time) {
        loop {
            self.hand_out(now);
            self.store_next(now);
            if self.touched.is_empty() && self.repeated.is_empty() {
                break;
            }
        }
        self.commit_next();
        self.release_next();
        self.locate_next();
        self.read_next();
        self.stop_next();
    }

    fn hand_out(&mut self, now: Time) {
        loop {
            while self.settle_repeated(now) {}
            match self.touched.pop() {
                Some(Destination::Function(function)) => self.dispatch_to_function(now, function),
                Some(Destination::Sink(sink)) => self.dispatch_to_sink(now, sink),
                Some(Destination::Channel(_) | Destination::Named) => {}
                None => return,
            }
        }
    }

    fn timer_fired(&mut self, now: Time, timer: Timer) {
        match timer {
            Timer::Retry(delivery) => self.retry_due(now, delivery),
            Timer::Store(delivery) => self.to_store.push_back(delivery),
            Timer::Commit(channel) => self.commit_due(channel),
            Timer::CommitTail(channel) => self.commit_tail_due(now, channel),
            Timer::Tail(channel, partition) => self.tail_waited(now, channel, partition),
            Timer::Revoke(channel, partition, epoch) => self.revoke_overdue(channel, partition, epoch),
            Timer::Start(instance) => self.start_overdue(instance),
            Timer::Idle(instance) => self.idle_due(now, instance),
            Timer::Look(function) => self.look_due(now, function),
            Timer::Retire(instance) => self.retire_overdue(instance),
            Timer::Restart(function) => self.touched.push(Destination::Function(function)),
            Timer::Patience(call) => self.patience_over(call),
            Timer::Drain => self.drain_overdue(),
        }
    }

    fn arm(&mut self, due: Time, timer: Timer) {
        self.timers.insert((due, timer));
    }

    fn ask(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    fn report(&mut self, report: Report) {
        self.effects.push_back(Effect::Report(report));
    }

    fn terminate(&mut self, instance: InstanceId) {
        self.ask(Effect::Terminate { instance, kill: false });
    }
}
