//! What was seen. A world that never crashed proves nothing, so a run that never saw something fails.

use std::collections::BTreeMap;

use activator::delivery::{Advice, Outcome};
use activator::effect::{Effect, End, FunctionNews, Payload, Refusal, Report, Target};
use activator::input::{Input, Stored};
use activator::lifecycle::{Availability, Declined};

use super::faults::FAULTS;
use super::wiring::{BILL_KEPT, SHIP_KEPT};

/// How often each thing was seen, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage(BTreeMap<&'static str, u64>);

/// All that the two enums can say, down to the variants that mean something of their own.
const EXPECTED: &[&str] = &[
    "input Wired",
    "input Revised present",
    "input Revised absent",
    "input Revised broken",
    "input Opened",
    "input Assigned",
    "input Revoking",
    "input Lost",
    "input Located",
    "input Records",
    "input Remembered",
    "input Pause",
    "input Resume",
    "input Appended yes",
    "input Appended not now",
    "input Appended never",
    "input Committed",
    "input Committed not stored",
    "input Ready",
    "input Exited",
    "input Outcomes",
    "input Called",
    "input HungUp",
    "input Attaching",
    "input Reap",
    "input Retry",
    "input Drain",
    "outcome 2xx",
    "outcome 2xx with reply",
    "outcome 202",
    "outcome retried status",
    "outcome rejected status",
    "outcome exit 0",
    "outcome exit 0 with reply",
    "outcome exit 65",
    "outcome exit other",
    "outcome handled",
    "outcome handled with reply",
    "outcome failed",
    "outcome failed for good",
    "outcome MalformedReply",
    "outcome Lost",
    "outcome TimedOut",
    "outcome NotBegun",
    "outcome NotTaken",
    "effect Open",
    "effect Close",
    "effect Read",
    "effect Locate",
    "effect Release",
    "effect Append",
    "effect Commit",
    "effect Remember",
    "effect Spawn",
    "effect Attach",
    "effect Decline unknown",
    "effect Decline broken",
    "effect Decline single use",
    "effect Decline taken",
    "effect Decline stopping",
    "effect Deliver event",
    "effect Deliver call",
    "effect Deliver to sink",
    "effect Pause",
    "effect Resume",
    "effect Terminate",
    "effect Terminate kill",
    "effect Refuse unknown",
    "effect Refuse broken",
    "effect Refuse full",
    "effect Refuse stopping",
    "report Matched",
    "report Attempting",
    "report Retrying",
    "report Held",
    "report MadeWay",
    "report Starting",
    "report Warm",
    "report StartFailed",
    "report Attached",
    "report Detached",
    "report Zero",
    "report PassedOver",
    "event to a kept revision",
    "replay",
    "outcome dead-letter advice",
    "outcome retry-after",
    "end Dropped",
    "end Delivered",
    "end Delivered with reply",
    "end DeadLetter",
    "end Duplicate",
    "end Unmatched",
    "end Gone",
    "end Removed",
    "end Elsewhere",
];

impl Coverage {
    pub(crate) fn count(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    pub(crate) fn input(&mut self, input: &Input) {
        if let Input::Outcomes(outcomes) = input {
            outcomes.iter().for_each(|(_, outcome)| self.count(outcome_name(outcome)));
        }
        self.count(input_name(input));
    }

    pub(crate) fn effect(&mut self, effect: &Effect) {
        if let Effect::Deliver { to: Target::Sink(_), .. } = effect {
            self.count("effect Deliver to sink");
        }
        if let Effect::Deliver { what: Payload::Event(event, _), .. } = effect
            && event.get("hydrantreplay").is_some()
        {
            self.count("replay");
        }
        if let Effect::Deliver { to: Target::Instance(to), what: Payload::Event(..), .. } = effect
            && [BILL_KEPT, SHIP_KEPT].contains(&to.function)
        {
            self.count("event to a kept revision");
        }
        self.count(effect_name(effect));
    }

    /// What was never seen.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        EXPECTED.iter().chain(FAULTS).copied().filter(|name| !self.0.contains_key(name)).collect()
    }

    pub(crate) fn table(&self) -> String {
        let line = |(name, count): (&&str, &u64)| format!("{count:>12}  {name}\n");
        self.0.iter().map(line).collect()
    }
}

const fn input_name(input: &Input) -> &'static str {
    match input {
        Input::Wired(_) => "input Wired",
        Input::Revised { now: Availability::Present(_), .. } => "input Revised present",
        Input::Revised { now: Availability::Absent, .. } => "input Revised absent",
        Input::Revised { now: Availability::Broken(_), .. } => "input Revised broken",
        Input::Opened { .. } => "input Opened",
        Input::Assigned { .. } => "input Assigned",
        Input::Revoking { .. } => "input Revoking",
        Input::Lost { .. } => "input Lost",
        Input::Located { .. } => "input Located",
        Input::Records { .. } => "input Records",
        Input::Remembered { .. } => "input Remembered",
        Input::Pause { .. } => "input Pause",
        Input::Resume { .. } => "input Resume",
        Input::Appended { stored: Stored::Yes, .. } => "input Appended yes",
        Input::Appended { stored: Stored::NotNow, .. } => "input Appended not now",
        Input::Appended { stored: Stored::Never(_), .. } => "input Appended never",
        Input::Committed { stored: true, .. } => "input Committed",
        Input::Committed { stored: false, .. } => "input Committed not stored",
        Input::Ready { .. } => "input Ready",
        Input::Exited { .. } => "input Exited",
        Input::Outcomes(_) => "input Outcomes",
        Input::Called { .. } => "input Called",
        Input::HungUp { .. } => "input HungUp",
        Input::Attaching { .. } => "input Attaching",
        Input::Reap { .. } => "input Reap",
        Input::Retry { .. } => "input Retry",
        Input::Drain => "input Drain",
    }
}

const fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answered { advice: Advice::DeadLetter, .. } => "outcome dead-letter advice",
        Outcome::Answered { status: 503, advice: Advice::RetryAfter(_), .. } => "outcome retry-after",
        Outcome::Answered { status: 202 | 204, .. } => "outcome 202",
        Outcome::Answered { status: 200..=299, reply: Some(_), .. } => "outcome 2xx with reply",
        Outcome::Answered { status: 200..=299, reply: None, .. } => "outcome 2xx",
        Outcome::Answered { status: 400, .. } => "outcome rejected status",
        Outcome::Answered { .. } => "outcome retried status",
        Outcome::Ended { code: 0, reply: Some(_), .. } => "outcome exit 0 with reply",
        Outcome::Ended { code: 0, reply: None, .. } => "outcome exit 0",
        Outcome::Ended { code: 65, .. } => "outcome exit 65",
        Outcome::Ended { .. } => "outcome exit other",
        Outcome::Handled { reply: Some(_) } => "outcome handled with reply",
        Outcome::Handled { reply: None } => "outcome handled",
        Outcome::Failed { retry: true, .. } => "outcome failed",
        Outcome::Failed { .. } => "outcome failed for good",
        Outcome::MalformedReply(_) => "outcome MalformedReply",
        Outcome::Lost(_) => "outcome Lost",
        Outcome::TimedOut => "outcome TimedOut",
        Outcome::NotBegun(_) => "outcome NotBegun",
        Outcome::NotTaken => "outcome NotTaken",
    }
}

const fn effect_name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Open { .. } => "effect Open",
        Effect::Close { .. } => "effect Close",
        Effect::Read { .. } => "effect Read",
        Effect::Locate { .. } => "effect Locate",
        Effect::Release { .. } => "effect Release",
        Effect::Append { .. } => "effect Append",
        Effect::Commit { .. } => "effect Commit",
        Effect::Remember { .. } => "effect Remember",
        Effect::Spawn { .. } => "effect Spawn",
        Effect::Attach { .. } => "effect Attach",
        Effect::Decline { why: Declined::Unknown, .. } => "effect Decline unknown",
        Effect::Decline { why: Declined::Broken(_), .. } => "effect Decline broken",
        Effect::Decline { why: Declined::SingleUse, .. } => "effect Decline single use",
        Effect::Decline { why: Declined::Taken, .. } => "effect Decline taken",
        Effect::Decline { why: Declined::Stopping, .. } => "effect Decline stopping",
        Effect::Deliver { what: Payload::Event(..), .. } => "effect Deliver event",
        Effect::Deliver { what: Payload::Call(_), .. } => "effect Deliver call",
        Effect::Pause { .. } => "effect Pause",
        Effect::Resume { .. } => "effect Resume",
        Effect::Terminate { kill: false, .. } => "effect Terminate",
        Effect::Terminate { kill: true, .. } => "effect Terminate kill",
        Effect::Refuse { why: Refusal::Unknown, .. } => "effect Refuse unknown",
        Effect::Refuse { why: Refusal::Broken(_), .. } => "effect Refuse broken",
        Effect::Refuse { why: Refusal::Full, .. } => "effect Refuse full",
        Effect::Refuse { why: Refusal::Stopping, .. } => "effect Refuse stopping",
        Effect::Report(report) => report_name(report),
    }
}

const fn report_name(report: &Report) -> &'static str {
    match report {
        Report::Matched { .. } => "report Matched",
        Report::Attempting { .. } => "report Attempting",
        Report::Retrying { .. } => "report Retrying",
        Report::Held { .. } => "report Held",
        Report::MadeWay { .. } => "report MadeWay",
        Report::Renamed { .. } => "report Renamed",
        Report::Settled { end: End::Delivered { reply: None, .. }, .. } => "end Delivered",
        Report::Settled { end: End::Delivered { reply: Some(_), .. }, .. } => "end Delivered with reply",
        Report::Settled { end: End::DeadLetter(_), .. } => "end DeadLetter",
        Report::Settled { end: End::Duplicate, .. } => "end Duplicate",
        Report::Settled { end: End::Unmatched, .. } => "end Unmatched",
        Report::Settled { end: End::Dropped(_), .. } => "end Dropped",
        Report::Settled { end: End::Gone, .. } => "end Gone",
        Report::Settled { end: End::Removed, .. } => "end Removed",
        Report::Settled { end: End::Elsewhere, .. } => "end Elsewhere",
        Report::Function { news: FunctionNews::Starting(_), .. } => "report Starting",
        Report::Function { news: FunctionNews::Warm(_), .. } => "report Warm",
        Report::Function { news: FunctionNews::StartFailed { .. }, .. } => "report StartFailed",
        Report::Function { news: FunctionNews::Attached(_), .. } => "report Attached",
        Report::Function { news: FunctionNews::Detached { .. }, .. } => "report Detached",
        Report::Function { news: FunctionNews::Zero, .. } => "report Zero",
        Report::Function { news: FunctionNews::PassedOver { .. }, .. } => "report PassedOver",
    }
}
