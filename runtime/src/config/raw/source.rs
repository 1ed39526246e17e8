//! `[source.NAME]`: a Kafka topic whose records become events.

use activator::topology::Order;

use crate::channel::Start;
use crate::config::source::At;
use crate::config::value::Value;

use super::begin;
use super::channel::topic;
use super::destination::Destination;

#[derive(Debug)]
pub(in crate::config) struct Source {
    pub(in crate::config) topics: Vec<At<String>>,
    /// Nothing = `hydrant-NAME`.
    pub(in crate::config) group: Option<At<String>>,
    pub(in crate::config) start: Option<Start>,
    pub(in crate::config) order: Order,
    pub(in crate::config) to: Option<At<Destination>>,
}

const STARTS: &[(&str, Start)] = &[("latest", Start::Latest), ("earliest", Start::Earliest)];

impl Source {
    pub(in crate::config) const KEYS: &[&str] = &["type", "topics", "group", "start", "ordering", "to"];

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
            start: table.get("start").and_then(|v| v.one_of(STARTS)).map(|start| start.value),
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
