//! How a record is told: what it holds in the words of [`view`](super::view), and what refused the event, by the filters it
//! met.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::ReplyId;
use activator::event::{Event, json};
use activator::filter;
use serde_json::{Map, Value};

use super::Attempt;
use super::delivery::{How, Settled};
use super::record::{Record, Subscriber, Told, Whose};
use super::view::{AttemptView, Decision, Ended, Explained, Kin, Outcome, Row, Verdict, millis, rfc3339};
use crate::config::{kind_and_name, short_name};

/// Why an event that a filter passes is none of a subscription's.
const NOT_REACHED: &str = "it had passed this event before the runtime started, or has not come to it yet";
/// Of a refusal when nobody knows by what.
const UNREADABLE: &str = "its filter of then cannot be read any more";

pub(super) fn explain(record: &Record, parents: Vec<Kin>, paused: &BTreeSet<Arc<str>>) -> Option<Explained> {
    let event = record.event()?;
    let whole = || match json::to_value(&event) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let begun = record.deliveries.iter().map(|told| (&told.whose, begun(record, told)));
    let subscribers = record.met.subscribers();
    let is_told = |s: &&Subscriber| record.deliveries.iter().any(|told| told.whose.name == s.whose.name);
    let refused =
        subscribers.iter().filter(|s| !is_told(s)).map(|s| (&s.whose, refused_by(record, s, &event)));
    let verdicts: Vec<_> = begun
        .chain(refused)
        .map(|(whose, verdict)| if paused.contains(&whose.name) { paused_of(verdict) } else { verdict })
        .collect();
    Some(Explained {
        id: event.id().into(),
        source: event.source().into(),
        ty: event.ty().into(),
        channel: record.spot.channel.as_ref().into(),
        partition: record.spot.partition.0,
        offset: record.spot.offset.0,
        arrived: rfc3339(record.arrived),
        settled: verdicts.iter().all(|verdict| verdict.outcome != Outcome::Pending),
        event: if record.is_whole() { whole() } else { json::attributes(&event) },
        data_bytes: record.data_len,
        verdicts,
        parents,
        children: children(record),
    })
}

pub(super) fn row(record: &Record, event: &Event) -> Row {
    Row {
        id: event.id().into(),
        ty: event.ty().into(),
        source: event.source().into(),
        subject: event.get("subject").map(Into::into),
        time: event.get("time").map(Into::into),
        channel: record.spot.channel.as_ref().into(),
        partition: record.spot.partition.0,
        offset: record.spot.offset.0,
        arrived: rfc3339(record.arrived),
        outcome: worst(record),
        triggers: record.deliveries.iter().map(|told| short_name(&told.whose.name).into()).collect(),
    }
}

/// One of its deliveries when that is over, or that nobody took it; nothing while somebody is yet to come to it.
pub(super) fn ended(record: &Record, event: &Event, told: Option<&Told>) -> Option<Ended> {
    let nobody = Whose::default();
    let (at, whose) = match told {
        Some(told) => (told.settled.as_ref()?.at, &told.whose),
        None if record.met.subscribers().iter().any(|subscriber| subscriber.wants(event)) => return None,
        None => (record.arrived, &nobody),
    };
    let verdict = told.map_or_else(|| verdict_of(record, whose), |told| begun(record, told));
    let row = row(record, event);
    let last = verdict.attempts.last();
    Some(Ended {
        id: row.id,
        ty: row.ty,
        source: row.source,
        subject: row.subject,
        time: row.time,
        channel: row.channel,
        partition: row.partition,
        offset: row.offset,
        arrived: row.arrived,
        trigger: told.map(|_| verdict.trigger),
        to: verdict.to,
        function: verdict.function,
        outcome: verdict.outcome,
        status: verdict.status,
        error: last.and_then(|attempt| attempt.error.clone()),
        attempt: verdict.attempt_count,
        ms: last.map(|attempt| attempt.ms),
        total_ms: ms_between(record.arrived, at),
        at: rfc3339(at),
    })
}

/// The worst of all deliveries.
pub(super) fn worst(record: &Record) -> Outcome {
    let all = record.deliveries.iter().map(|told| outcome(told.settled.as_ref().map(|s| s.how)));
    all.max().unwrap_or(Outcome::Unmatched)
}

