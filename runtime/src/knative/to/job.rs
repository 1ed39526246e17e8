//! Jobs, each with the container that its function is there.

use serde_json::{Map, Value, json};

use super::function::{contain, image, left_out, seconds};
use super::{Export, dns};
use crate::knative::fields::Fields;

impl Export<'_> {
    pub(super) fn job(&mut self, name: &str, mut job: Fields) {
        let to = job.text("to").unwrap_or_default();
        let function = to.strip_prefix("fn/").unwrap_or(&to);
        let mut delivery = job.map("delivery");
        let spec = json!({ "job": { "spec": {
            "completions": 1,
            "parallelism": 1,
            // Six is the default there.
            "backoffLimit": delivery.number("retry").unwrap_or(10),
            "template": { "spec": self.pod(function) },
        } } });
        delivery.rest(&mut self.left_out, "");
        self.add(("sinks.knative.dev/v1alpha1", "JobSink"), name, Map::new(), spec);
        // There is no channel before it there.
        job.rest(&mut self.left_out, "");
    }

    fn pod(&mut self, function: &str) -> Value {
        let name = dns(function);
        let mut container =
            Map::from_iter([("name".to_owned(), name.into()), ("image".to_owned(), image(function).into())]);
        let mut pod = json!({ "restartPolicy": "Never" });
        let functions = self.functions;
        let said = functions.iter().find(|(name, _)| name == function).map_or(&[][..], |(_, said)| said);
        for (key, said) in said {
            let deadline = said.value.as_object().filter(|table| table.len() == 1);
            let deadline = deadline.map_or(Some(&said.value), |table| table.get("request"));
            let is_taken = match (key.as_str(), deadline.and_then(seconds)) {
                // The image has the program.
                ("exec" | "build", _) => true,
                ("protocol", _) => said.value == "oneshot",
                ("timeout", Some(deadline)) => {
                    pod["activeDeadlineSeconds"] = deadline.into();
                    true
                }
                _ => contain(&mut container, key, &said.value).is_some(),
            };
            if !is_taken {
                self.left_out.push(left_out(function, key, said));
            }
        }
        pod["containers"] = json!([container]);
        pod
    }
}
