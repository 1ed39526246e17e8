//! What people and programs see of the history: the objects of the admin API and of `-o json`.
//!
//! Field names are public interface: more may be added, none renamed.

use std::time::{Duration, SystemTime};

use activator::id::{Offset, Partition};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Spot;

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
    /// The event in the JSON format; without its data when the history has not all of it.
    pub(crate) event: Map<String, Value>,
    pub(crate) data_bytes: usize,
    pub(crate) verdicts: Vec<Verdict>,
    /// The events that this one is an answer to.
    pub(crate) parents: Vec<Kin>,
    /// The events that are answers to this one.
    pub(crate) children: Vec<Kin>,
}

/// An event that another one came of, or that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kin {
    pub(crate) id: String,
    pub(crate) source: String,
    /// Whose answer it was.
    pub(crate) trigger: String,
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
    /// Whether it waits for somebody who lets its subscription go on.
    #[serde(default)]
    pub(crate) paused: bool,
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

/// How far a delivery came, or how it ended; the worst of several is the greatest. The command line asks for one by the
/// name the API has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Unmatched,
    // The same event was delivered before.
    Duplicate,
    Delivered,
    // Its partition went to another runtime, which knows.
    Elsewhere,
    // Its trigger was removed before it was delivered.
    Removed,
    Dropped,
    DeadLetter,
    // Its attempts are used up; it goes again when somebody mends it, or asks.
    Held,
    Pending,
}

impl Outcome {
    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::Duplicate => "duplicate",
            Self::Delivered => "delivered",
            Self::Elsewhere => "elsewhere",
            Self::Removed => "removed",
            Self::Dropped => "dropped",
            Self::DeadLetter => "dead letter",
            Self::Held => "held",
            Self::Pending => "pending",
        }
    }
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

/// A delivery that is over, or an event that nobody took: a line of `tail`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
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
    /// The name of the trigger, subscription or source; nothing when nobody took it.
    pub(crate) trigger: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) outcome: Outcome,
    /// How the last attempt ended.
    pub(crate) status: Option<String>,
    pub(crate) error: Option<String>,
    /// How many attempts there were.
    pub(crate) attempt: u32,
    /// How long the last one took.
    pub(crate) ms: Option<f64>,
    /// From its arrival until it was over.
    pub(crate) total_ms: f64,
    /// When it was over.
    pub(crate) at: String,
}

impl Explained {
    /// Where it is.
    pub(crate) fn spot(&self) -> Spot {
        let (partition, offset) = (Partition(self.partition), Offset(self.offset));
        Spot { channel: self.channel.as_str().into(), partition, offset }
    }

    pub(crate) fn has_data(&self) -> bool {
        self.event.contains_key("data") || self.event.contains_key("data_base64")
    }

    /// The same event in another place.
    pub(super) fn join(&mut self, other: Self) {
        self.settled &= other.settled;
        self.verdicts.extend(other.verdicts);
        add_new(&mut self.parents, other.parents);
        add_new(&mut self.children, other.children);
    }

    /// The worst of all verdicts.
    pub(crate) fn outcome(&self) -> Outcome {
        self.verdicts.iter().map(|v| v.outcome).max().unwrap_or(Outcome::Unmatched)
    }
}

pub(super) fn add_new(known: &mut Vec<Kin>, more: impl IntoIterator<Item = Kin>) {
    for kin in more {
        if !known.contains(&kin) {
            known.push(kin);
        }
    }
}

/// Milliseconds, as fine as a microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// A time as it is told; microseconds are as fine as anything here is measured.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.6}")).unwrap_or_default()
}
