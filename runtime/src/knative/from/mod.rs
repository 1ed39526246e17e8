//! Resources as the text of a `runtime.toml`. Each is taken apart by who knows its kind; a field that nobody took is told
//! with its place.

mod broker;
mod channel;
mod delivery;
mod destination;
mod flow;
mod job;
mod request;
mod service;
mod source;
mod text;
mod trigger;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::fields::{Fields, Note, shown};
use super::tree::{Kind, Node};
use crate::config::{format, is_name};
use text::Section;

/// What the cluster itself writes into a resource, and what says nothing of events.
const OF_THE_CLUSTER: [&str; 9] = [
    "namespace",
    "labels",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "finalizers",
    "ownerReferences",
];
/// Annotations of the tools that apply resources.
const OF_TOOLS: [&str; 4] = ["kubectl.kubernetes.io/", "/creator", "/lastModifier", "client.knative.dev/"];
/// Behind a field that is left.
const NO_PLACE: &str = " -> has no place here: it is left out";

/// What became of the resources.
#[derive(Debug)]
pub(crate) struct Imported {
    /// A runtime.toml.
    pub(crate) toml: String,
    /// How many there were of each kind, in the order they came.
    pub(crate) counts: Vec<(String, usize)>,
    /// What somebody has to look at.
    pub(crate) notes: Vec<Note>,
}

#[derive(Default)]
struct Import {
    sections: Vec<Section>,
    counts: Vec<(String, usize)>,
    notes: Vec<Note>,
    /// The data of each ConfigMap, by name.
    configs: BTreeMap<String, BTreeMap<String, String>>,
    /// What is told of those that no broker names.
    unnamed: BTreeMap<String, Note>,
    /// Of the cluster of `[kafka]`.
    servers: Option<Vec<String>>,
}

/// A resource without what all have.
struct Resource {
    kind: String,
    name: String,
    /// Where it begins.
    line: usize,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    spec: Fields,
}

