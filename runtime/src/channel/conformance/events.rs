//! Events as they are stored and read.

use std::time::Duration;

use activator::event::Headers;
use bytes::Bytes;

use super::steps::{
    Make, P0, append_numbered, attributes, event, numbers, offsets, open, open_one, read_batch, read_some,
};

pub(super) async fn a_new_channel_has_its_partitions_and_no_cursors(make: Make<'_>) {
    let (channel, opened) = open(&make(3)).await;
    let partitions: Vec<_> = opened.iter().map(|opened| opened.partition.0).collect();
    assert_eq!(partitions, [0, 1, 2]);
    assert!(opened.iter().all(|opened| opened.committed.is_none()), "{opened:?}");
    channel.close().await;
}

pub(super) async fn an_event_comes_back_byte_for_byte(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let binary: Bytes = (0..=255).cycle().take(70_000).collect();
    let given = [
        event("all-bytes", None, binary),
        event("no-data", None, Bytes::new()),
        event("naïve ☃", None, Bytes::from_static(b"{\"a\": 1}")),
        event("x", None, Bytes::from_static(b"t"))
            .with("datacontenttype", "text/plain; charset=utf-8")
            .and_then(|event| event.with("time", "2024-02-29T23:59:60.123456789+14:00"))
            .and_then(|event| event.with("empty", ""))
            .unwrap(),
        event("headers", None, Bytes::from_static(b"t")).with_headers(Headers::of(
            [(&b"traceparent"[..], &b"00-1"[..]), (b"x-request-id", b"7"), (b"knative-x", b"")].into_iter(),
        )),
    ];
    for event in &given {
        channel.append(event.clone()).await.unwrap();
    }
    let read = read_some(&channel, P0, begin, given.len()).await;
    for ((_, read), given) in read.iter().zip(&given) {
        assert_eq!(attributes(read), attributes(given));
        assert_eq!(read.data(), given.data(), "{}", given.id());
        assert_eq!(read.headers(), given.headers(), "{}", given.id());
    }
    channel.close().await;
}

/// What waits for its time is told how long it has waited.
pub(super) async fn an_event_grows_older(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    append_numbered(&channel, 0..1).await;
    loop {
        let batch = channel.read(P0, begin, 1, u32::MAX).await.unwrap();
        assert_eq!((batch.records.len(), batch.ages.len()), (1, 1));
        if batch.ages[0] >= Duration::from_millis(5) {
            break;
        }
        tokio::task::yield_now().await;
    }
    channel.close().await;
}

pub(super) async fn offsets_ascend(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    let positions = append_numbered(&channel, 0..20).await;
    assert!(positions.is_sorted_by(|a, b| a.offset < b.offset), "{positions:?}");
    assert!(positions[0].offset >= begin);
    let read = read_some(&channel, P0, begin, 20).await;
    let appended: Vec<_> = positions.iter().map(|position| position.offset).collect();
    assert_eq!(offsets(&read), appended);
    channel.close().await;
}

pub(super) async fn a_read_gives_no_more_records_than_wanted(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    append_numbered(&channel, 0..10).await;
    for wanted in [1, 3] {
        let batch = read_batch(&channel, P0, begin, wanted, u32::MAX).await;
        assert!(!batch.is_empty() && batch.len() <= wanted as usize, "{wanted}: {}", batch.len());
    }
    channel.close().await;
}

pub(super) async fn a_read_gives_about_the_bytes_wanted_and_at_least_one_record(make: Make<'_>) {
    let (channel, begin) = open_one(make).await;
    for id in 0..20 {
        channel.append(event(&id.to_string(), None, vec![7; 1_000].into())).await.unwrap();
    }
    assert_eq!(read_batch(&channel, P0, begin, 100, 1).await.len(), 1);
    let some = read_batch(&channel, P0, begin, 100, 5_000).await.len();
    assert!((1..=6).contains(&some), "{some}");
    channel.close().await;
}

pub(super) async fn a_read_goes_on_where_the_last_one_ended(make: Make<'_>) {
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
