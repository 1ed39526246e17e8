//! What a channel is made of: a ring in memory, a log in the state folder, or a Kafka topic.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::channel::{
    CreateTopic, DurableSpec, KafkaSpec, MemorySpec, Mode, Password, Records, Reserve, Retention, Sasl,
    Security, SinkSpec, Spec, Start, SyncMode, Tls,
};
use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::raw::{self, Class};
use crate::config::resolved::{ChannelKind, Runtime};
use crate::config::source::{At, Place};

use super::channels::step_of;

/// Like a Kafka channel of Knative's; the same for every class, so that a change of class keeps the partitions.
const PARTITIONS: u32 = 1;
const REPLICATION: u32 = 1;
/// How long Kafka keeps what we append, read or not; Knative's `retentionDuration`, PT168H.
const TOPIC_AGE: Duration = Duration::from_secs(168 * 3_600);
/// What one memory channel holds at most.
const MEMORY_BYTES_MAX: usize = 64 << 20;

pub(super) struct Specs<'a> {
    /// What paths are relative to.
    project: &'a Path,
    runtime: &'a Runtime,
    kafka: Option<&'a raw::Kafka>,
    problems: &'a Problems,
    /// Who reads a topic of a cluster as a group.
    cursors: BTreeMap<(Vec<String>, String, String), String>,
}

impl<'a> Specs<'a> {
    pub(super) fn new(
        project: &'a Path,
        runtime: &'a Runtime,
        kafka: Option<&'a raw::Kafka>,
        problems: &'a Problems,
    ) -> Self {
        Self { project, runtime, kafka, problems, cursors: BTreeMap::new() }
    }

    /// What it is in this runtime, and whether that is in the place of a topic: one that runs for a test has no Kafka.
    pub(super) fn really(&self, spec: Spec) -> (Spec, bool) {
        let topic = match &spec {
            Spec::Kafka(topic) => topic,
            Spec::KafkaSink(sink) => &sink.topic,
            Spec::Memory(_) | Spec::Durable(_) => return (spec, false),
        };
        if !self.runtime.ephemeral {
            return (spec, false);
        }
        let partitions = topic.create.as_ref().map_or(PARTITIONS, |create| create.partitions);
        (memory(partitions), true)
    }

    /// What a channel is when nobody declares it.
    pub(super) fn undeclared(&self, kind: ChannelKind, name: &str) -> Spec {
        self.by_default(kind, name, &raw::Channel::default())
    }

    /// Where the dead letters go. Being stored there lets a cursor pass an event, so they are kept as well as the
    /// best of the others.
    pub(super) fn dead_letters(&self, name: &str, file: &raw::File) -> Spec {
        let sync = file.declared_channels().any(syncs).then_some(SyncMode::Disk);
        self.by_default(ChannelKind::DeadLetters, name, &raw::Channel { sync, ..raw::Channel::default() })
    }

    pub(super) fn declared(&mut self, kind: ChannelKind, name: &At<String>, raw: &raw::Channel) -> Spec {
        self.part(kind, name, &name.value, raw)
    }

    /// One of the channels that a section declares.
    pub(super) fn part(
        &mut self,
        kind: ChannelKind,
        section: &At<String>,
        name: &str,
        raw: &raw::Channel,
    ) -> Spec {
        let (section, place) = (&*section.value, &section.place);
        let partitions = raw.partitions.unwrap_or(PARTITIONS);
        let Some(class) = &raw.class else {
            return self.by_default(kind, name, raw);
        };
        match (class.value, self.state()) {
            (Class::Memory, _) => memory(partitions),
            (Class::Durable, None) if self.runtime.ephemeral => memory(partitions),
            (Class::Durable, Some(state)) => durable(state, kind, name, raw),
            (Class::Durable, None) => {
                let called = format!("`class` in [{}.{section}]", kind.text());
                let help = "the state is kept in memory: use class = \"memory\", or set `state` to a folder";
                self.problems.bad_value::<()>(
                    &class.place,
                    &called,
                    "one that keeps nothing",
                    "durable",
                    help,
                );
                memory(partitions)
            }
            (Class::Kafka, _) => {
                let who = format!("{} `{section}`", kind.text());
                self.need_brokers(&who, &class.place);
                let spec = Spec::Kafka(self.topic_spec(kind, name, raw, partitions).into());
                let topic_place = raw.kafka.topic.as_ref().map_or(place, |topic| &topic.place);
                self.check_cursor(&spec, &who, topic_place);
                self.check_transactions(&spec, &who, &raw.kafka);
                spec
            }
        }
    }

