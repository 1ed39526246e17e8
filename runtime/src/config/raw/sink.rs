//! `[sink.NAME]`: a Kafka topic that events are put on.

use crate::channel::ContentMode;
use crate::config::source::At;
use crate::config::value::Value;

use super::channel::{partitions, replication, topic};

#[derive(Debug)]
pub(in crate::config) struct Sink {
    /// Nothing only when that is reported.
    pub(in crate::config) topic: Option<At<String>>,
    pub(in crate::config) content: ContentMode,
    pub(in crate::config) partitions: Option<u32>,
    pub(in crate::config) replication: Option<u32>,
}

pub(in crate::config) const MODES: &[(&str, ContentMode)] =
    &[("structured", ContentMode::Structured), ("binary", ContentMode::Binary)];

impl Sink {
    pub(in crate::config) const KEYS: &[&str] =
        &["type", "topic", "content_mode", "partitions", "replication"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        // There is one kind yet, as with sources.
        table.need("type", "type = \"kafka\"").and_then(|v| v.one_of(&[("kafka", ())]));
        let content = table.get("content_mode").and_then(|v| v.one_of(MODES));
        Some(Self {
            topic: table.need("topic", "name the topic it writes to").and_then(|v| topic(&v)),
            // As of Knative's KafkaSink.
            content: content.map_or(ContentMode::Structured, |content| content.value),
            partitions: table.get("partitions").and_then(|v| partitions(&v)),
            replication: table.get("replication").and_then(|v| replication(&v)),
        })
    }
}
