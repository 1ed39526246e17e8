//! Brokers, with the ConfigMaps they name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::text::Section;
use super::{Import, Resource};
use crate::knative::fields::Fields;
use crate::knative::tree::Node;

const CLASS: &str = "eventing.knative.dev/broker.class";
const TOPIC: &str = "kafka.eventing.knative.dev/external.topic";
const TEMPLATE: &str = "channel-template-spec";

impl Import {
    pub(super) fn broker(&mut self, mut broker: Resource) {
        let header = format!("broker.{}", broker.name);
        let mut section = Section::new(&*header);
        let mut config = self.config(&mut broker);
        match broker.annotations.remove(CLASS).as_deref() {
            Some("Kafka") => self.kafka_broker(&mut broker, &mut section, &mut config),
            Some("MTChannelBasedBroker") | None => section.set("class", template_class(&mut config)),
            Some(class) => {
                let what = format!("{CLASS} \"{class}\" -> set [{header}] class");
                self.notes.push(broker.spec.note(broker.line, what));
            }
        }
        for (key, value) in config {
            let what = format!("{key} \"{value}\" of its ConfigMap{}", super::NO_PLACE);
            self.notes.push(broker.spec.note(broker.line, what));
        }
        section.set("delivery", self.delivery(&mut broker.spec, &header));
        self.add(&broker, section);
        self.rest(broker);
    }

    /// The data of the ConfigMap that it names, where that is among the resources.
    fn config(&mut self, broker: &mut Resource) -> BTreeMap<String, String> {
        let Some(mut config) = broker.spec.inside("config") else { return BTreeMap::new() };
        let name = config.text("name").unwrap_or_default();
        let found = self.configs.get(&name).cloned();
        self.unnamed.remove(&name);
        if found.is_none() {
            let what = format!(
                "ConfigMap `{name}` -> import it too, or set [broker.{}] class and kafka",
                broker.name
            );
            self.notes.push(config.note(config.line, what));
        }
        found.unwrap_or_default()
    }

    fn kafka_broker(
        &mut self,
        broker: &mut Resource,
        section: &mut Section,
        config: &mut BTreeMap<String, String>,
    ) {
        section.set("class", "kafka");
        let mut kafka = Map::new();
        if let Some(topic) = broker.annotations.remove(TOPIC) {
            kafka.insert("topic".into(), topic.into());
        }
        let numbers =
            [("default.topic.partitions", "partitions"), ("default.topic.replication.factor", "replication")];
        for (knatives, ours) in numbers {
            if let Some(number) = config.get(knatives).and_then(|text| text.parse::<u32>().ok()) {
                config.remove(knatives);
                kafka.insert(ours.into(), number.into());
            }
        }
        section.set("kafka", if kafka.is_empty() { Value::Null } else { kafka.into() });
        if let Some(servers) = config.remove("bootstrap.servers") {
            let servers = servers.split(',').map(|server| server.trim().to_owned()).collect();
            self.cluster(&broker.spec, broker.line, servers);
        }
        if let Some(secret) = config.remove("auth.secret.ref.name") {
            let what = format!("auth.secret.ref.name \"{secret}\" -> set [kafka] tls and sasl");
            self.notes.push(broker.spec.note(broker.line, what));
        }
    }
}

/// What its channels are. Without a word on that they are what a cluster has by default, and so they are here.
fn template_class(config: &mut BTreeMap<String, String>) -> Value {
    let Some(template) = config.get(TEMPLATE) else { return Value::Null };
    let documents = Node::of_yaml(template).unwrap_or_default();
    let template = documents.into_iter().next().map(|node| Fields::of(&"".into(), "", node));
    let class = match template.and_then(|template| template.clone_text("kind")).as_deref() {
        Some("InMemoryChannel") => "memory",
        Some("KafkaChannel") => "kafka",
        _ => return Value::Null,
    };
    config.remove(TEMPLATE);
    class.into()
}
