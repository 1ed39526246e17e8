//! Channels and subscriptions.

use serde_json::{Map, Value, json};

use super::delivery::iso;
use super::{Export, dns};
use crate::knative::fields::Fields;

const MESSAGING: &str = "messaging.knative.dev/v1";
const KAFKA: &str = "messaging.knative.dev/v1beta1";

impl Export<'_> {
    pub(super) fn channel(&mut self, name: &str, mut channel: Fields) {
        let mut spec = json!({});
        self.template(&mut channel, &mut spec);
        if let Some(delivery) = self.delivery(&mut channel, "PT0.2S") {
            spec["delivery"] = delivery;
        }
        self.add((MESSAGING, "Channel"), name, Map::new(), spec);
        channel.rest(&mut self.left_out, "");
    }

    /// What a channel is made of, or those that are a part of something else.
    pub(super) fn template(&mut self, channel: &mut Fields, spec: &mut Value) {
        match channel.text("class").as_deref() {
            Some("kafka" | "Kafka") => {
                spec["channelTemplate"] = self.topic_of(channel);
            }
            Some("memory" | "MTChannelBasedBroker") => {
                spec["channelTemplate"] = json!({ "apiVersion": MESSAGING, "kind": "InMemoryChannel" });
            }
            // Whatever the cluster makes channels of.
            _ => {}
        }
        channel.take("kafka");
    }

    fn topic_of(&mut self, channel: &mut Fields) -> Value {
        let mut kafka = channel.map("kafka");
        let of_channel = channel.number("partitions");
        let mut spec = json!({
            "numPartitions": kafka.number("partitions").or(of_channel).unwrap_or(1),
            "replicationFactor": kafka.number("replication").unwrap_or(1),
        });
        if let Some(mut retention) = channel.inside("retention") {
            if let Some(age) = retention.text("age").and_then(|age| iso(&age)) {
                spec["retentionDuration"] = age.into();
            }
            retention.rest(&mut self.left_out, "");
        }
        kafka.take("mode");
        kafka.rest(&mut self.left_out, "");
        json!({ "apiVersion": KAFKA, "kind": "KafkaChannel", "spec": spec })
    }

    pub(super) fn subscription(&mut self, name: &str, mut subscription: Fields) {
        let channel = dns(&subscription.text("channel").unwrap_or_default());
        let to = subscription.text("to").unwrap_or_default();
        let mut spec = json!({
            "channel": { "apiVersion": MESSAGING, "kind": "Channel", "name": channel },
            "subscriber": self.destination(&to),
        });
        if let Some(reply) = subscription.text("reply") {
            spec["reply"] = self.destination(&reply);
        }
        if let Some(delivery) = self.delivery(&mut subscription, "PT0.2S") {
            spec["delivery"] = delivery;
        }
        self.plain_order(&mut subscription);
        self.add((MESSAGING, "Subscription"), name, Map::new(), spec);
        subscription.rest(&mut self.left_out, "");
    }

    /// What is said, and is so anyway.
    pub(super) fn plain_order(&mut self, fields: &mut Fields) {
        if fields.clone_text("ordering").is_some_and(|order| order == "none" || order == "unordered") {
            fields.take("ordering");
        }
        if fields.clone_text("start").is_some_and(|start| start == "latest") {
            fields.take("start");
        }
    }
}
