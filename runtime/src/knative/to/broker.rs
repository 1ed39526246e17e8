//! Brokers, each with the ConfigMap that says what it is made of.

use serde_json::{Map, Value, json};

use super::{BrokerClass, Export, dns};
use crate::knative::fields::Fields;
use crate::knative::tree::Node;

const CLASS: &str = "eventing.knative.dev/broker.class";
const TOPIC: &str = "kafka.eventing.knative.dev/external.topic";
const IN_MEMORY: &str = "apiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\n";

impl Export<'_> {
    /// Those that are declared, and `default` where something needs it.
    pub(super) fn brokers(&mut self, mut declared: Vec<(String, Fields)>) -> Result<(), String> {
        let is_there = declared.iter().any(|(name, _)| name == "default");
        if !is_there && self.brokers.contains("default") {
            declared
                .push(("default".into(), Fields::of(&self.file.clone(), "broker.default", Node::default())));
        }
        declared.into_iter().try_for_each(|(name, broker)| self.broker(&name, broker))
    }

    fn broker(&mut self, name: &str, mut broker: Fields) -> Result<(), String> {
        let class = broker.text("class");
        let is_kafka = self.is_kafka(class.as_deref());
        let mut annotations = Map::new();
        let word = if is_kafka { "Kafka" } else { "MTChannelBasedBroker" };
        annotations.insert(CLASS.into(), word.into());
        let mut spec = json!({});
        let config = format!("{name}-config");
        let data = if is_kafka {
            Some(self.topic(name, &mut broker, &mut annotations)?)
        } else {
            // Keys of another class say nothing here either.
            broker.take("kafka");
            let memory = self.options.class.is_none_or(|class| class == BrokerClass::Channels)
                && matches!(class.as_deref(), Some("memory" | "MTChannelBasedBroker"));
            memory.then(|| json!({ "channel-template-spec": IN_MEMORY }))
        };
        if let Some(data) = data {
            self.add(("v1", "ConfigMap"), &config, Map::new(), data);
            spec["config"] = json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": dns(&config) });
        }
        if let Some(delivery) = self.delivery(&mut broker, "PT0.2S") {
            spec["delivery"] = delivery;
        }
        self.add(("eventing.knative.dev/v1", "Broker"), name, annotations, spec);
        broker.rest(&mut self.left_out, "");
        Ok(())
    }

    fn topic(
        &mut self,
        name: &str,
        broker: &mut Fields,
        annotations: &mut Map<String, Value>,
    ) -> Result<Value, String> {
        let mut kafka = broker.map("kafka");
        let of_broker = broker.number("partitions");
        let partitions = kafka.number("partitions").or(of_broker).unwrap_or(1);
        let replication = kafka.number("replication").unwrap_or(1);
        if let Some(topic) = kafka.text("topic") {
            annotations.insert(TOPIC.into(), topic.into());
        }
        kafka.take("mode");
        kafka.rest(&mut self.left_out, "");
        Ok(json!({
            "bootstrap.servers": self.servers(&format!("broker `{name}`"))?,
            "default.topic.partitions": partitions.to_string(),
            "default.topic.replication.factor": replication.to_string(),
        }))
    }
}
