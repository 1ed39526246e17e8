//! Sources and sinks.

use serde_json::{Map, Value, json};

use super::text::Section;
use super::{Import, Resource};
use crate::knative::fields::Fields;
use crate::knative::tree::Node;

const KEY_TYPE: &str = "kafkasources.sources.knative.dev/key-type";

impl Import {
    pub(super) fn kafka_source(&mut self, mut source: Resource) {
        let header = format!("source.{}", source.name);
        let mut section = Section::new(&*header);
        section.set("type", "kafka");
        section.set("topics", words(&mut source.spec, "topics"));
        section.set("group", source.spec.text("consumerGroup"));
        section.set("start", source.spec.text("initialOffset"));
        let servers = words(&mut source.spec, "bootstrapServers");
        let is_known = servers.is_empty() || *self.servers.get_or_insert_with(|| servers.clone()) == servers;
        if !is_known {
            section.set("brokers", servers);
        }
        section.set("key_type", source.labels.remove(KEY_TYPE));
        match source.spec.text("ordering").as_deref() {
            Some("ordered") => section.set("ordering", "partition"),
            Some("unordered") | None => {}
            Some(other) => {
                let what = format!("ordering \"{other}\" -> set [{header}] ordering");
                self.notes.push(source.spec.note(source.line, what));
            }
        }
        self.security(&mut source);
        // There is one reader here, who feeds as many as there is work for.
        source.spec.take("consumers");
        self.source(source, section, &header);
    }

    /// Secrets of a cluster are nowhere to be read.
    fn security(&mut self, resource: &mut Resource) {
        for key in ["net", "auth"] {
            let Some(node) = resource.spec.take(key) else { continue };
            let is_on =
                node.plain().to_string().contains("secret") || node.plain().to_string().contains("true");
            if is_on {
                let what = format!("{key} {} -> set [kafka] tls and sasl", super::shown(&node.plain()));
                self.notes.push(resource.spec.note(node.line, what));
            }
        }
    }

    pub(super) fn ping_source(&mut self, mut source: Resource) {
        let header = format!("source.{}", source.name);
        let mut section = Section::new(&*header);
        section.set("type", "ping");
        let keys = [
            ("schedule", "schedule"),
            ("timezone", "timezone"),
            ("data", "data"),
            ("data_base64", "dataBase64"),
            ("content_type", "contentType"),
        ];
        for (ours, knatives) in keys {
            section.set(ours, source.spec.text(knatives));
        }
        self.source(source, section, &header);
    }

    /// What sources have alike.
    fn source(&mut self, mut source: Resource, mut section: Section, header: &str) {
        let extensions = source.spec.inside("ceOverrides").map(|mut overrides| {
            let extensions = overrides.map("extensions").nodes();
            overrides.rest(&mut self.notes, super::NO_PLACE);
            let text = |(name, node): (String, Node)| Some((name, node.text()?.into()));
            extensions.into_iter().filter_map(text).collect::<Map<String, Value>>()
        });
        section.set("extensions", extensions.map_or(Value::Null, Value::from));
        section.set("delivery", self.delivery(&mut source.spec, header));
        section.set("to", self.destination(&mut source.spec, "sink", &format!("[{header}] to")));
        self.add(&source, section);
        self.rest(source);
    }

    pub(super) fn kafka_sink(&mut self, mut sink: Resource) {
        let mut section = Section::new(format!("sink.{}", sink.name));
        section.set("type", "kafka");
        section.set("topic", sink.spec.text("topic"));
        section.set("content_mode", sink.spec.text("contentMode"));
        for (ours, knatives) in [("partitions", "numPartitions"), ("replication", "replicationFactor")] {
            section.set(ours, sink.spec.number(knatives).map_or(Value::Null, |number| json!(number)));
        }
        let servers = words(&mut sink.spec, "bootstrapServers");
        if !servers.is_empty() {
            self.cluster(&sink.spec, sink.line, servers);
        }
        self.security(&mut sink);
        self.add(&sink, section);
        self.rest(sink);
    }
}

fn words(spec: &mut Fields, key: &str) -> Vec<String> {
    let texts = spec.list(key).into_iter().filter_map(|node| node.text());
    texts.flat_map(|text| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect()
}
