//! `batch = 100`, or `batch = { max = 100, wait = "50ms" }`: which events go together in one request.

use std::time::Duration;

use crate::config::source::At;
use crate::config::value::Value;
use crate::dispatch::IN_FLIGHT_MAX;

/// The longest wait: that of AWS Lambda's batching window.
const WAIT_MAX: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) struct Batch {
    /// Events at most.
    pub(in crate::config) max: u32,
    /// How long the first of them may wait for others.
    pub(in crate::config) wait: Duration,
}

impl Batch {
    pub(in crate::config) const KEYS: &[&str] = &["max", "wait"];

    pub(super) fn read(value: &Value<'_>) -> Option<At<Self>> {
        if !value.is_table() {
            let max = value.integer(1..=IN_FLIGHT_MAX)?;
            return Some(At { value: Self { max: max.value, wait: Duration::ZERO }, place: max.place });
        }
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let Some(max) = table.get("max") else {
            return value.refuse("a table with `max`", "without", "batch = { max = 100, wait = \"50ms\" }");
        };
        let max = max.integer(1..=IN_FLIGHT_MAX)?.value;
        let wait = match table.get("wait") {
            Some(said) => wait(&said, max)?,
            None => Duration::ZERO,
        };
        Some(At { value: Self { max, wait }, place: value.place() })
    }
}

fn wait(value: &Value<'_>, max: u32) -> Option<Duration> {
    let wait = value.duration()?.value;
    if wait > WAIT_MAX {
        return value.refuse("at most 5m", "longer", "an event should not wait that long for others");
    }
    if max == 1 && !wait.is_zero() {
        return value.refuse(
            "0s beside `max = 1`",
            "more",
            "one event has no others to wait for: raise `max`",
        );
    }
    Some(wait)
}
