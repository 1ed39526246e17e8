//! `delivery = { ... }`: how hard to try, and what then. Knative's spelling of the keys is read too.

use std::time::Duration;

use activator::delivery::{Backoff, Deduplicate, Format, Policy};

use crate::config::source::At;
use crate::config::value::Value;

use super::deduplicate;
use super::destination::Destination;

#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Delivery {
    pub(in crate::config) retry: Option<u32>,
    pub(in crate::config) backoff: Option<Backoff>,
    pub(in crate::config) delay: Option<Duration>,
    pub(in crate::config) max_delay: Option<Duration>,
    pub(in crate::config) jitter: Option<bool>,
    pub(in crate::config) retry_after_max: Option<Duration>,
    pub(in crate::config) timeout: Option<Duration>,
    pub(in crate::config) format: Option<Format>,
    pub(in crate::config) deliver_after: Option<Duration>,
    /// Nothing inside = it is not wanted.
    pub(in crate::config) deduplicate: Option<Option<Deduplicate>>,
    /// Nothing = not said, also not by saying where dead letters go.
    pub(in crate::config) on_exhausted: Option<OnExhausted>,
    /// Nothing = the runtime's own channel.
    pub(in crate::config) dead_letter: Option<At<Destination>>,
}

/// What becomes of an event after the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum OnExhausted {
    DeadLetter,
    Hold,
    Block,
    Drop,
}

pub(in crate::config) const BACKOFFS: &[(&str, Backoff)] =
    &[("exponential", Backoff::Exponential), ("linear", Backoff::Linear)];
/// The last two as Knative calls them.
pub(in crate::config) const FORMATS: &[(&str, Format)] =
    &[("binary", Format::Binary), ("structured", Format::Structured), ("json", Format::Structured)];
pub(in crate::config) const ON_EXHAUSTED: &[(&str, OnExhausted)] = &[
    ("dlq", OnExhausted::DeadLetter),
    ("hold", OnExhausted::Hold),
    ("block", OnExhausted::Block),
    ("drop", OnExhausted::Drop),
];
/// What the runtime's own channel of dead letters is called.
const OWN: &str = "dlq";

impl Delivery {
    pub(in crate::config) const KEYS: &[&str] = &[
        "retry",
        "backoff",
        "backoffPolicy",
        "delay",
        "backoffDelay",
        "max_delay",
        "jitter",
        "retry_after_max",
        "retryAfterMax",
        "timeout",
        "format",
        "deliver_after",
        "deduplicate",
        "on_exhausted",
        "dead_letter",
        "deadLetterSink",
    ];

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
        let on_exhausted = table.get("on_exhausted").and_then(|v| v.one_of(ON_EXHAUSTED));
        let dead_letter = table.get_either("dead_letter", "deadLetterSink");
        let on_exhausted = match on_exhausted {
            Some(said) => Some(said.value),
            None => dead_letter.as_ref().map(|_| OnExhausted::DeadLetter),
        };
        Some(Self {
            retry: table.get("retry").and_then(|v| v.integer(0..=u32::MAX)).map(|n| n.value),
            backoff: table
                .get_either("backoff", "backoffPolicy")
                .and_then(|v| v.one_of(BACKOFFS))
                .map(|b| b.value),
            delay: delay.map(|d| d.value),
            max_delay: max_delay.map(|d| d.value),
            jitter: table.get("jitter").and_then(|v| v.boolean()).map(|j| j.value),
            retry_after_max: table
                .get_either("retry_after_max", "retryAfterMax")
                .and_then(|v| v.duration())
                .map(|d| d.value),
            timeout: table.get("timeout").and_then(|v| v.timeout()).map(|d| d.value),
            format: table.get("format").and_then(|v| v.one_of(FORMATS)).map(|f| f.value),
            deliver_after: table.get("deliver_after").and_then(|v| v.duration()).map(|d| d.value),
            deduplicate: table.get("deduplicate").and_then(|v| deduplicate::read(&v)),
            on_exhausted,
            dead_letter: dead_letter.and_then(|v| dead_letter_sink(&v, on_exhausted)),
        })
    }

    /// The policy, with `otherwise` for what is not said. What becomes of an event at last is not for it to say.
    pub(in crate::config) fn policy(&self, otherwise: &Policy) -> Policy {
        let delay = self.delay.unwrap_or(otherwise.delay);
        Policy {
            retry: self.retry.unwrap_or(otherwise.retry),
            backoff: self.backoff.unwrap_or(otherwise.backoff),
            delay,
            // A long delay written without a cap is meant, and not to be cut to the default cap.
            delay_max: self.max_delay.unwrap_or_else(|| otherwise.delay_max.max(delay)),
            jitter: self.jitter.unwrap_or(otherwise.jitter),
            retry_after_max: self.retry_after_max.unwrap_or(otherwise.retry_after_max),
            timeout: self.timeout.unwrap_or(otherwise.timeout),
            exhausted: otherwise.exhausted,
            format: self.format.unwrap_or(otherwise.format),
            after: self.deliver_after.unwrap_or(otherwise.after),
            deduplicate: self.deduplicate.unwrap_or(otherwise.deduplicate),
        }
    }
}

fn dead_letter_sink(value: &Value<'_>, on_exhausted: Option<OnExhausted>) -> Option<At<Destination>> {
    if matches!(on_exhausted, Some(OnExhausted::Block | OnExhausted::Drop)) {
        let help = "leave out one of the two: what is blocked or dropped is no dead letter";
        return value.refuse("used with on_exhausted = \"dlq\" or \"hold\"", "used with another", help);
    }
    let is_own = value.is_text() && value.text().is_some_and(|text| text.value == OWN);
    if is_own { None } else { Destination::read(value) }
}
