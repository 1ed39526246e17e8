//! The topology as Knative's resources. Filters and functions come from the configuration as it is resolved, the rest as it
//! is written: only what somebody wrote can be left out.

mod broker;
mod channel;
mod delivery;
mod filter;
mod flow;
mod function;
mod job;
mod request;
mod source;
mod trigger;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::fields::{Fields, Note};
use super::tree::Node;
use crate::config::resolved::Resolved;
use crate::config::{Said, Source};

/// What is not about events, but about the runtime itself.
const OURS: [&str; 3] = ["runtime", "watch", "defaults"];

/// What brokers are made of in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokerClass {
    Kafka,
    Channels,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Nothing = as each broker's class says.
    pub(crate) class: Option<BrokerClass>,
    pub(crate) namespace: String,
}

/// What is exported.
#[derive(Debug)]
pub(crate) struct Project<'a> {
    pub(crate) file: &'a Source,
    pub(crate) resolved: &'a Resolved,
    /// Each function, and what is said of it.
    pub(crate) functions: Vec<(String, Vec<(String, Said)>)>,
}

#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) documents: Vec<Value>,
    /// What is written and has no place in a cluster.
    pub(crate) left_out: Vec<Note>,
}

struct Export<'a> {
    options: &'a Options,
    resolved: &'a Resolved,
    functions: &'a [(String, Vec<(String, Said)>)],
    file: Arc<str>,
    /// `[kafka] brokers`.
    servers: Option<String>,
    /// Brokers that something goes to or comes from.
    brokers: BTreeSet<String>,
    documents: Vec<Value>,
    left_out: Vec<Note>,
}

/// The project as resources.
///
/// # Errors
/// When something is to be of Kafka and nobody says where that is.
pub(crate) fn export(project: &Project<'_>, options: &Options) -> Result<Exported, String> {
    let file: Arc<str> = project.file.name.as_str().into();
    let mut root = Fields::of(&file, "", Node::of_toml(&project.file.text));
    OURS.iter().for_each(|key| drop(root.take(key)));
    let mut kafka = root.map("kafka");
    let servers: Vec<String> = kafka.list("brokers").iter().filter_map(Node::text).collect();
    // How this runtime reads topics, which a cluster does its own way.
    drop((kafka.take("mode"), kafka.take("mirror"), root.take("function")));
    let mut export = Export {
        options,
        resolved: project.resolved,
        functions: &project.functions,
        file,
        servers: (!servers.is_empty()).then(|| servers.join(",")),
        brokers: BTreeSet::new(),
        documents: Vec::new(),
        left_out: Vec::new(),
    };
    kafka.rest(&mut export.left_out, "");
    export.wiring(&mut root)?;
    export.services();
    root.rest(&mut export.left_out, "");
    export.left_out.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(Exported { documents: export.documents, left_out: export.left_out })
}

impl Export<'_> {
    fn wiring(&mut self, root: &mut Fields) -> Result<(), String> {
        let brokers: Vec<(String, Fields)> = root.map("broker").each().collect();
        let kafka_brokers: BTreeSet<String> = brokers
            .iter()
            .filter(|(_, broker)| self.is_kafka(broker.clone_text("class").as_deref()))
            .map(|(name, _)| name.clone())
            .collect();
        let channels = root.map("channel").each();
        channels.for_each(|(name, channel)| self.channel(&name, channel));
        let subscriptions = root.map("subscription").each();
        subscriptions.for_each(|(name, subscription)| self.subscription(&name, subscription));
        let triggers: Vec<(String, Fields)> = root.map("trigger").each().collect();
        let written: BTreeSet<String> = triggers.iter().map(|(name, _)| name.clone()).collect();
        for (name, trigger) in triggers {
            self.trigger(&name, trigger, &kafka_brokers);
        }
        self.implicit_triggers(&written);
        self.flows(root);
        for (name, source) in root.map("source").each() {
            self.source(&name, source)?;
        }
        for (name, sink) in root.map("sink").each() {
            self.sink(&name, sink)?;
        }
        // Whoever reads the file from the top meets them first.
        let others = std::mem::take(&mut self.documents);
        self.brokers(brokers)?;
        self.documents.extend(others);
        Ok(())
    }

    fn flows(&mut self, root: &mut Fields) {
        root.map("sequence").each().for_each(|(name, sequence)| self.sequence(&name, sequence));
        root.map("parallel").each().for_each(|(name, parallel)| self.parallel(&name, parallel));
        root.map("request").each().for_each(|(name, request)| self.request(&name, request));
        root.map("job").each().for_each(|(name, job)| self.job(&name, job));
    }

    fn is_kafka(&self, class: Option<&str>) -> bool {
        match self.options.class {
            Some(class) => class == BrokerClass::Kafka,
            None => matches!(class, Some("kafka" | "Kafka")),
        }
    }

    fn servers(&self, who: &str) -> Result<String, String> {
        self.servers.clone().ok_or_else(|| format!("{who} is of Kafka, and nothing says where that is"))
    }

    /// Adds a resource.
    fn add(&mut self, (api, kind): (&str, &str), name: &str, annotations: Map<String, Value>, spec: Value) {
        let mut metadata = json!({ "name": dns(name), "namespace": self.options.namespace });
        if !annotations.is_empty() {
            metadata["annotations"] = annotations.into();
        }
        let body = if kind == "ConfigMap" { "data" } else { "spec" };
        let mut document = json!({ "apiVersion": api, "kind": kind, "metadata": metadata });
        document[body] = spec;
        self.documents.push(document);
    }

    /// Where something goes, as a reference or a URI.
    fn destination(&mut self, to: &str) -> Value {
        let Some((kind, name)) = to.split_once('/').filter(|_| !to.contains("://")) else {
            return json!({ "uri": to });
        };
        let (api, kind) = match kind {
            "fn" => ("serving.knative.dev/v1", "Service"),
            "channel" => ("messaging.knative.dev/v1", "Channel"),
            "sequence" => ("flows.knative.dev/v1", "Sequence"),
            "parallel" => ("flows.knative.dev/v1", "Parallel"),
            "job" => ("sinks.knative.dev/v1alpha1", "JobSink"),
            "sink" => ("eventing.knative.dev/v1alpha1", "KafkaSink"),
            _ => {
                self.brokers.insert(name.into());
                ("eventing.knative.dev/v1", "Broker")
            }
        };
        json!({ "ref": { "apiVersion": api, "kind": kind, "name": dns(name) } })
    }
}

/// A name as Kubernetes has them.
fn dns(name: &str) -> String {
    name.replace('_', "-")
}
