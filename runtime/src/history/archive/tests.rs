//! What the archive promises: what was written comes back, whatever became of the files, and the oldest goes.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use activator::delivery::{Outcome, Status};
use activator::effect::{End, EventRef, ReplyId, Report};
use activator::event::Event;
use activator::id::{Offset, Partition, Revision, SubscriptionId};
use bytes::Bytes;
use tempfile::TempDir;

use super::super::log::Log;
use super::super::record::Record;
use super::super::{Attempt, Note, fixture};
use super::table::Table;
use super::*;

const AGES: Duration = Duration::from_secs(1 << 40);
const PLENTY: Bounds = Bounds { events: 1_000_000, age: AGES, bytes: 1 << 40 };

fn time(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_700_000_000_000 + ms)
}

/// An entry with everything in it that there can be, of an event that met these triggers. The second delivery is to one
/// that nobody knows.
fn entry(offset: u64, event: Event, triggers: &[&str]) -> Arc<Entry> {
    let mut resolved = fixture::resolved();
    let trigger = |(name, id): (&&str, u32)| Arc::new(fixture::trigger(SubscriptionId(id), name, name));
    resolved.topology.subscriptions = triggers.iter().zip(0..).map(trigger).collect();
    let (channel, partition, offset_then) = (fixture::DEFAULT, Partition(7), Offset(offset));
    let of = |subscription| EventRef { subscription, channel, partition, offset: offset_then };
    let [bill, late] = [of(SubscriptionId(0)), of(SubscriptionId(u32::MAX))];
    let attempt = |status, error: Option<&str>| Attempt {
        started: time(20),
        ms: 1.25,
        start_ms: error.map(|_| 0.5),
        status,
        error: error.map(Into::into),
        revision: error.map(|_| Revision(4)),
        cold: error.is_some(),
    };
    let (timed_out, exited) = (attempt(Status::TimedOut, Some("too late")), attempt(Status::Exit(-1), None));
    let outcome = Outcome::Ended { code: -1, reply: None, excerpt: Bytes::from_static(b"an answer") };
    let reply = Some(ReplyId { source: "/bill".into(), id: "reply".into() });
    let end = End::Delivered { outcome: Some(Box::new(outcome)), reply };
    let mut log = Log::new(1, 1 << 20);
    for (ms, note) in [
        (offset, Note::Wired(Arc::new(resolved))),
        (offset, Note::Arrived { channel, partition, records: vec![(offset_then, event)] }),
        (50, Note::Attempted { event: bill, attempt: timed_out.clone() }),
        (50, Note::Attempted { event: bill, attempt: exited }),
        (50, Note::Reported(Report::Settled { event: bill, attempts: 40, end })),
        (50, Note::Attempted { event: late, attempt: timed_out }),
    ] {
        log.take(time(ms), note);
    }
    log.newest_first().remove(0)
}

fn event(id: &str) -> Event {
    fixture::event(id, "/shop", "order.created", b"data")
}

/// All that a record says.
fn said(record: &Record) -> String {
    let Record { spot, arrived, block, data, data_len, deliveries, met } = record;
    format!("{spot:?} {arrived:?} {block:?} {data:?} {data_len} {deliveries:?} {:?}", met.subscribers())
}

/// An archive of so many records, `0` to `count - 1`, written and closed.
fn written(dir: &Path, bounds: Bounds, count: u64) -> Shelf {
    let mut shelf = Shelf::open(dir, bounds).unwrap();
    for n in 0..count {
        shelf.write(&[entry(n, event(&n.to_string()), &["bill"])]).unwrap();
        shelf.enforce(SystemTime::now());
    }
    shelf
}

fn ids(shelf: &Shelf) -> Vec<String> {
    let search = Search::of(shelf.seen());
    let found = search.newest_first(|_| true).filter_map(|found| search.record(found));
    let mut ids: Vec<_> = found.map(|record| record.event().unwrap().id().to_owned()).collect();
    ids.reverse();
    ids
}

fn numbers(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

fn files(dir: &TempDir, suffix: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|s| s == suffix)).collect();
    paths.sort();
    paths
}

