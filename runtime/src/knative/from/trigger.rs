//! Triggers.

use serde_json::{Map, Value, json};

use super::text::Section;
use super::{Import, Resource};
use crate::knative::tree::{Kind, Node};

const ORDER: &str = "kafka.eventing.knative.dev/delivery.order";
const DIALECTS: [&str; 7] = ["exact", "prefix", "suffix", "all", "any", "not", "cesql"];

impl Import {
    pub(super) fn trigger(&mut self, mut trigger: Resource) {
        let header = format!("trigger.{}", trigger.name);
        let mut section = Section::new(&*header);
        let reference = trigger.spec.inside("brokerRef").and_then(|mut broker| broker.text("name"));
        let broker = trigger.spec.text("broker").or(reference).unwrap_or_else(|| "default".into());
        section.set("broker", self.name(&trigger.spec, trigger.line, &broker));
        self.filter(&mut trigger, &mut section);
        let to = self.destination(&mut trigger.spec, "subscriber", &format!("[{header}] to"));
        section.set("to", to);
        section.set("delivery", self.delivery(&mut trigger.spec, &header));
        if trigger.annotations.remove(ORDER).is_some_and(|order| order == "ordered") {
            section.set("ordering", "partition");
        }
        self.add(&trigger, section);
        self.rest(trigger);
    }

    /// `filters`, where there are any, take the place of `filter`.
    fn filter(&mut self, trigger: &mut Resource, section: &mut Section) {
        let attributes = trigger.spec.map("filter").map("attributes").nodes();
        let filters = trigger.spec.list("filters");
        if !filters.is_empty() {
            let filters: Vec<Value> =
                filters.iter().filter_map(|filter| self.dialect(filter, trigger)).collect();
            return section.set("filters", filters);
        }
        let text = |(name, node): (String, Node)| Some((name, node.text()?.into()));
        let attributes: Map<String, Value> = attributes.into_iter().filter_map(text).collect();
        if !attributes.is_empty() {
            section.set("filter", json!({ "attributes": attributes }));
        }
    }

    /// Ours are the same; those that are none are told.
    fn dialect(&mut self, filter: &Node, trigger: &Resource) -> Option<Value> {
        let known = |kind: &Kind| match kind {
            Kind::Map(entries) => entries.iter().all(|(name, _)| DIALECTS.contains(&name.as_str())),
            _ => false,
        };
        if known(&filter.kind) {
            return Some(texts(filter.plain()));
        }
        let shown = super::shown(&filter.plain());
        let what = format!("filters {shown} -> is no dialect: set [trigger.{}] filters", trigger.name);
        self.notes.push(trigger.spec.note(filter.line, what));
        None
    }
}

/// Attributes are compared as texts, however a value is written.
fn texts(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            entries.into_iter().map(|(key, value)| (key, texts(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(texts).collect(),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}
