//! What the checks are written in: opening a channel, appending to it, reading from it.

use std::collections::BTreeMap;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::OpenedPartition;
use bytes::Bytes;

use crate::channel::{Change, Channel, Opened, Position, Spec, no_subscribers};

pub(super) type Make<'a> = &'a dyn Fn(u32) -> Spec;

pub(super) const P0: Partition = Partition(0);

/// Opens a channel and waits until all its partitions are ours, as they are at once where nobody shares them.
pub(super) async fn open(spec: &Spec) -> (Channel, Vec<OpenedPartition>) {
    let Opened { channel, mut partitions, changes, .. } =
        Channel::open(spec, no_subscribers()).await.unwrap();
    let Some(mut changes) = changes else { return (channel, partitions) };
    while partitions.len() < partition_count(spec) {
        match changes.recv().await {
            Some(Change::Assigned(more)) => partitions.extend(more),
            other => panic!("nobody else wants them: {other:?}"),
        }
    }
    partitions.sort_by_key(|opened| opened.partition);
    (channel, partitions)
}

fn partition_count(spec: &Spec) -> usize {
    match spec {
        Spec::Kafka(spec) => spec.create.map_or(1, |create| create.partitions as usize),
        Spec::Memory(_) | Spec::Durable(_) | Spec::KafkaSink(_) => 0,
    }
}

pub(super) async fn open_one(make: Make<'_>) -> (Channel, Offset) {
    open_first(&make(1)).await
}

pub(super) async fn open_first(spec: &Spec) -> (Channel, Offset) {
    let (channel, opened) = open(spec).await;
    (channel, opened[0].begin)
}

pub(super) fn event(id: &str, key: Option<&str>, data: Bytes) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", id), ("source", "/conformance"), ("type", "check")] {
        builder.attribute(name, value).unwrap();
    }
    if let Some(key) = key {
        builder.attribute("partitionkey", key).unwrap();
    }
    builder.build(data).unwrap()
}

pub(super) fn numbered(id: u64) -> Event {
    event(&id.to_string(), None, Bytes::from_static(b"data"))
}

pub(super) fn numbers(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

pub(super) async fn append_numbered(channel: &Channel, range: std::ops::Range<u64>) -> Vec<Position> {
    let mut positions = Vec::new();
    for id in range {
        positions.push(channel.append(numbered(id)).await.unwrap());
    }
    positions
}

pub(super) type Records = Vec<(Offset, Event)>;

/// Reads until there are `count` records, and fails when more come than were asked for.
pub(super) async fn read_some(
    channel: &Channel,
    partition: Partition,
    from: Offset,
    count: usize,
) -> Records {
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
pub(super) async fn read_batch(
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
pub(super) async fn poll_a_while(future: impl Future + Unpin) {
    tokio::select! {
        biased;
        _ = future => {}
        () = tokio::task::yield_now() => {}
    }
}

pub(super) fn ids(records: &Records) -> Vec<String> {
    records.iter().map(|(_, event)| event.id().to_owned()).collect()
}

pub(super) fn offsets(records: &Records) -> Vec<Offset> {
    records.iter().map(|(offset, _)| *offset).collect()
}

/// Names and values; Kafka's headers keep no order that matters.
pub(super) fn attributes(event: &Event) -> BTreeMap<&str, &str> {
    event.attributes().iter().collect()
}
