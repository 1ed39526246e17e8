//! Holes in the offsets are counted where a reader meets them, whatever made them.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use super::*;

#[tokio::test]
async fn a_log_without_holes_has_no_gaps() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    for from in [0, 7, 30] {
        read_all(&channel, from, 60).await;
    }
    assert_eq!(gaps(&channel), 0);
    channel.close().await;
}

#[tokio::test]
async fn what_a_power_loss_took_below_a_cursor_is_a_counted_gap() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..6).await;
    commit(&channel, 6).await;
    channel.close().await;
    let log = dir.path("0/00000000000000000000.log");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() / 3]).unwrap();

    let (channel, _) = dir.open().await;
    append(&channel, 6..8).await;
    // Found by one reader in the middle of it, then by others as a whole.
    channel.read(P0, Offset(4), 10, 1_000).await.unwrap();
    assert_eq!(gaps(&channel), 2);
    for _ in 0..3 {
        assert_eq!(read_all(&channel, 0, 8).await, same([0, 1, 6, 7]));
        assert_eq!(gaps(&channel), 4);
    }
    channel.close().await;
}

#[tokio::test]
async fn a_broken_event_is_a_counted_gap() {
    let (dir, log) = Dir::with_events(UNCACHED, 4).await;
    let mut bytes = fs::read(&log).unwrap();
    let second = bytes.len() / 4;
    bytes[second + 9] ^= 1;
    fs::write(&log, bytes).unwrap();
    let (channel, _) = dir.open().await;
    assert_eq!(read_all(&channel, 0, 4).await, same([0, 2, 3]));
    assert_eq!(gaps(&channel), 1);
    channel.close().await;
}

#[tokio::test]
async fn what_could_not_be_synced_is_a_counted_gap_at_the_tail_too() {
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    append(&channel, 0..2).await;
    dir.host.failing_syncs.store(1, Relaxed);
    channel.append(numbered(2)).await.unwrap_err();
    append(&channel, 3..4).await;
    assert_eq!(read_all(&channel, 0, 4).await, same([0, 1, 3]));
    assert_eq!(gaps(&channel), 1);
    channel.close().await;
}

pub(super) fn gaps(channel: &Durable) -> u64 {
    channel.partitions[0].gaps.total()
}
