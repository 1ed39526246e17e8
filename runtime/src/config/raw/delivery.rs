//! `delivery = { ... }`: how hard to try. Knative's spelling of the keys is read too.

use std::time::Duration;

use activator::delivery::{Backoff, Policy};

use crate::config::value::Value;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Delivery {
    pub(in crate::config) retry: Option<u32>,
    pub(in crate::config) backoff: Option<Backoff>,
    pub(in crate::config) delay: Option<Duration>,
    pub(in crate::config) max_delay: Option<Duration>,
    pub(in crate::config) timeout: Option<Duration>,
}

const BACKOFFS: &[(&str, Backoff)] = &[("exponential", Backoff::Exponential), ("linear", Backoff::Linear)];

impl Delivery {
    pub(in crate::config) const KEYS: &[&str] =
        &["retry", "backoff", "backoffPolicy", "delay", "backoffDelay", "max_delay", "timeout"];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let delay = table.get_either("delay", "backoffDelay").and_then(|v| v.duration());
        let max_delay = table.get("max_delay").and_then(|v| v.duration());
        if let (Some(delay), Some(max)) = (&delay, &max_delay)
            && max.value < delay.value
        {
            let help = "the first wait is `delay`, and none is longer than `max_delay`";
            table.get("max_delay")?.refuse::<()>("at least `delay`", "shorter", help);
        }
        Some(Self {
            retry: table.get("retry").and_then(|v| v.integer(0..=u32::MAX)).map(|n| n.value),
            backoff: table
                .get_either("backoff", "backoffPolicy")
                .and_then(|v| v.one_of(BACKOFFS))
                .map(|b| b.value),
            delay: delay.map(|d| d.value),
            max_delay: max_delay.map(|d| d.value),
            timeout: table.get("timeout").and_then(|v| v.timeout()).map(|d| d.value),
        })
    }

    /// The policy, with `otherwise` for what is not said.
    pub(in crate::config) fn policy(&self, otherwise: &Policy) -> Policy {
        let delay = self.delay.unwrap_or(otherwise.delay);
        Policy {
            retry: self.retry.unwrap_or(otherwise.retry),
            backoff: self.backoff.unwrap_or(otherwise.backoff),
            delay,
            // A long delay written without a cap is meant, and not to be cut to the default cap.
            delay_max: self.max_delay.unwrap_or_else(|| otherwise.delay_max.max(delay)),
            timeout: self.timeout.unwrap_or(otherwise.timeout),
        }
    }
}
