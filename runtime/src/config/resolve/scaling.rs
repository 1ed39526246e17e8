//! How many processes a function has: the meaning of its keys, and which of them contradict each other.

use activator::lifecycle::Overflow;
use activator::scale::{Policy, Rules, Scaling};

use crate::config::diagnostic::Problems;
use crate::config::raw;
use crate::config::resolved::Protocol;
use crate::config::source::{At, Place};

/// Knative's `container-concurrency-target-percentage`.
const KPA_UTILIZATION: u32 = 70;

/// What the keys mean where nothing contradicts.
pub(super) fn scaling(all: &raw::Scale, concurrency: u32, protocol: Protocol) -> Scaling {
    let by_default = Scaling::default();
    let number = |said: &Option<At<u32>>, default| said.as_ref().map_or(default, |n| n.value);
    // Those for one event only start with it, whatever the defaults say for others.
    let ahead = if protocol == Protocol::Oneshot { 0 } else { u32::MAX };
    Scaling {
        min: number(&all.min, by_default.min).min(ahead),
        max: number(&all.max, by_default.max),
        initial: number(&all.initial, by_default.initial).min(ahead),
        activation: number(&all.activation, by_default.activation),
        target: number(&all.target, by_default.target).min(concurrency),
        utilization: number(
            &all.utilization,
            if is_kpa(all) { KPA_UTILIZATION } else { by_default.utilization },
        ),
        down_delay: all.scale_down_delay.as_ref().map_or(by_default.down_delay, |d| d.value),
        idle: all.idle.as_ref().map_or(by_default.idle, |idle| idle.value),
        policy: policy(all),
        // That it accepts requests is seen of servers only.
        standby: protocol.is_http() && all.standby.as_ref().map_or(by_default.standby, |s| s.value),
    }
}

fn is_kpa(all: &raw::Scale) -> bool {
    all.policy.as_ref().is_some_and(|kpa| kpa.value)
}

fn policy(all: &raw::Scale) -> Policy {
    if is_kpa(all) {
        Policy::Kpa(all.kpa.as_ref().map_or_else(Rules::default, |kpa| kpa.rules))
    } else {
        Policy::Demand
    }
}

/// What becomes of calls when all processes are busy.
pub(super) fn overflow(all: &raw::Scale) -> Overflow {
    let by_default = Overflow::default();
    Overflow {
        refuse: all.overflow.as_ref().map_or(by_default.refuse, |refuse| refuse.value),
        waiting_max: all.waiting.as_ref().map_or(by_default.waiting_max, |n| n.value),
    }
}

/// Looks for keys that contradict each other. What `[defaults]` say is meant for those it fits, so at least one of
/// two has to be the function's `own`.
pub(super) struct Contradictions<'a> {
    /// How messages call the function.
    pub(super) who: &'a str,
    pub(super) own: &'a raw::Function,
    pub(super) all: &'a raw::Function,
    pub(super) problems: &'a Problems,
}

impl Contradictions<'_> {
    pub(super) fn report(&self) {
        let (own, all) = (&self.own.scale, &self.all.scale);
        let max = all.max.as_ref().map_or_else(|| Scaling::default().max, |n| n.value);
        let help = "raise `max`, or lower this";
        self.at_most("min", &own.min, &all.min, ("max", own.max.is_some(), max), help);
        self.at_most("initial", &own.initial, &all.initial, ("max", own.max.is_some(), max), help);
        self.at_most("activation", &own.activation, &all.activation, ("max", own.max.is_some(), max), help);
        // None said, or none at all: whatever a process is meant to hold it can.
        if let Some(limit) = self.all.concurrency.as_ref().filter(|n| n.value > 0) {
            let limit = ("concurrency", self.own.concurrency.is_some(), limit.value);
            let help = "`concurrency` is what a process can hold, `target` what it is meant to";
            self.at_most("target", &own.target, &all.target, limit, help);
        }
        self.policy();
        if self.all.protocol == Some(Protocol::Oneshot) {
            self.none_before_an_event("min", &own.min);
            self.none_before_an_event("initial", &own.initial);
        }
        self.standby();
    }

    /// Only of a server it is known when it may be paused.
    fn standby(&self) {
        let is_http = self.all.protocol.is_none_or(Protocol::is_http);
        if let Some(standby) = self.own.scale.standby.as_ref().filter(|said| said.value && !is_http) {
            let called = format!("`standby` of {}", self.who);
            let help = "only a server is started ahead of its events: protocol = \"http\"";
            self.problems.bad_value::<()>(&standby.place, &called, "false", true, help);
        }
    }

    /// Each policy has keys of its own.
    fn policy(&self) {
        let is_kpa = is_kpa(&self.all.scale);
        if let Some(idle) = self.own.scale.idle.as_ref().filter(|_| is_kpa) {
            let help = "by averages it ends after `kpa.window` and `kpa.grace`: leave `idle` out";
            self.mixed("idle", &idle.place, "said under policy = \"demand\"", help);
        }
        // The manual says Knative's rules under either policy.
        let differs = |kpa: &&raw::Kpa| kpa.rules != Rules::default();
        if let Some(kpa) = self.own.scale.kpa.as_ref().filter(differs).filter(|_| !is_kpa) {
            self.mixed("kpa", &kpa.place, "said under policy = \"kpa\"", "add policy = \"kpa\"");
        }
    }

    fn mixed(&self, key: &str, place: &Place, wanted: &str, help: &str) {
        let called = format!("`{key}` of {}", self.who);
        self.problems.bad_value::<()>(place, &called, wanted, "another policy", help);
    }

    fn at_most(
        &self,
        key: &str,
        own: &Option<At<u32>>,
        all: &Option<At<u32>>,
        (limit, limit_is_own, most): (&str, bool, u32),
        help: &str,
    ) {
        let Some(said) = all.as_ref().filter(|n| n.value > most && (own.is_some() || limit_is_own)) else {
            return;
        };
        let wanted = format!("at most {most}, its `{limit}`");
        self.refuse(key, said, &wanted, help);
    }

    fn none_before_an_event(&self, key: &str, own: &Option<At<u32>>) {
        if let Some(said) = own.as_ref().filter(|n| n.value > 0) {
            self.refuse(key, said, "0", "a oneshot process starts with its event, and ends with it");
        }
    }

    fn refuse(&self, key: &str, said: &At<u32>, wanted: &str, help: &str) {
        let called = format!("`{key}` of {}", self.who);
        self.problems.bad_value::<()>(&said.place, &called, wanted, said.value, help);
    }
}
