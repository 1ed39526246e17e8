//! What every channel promises, whichever kind it is: one suite, run over each kind with the real thing behind it.
//!
//! Offsets need not begin at 0 nor be without gaps; nothing here assumes it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use activator::cursor::Cursor;
use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{OpenedPartition, Progress};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::{Channel, DurableSpec, MemorySpec, Position, Spec};

/// A check that hangs has failed; Kafka in a slow container needs some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of channel under test.
pub(crate) struct Kind<'a> {
    pub(crate) name: &'static str,
    /// Makes the specification of a channel that never was, with this many partitions.
    pub(crate) make: &'a dyn Fn(u32) -> Spec,
    /// Whether events and cursors outlive the handles.
    pub(crate) survives_reopen: bool,
}

/// Runs every check that applies to the kind, and says how many those were.
pub(crate) async fn suite(kind: &Kind<'_>) {
    let mut executed = 0;
    macro_rules! check {
        ($($promise:ident),* $(,)?) => {$(
            println!("{}: {}", kind.name, stringify!($promise));
            let done = tokio::time::timeout(PATIENCE, Box::pin($promise(kind.make))).await;
            assert!(done.is_ok(), "{}: {} hangs", kind.name, stringify!($promise));
            executed += 1;
        )*};
    }
    check!(
        a_new_channel_has_its_partitions_and_no_cursors,
        an_event_comes_back_byte_for_byte,
        offsets_ascend,
        a_read_gives_no_more_records_than_wanted,
        a_read_gives_about_the_bytes_wanted_and_at_least_one_record,
        a_read_goes_on_where_the_last_one_ended,
        a_reader_at_the_end_is_woken,
        every_reader_at_the_end_is_woken,
        a_dropped_waiting_read_loses_nothing,
        a_dropped_append_harms_nothing,
        the_same_key_goes_to_the_same_partition,
        events_without_a_key_are_spread,
        concurrent_appends_are_read_exactly_once_and_in_order,
        what_no_cursor_has_passed_stays,
        several_commits_are_taken,
    );
    if kind.survives_reopen {
        check!(
            events_survive,
            offsets_are_not_reused_after_reopening,
            begin_is_the_lowest_offset,
            progress_comes_back_with_names_and_done_ranges,
            the_newest_commit_wins,
            a_commit_of_one_partition_leaves_the_others,
        );
    }
    println!("{}: executed {executed} checks", kind.name);
}

#[tokio::test]
async fn memory_keeps_every_promise() {
    let make = |partitions| {
        let bytes_max = 64 << 20;
        Spec::Memory(MemorySpec {
            partitions,
            bytes_max,
        })
    };
    suite(&Kind {
        name: "memory",
        make: &make,
        survives_reopen: false,
    })
    .await;
}

#[tokio::test]
async fn durable_keeps_every_promise() {
    let folders = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    let make = |partitions| {
        count.set(count.get() + 1);
        let dir = folders.path().join(count.get().to_string());
        Spec::Durable(DurableSpec { dir, partitions })
    };
    suite(&Kind {
        name: "durable",
        make: &make,
        survives_reopen: true,
    })
    .await;
}

type Make<'a> = &'a dyn Fn(u32) -> Spec;

const P0: Partition = Partition(0);

async fn a_new_channel_has_its_partitions_and_no_cursors(make: Make<'_>) {
    let (channel, opened) = open(&make(3)).await;
    let partitions: Vec<_> = opened.iter().map(|opened| opened.partition.0).collect();
    assert_eq!(partitions, [0, 1, 2]);
    assert!(
        opened.iter().all(|opened| opened.committed.is_none()),
        "{opened:?}"
    );
    channel.close().await;
}

async fn an_event_comes_back_byte_for_byte(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let binary: Bytes = (0..=255).cycle().take(70_000).collect();
    let given = [
        event("all-bytes", None, binary),
        event("no-data", None, Bytes::new()),
        event("naïve ☃", None, Bytes::from_static(b"{\"a\": 1}")),
        event("x", None, Bytes::from_static(b"t"))
            .with("datacontenttype", "text/plain; charset=utf-8")
            .and_then(|event| event.with("time", "2024-02-30T25:61:00+14:00"))
            .and_then(|event| event.with("empty", ""))
            .unwrap(),
    ];
    for event in &given {
        channel.append(event.clone()).await.unwrap();
    }
    let read = read_some(&channel, P0, begin, given.len()).await;
    for ((_, read), given) in read.iter().zip(&given) {
        assert_eq!(attributes(read), attributes(given));
        assert_eq!(read.data(), given.data(), "{}", given.id());
    }
    channel.close().await;
}

