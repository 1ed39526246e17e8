//! `[watch]`: whether changes are taken over at once, and how they are noticed.

use std::time::Duration;

use crate::config::source::At;
use crate::config::value::Value;

#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Watch {
    pub(in crate::config) enabled: Option<bool>,
    /// Looks so often, in place of being told by the system.
    pub(in crate::config) poll: Option<Duration>,
}

impl Watch {
    pub(in crate::config) const KEYS: &[&str] = &["enabled", "poll"];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table("[watch]", Self::KEYS)?;
        let enabled = table.get("enabled").and_then(|v| v.boolean());
        let poll = table.get("poll").and_then(|v| poll(&v, enabled.as_ref()));
        Some(Self { enabled: enabled.map(|enabled| enabled.value), poll })
    }
}

fn poll(value: &Value<'_>, enabled: Option<&At<bool>>) -> Option<Duration> {
    if enabled.is_some_and(|enabled| !enabled.value) {
        let help = "remove one of the two: what is not watched is not looked at either";
        return value.refuse("left out with `enabled = false`", "given", help);
    }
    Some(value.timeout()?.value)
}
