//! `[source.NAME]` of type kafka: topics whose records become events.

use crate::channel::{Mode, Start};
use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;
use activator::event::kafka::KeyType;
use activator::topology::Order;

use super::super::begin;
use super::super::channel::topic;
use super::super::delivery::Delivery;
use super::super::destination::Destination;
use super::super::kafka::{mode, read_brokers};
use super::{TO_HELP, extensions};

#[derive(Debug)]
pub(in crate::config) struct KafkaSource {
    pub(in crate::config) topics: Vec<At<String>>,
    /// Nothing = `hydrant-NAME`.
    pub(in crate::config) group: Option<At<String>>,
    pub(in crate::config) start: Option<Start>,
    /// Another cluster than that of `[kafka]`.
    pub(in crate::config) brokers: Option<Vec<String>>,
    pub(in crate::config) mode: Option<Mode>,
    pub(in crate::config) key_type: Option<KeyType>,
    /// Attributes that every event gets.
    pub(in crate::config) extensions: Vec<(String, String)>,
    pub(in crate::config) delivery: Option<Delivery>,
    pub(in crate::config) order: Order,
    pub(in crate::config) to: Option<At<Destination>>,
}

/// Knative's words for what a key is, of the label `kafkasources.sources.knative.dev/key-type`.
pub(in crate::config) const KEY_TYPES: &[(&str, KeyType)] = &[
    ("string", KeyType::Text),
    ("int", KeyType::Integer),
    ("float", KeyType::Float),
    ("byte-array", KeyType::Bytes),
];

impl KafkaSource {
    pub(in crate::config) const KEYS: &[&str] = &[
        "type",
        "topics",
        "group",
        "start",
        "brokers",
        "mode",
        "key_type",
        "extensions",
        "delivery",
        "ordering",
        "to",
    ];

    pub(super) fn read(table: &Table<'_>) -> Self {
        let group = table.get("group").and_then(|v| {
            let group = v.word()?;
            if group.value.is_empty() {
                v.refuse("a consumer group", "empty", "leave the key out")
            } else {
                Some(group)
            }
        });
        Self {
            topics: table.need("topics", "name the topics it reads").map(|v| topics(&v)).unwrap_or_default(),
            group,
            start: table.get("start").and_then(|v| start(&v)),
            brokers: table.get("brokers").and_then(|v| read_brokers(&v)),
            mode: table.get("mode").and_then(|v| mode(&v)),
            key_type: table.get("key_type").and_then(|v| v.one_of(KEY_TYPES)).map(|is| is.value),
            extensions: table.get("extensions").map(|v| extensions(&v)).unwrap_or_default(),
            delivery: table.get("delivery").and_then(|v| Delivery::read(&v)),
            order: table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default(),
            to: table.need("to", TO_HELP).and_then(|v| Destination::read(&v)),
        }
    }
}

fn topics(value: &Value<'_>) -> Vec<At<String>> {
    let items = value.items();
    if items.is_empty() {
        value.refuse::<()>("at least one topic", "empty", "name the topics it reads");
    }
    items.iter().filter_map(topic).collect()
}

fn start(value: &Value<'_>) -> Option<Start> {
    let wanted = "\"latest\", \"earliest\" or a time";
    let help = "a time is written as in RFC 3339: \"2026-11-26T08:00:00Z\"";
    let start = value.parse(wanted, help, |text| match text {
        "latest" => Ok(Start::Latest),
        "earliest" => Ok(Start::Earliest),
        time => begin::time(time).map(Start::Time),
    });
    start.map(|start| start.value)
}
