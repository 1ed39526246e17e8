//! Brokers, channels, the topics of sources and sinks, and the dead letters: all of them channels.

use std::collections::BTreeMap;
use std::path::Path;

use activator::id::ChannelId;
use activator::topology;

use crate::channel::Spec;
use crate::config::diagnostic::Problems;
use crate::config::ids::Ids;
use crate::config::raw::{self, Delivery};
use crate::config::resolved::{ChannelKind, NamedChannel};

use super::spec::Specs;

/// The broker that is always there.
pub(super) const DEFAULT_BROKER: &str = "default";
const DEAD_LETTERS: &str = "dlq";

pub(super) struct Channels {
    pub(super) all: BTreeMap<ChannelId, NamedChannel>,
    pub(super) dead_letters: ChannelId,
    by_name: BTreeMap<(ChannelKind, String), Known>,
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
        state: Option<&Path>,
        ids: &mut Ids,
        problems: &Problems,
    ) -> Self {
        let mut builder = Builder {
            specs: Specs::new(project, state, file.kafka.as_ref(), problems),
            ids,
            all: BTreeMap::new(),
            by_name: BTreeMap::new(),
        };
        if !file.brokers.iter().any(|(name, _)| name.value == DEFAULT_BROKER) {
            builder.undeclared(ChannelKind::Broker, DEFAULT_BROKER);
        }
        builder.declared(ChannelKind::Broker, &file.brokers);
        builder.declared(ChannelKind::Channel, &file.channels);
        builder.sources(&file.sources);
        builder.sinks(&file.sinks);
        let dead_letters = builder.dead_letters(file);
        Self { all: builder.all, dead_letters, by_name: builder.by_name }
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
        let channels = self.all.iter();
        channels.map(|(&id, channel)| topology::Channel { id, keeps: keeps(channel.kind) }).collect()
    }

    /// Whether what goes into one comes out of the other: they are the same, or have the same topic.
    pub(super) fn are_one(&self, one: ChannelId, other: ChannelId) -> bool {
        let topic = |id| self.all.get(&id).and_then(|channel| channel.spec.topic());
        one == other || topic(one).is_some_and(|name| topic(other) == Some(name))
    }
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
}

impl Builder<'_> {
    fn undeclared(&mut self, kind: ChannelKind, name: &str) -> ChannelId {
        let spec = self.specs.undeclared(kind, name);
        self.add(kind, name, spec, None)
    }

    fn dead_letters(&mut self, file: &raw::File) -> ChannelId {
        let spec = self.specs.dead_letters(DEAD_LETTERS, file);
        self.add(ChannelKind::DeadLetters, DEAD_LETTERS, spec, None)
    }

    fn declared(&mut self, kind: ChannelKind, channels: &raw::Named<raw::Channel>) {
        for (name, channel) in channels {
            let spec = self.specs.declared(kind, name, channel);
            self.add(kind, &name.value, spec, channel.delivery.clone());
        }
    }

    fn sources(&mut self, sources: &raw::Named<raw::Source>) {
        for (name, source) in sources {
            for topic in &source.topics {
                let spec = self.specs.source(name, source, topic);
                let channel = source_channel(&name.value, &topic.value);
                self.add(ChannelKind::Source, &channel, spec, None);
            }
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
        let channel = NamedChannel { kind, name: name.into(), spec };
        self.all.insert(id, channel);
        self.by_name.insert((kind, name.into()), Known { id, delivery });
        id
    }
}
