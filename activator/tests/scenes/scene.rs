//! A scene: a broker whose storage always works and answers at once, and functions played by the test.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use activator::delivery::{Advice, Outcome, Policy};
use activator::effect::{Effect, End, Payload, Report, Target};
use activator::event::{Event, Identity, Reply};
use activator::filter::Filter;
use activator::id::{
    ChannelId, DeliveryId, Epoch, FunctionId, InstanceId, Offset, Partition, Revision, SubscriptionId,
};
use activator::input::{Batch, Input, OpenedPartition, Progress, Stored};
use activator::lifecycle::{Overflow, Settings};
use activator::scale::{Idle, Scaling};
use activator::topology::{Channel, Destination, HOPS, Order, Share, Topology, Traffic};
use activator::{Activator, Limits, Time};

use crate::wired::{event, replays, trigger};

pub(crate) const BROKER: ChannelId = ChannelId(0);
pub(crate) const DEAD_LETTERS: ChannelId = ChannelId(1);
/// One of a trigger's own.
pub(crate) const OWN_LETTERS: ChannelId = ChannelId(2);
pub(crate) const REPLAYS: ChannelId = ChannelId(3);
pub(crate) const IDLE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    mind: Activator,
    limits: Limits,
    now: Duration,
    topology: Topology,
    logs: BTreeMap<ChannelId, Vec<Event>>,
    /// When each event of a log was stored.
    times: BTreeMap<ChannelId, Vec<Duration>>,
    /// The offsets from which reads wait.
    waiting: BTreeMap<ChannelId, Vec<Offset>>,
    stored: BTreeMap<ChannelId, Progress>,
    /// What the mind wants of the functions, in order.
    wanted: VecDeque<Effect>,
    ends: Vec<End>,
    /// How many were held and made way.
    made_way: usize,
    /// What was done by each append, where it said so.
    pub(crate) marked: Vec<Option<Offset>>,
    /// Whom the mind wants to be told of in its next life.
    remembered: Vec<(Arc<str>, Identity)>,
    advice: Advice,
}

/// A request that a function holds.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) delivery: DeliveryId,
    pub(crate) instance: InstanceId,
    pub(crate) event: Event,
}

impl Scene {
    /// A broker with triggers: function `number` wants the type.
    pub(crate) fn with_triggers(triggers: &[(u32, &str)]) -> Self {
        Self::within(Limits::default(), triggers)
    }

    pub(crate) fn within(limits: Limits, triggers: &[(u32, &str)]) -> Self {
        let wanted = triggers.iter().zip(0..).map(|((function, ty), id)| trigger(id, *function, ty));
        let subscriptions = wanted.chain([replays()]).map(Arc::new);
        let channel = |id, is_last| Channel { id, keeps: is_last, is_last, hops: HOPS };
        let channels = vec![
            channel(BROKER, false),
            channel(DEAD_LETTERS, true),
            channel(OWN_LETTERS, true),
            channel(REPLAYS, false),
        ];
        let topology = Topology {
            channels,
            subscriptions: subscriptions.collect(),
            dead_letters: DEAD_LETTERS,
            traffic: Vec::new(),
        };
        let mut scene = Self {
            mind: Activator::new(limits.clone()),
            limits,
            now: Duration::ZERO,
            topology: topology.clone(),
            logs: BTreeMap::new(),
            times: BTreeMap::new(),
            remembered: Vec::new(),
            waiting: BTreeMap::new(),
            stored: BTreeMap::new(),
            wanted: VecDeque::new(),
            ends: Vec::new(),
            made_way: 0,
            marked: Vec::new(),
            advice: Advice::None,
        };
        scene.tell(Input::Wired(topology));
        for (function, _) in triggers {
            scene.save(*function, 1);
        }
        scene
    }

    /// A complete new content of a function's file.
    pub(crate) fn save(&mut self, function: u32, revision: u32) {
        self.save_to_linger(function, revision, Duration::ZERO);
    }

    /// The same, with as many processes kept as were wanted over the last `down_delay`.
    pub(crate) fn save_to_linger(&mut self, function: u32, revision: u32, down_delay: Duration) {
        let settings = Settings {
            revision: Revision(revision),
            single_use: false,
            concurrency: 10,
            overflow: Overflow::default(),
            scaling: Scaling { max: 1, idle: Idle::After(IDLE), down_delay, ..Scaling::default() },
            start_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(60),
            response_timeout: None,
            drain_timeout: Duration::from_secs(10),
        };
        self.tell(Input::Revised { function: FunctionId(function), now: settings.into() });
    }

