//! Jobs, and the functions that do them: each is in its JobSink, which has the whole of a Kubernetes Job.

use serde_json::{Value, json};

use super::delivery::for_people;
use super::text::Section;
use super::{Import, Resource};
use crate::config::duration;
use crate::knative::PLACEHOLDER;
use crate::knative::fields::Fields;

impl Import {
    pub(super) fn job_sink(&mut self, mut sink: Resource) {
        let mut job = sink.spec.map("job");
        // What it would be called there.
        ["apiVersion", "kind", "metadata"].iter().for_each(|key| drop(job.take(key)));
        let mut spec = job.map("spec");
        let mut template = spec.map("template");
        template.take("metadata");
        let mut pod = template.map("spec");
        let name = program(&pod).unwrap_or_else(|| sink.name.clone());
        let name = self.name(&pod, pod.line, &name);

        let mut section = Section::new(format!("job.{}", sink.name));
        section.set("to", format!("fn/{name}"));
        let retry = spec.number("backoffLimit").map(|retry| json!({ "retry": retry }));
        section.set("delivery", retry.unwrap_or_default());
        self.add(&sink, section);
        self.program(&mut pod, &name, &sink);

        // One process for each event is what a job is here.
        for key in ["completions", "parallelism"] {
            if spec.clone_plain(key) == 1 {
                spec.take(key);
            }
        }
        for left in [job, spec, template, pod] {
            left.rest(&mut self.notes, super::NO_PLACE);
        }
        self.rest(sink);
    }

    /// The function; another job with the same one says the same of it.
    fn program(&mut self, pod: &mut Fields, name: &str, sink: &Resource) {
        let mut section = Section::new(format!("function.{name}"));
        section.set("protocol", "oneshot");
        let deadline = pod.number("activeDeadlineSeconds").and_then(|n| duration(&format!("{n}s")).ok());
        section.set("timeout", deadline.map_or(Value::Null, |time| json!({ "request": for_people(time) })));
        self.containers(pod, name, &mut section);
        // It is tried again with a process of its own.
        if pod.clone_plain("restartPolicy") == "Never" {
            pod.take("restartPolicy");
        }
        let is_known = self.sections.iter().any(|known| known.text() == section.text());
        if !is_known {
            self.put(sink, &format!("[function.{name}] of JobSink `{}`", sink.name), section);
        }
    }
}

/// What an image that is nowhere stands for.
fn program(pod: &Fields) -> Option<String> {
    let containers = pod.clone_plain("containers");
    Some(containers[0]["image"].as_str()?.strip_prefix(PLACEHOLDER)?.to_owned())
}
