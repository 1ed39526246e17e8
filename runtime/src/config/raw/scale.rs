//! The keys of a function that say how many processes there are, and for how long they are kept.

use std::time::Duration;

use activator::scale::Idle;

use super::Kpa;
use crate::config::source::At;
use crate::config::value::Value;

/// Each as one of the places says it, or not.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Scale {
    pub(in crate::config) min: Option<At<u32>>,
    pub(in crate::config) max: Option<At<u32>>,
    pub(in crate::config) initial: Option<At<u32>>,
    pub(in crate::config) activation: Option<At<u32>>,
    pub(in crate::config) target: Option<At<u32>>,
    pub(in crate::config) utilization: Option<At<u32>>,
    pub(in crate::config) idle: Option<At<Idle>>,
    pub(in crate::config) scale_down_delay: Option<At<Duration>>,
    pub(in crate::config) standby: Option<At<bool>>,
    /// Whether the number follows averages.
    pub(in crate::config) policy: Option<At<bool>>,
    pub(in crate::config) kpa: Option<Kpa>,
    /// Whether calls are refused when all processes are busy.
    pub(in crate::config) overflow: Option<At<bool>>,
    pub(in crate::config) waiting: Option<At<u32>>,
}

/// The bounds of `idle = { min = "5s", max = "10m" }`.
pub(in crate::config) const IDLE_KEYS: &[&str] = &["min", "max"];

pub(in crate::config) const POLICIES: &[(&str, bool)] = &[("demand", false), ("kpa", true)];
pub(in crate::config) const OVERFLOW: &[(&str, bool)] = &[("wait", false), ("refuse", true)];

impl Scale {
    /// Reads them; `get` gives the value behind a key, where the place takes it.
    pub(super) fn read<'d>(get: impl Fn(&str) -> Option<Value<'d>>) -> Self {
        let number = |key: &str, from: u32| get(key).and_then(|v| v.integer(from..=u32::MAX));
        Self {
            min: number("min", 0),
            max: number("max", 1),
            initial: number("initial", 0),
            activation: number("activation", 1),
            target: number("target", 1),
            utilization: get("utilization").and_then(|v| v.integer(1..=100)),
            idle: get("idle").and_then(|v| Some(At { value: idle(&v)?, place: v.place() })),
            scale_down_delay: get("scale_down_delay").and_then(|v| v.duration()),
            standby: get("standby").and_then(|v| v.boolean()),
            policy: get("policy").and_then(|v| v.one_of(POLICIES)),
            kpa: get("kpa").and_then(|v| Kpa::read(&v)),
            overflow: get("overflow").and_then(|v| v.one_of(OVERFLOW)),
            waiting: number("waiting", 1),
        }
    }

    /// What is not said here is taken from `lower`.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            min: self.min.or(lower.min),
            max: self.max.or(lower.max),
            initial: self.initial.or(lower.initial),
            activation: self.activation.or(lower.activation),
            target: self.target.or(lower.target),
            utilization: self.utilization.or(lower.utilization),
            idle: self.idle.or(lower.idle),
            scale_down_delay: self.scale_down_delay.or(lower.scale_down_delay),
            standby: self.standby.or(lower.standby),
            policy: self.policy.or(lower.policy),
            kpa: self.kpa.or(lower.kpa),
            overflow: self.overflow.or(lower.overflow),
            waiting: self.waiting.or(lower.waiting),
        }
    }
}

/// A duration, `"auto"`, or the bounds of the latter.
fn idle(value: &Value<'_>) -> Option<Idle> {
    let Idle::Auto { floor, ceiling } = Idle::AUTO else { return None };
    if !value.is_table() {
        let is_auto = value.is_text() && value.text()?.value == "auto";
        return if is_auto { Some(Idle::AUTO) } else { value.duration().map(|idle| Idle::After(idle.value)) };
    }
    let table = value.table(&value.section_inside(), IDLE_KEYS)?;
    let bound = |key: &str, by_default| match table.get(key) {
        Some(value) => value.duration().map(|bound| bound.value),
        None => Some(by_default),
    };
    let (floor, ceiling) = (bound("min", floor)?, bound("max", ceiling)?);
    if floor > ceiling {
        return value.refuse(
            "a `min` up to its `max`",
            "the other way round",
            "idle = { min = \"5s\", max = \"10m\" }",
        );
    }
    Some(Idle::Auto { floor, ceiling })
}
