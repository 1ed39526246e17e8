//! Services as functions. Their program is in an image, and here it is a file: that is for somebody to say.

use serde_json::{Map, Value, json};

use super::delivery::for_people;
use super::text::Section;
use super::{Import, Resource, shown};
use crate::config::duration;
use crate::knative::fields::Fields;
use crate::knative::tree::{Kind, Node};

const AUTOSCALING: &str = "autoscaling.knative.dev/";
/// Annotations that are a key of ours as they are.
const SCALE: [(&str, &str); 6] = [
    ("min-scale", "min"),
    ("max-scale", "max"),
    ("initial-scale", "initial"),
    ("activation-scale", "activation"),
    ("target", "target"),
    ("target-utilization-percentage", "utilization"),
];
/// What else our `annotations` take.
const OTHERS: [&str; 5] =
    ["window", "panic-window-percentage", "panic-threshold-percentage", "class", "metric"];

const EXECUTION_MODES: [&str; 2] = ["K_EXECUTION_MODE", "KNATIVE_EXECUTION_MODE"];

impl Import {
    pub(super) fn service(&mut self, mut service: Resource) {
        let mut section = Section::new(format!("function.{}", service.name));
        let mut template = service.spec.map("template");
        let mut metadata = template.map("metadata");
        let annotations = metadata.inside("annotations");
        ["labels", "creationTimestamp", "name"].iter().for_each(|key| drop(metadata.take(key)));
        metadata.rest(&mut self.notes, super::NO_PLACE);
        if let Some(annotations) = annotations {
            self.scale(annotations, &mut section);
        }
        let mut spec = template.map("spec");
        template.rest(&mut self.notes, super::NO_PLACE);
        section.set("concurrency", spec.number("containerConcurrency").map_or(Value::Null, |n| json!(n)));
        self.timeout(&mut spec, &mut section);
        self.containers(&mut spec, &service.name, &mut section);
        // What the cluster fills in.
        spec.take("enableServiceLinks");
        spec.rest(&mut self.notes, super::NO_PLACE);
        if service.spec.list("traffic").iter().any(is_split) {
            let what = format!("spec.traffic -> set [function.{}] traffic", service.name);
            self.notes.push(service.spec.note(service.line, what));
        }
        self.add(&service, section);
        self.rest(service);
    }

    fn scale(&mut self, mut annotations: Fields, section: &mut Section) {
        for (knatives, ours) in SCALE {
            let key = format!("{AUTOSCALING}{knatives}");
            let number = annotations.clone_text(&key).and_then(|text| text.parse::<u32>().ok());
            // Zero is Knative's way to say that there is no limit.
            let Some(number) = number.filter(|number| *number > 0 || knatives != "max-scale") else {
                continue;
            };
            annotations.take(&key);
            section.set(ours, number);
        }
        let times =
            [("scale-to-zero-pod-retention-period", "idle"), ("scale-down-delay", "scale_down_delay")];
        for (knatives, ours) in times {
            let key = format!("{AUTOSCALING}{knatives}");
            if let Some(time) = self.time(&mut annotations, &key) {
                section.set(ours, time);
            }
        }
        let others = OTHERS.iter().map(|name| format!("{AUTOSCALING}{name}"));
        let others: Map<String, Value> =
            others.filter_map(|key| annotations.text(&key).map(|text| (key, text.into()))).collect();
        section.set("annotations", if others.is_empty() { Value::Null } else { others.into() });
        annotations.rest(&mut self.notes, super::NO_PLACE);
    }

    fn timeout(&mut self, spec: &mut Fields, section: &mut Section) {
        let mut timeout = Map::new();
        for (knatives, ours) in [("timeoutSeconds", "request"), ("responseStartTimeoutSeconds", "response")] {
            if let Some(time) = spec.number(knatives).and_then(|n| duration(&format!("{n}s")).ok()) {
                timeout.insert(ours.into(), for_people(time).into());
            }
        }
        section.set("timeout", if timeout.is_empty() { Value::Null } else { timeout.into() });
    }

