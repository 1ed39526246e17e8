//! A channel with a long log, many triggers to URLs, and storage and URLs that answer at once, or not at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use activator::delivery::{Advice, Backoff, Outcome, Policy};
use activator::effect::{Effect, Payload, Report, Target};
use activator::event::Event;
use activator::filter::Filter;
use activator::id::{ChannelId, DeliveryId, Epoch, Offset, Partition, SinkId, SubscriptionId};
use activator::input::{Batch, Input, OpenedPartition, Progress, Stored};
use activator::topology::{Channel, Destination, Order, Start, Subscription, Topology};
use activator::{Activator, Limits, Time};

const BROKER: ChannelId = ChannelId(0);
const DEAD_LETTERS: ChannelId = ChannelId(1);
const ONLY: Partition = Partition(0);

pub(crate) struct Load {
    mind: Activator,
    now: Duration,
    topology: Topology,
    log: Vec<Event>,
    committed: Option<Progress>,
    epoch: u32,
    /// A read that waits at the end.
    waiting: Option<(Offset, u32)>,
    inputs: VecDeque<Input>,
    /// URLs that keep what they are given.
    pub(crate) stuck: BTreeSet<u32>,
    /// Ids of events that every URL answers with 500.
    pub(crate) poison: BTreeSet<String>,
    held: Vec<(DeliveryId, SinkId, Event)>,
    /// What each URL answered with 200, by the events' ids.
    pub(crate) delivered: BTreeMap<u32, Vec<String>>,
    /// Records of the channel that were read.
    pub(crate) records_read: usize,
    pub(crate) released: bool,
    pub(crate) renamed: Vec<String>,
}

/// A trigger to the URL of its own number.
pub(crate) fn trigger(number: u32, filter: Filter, order: Order, start: Start) -> Subscription {
    Subscription {
        id: SubscriptionId(number),
        name: format!("trigger/{number}").into(),
        channel: BROKER,
        filter: filter.into(),
        to: Destination::Sink(SinkId(number)),
        to_name: "http://somewhere".into(),
        reply: None,
        delivery: Policy {
            retry: 2,
            backoff: Backoff::Linear,
            delay: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            ..Policy::default()
        },
        order,
        start,
    }
}

impl Load {
    pub(crate) fn new(limits: Limits, triggers: Vec<Subscription>) -> Self {
        let channel = |id, is_last| Channel { id, keeps: is_last, is_last, hops: 255 };
        let channels = vec![channel(BROKER, false), channel(DEAD_LETTERS, true)];
        let subscriptions = triggers.into_iter().map(Arc::new).collect();
        let topology = Topology { channels, subscriptions, dead_letters: DEAD_LETTERS, traffic: Vec::new() };
        let mut load = Self {
            mind: Activator::new(limits),
            now: Duration::ZERO,
            topology: topology.clone(),
            log: Vec::new(),
            committed: None,
            epoch: 0,
            waiting: None,
            inputs: VecDeque::from([Input::Wired(topology)]),
            stuck: BTreeSet::new(),
            poison: BTreeSet::new(),
            held: Vec::new(),
            delivered: BTreeMap::new(),
            records_read: 0,
            released: false,
            renamed: Vec::new(),
        };
        load.run();
        load
    }

    /// The runtime is killed and starts anew; what was not committed is forgotten.
    pub(crate) fn restart(&mut self, limits: Limits) {
        self.mind = Activator::new(limits);
        self.waiting = None;
        self.held.clear();
        self.inputs = VecDeque::from([Input::Wired(self.topology.clone())]);
        self.run();
    }

    /// The user adds a trigger.
    pub(crate) fn add(&mut self, trigger: Subscription) {
        self.topology.subscriptions.push(trigger.into());
        self.tell(Input::Wired(self.topology.clone()));
    }

    /// The user gives a trigger another name.
    pub(crate) fn rename(&mut self, number: u32, id: u32) {
        let trigger = self.topology.subscriptions.iter_mut().find(|s| s.id == SubscriptionId(number));
        let trigger = Arc::make_mut(trigger.expect("it is wired"));
        trigger.id = SubscriptionId(id);
        trigger.name = format!("trigger/{id}").into();
        self.tell(Input::Wired(self.topology.clone()));
    }

    pub(crate) fn store(&mut self, id: &str, key: &str) {
        let mut event = Event::builder();
        for (name, value) in [("id", id), ("source", "/load"), ("type", "order"), ("partitionkey", key)] {
            event.attribute(name, value).expect("an attribute");
        }
        self.log.push(event.build(bytes::Bytes::from_static(&[7; 100])).expect("complete"));
        if let Some((from, records)) = self.waiting.take() {
            self.read(from, records);
        }
        self.run();
    }

    /// Events `e0`, `e1` and so on, all of one key.
    pub(crate) fn store_all(&mut self, numbers: Range<usize>) {
        for number in numbers {
            self.store(&format!("e{number}"), "k");
        }
    }

