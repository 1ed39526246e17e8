//! Readers at the end of a partition, and callers who go away.

use std::collections::BTreeSet;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::steps::{Make, P0, event, numbered, numbers, open, open_one, poll_a_while, read_some};

pub(super) async fn a_reader_at_the_end_is_woken(make: Make<'_>) {
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

pub(super) async fn every_reader_at_the_end_is_woken(make: Make<'_>) {
    let (channel, opened) = open(&make(3)).await;
    let mut waiting = JoinSet::new();
    for opened in opened {
        let channel = channel.clone();
        waiting
            .spawn(async move { read_some(&channel, opened.partition, opened.begin, 1).await.remove(0).1 });
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

pub(super) async fn a_dropped_waiting_read_loses_nothing(make: Make<'_>) {
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

pub(super) async fn a_dropped_append_harms_nothing(make: Make<'_>) {
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
