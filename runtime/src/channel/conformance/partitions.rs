//! Which partition an event goes to, and in which order it is there.

use std::collections::{BTreeMap, BTreeSet};

use activator::id::{Offset, Partition};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::steps::{Make, event, numbered, open, read_some};
use crate::channel::Position;

pub(super) async fn the_same_key_goes_to_the_same_partition(make: Make<'_>) {
    // What Kafka's Java client answers for five partitions.
    let (channel, _) = open(&make(5)).await;
    for key in ["21", "foobar", "a-little-bit-long-string", "abc"] {
        let expected = crate::channel::murmur2::partition_of(key.as_bytes(), 5);
        for id in 0..4 {
            let event = event(&id.to_string(), Some(key), Bytes::new());
            assert_eq!(channel.append(event).await.unwrap().partition, expected, "{key}");
        }
    }
    channel.close().await;
}

pub(super) async fn events_without_a_key_are_spread(make: Make<'_>) {
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

pub(super) async fn concurrent_appends_are_read_exactly_once_and_in_order(make: Make<'_>) {
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
        assert!(stored.is_sorted_by(|a, b| a.1.offset < b.1.offset), "one key, one order");
        for (id, Position { partition, offset }) in stored {
            let twice = expected.entry(partition).or_default().insert(offset, id);
            assert_eq!(twice, None, "{partition}/{offset} was given twice");
        }
    }
    for opened in opened {
        let expected = expected.remove(&opened.partition).unwrap_or_default();
        let read = read_some(&channel, opened.partition, opened.begin, expected.len()).await;
        let read: Vec<_> = read.iter().map(|(offset, event)| (*offset, event.id().to_owned())).collect();
        assert_eq!(read, expected.into_iter().collect::<Vec<_>>());
    }
    channel.close().await;
}
