//! `[broker.NAME]` and `[channel.NAME]`: the same keys, for both are channels.

use crate::channel::{Mode, Retention, SyncMode};
use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::source::{At, Place};
use crate::config::table::Table;
use crate::config::value::Value;

use super::delivery::Delivery;
use super::kafka::mode;

#[derive(Debug, Default)]
pub(in crate::config) struct Channel {
    pub(in crate::config) class: Option<At<Class>>,
    pub(in crate::config) partitions: Option<u32>,
    pub(in crate::config) sync: Option<SyncMode>,
    pub(in crate::config) retention: Retention,
    pub(in crate::config) kafka: Topic,
    pub(in crate::config) hops: Option<u32>,
    pub(in crate::config) delivery: Option<Delivery>,
}

/// What a channel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Class {
    Memory,
    Durable,
    Kafka,
}

/// `kafka = { ... }`: what only a topic has.
#[derive(Debug, Default)]
pub(in crate::config) struct Topic {
    pub(in crate::config) topic: Option<At<String>>,
    pub(in crate::config) partitions: Option<u32>,
    pub(in crate::config) replication: Option<u32>,
    pub(in crate::config) mode: Option<Mode>,
    pub(in crate::config) transactions: Option<At<bool>>,
}

/// A partition costs a file and a reader.
pub(in crate::config) const PARTITIONS_MAX: u32 = 1024;
/// The protocol's own bound.
pub(in crate::config) const REPLICATION_MAX: u32 = i16::MAX as u32;
/// What the attribute that counts them down can hold.
pub(in crate::config) const HOPS_MAX: u32 = i32::MAX as u32;
/// Kafka's own bound.
const TOPIC_LEN_MAX: usize = 249;

pub(in crate::config) const CLASSES: &[(&str, Class)] = &[
    ("memory", Class::Memory),
    ("durable", Class::Durable),
    ("kafka", Class::Kafka),
    // Knative's names for two of them.
    ("MTChannelBasedBroker", Class::Memory),
    ("Kafka", Class::Kafka),
];

pub(in crate::config) const SYNC_MODES: &[(&str, SyncMode)] =
    &[("os", SyncMode::Os), ("disk", SyncMode::Disk)];

/// Keys that some classes have no use for.
const KAFKA: OfClass = OfClass { key: "kafka", with: "class = \"kafka\"" };
const SYNC: OfClass = OfClass { key: "sync", with: "class = \"durable\"" };
const RETENTION: OfClass = OfClass { key: "retention", with: "class = \"durable\" or \"kafka\"" };

/// What `retention = { ... }` takes.
pub(in crate::config) const RETENTION_KEYS: &[&str] = &["bytes", "age"];

struct OfClass {
    key: &'static str,
    /// What it is used with, for people.
    with: &'static str,
}

impl Channel {
    pub(in crate::config) const KEYS: &[&str] =
        &["class", "partitions", "sync", "retention", "kafka", "hops", "delivery"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        Some(Self::read_from(&value.table(section, Self::KEYS)?, section))
    }

    /// A channel that is part of something else: among the keys of that are those of a channel.
    pub(super) fn read_from(table: &Table<'_>, section: &str) -> Self {
        let class = table.get("class").and_then(|v| v.one_of(CLASSES));
        let (sync, retention, kafka) = (table.get("sync"), table.get("retention"), table.get("kafka"));
        let is = class.as_ref().map(|class| class.value);
        let unused = |value: &Option<Value<'_>>, what, used| {
            if let (Some(value), false) = (value, used) {
                value.problems().report(without_effect(section, what, &value.place()));
            }
        };
        unused(&kafka, &KAFKA, is == Some(Class::Kafka));
        unused(&sync, &SYNC, matches!(is, None | Some(Class::Durable)));
        unused(&retention, &RETENTION, is != Some(Class::Memory));
        Self {
            class,
            partitions: table.get("partitions").and_then(|v| partitions(&v)),
            sync: sync.and_then(|v| v.one_of(SYNC_MODES)).map(|mode| mode.value),
            retention: retention.and_then(|v| read_retention(&v)).unwrap_or_default(),
            kafka: kafka.and_then(|v| Topic::read(&v)).unwrap_or_default(),
            hops: table.get("hops").and_then(|v| v.integer(1..=HOPS_MAX)).map(|hops| hops.value),
            delivery: table.get("delivery").and_then(|v| Delivery::read(&v)),
        }
    }
}

fn read_retention(value: &Value<'_>) -> Option<Retention> {
    let table = value.table(&value.section_inside(), RETENTION_KEYS)?;
    Some(Retention {
        bytes: table.get("bytes").and_then(|v| v.size()).map(|size| size.value as u64),
        age: table.get("age").and_then(|v| v.timeout()).map(|age| age.value),
    })
}

/// A note, not an error: changing the class is one line, and the rest stays as it is.
fn without_effect(section: &str, what: &OfClass, place: &Place) -> Diagnostic {
    let OfClass { key, with } = what;
    Diagnostic::new(Code::NoEffect, format!("`{key}` in {section} has no effect under this class"))
        .at(place, "ignored")
        .help(format!("it is used with {with}"))
}

impl Topic {
    pub(in crate::config) const KEYS: &[&str] =
        &["topic", "partitions", "replication", "mode", "transactions"];

    fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        Some(Self {
            topic: table.get("topic").and_then(|v| topic(&v)),
            partitions: table.get("partitions").and_then(|v| partitions(&v)),
            replication: table.get("replication").and_then(|v| replication(&v)),
            mode: table.get("mode").and_then(|v| mode(&v)),
            transactions: table.get("transactions").and_then(|v| v.boolean()),
        })
    }
}

pub(super) fn partitions(value: &Value<'_>) -> Option<u32> {
    value.integer(1..=PARTITIONS_MAX).map(|number| number.value)
}

pub(super) fn replication(value: &Value<'_>) -> Option<u32> {
    value.integer(1..=REPLICATION_MAX).map(|number| number.value)
}

/// The name of a Kafka topic.
pub(super) fn topic(value: &Value<'_>) -> Option<At<String>> {
    value.parse("a topic's name", "1 to 249 of A-Z, a-z, 0-9, `.`, `_` and `-`", |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = !text.is_empty() && text.len() <= TOPIC_LEN_MAX && !matches!(text, "." | "..");
        if fits && text.chars().all(allowed) { Ok(text.to_owned()) } else { Err("none") }
    })
}