#[test]
fn a_record_comes_back_as_it_was() {
    // Of the data, which nobody else keeps, the start.
    let event = fixture::event("1", "/shop", "order.created", &[b'd'; 9000]);
    let entry = entry(5, event, &["bill", "audit"]);
    let record = Record::of(&entry);
    assert_eq!((record.data.len(), record.data_len, record.deliveries.len()), (4096, 9000, 2));
    let mut bytes = Vec::new();
    body::put(&mut bytes, &entry);
    let says = table::encode(&record.spot.channel, entry.wiring.subscribers(fixture::DEFAULT));
    let table = Table::decode(says.into()).map(Arc::new).unwrap();
    let mut reading = wire::Reading(bytes.clone().into());
    let read = table.record(&mut reading).unwrap();
    assert_eq!((said(&read), reading.0.len()), (said(&record), 0));
    for length in 0..bytes.len() {
        let mut part = wire::Reading(Bytes::copy_from_slice(&bytes[..length]));
        assert!(table.record(&mut part).is_none(), "{length} bytes of {}", bytes.len());
    }
}

#[test]
fn what_is_written_is_found_by_its_id_and_by_its_replies() {
    let dir = tempfile::tempdir().unwrap();
    for opened in [written(dir.path(), PLENTY, 10), Shelf::open(dir.path(), PLENTY).unwrap()] {
        let search = Search::of(opened.seen());
        let found = search.with_id("4");
        assert_eq!(said(&found[0]), said(&Record::of(&entry(4, event("4"), &["bill"]))));
        assert_eq!((found.len(), search.with_id("44").len()), (1, 0));
        assert_eq!((search.answered_by("reply").len(), search.answered_by("4").len()), (10, 0));
    }
}

/// Nothing may come while what is there comes of age.
#[test]
fn a_batch_of_nothing_takes_nothing_back() {
    let outbox = Outbox::default();
    outbox.put(vec![entry(0, event("0"), &["bill"]), entry(1, event("1"), &["bill"])]);
    assert_eq!(outbox.take(None).map(|batch| (batch.entries.len(), batch.all)), Some((2, 2)));
    let nothing = outbox.take(Some(Duration::ZERO));
    assert_eq!(nothing.map(|batch| (batch.entries.len(), batch.all)), Some((0, 2)));
}

#[test]
fn who_subscribed_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..1000).map(|n| format!("t{n}")).collect();
    let many: Vec<&str> = names.iter().map(|name| &**name).collect();
    let mut shelf = Shelf::open(dir.path(), PLENTY).unwrap();
    shelf.write(&(0..100).map(|n| entry(n, event("1"), &many)).collect::<Vec<_>>()).unwrap();
    let length = fs::metadata(&files(&dir, "events")[0]).unwrap().len();
    assert!(length < 100_000, "{length}");
    shelf.write(&[entry(100, event("1"), &many[1..])]).unwrap();
    let found = Search::of(shelf.seen()).with_id("1");
    let subscribed = |at: usize| found[at].met.subscribers().len();
    assert_eq!((subscribed(99), subscribed(100)), (1000, 999));
}

#[test]
fn a_torn_end_is_cut_and_what_follows_is_written_there() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), PLENTY, 5));
    let path = files(&dir, "events").remove(0);
    let whole = fs::read(&path).unwrap();
    let four = {
        let other = tempfile::tempdir().unwrap();
        drop(written(other.path(), PLENTY, 4));
        fs::read(&files(&other, "events")[0]).unwrap().len()
    };
    for length in four..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut shelf = Shelf::open(dir.path(), PLENTY).unwrap();
        assert_eq!(ids(&shelf), numbers(0..4), "{length} of {} bytes", whole.len());
        assert_eq!(fs::metadata(&path).unwrap().len(), four as u64);
        shelf.write(&[entry(9, event("9"), &[])]).unwrap();
        drop(shelf);
        assert_eq!(ids(&Shelf::open(dir.path(), PLENTY).unwrap()).last().unwrap(), "9");
    }
}