/// Reads files, each with the name people know it by.
///
/// # Errors
/// A line for each file that is no YAML.
pub(crate) fn import(files: &[(String, String)]) -> Result<Imported, Vec<String>> {
    let (mut documents, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let file: Arc<str> = name.as_str().into();
        match Node::of_yaml(text) {
            Ok(nodes) => nodes.into_iter().for_each(|node| each(node, &file, &mut documents)),
            Err(why) => errors.push(format!("{name}:{why}")),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut import = Import::default();
    let resources: Vec<Resource> =
        documents.into_iter().filter_map(|(node, file)| import.resource(node, &file)).collect();
    resources.into_iter().for_each(|resource| import.take(resource));
    Ok(import.finish())
}

/// A document may be a list of resources, as `kubectl get -o yaml` prints them.
fn each(node: Node, file: &Arc<str>, documents: &mut Vec<(Node, Arc<str>)>) {
    let mut fields = Fields::of(file, "", node.clone());
    if fields.clone_text("kind").is_some_and(|kind| kind == "List") {
        fields.list("items").into_iter().for_each(|item| each(item, file, documents));
    } else if !matches!(&node.kind, Kind::Scalar(Value::Null)) {
        documents.push((node, Arc::clone(file)));
    }
}

impl Import {
    /// What is a resource; ConfigMaps are kept for who names them.
    fn resource(&mut self, node: Node, file: &Arc<str>) -> Option<Resource> {
        let line = node.line;
        let mut all = Fields::of(file, "", node);
        let (api, kind) = (all.text("apiVersion"), all.text("kind"));
        let mut metadata = all.map("metadata");
        let labels = metadata.map("labels").nodes();
        let (name, annotations) = (metadata.text("name"), metadata.map("annotations").nodes());
        let (Some(api), Some(kind), Some(name)) = (api, kind, name) else {
            let help =
                "a document without apiVersion, kind and metadata.name -> is no resource: it is left out";
            self.notes.push(all.note(line, help));
            return None;
        };
        all.take("status");
        OF_THE_CLUSTER.iter().for_each(|key| drop(metadata.take(key)));
        metadata.rest(&mut self.notes, NO_PLACE);
        if kind == "ConfigMap" {
            let what = format!("ConfigMap `{name}` -> no broker names it: it is left out");
            self.unnamed.insert(name.clone(), all.note(line, what));
            self.configs.insert(name, texts(all.map("data").nodes()));
            return None;
        }
        let spec = all.map("spec");
        all.rest(&mut self.notes, NO_PLACE);
        let name = self.name(&spec, line, &name);
        let kind =
            if kind == "Service" && !api.starts_with("serving.") { format!("{api} Service") } else { kind };
        let (annotations, labels) = (texts(annotations), texts(labels));
        Some(Resource { kind, name, line, annotations, labels, spec })
    }

    fn take(&mut self, resource: Resource) {
        match resource.kind.as_str() {
            "Broker" => self.broker(resource),
            "Trigger" => self.trigger(resource),
            "Channel" | "InMemoryChannel" | "KafkaChannel" => self.channel(resource),
            "Subscription" => self.subscription(resource),
            "KafkaSource" => self.kafka_source(resource),
            "PingSource" => self.ping_source(resource),
            "KafkaSink" => self.kafka_sink(resource),
            "Sequence" => self.sequence(resource),
            "Parallel" => self.parallel(resource),
            "RequestReply" => self.request_reply(resource),
            "JobSink" => self.job_sink(resource),
            "Service" => self.service(resource),
            kind => {
                let what = format!("{kind} `{}` -> is not supported: it is left out", resource.name);
                self.notes.push(resource.spec.note(resource.line, what));
            }
        }
    }

    /// Adds what a resource became.
    fn add(&mut self, resource: &Resource, section: Section) {
        if !self.put(resource, &format!("{} `{}`", resource.kind, resource.name), section) {
            return;
        }
        match self.counts.iter_mut().find(|(kind, _)| *kind == resource.kind) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((resource.kind.clone(), 1)),
        }
    }

    /// Puts a section, of which people know what it comes of, behind the others, unless there is one of its name.
    fn put(&mut self, resource: &Resource, called: &str, section: Section) -> bool {
        let is_new = self.sections.iter().all(|known| known.header != section.header);
        if is_new {
            self.sections.push(section);
        } else {
            let what = format!("{called} -> there is one before it: it is left out");
            self.notes.push(resource.spec.note(resource.line, what));
        }
        is_new
    }

    /// What is left of a resource when it is done.
    fn rest(&mut self, resource: Resource) {
        let Resource { annotations, spec, line, .. } = resource;
        let is_of_tools = |name: &str| OF_TOOLS.iter().any(|tool| name.contains(tool));
        for (name, value) in annotations.into_iter().filter(|(name, _)| !is_of_tools(name)) {
            self.notes.push(spec.note(line, format!("{name} {}{NO_PLACE}", shown(&value.into()))));
        }
        spec.rest(&mut self.notes, NO_PLACE);
    }

    /// The name it has here.
    fn name(&mut self, at: &Fields, line: usize, name: &str) -> String {
        if is_name(name) {
            return name.into();
        }
        let plain =
            |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' };
        let ours: String = name.chars().map(plain).take(63).collect();
        let ours = ours.trim_matches('-');
        let ours = if is_name(ours) { ours } else { "unnamed" };
        self.notes.push(
            at.note(line, format!("metadata.name \"{name}\" -> is `{ours}` here: look at who names it")),
        );
        ours.into()
    }

    /// Where Kafka is, as one of the resources says it; `[kafka]` names one cluster.
    fn cluster(&mut self, at: &Fields, line: usize, servers: Vec<String>) -> bool {
        let is_one = *self.servers.get_or_insert_with(|| servers.clone()) == servers;
        if !is_one {
            let what = format!(
                "bootstrap servers {} -> are others than those of [kafka]: one of them is left out",
                servers.join(",")
            );
            self.notes.push(at.note(line, what));
        }
        is_one
    }

    fn finish(mut self) -> Imported {
        if let Some(servers) = self.servers.take() {
            let mut kafka = Section::new("kafka");
            kafka.set("brokers", servers);
            self.sections.insert(0, kafka);
        }
        let sections: String = self.sections.iter().map(Section::text).collect();
        self.notes.extend(self.unnamed.into_values());
        self.notes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Imported { toml: format(&sections), counts: self.counts, notes: self.notes }
    }
}

fn texts(nodes: Vec<(String, Node)>) -> BTreeMap<String, String> {
    nodes.into_iter().filter_map(|(key, node)| Some((key, node.text()?))).collect()
}
