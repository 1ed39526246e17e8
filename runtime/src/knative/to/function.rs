//! Functions as services. What a process may touch, how it is built and where its program lies are matters of the image.

use serde_json::{Map, Value, json};

use super::Export;
use crate::config::{ANNOTATIONS, Said, duration};
use crate::knative::PLACEHOLDER;
use crate::knative::fields::{Note, shown};

const AUTOSCALING: &str = "autoscaling.knative.dev/";
/// How long a process is kept without work.
const IDLE: &str = "scale-to-zero-pod-retention-period";

/// A service as it grows.
struct Service {
    annotations: Map<String, Value>,
    spec: Map<String, Value>,
    container: Map<String, Value>,
}

impl Export<'_> {
    /// One for each function; one that does jobs and nothing else is in these.
    pub(super) fn services(&mut self) {
        for (name, said) in self.functions {
            if !self.is_only_of_jobs(name) {
                self.function(name, said);
            }
        }
    }

    fn is_only_of_jobs(&self, name: &str) -> bool {
        let to = format!("fn/{name}");
        let all = self.resolved.topology.subscriptions.iter();
        let mut of_it = all.filter(|subscription| *subscription.to_name == *to).peekable();
        of_it.peek().is_some() && of_it.all(|subscription| subscription.name.starts_with("job/"))
    }

    fn function(&mut self, name: &str, said: &[(String, Said)]) {
        let container = Map::from_iter([("image".to_owned(), image(name).into())]);
        let mut service = Service { annotations: Map::new(), spec: Map::new(), container };
        for (key, said) in said {
            if service.take(key, &said.value).is_none() {
                self.left_out.push(left_out(name, key, said));
            }
        }
        let Service { annotations, mut spec, container } = service;
        spec.insert("containers".into(), json!([container]));
        let mut template = json!({ "spec": spec });
        if !annotations.is_empty() {
            template["metadata"] = json!({ "annotations": annotations });
        }
        let spec = json!({ "template": template });
        self.add(("serving.knative.dev/v1", "Service"), name, Map::new(), spec);
    }
}

/// Which it is, somebody has to say.
pub(super) fn image(name: &str) -> String {
    format!("{PLACEHOLDER}{}", super::dns(name))
}

pub(super) fn left_out(name: &str, key: &str, said: &Said) -> Note {
    let text = format!("function.{name}.{key} {}", shown(&said.value));
    Note { file: said.file.clone().unwrap_or_default(), line: said.line.unwrap_or_default(), text }
}

impl Service {
    /// Takes what there is a place for; nothing where there is none.
    fn take(&mut self, key: &str, value: &Value) -> Option<()> {
        if let Some((_, annotation)) = ANNOTATIONS.iter().find(|(ours, _)| *ours == key) {
            let is_time = key == "scale_down_delay";
            return self.annotate(annotation, if is_time { whole_seconds(value) } else { plain(value) }?);
        }
        match key {
            // The image has the program; and `on` is a trigger.
            "exec" | "build" | "on" => {}
            "idle" => self.annotate(IDLE, whole_seconds(value)?)?,
            "policy" if value == "demand" => {}
            "policy" => self.annotate("class", "kpa.autoscaling.knative.dev".into())?,
            "annotations" => self.annotations.extend(value.as_object()?.clone()),
            "concurrency" => drop(self.spec.insert("containerConcurrency".into(), value.clone())),
            "timeout" => self.timeout(value)?,
            "args" | "env" | "limits" => contain(&mut self.container, key, value)?,
            "protocol" => match value.as_str()? {
                "http" | "http1" => {}
                "h2c" => {
                    let port = json!([{ "name": "h2c", "containerPort": 8080 }]);
                    self.container.insert("ports".into(), port);
                }
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    fn annotate(&mut self, name: &str, value: String) -> Option<()> {
        self.annotations.insert(format!("{AUTOSCALING}{name}"), value.into());
        Some(())
    }

    /// Times there are whole seconds.
    fn timeout(&mut self, value: &Value) -> Option<()> {
        let Value::Object(table) = value else {
            self.spec.insert("timeoutSeconds".into(), seconds(value)?.into());
            return Some(());
        };
        let places = [("request", "timeoutSeconds"), ("response", "responseStartTimeoutSeconds")];
        for (key, value) in table {
            let (_, place) = places.iter().find(|(ours, _)| ours == key)?;
            self.spec.insert((*place).into(), seconds(value)?.into());
        }
        Some(())
    }
}

/// Says in a container what there is a place for.
pub(super) fn contain(container: &mut Map<String, Value>, key: &str, value: &Value) -> Option<()> {
    let (place, value) = match key {
        "args" => ("args", value.clone()),
        "env" => ("env", variables(value)?),
        "limits" => ("resources", json!({ "limits": limits(value)? })),
        _ => return None,
    };
    container.insert(place.into(), value);
    Some(())
}

fn limits(value: &Value) -> Option<Map<String, Value>> {
    let limit = |(key, value): (&String, &Value)| {
        let limit = match (key.as_str(), value) {
            ("memory", Value::String(size)) => size.replace([' ', 'B'], ""),
            // A share of the processors; a time in all is something else.
            ("cpu", Value::Number(share)) => share.to_string(),
            _ => return None,
        };
        Some((key.clone(), limit.into()))
    };
    value.as_object()?.iter().map(limit).collect()
}

fn variables(value: &Value) -> Option<Value> {
    let variables = value.as_object()?.iter();
    Some(variables.map(|(name, value)| json!({ "name": name, "value": value })).collect())
}

fn plain(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| Some(value.as_u64()?.to_string()))
}

pub(super) fn seconds(value: &Value) -> Option<u64> {
    let time = duration(value.as_str()?).ok()?;
    (time.subsec_nanos() == 0).then_some(time.as_secs())
}

/// `30s`, as annotations have it.
fn whole_seconds(value: &Value) -> Option<String> {
    Some(format!("{}s", seconds(value)?))
}
