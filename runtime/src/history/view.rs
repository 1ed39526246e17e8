//! What people and programs see of the history: the objects of the admin API and of `-o json`.
//!
//! Field names are public interface: more may be added, none renamed.

use std::time::{Duration, SystemTime};

use activator::event::json;
use activator::filter::{self, Explanation};
use activator::topology::Subscription;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Attempt;
use super::delivery::{Delivery, How};
use super::entry::Entry;
use super::wiring::Wiring;

/// One event with the verdict of every subscription to its channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Explained {
    pub(crate) id: String,
    pub(crate) source: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) channel: String,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) arrived: String,
    /// Whether every delivery is over.
    pub(crate) settled: bool,
    /// The event in the JSON format; without data when that was too large to keep.
    pub(crate) event: Map<String, Value>,
    pub(crate) data_bytes: usize,
    pub(crate) verdicts: Vec<Verdict>,
}

/// What one subscription made of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// The name of the trigger, subscription or source.
    pub(crate) trigger: String,
    /// `trigger`, `subscription` or `source`.
    pub(crate) kind: String,
    pub(crate) channel: String,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) filter_revision: u32,
    pub(crate) matched: bool,
    pub(crate) decision: Decision,
    /// What refused it, when it did not match.
    pub(crate) clause: Option<String>,
    /// `fn/bill`, `channel/orders`, a URL.
    pub(crate) to: Option<String>,
    pub(crate) function: Option<String>,
    /// The last ones; `attempt_count` tells how many there were.
    pub(crate) attempts: Vec<AttemptView>,
    pub(crate) attempt_count: u32,
    pub(crate) outcome: Outcome,
    /// How the last attempt ended.
    pub(crate) status: Option<String>,
    /// The start of an answer that is no event.
    pub(crate) answer: Option<String>,
    pub(crate) reply_id: Option<String>,
    /// From its arrival until it was over.
    pub(crate) total_ms: Option<f64>,
}

/// What a filter said: an error is no match, and has to be told from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    Match,
    NoMatch,
    Error,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AttemptView {
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    pub(crate) started: String,
    /// How long after the event's arrival it began.
    pub(crate) after_ms: f64,
    pub(crate) ms: f64,
    pub(crate) start_ms: Option<f64>,
    pub(crate) revision: Option<String>,
    pub(crate) cold: bool,
}

/// How far a delivery came, or how it ended; the worst of several is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Unmatched,
    Delivered,
    /// Its partition went to another runtime, which knows.
    Elsewhere,
    /// Its trigger was removed before it was delivered.
    Removed,
    Dropped,
    DeadLetter,
    Pending,
}

/// One event in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) source: String,
    pub(crate) subject: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) channel: String,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) arrived: String,
    /// The worst of all deliveries.
    pub(crate) outcome: Outcome,
    /// Those it matched.
    pub(crate) triggers: Vec<String>,
}

impl Explained {
    /// The same event in another place.
    pub(super) fn join(&mut self, other: Self) {
        self.settled &= other.settled;
        self.verdicts.extend(other.verdicts);
    }

    /// The worst of all verdicts.
    pub(crate) fn outcome(&self) -> Outcome {
        self.verdicts.iter().map(|v| v.outcome).max().unwrap_or(Outcome::Unmatched)
    }
}

pub(super) fn explain(entry: &Entry, current: &Wiring) -> Explained {
    let event = entry.event();
    let whole = || match json::to_value(&event) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let begun = entry.deliveries.iter().map(|delivery| begun(entry, delivery, current));
    let subscribers = entry.wiring.subscribers(entry.place.channel);
    let refused = subscribers.filter(|s| entry.deliveries.iter().all(|d| d.subscription != s.id));
    let verdicts = begun.chain(refused.map(|s| refused_by(entry, s, &s.filter.explain(&event)))).collect();
    Explained {
        id: event.id().into(),
        source: event.source().into(),
        ty: event.ty().into(),
        channel: entry.wiring.channel(entry.place.channel),
        partition: entry.place.partition.0,
        offset: entry.place.offset.0,
        arrived: rfc3339(entry.arrived),
        settled: entry.is_reached(super::Until::Settled),
        event: if entry.is_whole() { whole() } else { json::attributes(&event) },
        data_bytes: entry.data_len(),
        verdicts,
    }
}

pub(super) fn row(entry: &Entry, current: &Wiring) -> Row {
    let event = entry.event();
    let verdicts = || entry.deliveries.iter().map(|delivery| begun(entry, delivery, current));
    Row {
        id: event.id().into(),
        ty: event.ty().into(),
        source: event.source().into(),
        subject: event.get("subject").map(Into::into),
        time: event.get("time").map(Into::into),
        channel: entry.wiring.channel(entry.place.channel),
        partition: entry.place.partition.0,
        offset: entry.place.offset.0,
        arrived: rfc3339(entry.arrived),
        outcome: verdicts().map(|v| v.outcome).max().unwrap_or(Outcome::Unmatched),
        triggers: verdicts().map(|v| v.trigger).collect(),
    }
}

