//! `kpa = { window = "60s", ... }`: what can be said of Knative's autoscaler.

use std::time::Duration;

use activator::scale::Rules;

use crate::config::source::{At, Place};
use crate::config::value::Value;

/// What Knative takes as a window.
const WINDOW: std::ops::RangeInclusive<Duration> = Duration::from_secs(6)..=Duration::from_secs(3_600);

/// The rules, and where they are said.
#[derive(Clone, Debug)]
pub(in crate::config) struct Kpa {
    pub(in crate::config) rules: Rules,
    pub(in crate::config) place: Place,
}

impl Kpa {
    pub(in crate::config) const KEYS: &[&str] = &["window", "panic_window", "panic_threshold", "grace"];

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let mut rules = Rules::default();
        if let Some(window) = table.get("window") {
            rules.window = window_of(&window)?;
        }
        if let Some(percent) = table.get("panic_window") {
            rules.panic_window = percent.integer(1..=100)?.value;
        }
        if let Some(percent) = table.get("panic_threshold") {
            rules.panic_threshold = percent.integer(110..=1000)?.value;
        }
        if let Some(grace) = table.get("grace") {
            rules.grace = grace.duration()?.value;
        }
        Some(Self { rules, place: value.place() })
    }
}

/// A window that Knative takes too.
pub(super) fn window_of(value: &Value<'_>) -> Option<Duration> {
    let At { value: window, .. } = value.duration()?;
    if !WINDOW.contains(&window) {
        return value.refuse("from \"6s\" to \"1h\"", "out of range", "choose one in range");
    }
    Some(window)
}
