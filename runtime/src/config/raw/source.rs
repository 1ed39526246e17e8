//! `[source.NAME]`: a Kafka topic whose records become events.

use activator::event::kafka::KeyType;
use activator::topology::Order;
use toml::de::DeValue;

use crate::channel::{Mode, Start};
use crate::config::source::At;
use crate::config::value::Value;

use super::begin;
use super::channel::topic;
use super::delivery::Delivery;
use super::destination::Destination;
use super::kafka::{mode, read_brokers};

#[derive(Debug)]
pub(in crate::config) struct Source {
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

/// What an extension may not be: the event's own.
const ATTRIBUTES: [&str; 9] =
    ["data", "datacontenttype", "dataschema", "id", "source", "specversion", "subject", "time", "type"];

impl Source {
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

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        // There is one kind yet; the key is there so that a file says what it means when there are more.
        table.need("type", "type = \"kafka\"").and_then(|v| v.one_of(&[("kafka", ())]));
        let group = table.get("group").and_then(|v| {
            let group = v.word()?;
            if group.value.is_empty() {
                v.refuse("a consumer group", "empty", "leave the key out")
            } else {
                Some(group)
            }
        });
        Some(Self {
            topics: table.need("topics", "name the topics it reads").map(|v| topics(&v)).unwrap_or_default(),
            group,
            start: table.get("start").and_then(|v| start(&v)),
            brokers: table.get("brokers").and_then(|v| read_brokers(&v)),
            mode: table.get("mode").and_then(|v| mode(&v)),
            key_type: table.get("key_type").and_then(|v| v.one_of(KEY_TYPES)).map(|is| is.value),
            extensions: table.get("extensions").map(|v| extensions(&v)).unwrap_or_default(),
            delivery: table.get("delivery").and_then(|v| Delivery::read(&v)),
            order: table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default(),
            to: table
                .need("to", "say where events go, such as to = \"broker/default\"")
                .and_then(|v| Destination::read(&v)),
        })
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

fn extensions(value: &Value<'_>) -> Vec<(String, String)> {
    let entries = value.entries(&value.section_inside()).unwrap_or_default();
    entries.iter().filter_map(|(name, value)| extension(name, value)).collect()
}

fn extension(name: &At<String>, value: &Value<'_>) -> Option<(String, String)> {
    let is_name = name.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let called = format!("`extensions` in {}", value.called());
    let refuse = |is, help| {
        value.problems().bad_value(&name.place, &called, "extension attributes of an event", is, help)
    };
    if name.value.is_empty() || !is_name {
        return refuse("not a name", "names have a-z and 0-9 only");
    }
    if ATTRIBUTES.contains(&&*name.value) {
        return refuse("an attribute of the event's own", "choose another name");
    }
    let text = match value.node() {
        DeValue::Integer(integer) => integer.as_str().into(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        _ => value.word()?.value,
    };
    Some((name.value.clone(), text))
}