/// The verdict of a subscription whose delivery began.
fn begun(entry: &Entry, delivery: &Delivery, current: &Wiring) -> Verdict {
    let then = entry.wiring.subscription(delivery.subscription).map(|s| (s, &*entry.wiring));
    let now = || current.subscription(delivery.subscription).map(|s| (s, current));
    let wired = then.or_else(now);
    let settled = delivery.settled.as_ref();
    let how = settled.map(|s| s.how);
    let matched = how != Some(How::Unmatched);
    Verdict {
        matched,
        decision: if matched { Decision::Match } else { Decision::NoMatch },
        clause: (how == Some(How::Unmatched)).then(|| "the filter was changed while it waited".into()),
        function: wired.and_then(|(subscription, wiring)| wiring.function(subscription)),
        filter_revision: delivery.filter_revision,
        attempts: delivery.attempts.iter().map(|attempt| attempt_view(attempt, entry.arrived)).collect(),
        attempt_count: delivery.attempt_count,
        outcome: outcome(how),
        // Of what may go on later, or elsewhere, how far it came.
        status: match settled.filter(|s| !matches!(s.how, How::Removed | How::Elsewhere)) {
            Some(settled) => settled.status.as_ref().map(ToString::to_string),
            None => delivery.attempts.last().map(|attempt| attempt.status.to_string()),
        },
        answer: settled.and_then(|s| s.answer.clone()),
        reply_id: settled.and_then(|s| s.reply.as_deref().map(Into::into)),
        total_ms: settled.map(|s| ms_between(entry.arrived, s.at)),
        ..verdict_of(entry, wired.map(|(subscription, _)| subscription))
    }
}

/// The verdict of a subscription that the event never became a delivery of.
fn refused_by(entry: &Entry, subscription: &Subscription, explanation: &Explanation) -> Verdict {
    let (decision, clause) = match explanation.decision.into() {
        // Its cursor was behind this event already: nothing else keeps a matching event away.
        Decision::Match => {
            (Decision::NoMatch, "its cursor had passed this event before the runtime started".into())
        }
        decision => (decision, explanation.to_string()),
    };
    Verdict {
        decision,
        clause: Some(clause),
        function: entry.wiring.function(subscription),
        filter_revision: entry.wiring.filter_revision(subscription.id),
        ..verdict_of(entry, Some(subscription))
    }
}

/// A verdict of which nothing is known but whose it is.
fn verdict_of(entry: &Entry, subscription: Option<&Subscription>) -> Verdict {
    let name = subscription.map_or("", |s| &*s.name);
    let (kind, trigger) = name.split_once('/').unwrap_or(("subscription", name));
    Verdict {
        trigger: trigger.into(),
        kind: kind.into(),
        channel: entry.wiring.channel(entry.place.channel),
        partition: entry.place.partition.0,
        offset: entry.place.offset.0,
        filter_revision: 0,
        matched: false,
        decision: Decision::NoMatch,
        clause: None,
        to: subscription.map(|s| s.to_name.as_ref().into()),
        function: None,
        attempts: Vec::new(),
        attempt_count: 0,
        outcome: Outcome::Unmatched,
        status: None,
        answer: None,
        reply_id: None,
        total_ms: None,
    }
}

impl From<filter::Decision> for Decision {
    fn from(decision: filter::Decision) -> Self {
        match decision {
            filter::Decision::Match => Self::Match,
            filter::Decision::NoMatch => Self::NoMatch,
            filter::Decision::Error => Self::Error,
        }
    }
}

const fn outcome(how: Option<How>) -> Outcome {
    match how {
        None => Outcome::Pending,
        Some(How::Delivered) => Outcome::Delivered,
        Some(How::DeadLetter) => Outcome::DeadLetter,
        Some(How::Unmatched) => Outcome::Unmatched,
        Some(How::Dropped | How::Gone) => Outcome::Dropped,
        Some(How::Removed) => Outcome::Removed,
        Some(How::Elsewhere) => Outcome::Elsewhere,
    }
}

fn attempt_view(attempt: &Attempt, arrived: SystemTime) -> AttemptView {
    AttemptView {
        status: attempt.status.to_string(),
        error: attempt.error.clone(),
        started: rfc3339(attempt.started),
        after_ms: ms_between(arrived, attempt.started),
        ms: attempt.ms,
        start_ms: attempt.start_ms,
        revision: attempt.revision.map(|revision| format!("r{revision}")),
        cold: attempt.cold,
    }
}

fn ms_between(from: SystemTime, to: SystemTime) -> f64 {
    millis(to.duration_since(from).unwrap_or_default())
}

/// Milliseconds, as fine as a microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Microseconds are as fine as anything here is measured.
fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.6}")).unwrap_or_default()
}
