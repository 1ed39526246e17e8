//! `[source.NAME]`: where events come from that nobody sends.

mod kafka;
mod ping;

use toml::de::DeValue;

use crate::config::source::At;
use crate::config::value::Value;

use super::delivery::Delivery;

pub(in crate::config) use kafka::{KEY_TYPES, KafkaSource};
pub(in crate::config) use ping::{MISSED, PingSource};

#[derive(Debug)]
pub(in crate::config) enum Source {
    Kafka(KafkaSource),
    Ping(PingSource),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Kafka,
    Ping,
}

const TYPES: [(&str, Type); 2] = [("kafka", Type::Kafka), ("ping", Type::Ping)];
const TYPE_HELP: &str = "type = \"ping\" for events by the clock, type = \"kafka\" for those of topics";
const TO_HELP: &str = "say where events go, such as to = \"broker/default\"";

/// What an extension may not be: the event's own.
const ATTRIBUTES: [&str; 9] =
    ["data", "datacontenttype", "dataschema", "id", "source", "specversion", "subject", "time", "type"];

impl Source {
    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let is_ping = match said(value) {
            Some(ty) => ty == Type::Ping,
            // What is wrong with the type is told below; the rest is read as what it looks like.
            None => value.inside("schedule").is_some(),
        };
        let (keys, other, others) = if is_ping {
            (PingSource::KEYS, KafkaSource::KEYS, "kafka")
        } else {
            (KafkaSource::KEYS, PingSource::KEYS, "ping")
        };
        let hint = |key: &str| other.contains(&key).then(|| format!("it is a key of type = \"{others}\""));
        let table = value.table_with(section, keys, hint)?;
        table.need("type", TYPE_HELP).and_then(|v| v.one_of(&TYPES));
        Some(if is_ping {
            Self::Ping(PingSource::read(&table))
        } else {
            Self::Kafka(KafkaSource::read(&table))
        })
    }

    pub(in crate::config) const fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Kafka(source) => source.delivery.as_ref(),
            Self::Ping(source) => source.delivery.as_ref(),
        }
    }
}

/// The type that is said, if there is such a one.
fn said(value: &Value<'_>) -> Option<Type> {
    let said = value.inside("type")?.as_str()?;
    TYPES.iter().find(|(word, _)| *word == said).map(|(_, ty)| *ty)
}

fn extensions(value: &Value<'_>) -> Vec<(String, String)> {
    let entries = value.entries(&value.section_inside()).unwrap_or_default();
    entries.iter().filter_map(|(name, value)| extension(name, value)).collect()
}

fn extension(name: &At<String>, value: &Value<'_>) -> Option<(String, String)> {
    let is_name = name.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let refuse = |is, help| {
        value.problems().bad_value(
            &name.place,
            &value.called(),
            "an extension attribute of an event",
            is,
            help,
        )
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
