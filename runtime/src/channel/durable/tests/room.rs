//! A disk that gets full: who stops, who goes on, and that it ends by itself.

use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::channel::{AppendError, Reserve};

#[tokio::test]
async fn appends_stop_at_two_free_segments_and_go_on_by_themselves() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    append(&channel, 0..60).await;
    dir.host.free.store(1_999, Relaxed);
    let mut stored = 60;
    let refusal = loop {
        assert!(stored < 80, "it is seen at the next segment");
        match channel.append(numbered(stored)).await {
            Ok(_) => stored += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(&refusal, AppendError::Unavailable(why) if why.contains("disk")), "{refusal}");
    // What is stored is delivered, and the cursors make room.
    assert_eq!(read_all(&channel, 0, stored).await, same(0..stored));
    commit(&channel, 50).await;
    channel.append(numbered(99)).await.unwrap_err();

    dir.host.free.store(2_000, Relaxed);
    assert_eq!(append(&channel, stored..stored + 3).await, [stored, stored + 1, stored + 2]);
    channel.close().await;
}

#[tokio::test]
async fn a_disk_without_room_takes_dead_letters() {
    let dir = Dir { reserve: Reserve::Used, ..Dir::new(SMALL) };
    dir.host.free.store(100, Relaxed);
    let (channel, _) = dir.open().await;
    append(&channel, 0..60).await;
    channel.close().await;
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_takes_nothing() {
    let dir = Dir::new(LIMITS);
    dir.host.free.store((128 << 20) - 1, Relaxed);
    let (channel, _) = dir.open().await;
    channel.append(numbered(0)).await.unwrap_err();
    commit(&channel, 0).await;
    channel.close().await;
}

#[tokio::test]
async fn the_disk_is_not_asked_for_every_event() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.open().await;
    append(&channel, 0..300).await;
    let looks = dir.host.looks.load(Relaxed);
    assert!((1..=2).contains(&looks), "at the start, and at the first segment: {looks}");
    for id in 0..30 {
        channel.append(sized(id, 1 << 20)).await.unwrap();
    }
    let looks = dir.host.looks.load(Relaxed) - looks;
    assert!((3..=4).contains(&looks), "every 8 MiB: {looks}");
    channel.close().await;
}

#[tokio::test]
async fn a_write_that_fails_is_a_reason_to_look() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.open().await;
    append(&channel, 0..3).await;
    dir.host.room.store(0, Relaxed);
    dir.host.free.store(0, Relaxed);
    let first = channel.append(numbered(3)).await.unwrap_err().to_string();
    assert!(first.contains("log: "), "{first}");
    dir.host.room.store(u64::MAX, Relaxed);
    let second = channel.append(numbered(3)).await.unwrap_err().to_string();
    assert!(second.contains("kept for cursors"), "{second}");
    dir.host.free.store(u64::MAX, Relaxed);
    assert_eq!(append(&channel, 3..4).await, [3]);
    channel.close().await;
}
