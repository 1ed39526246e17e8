//! Sources and sinks.

use serde_json::{Map, Value, json};

use super::Export;
use crate::knative::fields::Fields;
use crate::knative::tree::Node;

const KEY_TYPE: &str = "kafkasources.sources.knative.dev/key-type";

impl Export<'_> {
    pub(super) fn source(&mut self, name: &str, mut source: Fields) -> Result<(), String> {
        match source.clone_text("type").as_deref() {
            Some("ping") => {
                source.take("type");
                self.ping_source(name, source);
            }
            Some("kafka") | None => {
                source.take("type");
                self.kafka_source(name, source)?;
            }
            // A cluster runs images, and knows nothing of this machine's programs and files.
            Some(_) => source.rest(&mut self.left_out, ""),
        }
        Ok(())
    }

    fn kafka_source(&mut self, name: &str, mut source: Fields) -> Result<(), String> {
        let topics: Vec<String> = source.list("topics").iter().filter_map(Node::text).collect();
        let own: Vec<String> = source.list("brokers").iter().filter_map(Node::text).collect();
        let servers = match own.is_empty() {
            true => self.servers(&format!("source `{name}`"))?.split(',').map(str::to_owned).collect(),
            false => own,
        };
        let group = source.text("group").unwrap_or_else(|| format!("hydrant-{name}"));
        let mut spec = json!({ "bootstrapServers": servers, "topics": topics, "consumerGroup": group });
        let start = source.clone_text("start").filter(|start| start == "earliest" || start == "latest");
        spec["initialOffset"] = start.clone().unwrap_or_else(|| "latest".into()).into();
        if start.is_some() {
            source.take("start");
        }
        let ordering = source.clone_text("ordering");
        let is_ordered = matches!(ordering.as_deref(), Some("partition" | "ordered"));
        spec["ordering"] = if is_ordered { "ordered" } else { "unordered" }.into();
        if is_ordered {
            source.take("ordering");
        }
        self.plain_order(&mut source);
        // How this runtime reads it, which a cluster does its own way.
        source.take("mode");
        let labels = source.text("key_type").map(|ty| json!({ KEY_TYPE: ty }));
        self.finish(("sources.knative.dev/v1", "KafkaSource"), name, source, spec, "PT0.3S");
        if let (Some(labels), Some(document)) = (labels, self.documents.last_mut()) {
            document["metadata"]["labels"] = labels;
        }
        Ok(())
    }

    fn ping_source(&mut self, name: &str, mut source: Fields) {
        let mut spec = json!({ "schedule": source.text("schedule") });
        let base64 = source.either("data_base64", "dataBase64");
        let content_type = source.either("content_type", "contentType");
        let timezone = source.text("timezone");
        let said = [("timezone", timezone), ("data", source.text("data")), ("dataBase64", base64)];
        for (key, value) in said.into_iter().chain([("contentType", content_type)]) {
            if let Some(value) = value {
                spec[key] = value.into();
            }
        }
        if source.clone_text("missed").is_some_and(|missed| missed == "skip") {
            source.take("missed");
        }
        // It has no `delivery` there.
        self.finish(("sources.knative.dev/v1", "PingSource"), name, source, spec, "");
    }

    /// What sources have alike. One without a first wait has no `delivery` in a cluster.
    fn finish(&mut self, kind: (&str, &str), name: &str, mut source: Fields, mut spec: Value, delay: &str) {
        let to = source.text("to").unwrap_or_default();
        spec["sink"] = self.destination(&to);
        let extensions: Map<String, Value> = source
            .map("extensions")
            .nodes()
            .into_iter()
            .filter_map(|(k, v)| Some((k, v.text()?.into())))
            .collect();
        if !extensions.is_empty() {
            spec["ceOverrides"] = json!({ "extensions": extensions });
        }
        if !delay.is_empty()
            && let Some(delivery) = self.delivery(&mut source, delay)
        {
            spec["delivery"] = delivery;
        }
        self.add(kind, name, Map::new(), spec);
        source.rest(&mut self.left_out, "");
    }

    pub(super) fn sink(&mut self, name: &str, mut sink: Fields) -> Result<(), String> {
        sink.take("type");
        let servers = self.servers(&format!("sink `{name}`"))?;
        let mut spec = json!({
            "bootstrapServers": servers.split(',').collect::<Vec<_>>(),
            "topic": sink.text("topic"),
            "contentMode": sink.text("content_mode").unwrap_or_else(|| "structured".into()),
        });
        for (key, knatives) in [("partitions", "numPartitions"), ("replication", "replicationFactor")] {
            if let Some(number) = sink.number(key) {
                spec[knatives] = number.into();
            }
        }
        self.add(("eventing.knative.dev/v1alpha1", "KafkaSink"), name, Map::new(), spec);
        sink.rest(&mut self.left_out, "");
        Ok(())
    }
}
