//! When an event is safe from a power loss, and what is made of a sync that fails.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::channel::AppendError;

#[tokio::test]
async fn a_channel_that_syncs_to_the_disk_syncs_before_it_acknowledges() {
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    for id in 0..5 {
        let before = dir.host.syncs.load(Relaxed);
        append(&channel, id..id + 1).await;
        assert!(dir.host.syncs.load(Relaxed) > before, "event {id} was acknowledged unsynced");
    }
    channel.close().await;
}

/// Else the first who comes back has a sync alone, and each of the others waits for two.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_whom_a_sync_has_answered_share_the_next_although_they_come_back_one_by_one() {
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    dir.host.is_slow.store(true, Relaxed);
    let soon = async |id| {
        let wait = || std::thread::sleep(std::time::Duration::from_millis(1));
        tokio::task::spawn_blocking(wait).await.unwrap();
        channel.append(numbered(id)).await
    };
    // On a machine that has much else to do, one may come too late.
    for _ in 0..20 {
        let (first, second) = tokio::join!(channel.append(numbered(0)), channel.append(numbered(1)));
        first.and(second).unwrap();
        let before = dir.host.syncs.load(Relaxed);
        let (first, second) = tokio::join!(channel.append(numbered(2)), soon(3));
        first.and(second).unwrap();
        if dir.host.syncs.load(Relaxed) == before + 1 {
            return channel.close().await;
        }
    }
    panic!("they never shared a sync");
}

#[tokio::test]
async fn a_channel_that_trusts_the_system_syncs_full_segments_only() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    append(&channel, 0..60).await;
    let closed = dir.files().len() - 1;
    assert!(closed > 3, "{closed}");
    assert_eq!(dir.host.syncs.load(Relaxed), closed);
    channel.close().await;
}

#[tokio::test]
async fn what_could_not_be_synced_is_refused_and_never_read() {
    for limits in [LIMITS, UNCACHED] {
        let dir = Dir::new(limits).syncing(SyncMode::Disk);
        let (channel, _) = dir.open().await;
        append(&channel, 0..3).await;
        dir.host.failing_syncs.store(1, Relaxed);
        refused(&channel, 3, "planted").await;
        // Offset 3 may turn up after a power loss: nobody else is given it.
        assert_eq!(append(&channel, 4..6).await, [4, 5]);
        assert_eq!(read_all(&channel, 0, 6).await, same([0, 1, 2, 4, 5]));
        channel.close().await;
        let (channel, _) = dir.open().await;
        assert_eq!(read_all(&channel, 0, 6).await, same([0, 1, 2, 4, 5]));
        assert_eq!(append(&channel, 6..7).await, [6]);
        channel.close().await;
    }
}

/// Linux marks the pages clean: the second fsync of a file succeeds, and what the first one lost stays lost.
#[tokio::test]
async fn nothing_is_written_to_a_file_whose_sync_failed() {
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    append(&channel, 0..3).await;
    let log = dir.path("0/00000000000000000000.log");
    let good = records_in(&log);
    dir.host.failing_syncs.store(1, Relaxed);
    refused(&channel, 3, "planted").await;
    append(&channel, 4..9).await;
    assert!(fs::read(&log).unwrap() == good);
    assert_eq!(dir.files(), ["00000000000000000000.log", "00000000000000000004.log"]);
    channel.close().await;
}

/// What was refused may turn up in the file after a crash all the same.
#[tokio::test]
async fn what_turns_up_of_a_given_up_event_is_not_read() {
    let dir = Dir::new(UNCACHED).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    append(&channel, 0..3).await;
    dir.host.failing_syncs.store(1, Relaxed);
    refused(&channel, 3, "planted").await;
    append(&channel, 4..6).await;
    channel.close().await;
    let log = dir.path("0/00000000000000000000.log");
    let mut bytes = fs::read(&log).unwrap();
    super::super::record::encode(&mut bytes, Offset(0), (Offset(3), u64::MAX), &numbered(3), None);
    fs::write(&log, &bytes).unwrap();
    let (channel, _) = dir.open().await;
    assert_eq!(read_all(&channel, 0, 6).await, same([0, 1, 2, 4, 5]));
    channel.close().await;
}

#[tokio::test]
async fn a_disk_that_goes_on_failing_fills_no_folder() {
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let (channel, _) = dir.open().await;
    dir.host.failing_syncs.store(20, Relaxed);
    for id in 0..20 {
        refused(&channel, id, "planted").await;
    }
    assert_eq!(append(&channel, 20..22).await, [20, 21]);
    assert_eq!(read_all(&channel, 0, 22).await, same(20..22));
    assert_eq!(dir.files(), ["00000000000000000020.log"]);
    channel.close().await;
}

#[tokio::test]
async fn a_full_segment_that_cannot_be_synced_is_told_to_who_filled_it() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    dir.host.failing_syncs.store(1, Relaxed);
    let (mut stored, mut refusals) = (Vec::new(), 0);
    for id in 0..30 {
        match channel.append(numbered(id)).await {
            Ok(position) => stored.push((position.offset.0, id)),
            Err(refusal) => {
                assert!(refusal.to_string().contains("planted"), "{refusal}");
                refusals += 1;
            }
        }
    }
    assert_eq!(refusals, 1);
    assert_eq!(read_all(&channel, 0, 29).await, stored);
    channel.close().await;
}

/// A write into the system's cache waits for the disk when there is too much to write.
#[tokio::test]
async fn a_slow_disk_holds_up_no_task_but_the_first_time() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.open().await;
    append(&channel, 0..50).await;
    assert!(dir.host.writes_at_home.load(Relaxed) > 0, "what only copies needs no thread");
    dir.host.is_slow.store(true, Relaxed);
    append(&channel, 50..51).await;
    let before = (dir.host.writes_at_home.load(Relaxed), dir.host.writes_elsewhere.load(Relaxed));
    append(&channel, 51..56).await;
    let after = (dir.host.writes_at_home.load(Relaxed), dir.host.writes_elsewhere.load(Relaxed));
    assert_eq!(after, (before.0, before.1 + 5));
    channel.close().await;
}

/// A kill between the write and the sync leaves events that the system has and the disk may not.
#[tokio::test]
async fn what_a_kill_left_unsynced_is_synced_before_it_is_read() {
    let (dir, _) = Dir::with_events(LIMITS, 3).await;
    let dir = dir.syncing(SyncMode::Disk);
    let before = dir.host.syncs.load(Relaxed);
    let (channel, _) = dir.open().await;
    assert_eq!(dir.host.syncs.load(Relaxed), before + 1);
    channel.close().await;

    dir.host.failing_syncs.store(1, Relaxed);
    let (channel, _) = dir.open().await;
    assert_eq!(read_all(&channel, 0, 3).await, same(0..3));
    append(&channel, 3..4).await;
    assert_eq!(dir.files(), ["00000000000000000000.log", "00000000000000000003.log"]);
    channel.close().await;
}

async fn refused(channel: &Durable, id: u64, why: &str) {
    let refusal = channel.append(numbered(id)).await.unwrap_err();
    assert!(matches!(&refusal, AppendError::Unavailable(said) if said.contains(why)), "{refusal}");
}