    /// The container; those beside it have no place.
    pub(super) fn containers(&mut self, spec: &mut Fields, name: &str, section: &mut Section) {
        let mut containers = spec.list("containers").into_iter();
        let Some(container) = containers.next() else { return };
        for beside in containers {
            let what = format!("a second container{}", super::NO_PLACE);
            self.notes.push(spec.note(beside.line, what));
        }
        let mut container = Fields::of(spec.file(), "container", container);
        for key in ["image", "command"] {
            let Some(program) = container.take(key) else { continue };
            let what = format!("{key} {} -> set [function.{name}] exec", shown(&program.plain()));
            self.notes.push(spec.note(program.line, what));
        }
        self.args(container.list("args"), spec, section);
        let env = container.list("env");
        self.env(env, spec, name, section);
        let is_h2c = |port: &Node| port.plain()["name"] == "h2c";
        if container.list("ports").iter().any(is_h2c) {
            section.set("protocol", "h2c");
        }
        self.limits(&mut container, section);
        // Names of the cluster's own, and how it asks whether a process is there.
        ["name", "readinessProbe"].iter().for_each(|key| drop(container.take(key)));
        container.rest(&mut self.notes, super::NO_PLACE);
    }

    fn args(&mut self, args: Vec<Node>, at: &Fields, section: &mut Section) {
        for arg in args.iter().filter(|arg| arg.text().is_some_and(|text| text.contains("$("))) {
            let what =
                format!("args {} -> no variable is put in here: read it in the program", shown(&arg.plain()));
            self.notes.push(at.note(arg.line, what));
        }
        let args: Vec<String> = args.iter().filter_map(Node::text).collect();
        section.set("args", if args.is_empty() { Value::Null } else { args.into() });
    }

    fn env(&mut self, env: Vec<Node>, at: &Fields, function: &str, section: &mut Section) {
        let mut variables = Map::new();
        for node in env {
            let line = node.line;
            let mut variable = Fields::of(at.file(), "env", node);
            let name = variable.text("name").unwrap_or_default();
            // What the cluster tells every job; here it is told, too.
            if EXECUTION_MODES.contains(&&*name) {
                continue;
            }
            if let Some(from) = variable.take("valueFrom") {
                let what =
                    format!("env {name} {} -> set [function.{function}] secrets", shown(&from.plain()));
                self.notes.push(at.note(line, what));
                continue;
            }
            variables.insert(name, variable.text("value").unwrap_or_default().into());
        }
        section.set("env", if variables.is_empty() { Value::Null } else { variables.into() });
    }

    fn limits(&mut self, container: &mut Fields, section: &mut Section) {
        let Some(mut resources) = container.inside("resources") else { return };
        // What a pod is promised is a matter of where it is put.
        resources.take("requests");
        let mut limits = Map::new();
        if let Some(mut said) = resources.inside("limits") {
            for (key, read) in [("memory", memory as fn(&str) -> Option<Value>), ("cpu", cpu)] {
                if let Some(limit) = said.clone_text(key).and_then(|text| read(&text)) {
                    said.take(key);
                    limits.insert(key.into(), limit);
                }
            }
            said.rest(&mut self.notes, super::NO_PLACE);
        }
        section.set("limits", if limits.is_empty() { Value::Null } else { limits.into() });
        resources.rest(&mut self.notes, super::NO_PLACE);
    }
}

/// Whether it says more than that all goes to the latest.
fn is_split(node: &Node) -> bool {
    let Kind::Map(entries) = &node.kind else { return true };
    entries.iter().any(|(key, node)| match key.as_str() {
        "latestRevision" => node.plain() != true,
        "percent" => node.plain() != 100,
        _ => true,
    })
}

/// `512Mi` as `512MiB`.
fn memory(text: &str) -> Option<Value> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_size = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_size.then(|| format!("{text}B").into())
}

/// `500m` as half a processor.
fn cpu(text: &str) -> Option<Value> {
    let share: f64 = match text.strip_suffix('m') {
        Some(thousandths) => thousandths.parse::<f64>().ok()? / 1000.0,
        None => text.parse().ok()?,
    };
    (share > 0.0).then(|| share.into())
}
