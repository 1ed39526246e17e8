//! `[source.NAME]`: where events come from that nobody sends.

mod container;
mod file_watch;
mod kafka;
mod outlet;
mod ping;
mod poll;

use toml::de::DeValue;

use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;

use super::delivery::Delivery;

pub(in crate::config) use container::ContainerSource;
pub(in crate::config) use file_watch::{EVENT_KEYS, FileWatchSource, OCCASIONS};
pub(in crate::config) use kafka::{KEY_TYPES, KafkaSource};
pub(in crate::config) use outlet::Outlet;
pub(in crate::config) use ping::{MISSED, PingSource};
pub(in crate::config) use poll::{EventKeys, PollSource};

#[derive(Debug)]
pub(in crate::config) enum Source {
    Kafka(KafkaSource),
    Ping(PingSource),
    Container(Box<ContainerSource>),
    Poll(PollSource),
    FileWatch(FileWatchSource),
}

/// A type of source.
struct Type {
    word: &'static str,
    keys: &'static [&'static str],
    /// The key by which one is known that does not say its type.
    telling: &'static str,
    read: fn(&Table<'_>) -> Source,
}

/// What is none of the others is read as the first.
const TYPES: &[Type] = &[
    Type {
        word: "kafka",
        keys: KafkaSource::KEYS,
        telling: "topics",
        read: |table| Source::Kafka(KafkaSource::read(table)),
    },
    Type {
        word: "ping",
        keys: PingSource::KEYS,
        telling: "schedule",
        read: |table| Source::Ping(PingSource::read(table)),
    },
    Type {
        word: "container",
        keys: ContainerSource::KEYS,
        telling: "exec",
        read: |table| Source::Container(ContainerSource::read(table).into()),
    },
    Type {
        word: "http-poll",
        keys: PollSource::KEYS,
        telling: "url",
        read: |table| Source::Poll(PollSource::read(table)),
    },
    Type {
        word: "file-watch",
        keys: FileWatchSource::KEYS,
        telling: "path",
        read: |table| Source::FileWatch(FileWatchSource::read(table)),
    },
];
const TYPE_HELP: &str = "type = \"ping\" for events by the clock, type = \"kafka\" for those of topics, type = \"container\" for those of a \
     program, type = \"http-poll\" for what is new at a URL, type = \"file-watch\" for those of a folder";
const TO_HELP: &str = "say where events go, such as to = \"broker/default\"";

/// What an extension may not be: the event's own.
const ATTRIBUTES: [&str; 9] =
    ["data", "datacontenttype", "dataschema", "id", "source", "specversion", "subject", "time", "type"];

impl Source {
    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let ty = of(value);
        let hint = |key: &str| {
            let other = TYPES.iter().find(|other| other.word != ty.word && other.keys.contains(&key))?;
            Some(format!("it is a key of type = \"{}\"", other.word))
        };
        let table = value.table_with(section, ty.keys, hint)?;
        let words: Vec<(&str, ())> = TYPES.iter().map(|ty| (ty.word, ())).collect();
        table.need("type", TYPE_HELP).and_then(|v| v.one_of(&words));
        Some((ty.read)(&table))
    }

    pub(in crate::config) fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Kafka(source) => source.delivery.as_ref(),
            _ => self.outlet()?.delivery.as_ref(),
        }
    }

    /// Where those put their events that read no topic.
    pub(in crate::config) const fn outlet(&self) -> Option<&Outlet> {
        match self {
            Self::Kafka(_) => None,
            Self::Ping(source) => Some(&source.outlet),
            Self::Container(source) => Some(&source.outlet),
            Self::Poll(source) => Some(&source.outlet),
            Self::FileWatch(source) => Some(&source.outlet),
        }
    }
}

/// The type that is said; what is wrong with that is told elsewhere, and the rest is read as what it looks like.
fn of(value: &Value<'_>) -> &'static Type {
    let said = value.inside("type").and_then(|said| said.as_str());
    let is_said = |ty: &&Type| said == Some(ty.word);
    let looks_so = |ty: &&Type| value.inside(ty.telling).is_some();
    TYPES.iter().find(is_said).or_else(|| TYPES.iter().find(looks_so)).unwrap_or(&TYPES[0])
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