    /// All URLs answer again.
    pub(crate) fn mend(&mut self) {
        self.stuck.clear();
        self.answer_some(usize::MAX);
    }

    /// URLs that keep what they are given answer that many of it, the oldest first. Gives how many those were.
    pub(crate) fn answer_some(&mut self, most: usize) -> usize {
        let some: Vec<_> = self.held.drain(..most.min(self.held.len())).collect();
        let count = some.len();
        for (id, sink, event) in some {
            self.answer(id, sink, &event);
        }
        self.run();
        count
    }

    pub(crate) fn tell(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.run();
    }

    /// Another runtime wants the partition.
    pub(crate) fn ask_back(&mut self) {
        self.tell(Input::Revoking { channel: BROKER, partitions: vec![ONLY] });
    }

    /// The partition is this runtime's again.
    pub(crate) fn assign(&mut self) {
        self.released = false;
        let (epoch, partitions) = self.opened(BROKER);
        self.tell(Input::Assigned { channel: BROKER, epoch, partitions });
    }

    /// Time passes, and every timer fires at its moment.
    pub(crate) fn wait(&mut self, how_long: Duration) {
        let until = self.now + how_long;
        while let Some(due) = self.mind.poll_timeout().filter(|due| *due <= time(until)) {
            self.now = self.now.max(Duration::from_micros(due.as_micros()));
            self.mind.handle_timeout(due);
            self.run();
        }
        self.now = until;
    }

    pub(crate) fn delivered_to(&self, number: u32) -> &[String] {
        self.delivered.get(&number).map_or(&[], |ids| ids)
    }

    pub(crate) fn held_by(&self, number: u32) -> Vec<&str> {
        self.held.iter().filter(|h| h.1.0 == number).map(|h| h.2.id()).collect()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.committed.clone().unwrap_or_default()
    }

    fn run(&mut self) {
        loop {
            while let Some(effect) = self.mind.poll_effect() {
                self.perform(effect);
            }
            let Some(input) = self.inputs.pop_front() else { return };
            self.mind.handle(time(self.now), input);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open { channel } => {
                let (epoch, partitions) = self.opened(channel);
                self.inputs.push_back(Input::Opened { channel, epoch, partitions });
            }
            Effect::Read { channel: BROKER, from, records_max, .. } => self.read(from, records_max),
            Effect::Locate { channel, partition, start, .. } => {
                let offset = if start == Start::Beginning { Offset(0) } else { Offset(5) };
                let epoch = Epoch(self.epoch);
                self.inputs.push_back(Input::Located { channel, partition, epoch, start, offset });
            }
            Effect::Append { append, .. } => {
                self.inputs.push_back(Input::Appended { append, stored: Stored::Yes });
            }
            Effect::Commit { channel, progress } => {
                if channel == BROKER {
                    self.committed = progress.into_iter().map(|(_, progress)| progress).next();
                }
                self.inputs.push_back(Input::Committed { channel, stored: true });
            }
            Effect::Deliver { delivery, to: Target::Sink(sink), what: Payload::Event(event, _), .. } => {
                if self.stuck.contains(&sink.0) {
                    self.held.push((delivery, sink, event));
                } else {
                    self.answer(delivery, sink, &event);
                }
            }
            Effect::Release { .. } => self.released = true,
            Effect::Report(Report::Renamed { from, to }) => self.renamed.push(format!("{from} -> {to}")),
            _ => {}
        }
    }

    fn answer(&mut self, delivery: DeliveryId, sink: SinkId, event: &Event) {
        let poison = self.poison.contains(event.id());
        let status = if poison { 500 } else { 200 };
        if !poison {
            self.delivered.entry(sink.0).or_default().push(event.id().to_owned());
        }
        let outcome =
            Outcome::Answered { status, reply: None, excerpt: bytes::Bytes::new(), advice: Advice::None };
        self.inputs.push_back(Input::Outcomes(vec![(delivery, outcome)]));
    }

    fn opened(&mut self, channel: ChannelId) -> (Epoch, Vec<OpenedPartition>) {
        self.epoch += u32::from(channel == BROKER);
        let committed = self.committed.clone().filter(|_| channel == BROKER);
        (Epoch(self.epoch), vec![OpenedPartition { partition: ONLY, begin: Offset(0), committed }])
    }

    fn read(&mut self, from: Offset, records_max: u32) {
        let at = usize::try_from(from.0).expect("small");
        if at >= self.log.len() {
            self.waiting = Some((from, records_max));
            return;
        }
        let records = self.log[at..].iter().take(records_max as usize).cloned();
        let records: Vec<_> = (from.0..).map(Offset).zip(records).collect();
        self.records_read += records.len();
        let next = records.last().map_or(from, |(last, _)| last.next());
        let (channel, partition, epoch) = (BROKER, ONLY, Epoch(self.epoch));
        let batch = Batch { records, next, ..Batch::default() };
        self.inputs.push_back(Input::Records { channel, partition, epoch, from, batch });
    }
}

fn time(since_start: Duration) -> Time {
    Time::default() + since_start
}
