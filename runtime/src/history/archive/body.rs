//! What a record of the archive says: an event and what became of it, in names that outlive the configuration.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use activator::delivery::Status;
use activator::effect::ReplyId;
use activator::id::{Offset, Partition, Revision};

use super::super::Attempt;
use super::super::delivery::{Delivery, How, Settled};
use super::super::entry::Entry;
use super::super::record::{Met, Record, Spot, Subscribers, Told, Whose};
use super::wire::{Reading, put_bytes, put_float, put_number, put_signed, put_text};

/// In the order of their numbers in a file; new ones come behind.
const HOWS: [How; 9] = [
    How::Delivered,
    How::DeadLetter,
    How::Unmatched,
    How::Dropped,
    How::Gone,
    How::Removed,
    How::Elsewhere,
    How::Duplicate,
    How::Held,
];

/// Of an attempt: what is there of it.
const COLD: u8 = 1;
const START: u8 = 2;
const REVISION: u8 = 4;

/// Everything but who subscribed, which many have in common.
pub(super) fn put(into: &mut Vec<u8>, entry: &Entry) {
    let (block, data) = entry.parts();
    put_number(into, u64::from(entry.place.partition.0));
    put_number(into, entry.place.offset.0);
    put_number(into, nanos(entry.arrived));
    put_bytes(into, block);
    put_number(into, entry.data_len() as u64);
    put_bytes(into, data);
    put_number(into, entry.deliveries.len() as u64);
    entry.deliveries.iter().for_each(|delivery| put_delivery(into, entry, delivery));
}

fn put_delivery(into: &mut Vec<u8>, of: &Entry, delivery: &Delivery) {
    let arrived = of.arrived;
    put_whose(into, &of.whose(delivery).unwrap_or_default());
    put_number(into, u64::from(delivery.filter_revision));
    put_number(into, u64::from(delivery.attempt_count));
    put_number(into, delivery.attempts.len() as u64);
    delivery.attempts.iter().for_each(|attempt| put_attempt(into, arrived, attempt));
    let Some(settled) = &delivery.settled else { return into.push(0) };
    into.push(1);
    put_signed(into, since(arrived, settled.at));
    into.push(HOWS.iter().position(|how| *how == settled.how).map_or(u8::MAX, |at| at as u8));
    put_status(into, settled.status);
    put_text(into, settled.answer.as_deref());
    put_text(into, settled.reply.as_ref().map(|reply| &*reply.id));
    if let Some(reply) = &settled.reply {
        put_text(into, Some(&reply.source));
    }
}

pub(super) fn put_whose(into: &mut Vec<u8>, whose: &Whose) {
    put_text(into, Some(&whose.name));
    put_text(into, Some(&whose.to));
    put_text(into, whose.function.as_deref());
}

fn put_attempt(into: &mut Vec<u8>, arrived: SystemTime, attempt: &Attempt) {
    let Attempt { started, ms, start_ms, status, error, revision, cold } = attempt;
    let flag = |is, flag| if is { flag } else { 0 };
    into.push(flag(*cold, COLD) | flag(start_ms.is_some(), START) | flag(revision.is_some(), REVISION));
    put_signed(into, since(arrived, *started));
    put_float(into, *ms);
    start_ms.iter().for_each(|&ms| put_float(into, ms));
    revision.iter().for_each(|revision| put_number(into, u64::from(revision.0)));
    put_status(into, Some(*status));
    put_text(into, error.as_deref());
}

fn put_status(into: &mut Vec<u8>, status: Option<Status>) {
    let (tag, number) = match status {
        None => (0, None),
        Some(Status::Http(status)) => (1, Some(i64::from(status))),
        Some(Status::Exit(code)) => (2, Some(i64::from(code))),
        Some(Status::Handled) => (3, None),
        Some(Status::Failed) => (4, None),
        Some(Status::MalformedReply) => (5, None),
        Some(Status::Lost) => (6, None),
        Some(Status::TimedOut) => (7, None),
        Some(Status::NotTaken) => (8, None),
    };
    into.push(tag);
    number.iter().for_each(|&number| put_signed(into, number));
}

/// The record of an event in the channel of that name, before those who subscribed.
pub(super) fn take(from: &mut Reading, channel: Arc<str>, met: Arc<dyn Subscribers>) -> Option<Record> {
    let spot = Spot { channel, partition: Partition(from.small()?), offset: Offset(from.number()?) };
    let arrived = time(from.number()?)?;
    let block = from.bytes()?;
    let data_len = usize::try_from(from.number()?).ok()?;
    let data = from.bytes()?;
    let count = from.count()?;
    let deliveries = (0..count).map(|_| take_told(from, arrived)).collect::<Option<_>>()?;
    Some(Record { spot, arrived, block, data, data_len, deliveries, met: Met::Stored(met) })
}

fn take_told(from: &mut Reading, arrived: SystemTime) -> Option<Told> {
    let whose = take_whose(from)?;
    let (filter_revision, attempt_count, count) = (from.small()?, from.small()?, from.count()?);
    let attempts = (0..count).map(|_| take_attempt(from, arrived)).collect::<Option<_>>()?;
    let settled = match from.byte()? {
        0 => None,
        _ => Some(take_settled(from, arrived)?),
    };
    Some(Told { whose, filter_revision, attempts, attempt_count, settled })
}

pub(super) fn take_whose(from: &mut Reading) -> Option<Whose> {
    Some(Whose { name: from.text()?, to: from.text()?, function: from.maybe()? })
}

fn take_settled(from: &mut Reading, arrived: SystemTime) -> Option<Settled> {
    Some(Settled {
        at: later(arrived, from.signed()?)?,
        how: *HOWS.get(usize::from(from.byte()?))?,
        status: take_status(from)?,
        answer: from.maybe()?,
        reply: match from.maybe()? {
            Some(id) => Some(ReplyId { id, source: from.text()? }),
            None => None,
        },
    })
}

fn take_attempt(from: &mut Reading, arrived: SystemTime) -> Option<Attempt> {
    let flags = from.byte()?;
    Some(Attempt {
        cold: flags & COLD != 0,
        started: later(arrived, from.signed()?)?,
        ms: from.float()?,
        start_ms: if flags & START == 0 { None } else { Some(from.float()?) },
        revision: if flags & REVISION == 0 { None } else { Some(Revision(from.small()?)) },
        status: take_status(from)??,
        error: from.maybe()?.map(|error| error.as_ref().into()),
    })
}

fn take_status(from: &mut Reading) -> Option<Option<Status>> {
    Some(Some(match from.byte()? {
        0 => return Some(None),
        1 => Status::Http(from.signed()?.try_into().ok()?),
        2 => Status::Exit(from.signed()?.try_into().ok()?),
        3 => Status::Handled,
        4 => Status::Failed,
        5 => Status::MalformedReply,
        6 => Status::Lost,
        7 => Status::TimedOut,
        8 => Status::NotTaken,
        _ => return None,
    }))
}

/// Since 1970.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().try_into().unwrap_or(u64::MAX)
}

fn time(nanos: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
}

fn since(arrived: SystemTime, time: SystemTime) -> i64 {
    nanos(time).wrapping_sub(nanos(arrived)) as i64
}

fn later(arrived: SystemTime, since: i64) -> Option<SystemTime> {
    time(nanos(arrived).checked_add_signed(since)?)
}