    /// The user changes what a trigger wants.
    pub(crate) fn rewire(&mut self, number: usize, ty: &str) {
        Arc::make_mut(&mut self.topology.subscriptions[number]).filter = Filter::exact("type", ty).into();
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user changes how hard a trigger tries.
    pub(crate) fn try_so_hard(&mut self, number: usize, policy: Policy) {
        Arc::make_mut(&mut self.topology.subscriptions[number]).delivery = policy;
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user changes how often what is in the broker may be passed on.
    pub(crate) fn pass_on(&mut self, hops: u32) {
        self.topology.channels[0].hops = hops;
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// Another life: all that is left is what channels hold and what was to be remembered, each for so long.
    pub(crate) fn crash(&mut self, left: Duration) {
        self.crash_with_paused(left, &[]);
    }

    /// The same, and the next life is told who is paused.
    pub(crate) fn crash_with_paused(&mut self, left: Duration, paused: &[&str]) {
        self.mind = Activator::new(self.limits.clone());
        self.waiting.clear();
        self.wanted.clear();
        self.ends.clear();
        for name in paused {
            self.pause(name);
        }
        for (name, identity) in self.remembered.clone() {
            self.tell(Input::Remembered { name, seen: vec![(identity, left)] });
        }
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user shares a function out among revisions, each so many percent.
    pub(crate) fn share(&mut self, function: u32, shares: &[(u32, u32)]) {
        let share = |&(to, percent): &(u32, u32)| Share { to: FunctionId(to), percent };
        let shares = shares.iter().map(share).collect();
        self.topology.traffic = vec![Traffic { function: FunctionId(function), shares }];
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user lets a trigger deliver to another function.
    pub(crate) fn redirect(&mut self, number: usize, function: u32) {
        let to = Destination::Function(FunctionId(function));
        Arc::make_mut(&mut self.topology.subscriptions[number]).to = to;
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user pauses a trigger.
    pub(crate) fn pause(&mut self, trigger: &str) {
        self.tell(Input::Pause { name: trigger.into() });
    }

    /// The user lets it go on.
    pub(crate) fn resume(&mut self, trigger: &str) {
        self.tell(Input::Resume { name: trigger.into() });
    }

    /// The user renames a trigger, of which all else stays.
    pub(crate) fn rename(&mut self, number: usize, name: &str) {
        let subscription = Arc::make_mut(&mut self.topology.subscriptions[number]);
        subscription.id = SubscriptionId(subscription.id.0 + 1000);
        subscription.name = name.into();
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user removes a trigger.
    pub(crate) fn remove(&mut self, number: usize) {
        self.topology.subscriptions.remove(number);
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// Somebody wants an event delivered again, to this trigger.
    pub(crate) fn replay(&mut self, id: &str, ty: &str, trigger: &str) {
        let event = event(id, ty).with("hydrantreplay", trigger).expect("it may have it");
        self.store(REPLAYS, event);
    }

    /// The broker's partition is to go to another runtime.
    pub(crate) fn ask_back(&mut self) {
        self.tell(Input::Revoking { channel: BROKER, partitions: vec![Partition(0)] });
    }

    /// What the headers of answers say from now on.
    pub(crate) fn advise(&mut self, advice: Advice) {
        self.advice = advice;
    }

    /// The user wants a trigger's events one after the other.
    pub(crate) fn keep_in_order(&mut self, number: usize, order: Order) {
        Arc::make_mut(&mut self.topology.subscriptions[number]).order = order;
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// A producer sends an event with a subject.
    pub(crate) fn send_about(&mut self, subject: &str, id: &str, ty: &str) {
        self.store(BROKER, event(id, ty).with("subject", subject).expect("it may have one"));
    }

    /// A producer sends an event, and the broker stores it.
    pub(crate) fn send(&mut self, id: &str, ty: &str) {
        self.store(BROKER, event(id, ty));
    }

    fn store(&mut self, channel: ChannelId, event: Event) {
        self.logs.entry(channel).or_default().push(event);
        self.times.entry(channel).or_default().push(self.now);
        for from in self.waiting.remove(&channel).unwrap_or_default() {
            self.read(channel, from);
        }
    }

    /// The next thing the mind wants is a process; it gets one.
    pub(crate) fn started(&mut self) -> InstanceId {
        match self.wanted.pop_front() {
            Some(Effect::Spawn { instance, .. }) => instance,
            other => panic!("expected a start, got {other:?}"),
        }
    }

    /// The next thing the mind wants is to deliver an event.
    pub(crate) fn delivered(&mut self) -> Request {
        match self.wanted.pop_front() {
            Some(Effect::Deliver {
                delivery,
                to: Target::Instance(instance),
                what: Payload::Event(event, _),
                ..
            }) => Request { delivery, instance, event },
            other => panic!("expected a delivery, got {other:?}"),
        }
    }

    /// All that the mind wants to deliver, if nothing else comes before.
    pub(crate) fn all_delivered(&mut self) -> Vec<Request> {
        let is_delivery = |effect: &&Effect| matches!(effect, Effect::Deliver { .. });
        let count = self.wanted.iter().take_while(is_delivery).count();
        (0..count).map(|_| self.delivered()).collect()
    }

    /// The next thing the mind wants is the end of a process; it ends.
    pub(crate) fn ended(&mut self) -> InstanceId {
        match self.wanted.pop_front() {
            Some(Effect::Terminate { instance, .. }) => {
                self.tell(Input::Exited { instance, reason: "signal 15".into() });
                instance
            }
            other => panic!("expected a termination, got {other:?}"),
        }
    }

    /// Nothing is wanted of anyone.
    pub(crate) fn is_quiet(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(crate) fn ready(&mut self, instance: InstanceId) {
        self.tell(Input::Ready { instance });
    }

    pub(crate) fn answer(&mut self, request: &Request, status: u16) {
        self.answer_with(request, status, None);
    }

    pub(crate) fn answer_with(&mut self, request: &Request, status: u16, reply: Option<Event>) {
        self.reply(request, status, reply.map(Reply::from));
    }

    pub(crate) fn reply(&mut self, request: &Request, status: u16, reply: Option<Reply>) {
        let outcome = Outcome::Answered { status, reply, excerpt: bytes::Bytes::new(), advice: self.advice };
        self.tell(Input::Outcomes(vec![(request.delivery, outcome)]));
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.mind.is_stopped()
    }

    /// Time passes, and every timer fires at its moment.
    pub(crate) fn wait(&mut self, how_long: Duration) {
        let until = self.now + how_long;
        while let Some(due) = self.mind.poll_timeout().filter(|due| *due <= time(until)) {
            self.now = self.now.max(Duration::from_micros(due.as_micros()));
            self.mind.handle_timeout(due);
            self.perform();
        }
        self.now = until;
    }

    /// Every delivery that came to its end, in order.
    pub(crate) fn ends(&self) -> &[End] {
        &self.ends
    }

    /// How many events are held for a function.
    pub(crate) fn held(&self, function: u32) -> u32 {
        self.mind.states().get(&FunctionId(function)).map_or(0, |state| state.held)
    }

    /// How many of them made way for others.
    pub(crate) const fn made_way(&self) -> usize {
        self.made_way
    }

    /// What a channel holds.
    pub(crate) fn held_by(&self, channel: ChannelId) -> &[Event] {
        self.logs.get(&channel).map_or(&[], |log| log)
    }

    /// How far everyone is, as it is stored.
    pub(crate) fn progress(&self) -> Progress {
        self.stored.get(&BROKER).cloned().unwrap_or_default()
    }

    /// The next thing the mind wants of the functions.
    pub(crate) fn next(&mut self) -> Option<Effect> {
        self.wanted.pop_front()
    }

    pub(crate) fn tell(&mut self, input: Input) {
        self.mind.handle(time(self.now), input);
        self.perform();
    }

    fn perform(&mut self) {
        while let Some(effect) = self.mind.poll_effect() {
            match effect {
                Effect::Open { channel } => {
                    let committed = self.stored.get(&channel).cloned();
                    let only = OpenedPartition { partition: Partition(0), begin: Offset(0), committed };
                    self.tell(Input::Opened { channel, epoch: Epoch(1), partitions: vec![only] });
                }
                Effect::Read { channel, from, .. } => self.read(channel, from),
                Effect::Append { append, channel, event, origin } => {
                    self.marked.push(origin.map(|origin| origin.offset));
                    self.store(channel, event);
                    self.tell(Input::Appended { append, stored: Stored::Yes });
                }
                Effect::Commit { channel, progress } => {
                    self.stored.extend(progress.into_iter().map(|(_, progress)| (channel, progress)));
                    self.tell(Input::Committed { channel, stored: true });
                }
                Effect::Remember { name, identity } => self.remembered.push((name, identity)),
                Effect::Report(Report::Settled { end, .. }) => self.ends.push(end),
                Effect::Report(Report::MadeWay { .. }) => self.made_way += 1,
                Effect::Report(_) | Effect::Close { .. } => {}
                wanted => self.wanted.push_back(wanted),
            }
        }
    }

    fn read(&mut self, channel: ChannelId, from: Offset) {
        let log = self.logs.get(&channel).map_or(&[][..], |log| log);
        let records: Vec<_> =
            (0..).map(Offset).zip(log.iter().cloned()).filter(|(at, _)| *at >= from).collect();
        let Some((last, _)) = records.last() else {
            return self.waiting.entry(channel).or_default().push(from);
        };
        let times = self.times.get(&channel).into_iter().flatten();
        let ages = times.skip(usize::try_from(from.0).expect("small")).map(|time| self.now - *time).collect();
        let batch = Batch { next: last.next(), records, ages };
        self.tell(Input::Records { channel, partition: Partition(0), epoch: Epoch(1), from, batch });
    }
}

fn time(since_start: Duration) -> Time {
    Time::default() + since_start
}
