//! Triggers: those that are written, and those that a function's name or `on` stands for.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::{Export, dns, filter};
use crate::knative::fields::Fields;

const ORDER: &str = "kafka.eventing.knative.dev/delivery.order";
const TRIGGER: (&str, &str) = ("eventing.knative.dev/v1", "Trigger");

impl Export<'_> {
    pub(super) fn trigger(&mut self, name: &str, mut trigger: Fields, kafka_brokers: &BTreeSet<String>) {
        let broker = trigger.text("broker").unwrap_or_else(|| "default".into());
        let to = trigger.text("to").unwrap_or_default();
        let mut spec = json!({ "broker": dns(&broker), "subscriber": self.destination(&to) });
        // As it was resolved, which is one form of many spellings.
        drop((trigger.take("filter"), trigger.take("filters")));
        self.filter_of(name, &mut spec);
        if let Some(delivery) = self.delivery(&mut trigger, "PT0.2S") {
            spec["delivery"] = delivery;
        }
        let mut annotations = Map::new();
        let is_ordered = |order: String| order == "partition" || order == "ordered";
        if kafka_brokers.contains(&broker) && trigger.clone_text("ordering").is_some_and(is_ordered) {
            trigger.take("ordering");
            annotations.insert(ORDER.into(), "ordered".into());
        }
        self.plain_order(&mut trigger);
        self.add(TRIGGER, name, annotations, spec);
        trigger.rest(&mut self.left_out, "");
        self.brokers.insert(broker);
    }

    pub(super) fn implicit_triggers(&mut self, written: &BTreeSet<String>) {
        let resolved = self.resolved;
        for subscription in &resolved.topology.subscriptions {
            let name = subscription.name.strip_prefix("trigger/").filter(|name| !written.contains(*name));
            let Some(name) = name else { continue };
            let mut spec =
                json!({ "broker": "default", "subscriber": self.destination(&subscription.to_name) });
            self.filter_of(name, &mut spec);
            self.add(TRIGGER, name, Map::new(), spec);
            self.brokers.insert("default".into());
        }
    }

    fn filter_of(&self, name: &str, spec: &mut serde_json::Value) {
        let named = format!("trigger/{name}");
        let mut all = self.resolved.topology.subscriptions.iter();
        if let Some(subscription) = all.find(|subscription| *subscription.name == *named) {
            filter::add(&subscription.filter, spec);
        }
    }
}