async fn offsets_ascend(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let positions = append_numbered(&channel, 0..20).await;
    assert!(
        positions.is_sorted_by(|a, b| a.offset < b.offset),
        "{positions:?}"
    );
    assert!(positions[0].offset >= begin);
    let read = read_some(&channel, P0, begin, 20).await;
    let appended: Vec<_> = positions.iter().map(|position| position.offset).collect();
    assert_eq!(offsets(&read), appended);
    channel.close().await;
}

async fn a_read_gives_no_more_records_than_wanted(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    append_numbered(&channel, 0..10).await;
    for wanted in [1, 3] {
        let batch = read_batch(&channel, P0, begin, wanted, u32::MAX).await;
        assert!(
            !batch.is_empty() && batch.len() <= wanted as usize,
            "{wanted}: {}",
            batch.len()
        );
    }
    channel.close().await;
}

async fn a_read_gives_about_the_bytes_wanted_and_at_least_one_record(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    for id in 0..20 {
        channel
            .append(event(&id.to_string(), None, vec![7; 1_000].into()))
            .await
            .unwrap();
    }
    assert_eq!(read_batch(&channel, P0, begin, 100, 1).await.len(), 1);
    let some = read_batch(&channel, P0, begin, 100, 5_000).await.len();
    assert!((1..=6).contains(&some), "{some}");
    channel.close().await;
}

async fn a_read_goes_on_where_the_last_one_ended(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    append_numbered(&channel, 0..50).await;
    let (mut from, mut ids) = (begin, Vec::new());
    while ids.len() < 50 {
        let batch = channel.read(P0, from, 7, u32::MAX).await.unwrap();
        assert!(batch.next > from, "a read makes progress");
        from = batch.next;
        ids.extend(batch.records.iter().map(|(_, event)| event.id().to_owned()));
    }
    assert_eq!(ids, numbers(0..50));
    channel.close().await;
}

async fn a_reader_at_the_end_is_woken(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let mut from = begin;
    for id in 0..5 {
        // The read is polled first, and waits when the append begins.
        let (read, stored) = tokio::join!(read_some(&channel, P0, from, 1), channel.append(numbered(id)));
        let offset = stored.unwrap().offset;
        assert_eq!((read[0].0, read[0].1.id()), (offset, id.to_string().as_str()));
        from = offset.next();
    }
    channel.close().await;
}

async fn every_reader_at_the_end_is_woken(make: Make<'_>) {
    let (channel, opened) = open(&make(3)).await;
    let mut waiting = JoinSet::new();
    for opened in opened {
        let channel = channel.clone();
        waiting.spawn(async move {
            read_some(&channel, opened.partition, opened.begin, 1)
                .await
                .remove(0)
                .1
        });
    }
    tokio::task::yield_now().await;
    let mut given = BTreeSet::new();
    let mut filled = BTreeSet::new();
    for id in 0.. {
        if filled.len() == 3 {
            break;
        }
        let event = event(&id.to_string(), Some(&format!("key-{id}")), Bytes::new());
        if filled.insert(channel.append(event).await.unwrap().partition) {
            given.insert(id.to_string());
        }
    }
    let mut read = BTreeSet::new();
    while let Some(event) = waiting.join_next().await {
        read.insert(event.unwrap().id().to_owned());
    }
    assert_eq!(read, given);
    channel.close().await;
}

async fn a_dropped_waiting_read_loses_nothing(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let mut from = begin;
    for id in 0..5 {
        for _ in 0..3 {
            let waiting = Box::pin(channel.read(P0, from, 10, u32::MAX));
            poll_a_while(waiting).await;
        }
        channel.append(numbered(id)).await.unwrap();
        let read = read_some(&channel, P0, from, 1).await;
        assert_eq!(read[0].1.id(), id.to_string());
        from = read[0].0.next();
    }
    channel.close().await;
}

async fn a_dropped_append_harms_nothing(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    for id in 0..20 {
        let append = Box::pin(channel.append(event("dropped", None, vec![7; 1_000].into())));
        poll_a_while(append).await;
        channel.append(numbered(id)).await.unwrap();
    }
    let (mut from, mut ids) = (begin, Vec::new());
    while ids.len() < 20 {
        let batch = channel.read(P0, from, 100, u32::MAX).await.unwrap();
        from = batch.next;
        let kept = batch.records.iter().filter(|(_, event)| event.id() != "dropped");
        ids.extend(kept.map(|(_, event)| event.id().to_owned()));
    }
    assert_eq!(ids, numbers(0..20));
    channel.close().await;
}