#[test]
fn a_damaged_record_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    // Closed ones, each with one record.
    drop(written(dir.path(), Bounds { events: 16, ..PLENTY }, 4));
    let paths = files(&dir, "events");
    let mut bytes = fs::read(&paths[1]).unwrap();
    // Of the data, which can be anything.
    let at = bytes.windows(4).position(|part| part == b"data").unwrap();
    bytes[at] ^= 1;
    fs::write(&paths[1], &bytes).unwrap();
    assert_eq!(ids(&Shelf::open(dir.path(), PLENTY).unwrap()), ["0", "2", "3"]);
    // And of one without an index, all that follows.
    let mut index = files(&dir, "index");
    fs::remove_file(index.remove(1)).unwrap();
    assert_eq!(ids(&Shelf::open(dir.path(), PLENTY).unwrap()), ["0", "2", "3"]);
}

#[test]
fn a_lost_or_damaged_index_costs_only_a_walk() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), Bounds { events: 32, ..PLENTY }, 7));
    let indexes = files(&dir, "index");
    assert_eq!(indexes.len(), 3);
    let mut bytes = fs::read(&indexes[1]).unwrap();
    bytes[50] ^= 1;
    fs::write(&indexes[1], bytes).unwrap();
    fs::remove_file(&indexes[0]).unwrap();
    let shelf = Shelf::open(dir.path(), PLENTY).unwrap();
    assert_eq!(ids(&shelf), numbers(0..7));
    assert_eq!(Search::of(shelf.seen()).answered_by("reply").len(), 7);
}

#[test]
fn files_of_others_and_of_newer_formats_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), PLENTY, 2));
    let path = files(&dir, "events").remove(0);
    let mut newer = fs::read(&path).unwrap();
    newer[8] += 1;
    let others = [(segment::path(dir.path(), 7), newer), (segment::path(dir.path(), 8), vec![b'x'; 100])];
    for (path, bytes) in &others {
        fs::write(path, bytes).unwrap();
    }
    // So tight that it would be deleted if it were ours.
    let mut shelf = written(dir.path(), Bounds { events: 1, ..PLENTY }, 3);
    assert_eq!(ids(&shelf), ["2"]);
    for (path, bytes) in &others {
        assert_eq!(fs::read(path).unwrap(), *bytes, "{}", path.display());
    }
    shelf.enforce(SystemTime::now());
    assert!(files(&dir, "events").iter().all(|path| segment::number(path) != Some(0)));
    // The start of a file that was never written.
    fs::write(segment::path(dir.path(), 20), b"hyd").unwrap();
    drop(Shelf::open(dir.path(), PLENTY).unwrap());
    assert!(!segment::path(dir.path(), 20).exists());
}

#[test]
fn beyond_the_events_or_bytes_the_oldest_go() {
    let dir = tempfile::tempdir().unwrap();
    let kept = ids(&written(dir.path(), Bounds { events: 32, ..PLENTY }, 101));
    assert_eq!(kept, numbers(70..101), "whole files of two");

    let dir = tempfile::tempdir().unwrap();
    let shelf = written(dir.path(), Bounds { bytes: 100_000, ..PLENTY }, 1000);
    let bytes: u64 =
        fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!((80_000..100_000).contains(&bytes), "{bytes}");
    let kept = ids(&shelf);
    assert_eq!(kept, numbers(1000 - kept.len() as u64..1000));
}

#[test]
fn what_comes_of_age_goes_and_the_time_of_that_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let mut shelf = written(dir.path(), Bounds { age: hour, ..PLENTY }, 3);
    let now = SystemTime::now();
    let due = shelf.enforce(now).unwrap();
    assert!(due <= hour && due > hour / 2, "{due:?}");
    assert_eq!(shelf.enforce(now + hour / 2).map(|due| due <= hour / 2), Some(true));
    assert_eq!(ids(&shelf).len(), 3);
    assert_eq!(shelf.enforce(now + hour), None, "nothing is left to come of age");
    assert!(ids(&shelf).is_empty() && files(&dir, "events").is_empty() && files(&dir, "index").is_empty());
}
