//! A DeliverySpec as `delivery`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Import;
use crate::config::duration;
use crate::knative::fields::Fields;

impl Import {
    /// What it says, in our words; nothing where it says nothing.
    pub(super) fn delivery(&mut self, of: &mut Fields, header: &str) -> Value {
        let Some(mut spec) = of.inside("delivery") else { return Value::Null };
        let mut delivery = Map::new();
        if let Some(retry) = spec.number("retry") {
            delivery.insert("retry".into(), retry.into());
        }
        if let Some(backoff) = spec.text("backoffPolicy") {
            delivery.insert("backoff".into(), backoff.into());
        }
        let times = [("backoffDelay", "delay"), ("timeout", "timeout"), ("retryAfterMax", "retry_after_max")];
        for (knatives, ours) in times {
            if let Some(time) = self.time(&mut spec, knatives) {
                delivery.insert(ours.into(), time.into());
            }
        }
        if let Some(format) = spec.text("format") {
            let format = if format == "json" { "structured".into() } else { format };
            delivery.insert("format".into(), format.into());
        }
        let set = format!("[{header}.delivery] dead_letter");
        if let Some(to) = self.destination(&mut spec, "deadLetterSink", &set) {
            delivery.insert("dead_letter".into(), to.into());
        }
        spec.rest(&mut self.notes, super::NO_PLACE);
        if delivery.is_empty() { Value::Null } else { delivery.into() }
    }

    /// A duration, as people write it. One that is none stays, and is told with the rest.
    pub(super) fn time(&mut self, spec: &mut Fields, key: &str) -> Option<String> {
        let time = duration(&spec.clone_text(key)?).ok()?;
        spec.take(key);
        Some(for_people(time))
    }
}

pub(super) fn for_people(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}