    /// What a channel is when nobody says: durable, if anything may be kept.
    fn by_default(&self, kind: ChannelKind, name: &str, raw: &raw::Channel) -> Spec {
        match self.state() {
            Some(state) => durable(state, kind, name, raw),
            None => memory(raw.partitions.unwrap_or(PARTITIONS)),
        }
    }

    fn topic_spec(&self, kind: ChannelKind, name: &str, raw: &raw::Channel, partitions: u32) -> KafkaSpec {
        let cluster = self.cluster();
        let topic = raw.kafka.topic.as_ref();
        let topic = topic.map_or_else(|| topic_by_default(kind, name), |topic| topic.value.clone());
        KafkaSpec {
            group: format!("hydrant-{topic}"),
            create: Some(CreateTopic {
                partitions: raw.kafka.partitions.unwrap_or(partitions),
                replication: raw.kafka.replication.unwrap_or(REPLICATION),
                retention: Retention { age: raw.retention.age.or(Some(TOPIC_AGE)), ..raw.retention },
            }),
            // Whatever was stored before the first commit is to be delivered.
            start: Start::Earliest,
            records: Records {
                source: format!("/apis/v1/namespaces/default/{}s/{name}#{topic}", kind.text()),
                ..Records::default()
            },
            topic,
            mode: raw.kafka.mode.unwrap_or(cluster.mode),
            transactions: raw.kafka.transactions.as_ref().is_some_and(|transactions| transactions.value),
            ..cluster
        }
    }

    /// Who shares a topic with others is fenced by the group, and no transaction of ours knows it.
    fn check_transactions(&self, spec: &Spec, who: &str, raw: &raw::Topic) {
        let (Spec::Kafka(topic), Some(asked)) = (spec, &raw.transactions) else { return };
        if !topic.transactions || topic.mode == Mode::Own {
            return;
        }
        self.problems.report(
            Diagnostic::new(
                Code::SharedTransactions,
                format!("{who} has mode = \"group\", and transactions are for one runtime alone"),
            )
            .at(&asked.place, "not with a group")
            .help("leave `transactions` out, or set mode = \"own\" here and run one hydrant for this topic"),
        );
    }

    /// A topic that a source reads.
    pub(super) fn source(
        &mut self,
        name: &At<String>,
        source: &raw::KafkaSource,
        topic: &At<String>,
    ) -> Spec {
        let who = format!("source `{}`", name.value);
        if source.brokers.is_none() {
            self.need_brokers(&who, &name.place);
        }
        let spec = Spec::Kafka(self.source_spec(&name.value, source, &topic.value).into());
        self.check_cursor(&spec, &who, &topic.place);
        spec
    }

    fn source_spec(&self, name: &str, source: &raw::KafkaSource, topic: &str) -> KafkaSpec {
        let group = source.group.as_ref().map(|group| group.value.clone());
        let cluster = self.cluster();
        KafkaSpec {
            topic: topic.into(),
            group: group.unwrap_or_else(|| format!("hydrant-{name}")),
            start: source.start.unwrap_or(Start::Latest),
            records: Records {
                source: format!("/apis/v1/namespaces/default/kafkasources/{name}#{topic}"),
                key: source.key_type.unwrap_or_default(),
                extensions: source.extensions.clone(),
            },
            brokers: source.brokers.clone().unwrap_or(cluster.brokers),
            mode: source.mode.unwrap_or(cluster.mode),
            ..cluster
        }
    }

    /// A topic that a sink writes to.
    pub(super) fn sink(&self, name: &At<String>, sink: &raw::Sink) -> Spec {
        self.need_brokers(&format!("sink `{}`", name.value), &name.place);
        let create = CreateTopic {
            partitions: sink.partitions.unwrap_or(PARTITIONS),
            replication: sink.replication.unwrap_or(REPLICATION),
            retention: Retention { age: Some(TOPIC_AGE), bytes: None },
        };
        let topic = sink.topic.as_ref().map(|topic| topic.value.clone()).unwrap_or_default();
        let topic = KafkaSpec { topic, create: Some(create), ..self.cluster() };
        Spec::KafkaSink(Box::new(SinkSpec { topic, content: sink.content }))
    }

    /// What every topic has in common, where a cluster is named.
    pub(super) fn named_cluster(&self) -> Option<Box<KafkaSpec>> {
        Some(self.cluster()).filter(|cluster| !cluster.brokers.is_empty()).map(Box::new)
    }