fn children(record: &Record) -> Vec<Kin> {
    let answers =
        record.deliveries.iter().filter_map(|told| Some((told, told.settled.as_ref()?.reply.as_ref()?)));
    let kin = answers.map(|(told, reply)| Kin {
        id: reply.id.as_ref().into(),
        source: reply.source.as_ref().into(),
        trigger: short_name(&told.whose.name).into(),
    });
    kin.collect()
}

/// That of the record, as often as this event is an answer to it.
pub(super) fn parents(record: &Record, answer: &ReplyId) -> Vec<Kin> {
    let Some(event) = record.event() else { return Vec::new() };
    let is =
        |told: &&Told| told.settled.as_ref().is_some_and(|settled| settled.reply.as_ref() == Some(answer));
    let kin = |told: &Told| Kin {
        id: event.id().into(),
        source: event.source().into(),
        trigger: short_name(&told.whose.name).into(),
    };
    record.deliveries.iter().filter(is).map(kin).collect()
}

/// The verdict of a subscription whose delivery began.
fn begun(record: &Record, told: &Told) -> Verdict {
    let settled = told.settled.as_ref();
    let how = settled.map(|s| s.how);
    let matched = how != Some(How::Unmatched);
    Verdict {
        matched,
        decision: if matched { Decision::Match } else { Decision::NoMatch },
        clause: (!matched).then(|| "the filter was changed while it waited".into()),
        filter_revision: told.filter_revision,
        attempts: told.attempts.iter().map(|attempt| attempt_view(attempt, record.arrived)).collect(),
        attempt_count: told.attempt_count,
        outcome: outcome(how),
        status: status(told),
        answer: settled.and_then(|s| s.answer.as_deref().map(Into::into)),
        reply_id: settled.and_then(|s| s.reply.as_ref().map(|reply| reply.id.as_ref().into())),
        total_ms: settled.map(|s| ms_between(record.arrived, s.at)),
        ..verdict_of(record, &told.whose)
    }
}

/// How the last attempt ended.
fn status(told: &Told) -> Option<String> {
    // Of what may go on later, or elsewhere, how far it came.
    let is_over = |settled: &&Settled| !matches!(settled.how, How::Removed | How::Elsewhere);
    match told.settled.as_ref().filter(is_over) {
        Some(settled) => settled.status.as_ref().map(ToString::to_string),
        None => told.attempts.last().map(|attempt| attempt.status.to_string()),
    }
}

/// The verdict of a subscription that the event never became a delivery of.
fn refused_by(record: &Record, subscriber: &Subscriber, event: &Event) -> Verdict {
    let (decision, clause) = match &subscriber.filter {
        None => (Decision::NoMatch, UNREADABLE.into()),
        Some(filter) => {
            let explanation = filter.explain(event);
            match explanation.decision.into() {
                // Its cursor keeps it away: nothing else does that to a matching event.
                Decision::Match => (Decision::NoMatch, NOT_REACHED.into()),
                decision => (decision, explanation.to_string()),
            }
        }
    };
    Verdict {
        decision,
        clause: Some(clause),
        filter_revision: subscriber.filter_revision,
        ..verdict_of(record, &subscriber.whose)
    }
}

/// The verdict of a subscription that is paused. What it has not come to is not over.
fn paused_of(verdict: Verdict) -> Verdict {
    match verdict.clause.as_deref() {
        Some(NOT_REACHED) => Verdict {
            matched: true,
            decision: Decision::Match,
            clause: None,
            outcome: Outcome::Pending,
            paused: true,
            ..verdict
        },
        _ => Verdict { paused: verdict.outcome == Outcome::Pending, ..verdict },
    }
}

/// A verdict of which nothing is known but whose it is.
fn verdict_of(record: &Record, whose: &Whose) -> Verdict {
    let (kind, trigger) = kind_and_name(&whose.name);
    Verdict {
        trigger: trigger.into(),
        kind: kind.into(),
        channel: record.spot.channel.as_ref().into(),
        partition: record.spot.partition.0,
        offset: record.spot.offset.0,
        filter_revision: 0,
        matched: false,
        decision: Decision::NoMatch,
        clause: None,
        to: Some(&*whose.to).filter(|to| !to.is_empty()).map(Into::into),
        function: whose.function.as_deref().map(Into::into),
        attempts: Vec::new(),
        attempt_count: 0,
        outcome: Outcome::Unmatched,
        status: None,
        answer: None,
        reply_id: None,
        total_ms: None,
        paused: false,
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
        Some(How::Held) => Outcome::Held,
        Some(How::Duplicate) => Outcome::Duplicate,
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
