//! Brokers, channels, those of sequences, parallels and jobs, the topics of sources and sinks, and the dead letters: all of them channels.

use std::collections::BTreeMap;
use std::path::Path;

use activator::id::ChannelId;
use activator::topology;

use crate::channel::{KafkaSpec, Spec};
use crate::config::diagnostic::Problems;
use crate::config::ids::Ids;
use crate::config::raw::{self, Delivery};
use crate::config::resolved::{ChannelKind, DEAD_LETTERS, NamedChannel, REPLAYS, Runtime};
use crate::config::source::At;

use super::spec::Specs;

/// The broker that is always there.
pub(super) const DEFAULT_BROKER: &str = "default";

pub(super) struct Channels {
    pub(super) all: BTreeMap<ChannelId, NamedChannel>,
    pub(super) dead_letters: ChannelId,
    pub(super) replays: ChannelId,
    by_name: BTreeMap<(ChannelKind, String), Known>,
    /// Of those that say how often what is read there may be passed on.
    hops: BTreeMap<ChannelId, u32>,
    pub(super) kafka: Option<Box<KafkaSpec>>,
}

/// What a subscription needs to know of its channel.
pub(super) struct Known {
    pub(super) id: ChannelId,
    /// For subscriptions that say nothing.
    pub(super) delivery: Option<Delivery>,
}

impl Channels {
    pub(super) fn new(
        file: &raw::File,
        project: &Path,
        runtime: &Runtime,
        ids: &mut Ids,
        problems: &Problems,
    ) -> Self {
        let mut builder = Builder {
            specs: Specs::new(project, runtime, file.kafka.as_ref(), problems),
            ids,
            all: BTreeMap::new(),
            by_name: BTreeMap::new(),
            hops: BTreeMap::new(),
        };
        if !file.brokers.iter().any(|(name, _)| name.value == DEFAULT_BROKER) {
            builder.undeclared(ChannelKind::Broker, DEFAULT_BROKER);
        }
        builder.declared(ChannelKind::Broker, &file.brokers);
        builder.declared(ChannelKind::Channel, &file.channels);
        builder.sequences(&file.sequences);
        builder.parallels(&file.parallels);
        builder.jobs(&file.jobs);
        builder.sources(&file.sources);
        builder.sinks(&file.sinks);
        let dead_letters = builder.dead_letters(file, DEAD_LETTERS);
        builder.own_dead_letters(file);
        let replays = builder.undeclared(ChannelKind::Replay, REPLAYS);
        let kafka = builder.specs.named_cluster();
        Self { all: builder.all, dead_letters, replays, by_name: builder.by_name, hops: builder.hops, kafka }
    }

    pub(super) fn known(&self, kind: ChannelKind, name: &str) -> Option<&Known> {
        self.by_name.get(&(kind, name.into()))
    }

    pub(super) fn names(&self, kind: ChannelKind) -> impl Iterator<Item = &str> {
        let of_kind = self.by_name.keys().filter(move |(known, _)| *known == kind);
        of_kind.map(|(_, name)| name.as_str())
    }

    pub(super) fn topology(&self) -> Vec<topology::Channel> {
        let keeps = |kind| matches!(kind, ChannelKind::DeadLetters | ChannelKind::Sink);
        let channels = self.all.iter().map(|(&id, channel)| topology::Channel {
            id,
            keeps: keeps(channel.kind),
            is_last: channel.kind == ChannelKind::DeadLetters,
            hops: self.hops.get(&id).copied().unwrap_or(topology::HOPS),
        });
        channels.collect()
    }

    /// Whether what goes into one comes out of the other: they are the same, or have the same topic.
    pub(super) fn are_one(&self, one: ChannelId, other: ChannelId) -> bool {
        let topic = |id| self.all.get(&id).and_then(|channel| channel.spec.topic());
        one == other || topic(one).is_some_and(|name| topic(other) == Some(name))
    }
}

/// The name of the channel in which dead letters wait for a function or URL; the others are channels themselves.
pub(super) fn dead_letters_for(to: &raw::Destination) -> Option<String> {
    match to {
        raw::Destination::Function(name) => Some(format!("fn-{name}")),
        // Its folder bears the name.
        raw::Destination::Url(uri) => Some(format!("url-{:016x}", fingerprint(&uri.to_string()))),
        _ => None,
    }
}

/// The name of the channel before a step: `ship`, `ship.2`, which nobody else can bear.
pub(super) fn step_channel(sequence: &str, step: usize) -> String {
    if step == 1 { sequence.to_owned() } else { format!("{sequence}.{step}") }
}