    /// What every topic of the cluster has in common.
    fn cluster(&self) -> KafkaSpec {
        let kafka = self.kafka;
        KafkaSpec {
            brokers: kafka.and_then(|kafka| kafka.brokers.clone()).unwrap_or_default(),
            topic: String::new(),
            group: String::new(),
            create: None,
            start: Start::Earliest,
            records: Records::default(),
            mode: kafka.and_then(|kafka| kafka.mode).unwrap_or(Mode::Own),
            mirror: kafka.and_then(|kafka| kafka.mirror).unwrap_or(true),
            transactions: false,
            marks: self.state().map(|state| state.join("kafka")),
            security: kafka.map(|kafka| security(self.project, kafka)).unwrap_or_default(),
            options: kafka.map(|kafka| kafka.options.clone()).unwrap_or_default(),
        }
    }

    fn state(&self) -> Option<&'a Path> {
        self.runtime.state.as_deref()
    }

    fn need_brokers(&self, who: &str, place: &Place) {
        if self.kafka.is_some_and(|kafka| kafka.brokers.is_some()) {
            return;
        }
        self.problems.report(
            Diagnostic::new(Code::NoBrokers, format!("{who} needs Kafka, and no brokers are named"))
                .at(place, "needs Kafka")
                .help("[kafka] brokers = [\"127.0.0.1:9092\"]"),
        );
    }

    /// A topic and group have one committed offset: two readers would move it for each other.
    fn check_cursor(&mut self, spec: &Spec, who: &str, place: &Place) {
        let Spec::Kafka(kafka) = spec else {
            return;
        };
        let cursor = (kafka.brokers.clone(), kafka.topic.clone(), kafka.group.clone());
        let Some(other) = self.cursors.insert(cursor, who.into()) else {
            return;
        };
        let message =
            format!("{who} reads topic `{}` as group `{}`, as {other} does", kafka.topic, kafka.group);
        self.problems.report(
            Diagnostic::new(Code::SharedCursor, message)
                .at(place, "read already")
                .help("give it another topic or group"),
        );
    }
}

/// The names Knative gives its topics.
fn topic_by_default(kind: ChannelKind, name: &str) -> String {
    let of_channel = |name: &str| format!("knative-messaging-kafka.default.{name}");
    match kind {
        ChannelKind::Broker => format!("knative-broker-default-{name}"),
        ChannelKind::Sequence => {
            let (name, step) = step_of(name);
            // There, the first is number 0.
            of_channel(&format!("{name}-kn-sequence-{}", step - 1))
        }
        ChannelKind::Parallel => of_channel(&format!("{name}-kn-parallel")),
        // Knative has none.
        ChannelKind::Job => of_channel(&format!("{name}-kn-job")),
        _ => of_channel(name),
    }
}

fn security(project: &Path, kafka: &raw::Kafka) -> Security {
    let file = |path: &At<String>| project.join(&path.value);
    let tls = kafka.tls.as_ref().map(|tls| Tls {
        ca: tls.ca.as_ref().map(file),
        identity: tls.identity.as_ref().map(|(certificate, key)| (file(certificate), file(key))),
    });
    let sasl = kafka.sasl.as_ref().map(|sasl| Sasl {
        mechanism: sasl.mechanism,
        user: sasl.user.clone(),
        password: match &sasl.password {
            raw::Password::File(path) => Password::File(project.join(path)),
            raw::Password::Env(name) => Password::Env(name.clone()),
        },
    });
    Security { tls, sasl }
}

fn memory(partitions: u32) -> Spec {
    Spec::Memory(MemorySpec { partitions, bytes_max: MEMORY_BYTES_MAX })
}

fn durable(state: &Path, kind: ChannelKind, name: &str, raw: &raw::Channel) -> Spec {
    Spec::Durable(DurableSpec {
        dir: kind.folder(state, name),
        partitions: raw.partitions.unwrap_or(PARTITIONS),
        sync: raw.sync.unwrap_or_default(),
        retention: raw.retention,
        reserve: if kind == ChannelKind::DeadLetters { Reserve::Used } else { Reserve::Left },
    })
}

fn syncs(channel: &raw::Channel) -> bool {
    let class = channel.class.as_ref().map_or(Class::Durable, |class| class.value);
    class == Class::Durable && channel.sync == Some(SyncMode::Disk)
}
