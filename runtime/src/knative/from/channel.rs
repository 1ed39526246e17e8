//! Channels and subscriptions.

use serde_json::{Map, Value};

use super::text::Section;
use super::{Import, Resource};
use crate::knative::fields::Fields;

impl Import {
    pub(super) fn channel(&mut self, mut channel: Resource) {
        let header = format!("channel.{}", channel.name);
        let mut section = Section::new(&*header);
        if !self.template(&mut channel.spec, &mut section) {
            self.class(&channel.kind.clone(), &mut channel.spec, &mut section);
        }
        section.set("delivery", self.delivery(&mut channel.spec, &header));
        self.add(&channel, section);
        self.rest(channel);
    }

    /// What channels are made of, where a template says that.
    pub(super) fn template(&mut self, of: &mut Fields, section: &mut Section) -> bool {
        let Some(mut template) = of.inside("channelTemplate") else { return false };
        template.take("apiVersion");
        let kind = template.text("kind").unwrap_or_default();
        let mut spec = template.map("spec");
        self.class(&kind, &mut spec, section);
        spec.rest(&mut self.notes, super::NO_PLACE);
        template.rest(&mut self.notes, super::NO_PLACE);
        true
    }

    /// What it is made of.
    fn class(&mut self, kind: &str, spec: &mut Fields, section: &mut Section) {
        match kind {
            "InMemoryChannel" => section.set("class", "memory"),
            "KafkaChannel" => {
                section.set("class", "kafka");
                let mut kafka = Map::new();
                for (knatives, ours) in
                    [("numPartitions", "partitions"), ("replicationFactor", "replication")]
                {
                    if let Some(number) = spec.number(knatives) {
                        kafka.insert(ours.into(), number.into());
                    }
                }
                section.set("kafka", if kafka.is_empty() { Value::Null } else { kafka.into() });
                if let Some(age) = self.time(spec, "retentionDuration") {
                    section.set("retention", serde_json::json!({ "age": age }));
                }
            }
            _ => {}
        }
    }

    pub(super) fn subscription(&mut self, mut subscription: Resource) {
        let header = format!("subscription.{}", subscription.name);
        let mut section = Section::new(&*header);
        let mut channel = subscription.spec.map("channel");
        let name = channel.text("name").unwrap_or_default();
        ["apiVersion", "kind"].iter().for_each(|key| drop(channel.take(key)));
        channel.rest(&mut self.notes, super::NO_PLACE);
        section.set("channel", self.name(&subscription.spec, subscription.line, &name));
        let set = format!("[{header}] to");
        section.set("to", self.destination(&mut subscription.spec, "subscriber", &set));
        section.set("reply", self.reply(&mut subscription.spec, &header));
        section.set("delivery", self.delivery(&mut subscription.spec, &header));
        self.add(&subscription, section);
        self.rest(subscription);
    }
}
