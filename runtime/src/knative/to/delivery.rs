//! `delivery` as Knative's DeliverySpec.

use serde_json::{Value, json};

use super::Export;
use crate::config::duration;
use crate::knative::fields::Fields;

impl Export<'_> {
    /// How hard to try, where that is said. With it stands what is the default here and not there: a number of attempts, and
    /// a wait between them.
    pub(super) fn delivery(&mut self, of: &mut Fields, delay: &str) -> Option<Value> {
        let mut written = of.inside("delivery")?;
        let wait = written.either("delay", "backoffDelay").and_then(|text| iso(&text));
        let mut spec = json!({
            "retry": written.number("retry").unwrap_or(10),
            "backoffPolicy": written.either("backoff", "backoffPolicy").unwrap_or_else(|| "exponential".into()),
            "backoffDelay": wait.unwrap_or_else(|| delay.into()),
        });
        if let Some(timeout) = written.text("timeout").and_then(|text| iso(&text)) {
            spec["timeout"] = timeout.into();
        }
        let retry_after = written.either("retry_after_max", "retryAfterMax").and_then(|text| iso(&text));
        if let Some(retry_after) = retry_after {
            spec["retryAfterMax"] = retry_after.into();
        }
        if let Some(format) = written.text("format") {
            spec["format"] = if format == "binary" { "binary" } else { "json" }.into();
        }
        if let Some(to) = written.either("dead_letter", "deadLetterSink").filter(|to| to != "dlq") {
            spec["deadLetterSink"] = self.destination(&to);
        }
        self.exhausted(written);
        Some(spec)
    }

    /// A dead letter without a sink is hydrant's own affair, and what is dropped here is dropped there.
    fn exhausted(&mut self, mut written: Fields) {
        if written.clone_text("on_exhausted").is_some_and(|then| then == "dlq" || then == "drop") {
            written.take("on_exhausted");
        }
        written.rest(&mut self.left_out, "");
    }
}

/// `PT0.2S`.
pub(super) fn iso(text: &str) -> Option<String> {
    let duration = duration(text).ok()?;
    Some(jiff::SignedDuration::try_from(duration).ok()?.to_string())
}