async fn the_same_key_goes_to_the_same_partition(make: Make<'_>) {
    // What Kafka's Java client answers for five partitions.
    let (channel, _) = open(&make(5)).await;
    for key in ["21", "foobar", "a-little-bit-long-string", "abc"] {
        let expected = super::murmur2::partition_of(key.as_bytes(), 5);
        for id in 0..4 {
            let event = event(&id.to_string(), Some(key), Bytes::new());
            assert_eq!(channel.append(event).await.unwrap().partition, expected, "{key}");
        }
    }
    channel.close().await;
}

async fn events_without_a_key_are_spread(make: Make<'_>) {
    let (channel, _) = open(&make(3)).await;
    let mut partitions = BTreeSet::new();
    // A Kafka producer stays with a partition for a batch.
    for id in 0..1_000 {
        partitions.insert(channel.append(numbered(id)).await.unwrap().partition);
        if partitions.len() == 3 {
            break;
        }
    }
    assert!(partitions.len() > 1, "{partitions:?}");
    channel.close().await;
}

async fn concurrent_appends_are_read_exactly_once_and_in_order(make: Make<'_>) {
    const TASKS: u32 = 16;
    const EACH: u32 = 50;
    let (channel, opened) = open(&make(3)).await;
    let mut appends = JoinSet::new();
    for task in 0..TASKS {
        let channel = channel.clone();
        appends.spawn(async move {
            let mut stored = Vec::new();
            for number in 0..EACH {
                let event = event(&format!("{task}/{number}"), Some(&task.to_string()), Bytes::new());
                stored.push((event.id().to_owned(), channel.append(event).await.unwrap()));
            }
            stored
        });
    }
    let mut expected: BTreeMap<Partition, BTreeMap<Offset, String>> = BTreeMap::new();
    while let Some(stored) = appends.join_next().await {
        let stored = stored.unwrap();
        assert!(
            stored.is_sorted_by(|a, b| a.1.offset < b.1.offset),
            "one key, one order"
        );
        for (id, Position { partition, offset }) in stored {
            let twice = expected.entry(partition).or_default().insert(offset, id);
            assert_eq!(twice, None, "{partition}/{offset} was given twice");
        }
    }
    for opened in opened {
        let expected = expected.remove(&opened.partition).unwrap_or_default();
        let read = read_some(&channel, opened.partition, opened.begin, expected.len()).await;
        let read: Vec<_> = read
            .iter()
            .map(|(offset, event)| (*offset, event.id().to_owned()))
            .collect();
        assert_eq!(read, expected.into_iter().collect::<Vec<_>>());
    }
    channel.close().await;
}

async fn what_no_cursor_has_passed_stays(make: Make<'_>) {
    let (channel, _) = open_one(make).await;
    let positions = append_numbered(&channel, 0..10).await;
    let behind = vec![("trigger/slow".into(), Cursor::at(positions[4].offset))];
    let position = positions[9].offset.next();
    channel
        .commit(vec![(P0, Progress { position, behind })])
        .await
        .unwrap();
    let read = read_some(&channel, P0, positions[4].offset, 6).await;
    assert_eq!(ids(&read), numbers(4..10));
    channel.close().await;
}

async fn several_commits_are_taken(make: Make<'_>) {
    let (channel, _) = open_one(make).await;
    for position in append_numbered(&channel, 0..10).await {
        let position = position.offset.next();
        channel
            .commit(vec![(
                P0,
                Progress {
                    position,
                    behind: vec![],
                },
            )])
            .await
            .unwrap();
    }
    channel.close().await;
}

async fn events_survive(make: Make<'_>) {
    let spec = make(1);
    let (channel, begin) = open_first(&spec).await;
    let positions = append_numbered(&channel, 0..30).await;
    channel.close().await;

    let (channel, _) = open_first(&spec).await;
    let read = read_some(&channel, P0, begin, 30).await;
    assert_eq!(ids(&read), numbers(0..30));
    assert_eq!(read[29].0, positions[29].offset);
    channel.close().await;
}

async fn offsets_are_not_reused_after_reopening(make: Make<'_>) {
    let spec = make(1);
    let mut last = None;
    for round in 0..3 {
        let (channel, _) = open_first(&spec).await;
        let offset = channel.append(numbered(round)).await.unwrap().offset;
        assert!(last < Some(offset), "{last:?} then {offset}");
        last = Some(offset);
        channel.close().await;
    }
}

async fn begin_is_the_lowest_offset(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    append_numbered(&channel, 0..3).await;
    channel.close().await;

    let (channel, begin) = open_first(&spec).await;
    assert_eq!(ids(&read_some(&channel, P0, begin, 3).await), numbers(0..3));
    channel.close().await;
}