/// The sequence and the step, from 1, of such a channel.
pub(super) fn step_of(channel: &str) -> (&str, usize) {
    let split = channel.split_once('.').and_then(|(name, step)| Some((name, step.parse().ok()?)));
    split.unwrap_or((channel, 1))
}

/// The same in every process, today and tomorrow (FNV-1a).
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The name a source's channel bears.
pub(super) fn source_channel(source: &str, topic: &str) -> String {
    format!("{source}/{topic}")
}

struct Builder<'a> {
    specs: Specs<'a>,
    ids: &'a mut Ids,
    all: BTreeMap<ChannelId, NamedChannel>,
    by_name: BTreeMap<(ChannelKind, String), Known>,
    hops: BTreeMap<ChannelId, u32>,
}

impl Builder<'_> {
    fn undeclared(&mut self, kind: ChannelKind, name: &str) -> ChannelId {
        let spec = self.specs.undeclared(kind, name);
        self.add(kind, name, spec, None)
    }

    fn dead_letters(&mut self, file: &raw::File, name: &str) -> ChannelId {
        let spec = self.specs.dead_letters(name, file);
        self.add(ChannelKind::DeadLetters, name, spec, None)
    }

    /// Those that go to a function or URL wait in a channel of its own, so that nothing is lost while it is away.
    fn own_dead_letters(&mut self, file: &raw::File) {
        for (_, _, delivery) in file.deliveries() {
            let to = delivery.dead_letter.as_ref().map(|to| &to.value);
            if let Some(name) = to.and_then(dead_letters_for)
                && !self.by_name.contains_key(&(ChannelKind::DeadLetters, name.clone()))
            {
                self.dead_letters(file, &name);
            }
        }
    }

    fn declared(&mut self, kind: ChannelKind, channels: &raw::Named<raw::Channel>) {
        for (name, channel) in channels {
            let spec = self.specs.declared(kind, name, channel);
            let id = self.add(kind, &name.value, spec, channel.delivery.clone());
            self.hops.extend(channel.hops.map(|hops| (id, hops)));
        }
    }

    fn sequences(&mut self, sequences: &raw::Named<raw::Sequence>) {
        for (name, sequence) in sequences {
            for step in 1..=sequence.steps.len() {
                let channel = step_channel(&name.value, step);
                let spec = self.specs.part(ChannelKind::Sequence, name, &channel, &sequence.channel);
                self.add(ChannelKind::Sequence, &channel, spec, None);
            }
        }
    }

    fn parallels(&mut self, parallels: &raw::Named<raw::Parallel>) {
        for (name, parallel) in parallels {
            let spec = self.specs.declared(ChannelKind::Parallel, name, &parallel.channel);
            self.add(ChannelKind::Parallel, &name.value, spec, None);
        }
    }

    fn jobs(&mut self, jobs: &raw::Named<raw::Job>) {
        for (name, job) in jobs {
            let spec = self.specs.declared(ChannelKind::Job, name, &job.channel);
            self.add(ChannelKind::Job, &name.value, spec, None);
        }
    }

    fn sources(&mut self, sources: &raw::Named<raw::Source>) {
        for (name, source) in sources {
            if let raw::Source::Kafka(source) = source {
                self.topics(name, source);
            } else if source.outlet().is_some_and(raw::Outlet::has_channel) {
                self.undeclared(ChannelKind::Source, &name.value);
            }
        }
    }

    fn topics(&mut self, name: &At<String>, source: &raw::KafkaSource) {
        for topic in &source.topics {
            let spec = self.specs.source(name, source, topic);
            let channel = source_channel(&name.value, &topic.value);
            self.add(ChannelKind::Source, &channel, spec, None);
        }
    }

    fn sinks(&mut self, sinks: &raw::Named<raw::Sink>) {
        for (name, sink) in sinks {
            let spec = self.specs.sink(name, sink);
            self.add(ChannelKind::Sink, &name.value, spec, None);
        }
    }

    fn add(&mut self, kind: ChannelKind, name: &str, spec: Spec, delivery: Option<Delivery>) -> ChannelId {
        let id = self.ids.channel(kind, name);
        let (spec, stands_in) = self.specs.really(spec);
        let channel = NamedChannel { kind, name: name.into(), spec, stands_in };
        self.all.insert(id, channel);
        self.by_name.insert((kind, name.into()), Known { id, delivery });
        id
    }
}