async fn progress_comes_back_with_names_and_done_ranges(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    let at: Vec<_> = append_numbered(&channel, 0..12)
        .await
        .iter()
        .map(|p| p.offset)
        .collect();
    let progress = Progress {
        position: at[11].next(),
        behind: vec![
            (
                "trigger/bill".into(),
                Cursor::from_unfinished([at[2], at[5], at[6]], at[11]),
            ),
            ("source/orders-2".into(), Cursor::at(at[9])),
            (
                "subscription/ship_it".into(),
                Cursor::from_unfinished([at[0]], at[11].next()),
            ),
        ],
    };
    channel.commit(vec![(P0, progress.clone())]).await.unwrap();
    channel.close().await;

    let (channel, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(progress));
    channel.close().await;
}

async fn the_newest_commit_wins(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    let mut newest = None;
    for (i, position) in append_numbered(&channel, 0..20).await.into_iter().enumerate() {
        let behind = vec![(format!("trigger/{i}").into(), Cursor::at(position.offset))];
        let position = position.offset.next();
        let progress = Progress { position, behind };
        channel.commit(vec![(P0, progress.clone())]).await.unwrap();
        newest = Some(progress);
    }
    channel.close().await;

    let (channel, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, newest);
    channel.close().await;
}

async fn a_commit_of_one_partition_leaves_the_others(make: Make<'_>) {
    let spec = make(2);
    let (channel, opened) = open(&spec).await;
    let progress = |partition: usize, moved| Progress {
        position: Offset(opened[partition].begin.0 + moved),
        behind: vec![],
    };
    let (first, second) = (progress(0, 0), progress(1, 0));
    channel
        .commit(vec![(P0, first), (Partition(1), second.clone())])
        .await
        .unwrap();
    for id in 0.. {
        let event = event("1", Some(&format!("key-{id}")), Bytes::new());
        if channel.append(event).await.unwrap().partition == P0 {
            break;
        }
    }
    channel.commit(vec![(P0, progress(0, 1))]).await.unwrap();
    let expected = [Some(progress(0, 1)), Some(second)];
    channel.close().await;

    let (channel, reopened) = open(&spec).await;
    let committed: Vec<_> = reopened.into_iter().map(|opened| opened.committed).collect();
    assert_eq!(committed, expected);
    channel.close().await;
}

async fn open(spec: &Spec) -> (Channel, Vec<OpenedPartition>) {
    Channel::open(spec).await.unwrap()
}

async fn open_one(make: Make<'_>) -> (Channel, Offset) {
    open_first(&make(1)).await
}

async fn open_first(spec: &Spec) -> (Channel, Offset) {
    let (channel, opened) = open(spec).await;
    (channel, opened[0].begin)
}

fn event(id: &str, key: Option<&str>, data: Bytes) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", id), ("source", "/conformance"), ("type", "check")] {
        builder.attribute(name, value).unwrap();
    }
    if let Some(key) = key {
        builder.attribute("partitionkey", key).unwrap();
    }
    builder.build(data).unwrap()
}

fn numbered(id: u64) -> Event {
    event(&id.to_string(), None, Bytes::from_static(b"data"))
}

fn numbers(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

async fn append_numbered(channel: &Channel, range: std::ops::Range<u64>) -> Vec<Position> {
    let mut positions = Vec::new();
    for id in range {
        positions.push(channel.append(numbered(id)).await.unwrap());
    }
    positions
}

type Records = Vec<(Offset, Event)>;

/// Reads until there are `count` records, and fails when more come than were asked for.
async fn read_some(channel: &Channel, partition: Partition, from: Offset, count: usize) -> Records {
    let mut records = Records::new();
    let mut from = from;
    while records.len() < count {
        let left = u32::try_from(count - records.len()).unwrap();
        let batch = channel.read(partition, from, left, u32::MAX).await.unwrap();
        records.extend(batch.records);
        from = batch.next;
    }
    assert_eq!(records.len(), count);
    records
}

/// One batch that holds something.
async fn read_batch(
    channel: &Channel,
    partition: Partition,
    from: Offset,
    records: u32,
    bytes: u32,
) -> Records {
    let mut from = from;
    loop {
        let batch = channel.read(partition, from, records, bytes).await.unwrap();
        if !batch.records.is_empty() {
            return batch.records;
        }
        from = batch.next;
    }
}

/// Lets a future begin, and drops it wherever it is then.
async fn poll_a_while(future: impl Future + Unpin) {
    tokio::select! {
        biased;
        _ = future => {}
        () = tokio::task::yield_now() => {}
    }
}

fn ids(records: &Records) -> Vec<String> {
    records.iter().map(|(_, event)| event.id().to_owned()).collect()
}

fn offsets(records: &Records) -> Vec<Offset> {
    records.iter().map(|(offset, _)| *offset).collect()
}

/// Names and values; Kafka's headers keep no order that matters.
fn attributes(event: &Event) -> BTreeMap<&str, &str> {
    event.attributes().iter().collect()
}
