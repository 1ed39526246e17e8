//! Segments as they fill, are read and are deleted.

use std::fs;

use activator::cursor::Cursor;

use super::*;
use crate::channel::AppendError;

#[tokio::test]
async fn a_log_of_many_segments_is_read_from_any_offset() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    assert!(dir.files().len() >= 5, "{:?}", dir.files());
    let (channel, opened) = dir.open().await;
    assert_eq!(opened.begin, Offset(0));
    for from in 0..60 {
        assert_eq!(read_all(&channel, from, 60).await, same(from..60));
    }
    channel.close().await;
}

#[tokio::test]
async fn segments_stay_below_their_size() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    for name in dir.files() {
        let length = fs::metadata(dir.path("0").join(&name)).unwrap().len();
        assert!((1..=1_000).contains(&length), "{name}: {length}");
    }
}

/// The index has an entry for every 64 KiB; reads must be right between them, and across steps of reading.
#[tokio::test]
async fn large_and_small_events_are_found_through_the_index() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    let size = |id: u64| [10, 300_000, 2_000, 70_000, 0][usize::try_from(id % 5).unwrap()];
    for id in 0..60 {
        channel.append(sized(id, size(id))).await.unwrap();
    }
    for reopened in [false, true] {
        for from in 0..60 {
            let batch = channel.read(P0, Offset(from), 3, 100_000).await.unwrap();
            let (offset, event) = &batch.records[0];
            assert_eq!((*offset, event), (Offset(from), &sized(from, size(from))), "reopened: {reopened}");
        }
        assert_eq!(read_all(&channel, 0, 60).await, same(0..60), "reopened: {reopened}");
    }
    channel.close().await;
    let (channel, _) = dir.open().await;
    assert_eq!(read_all(&channel, 0, 60).await, same(0..60));
    channel.close().await;
}

#[tokio::test]
async fn only_what_every_cursor_has_passed_is_deleted() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    let before = dir.files();
    let behind = vec![("trigger/slow".into(), Cursor::at(Offset(25)))];
    let position = Offset(60);
    channel.commit(vec![(P0, Progress { position, behind })]).await.unwrap();
    let after = dir.files();
    assert!(after.len() < before.len(), "{after:?}");
    assert_eq!(read_all(&channel, 25, 60).await, same(25..60));
    let begin: u64 = after[0].trim_end_matches(".log").parse().unwrap();
    let second: u64 = after[1].trim_end_matches(".log").parse().unwrap();
    assert!(begin <= 25 && 25 < second, "{after:?}");
    channel.close().await;

    let (channel, opened) = dir.open().await;
    assert_eq!(opened.begin, Offset(begin));
    channel.close().await;
}

/// After a power loss the cursor from before would want what is gone.
#[tokio::test]
async fn nothing_is_deleted_before_its_cursor_is_on_the_disk() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    let before = dir.files();
    dir.host.failing_syncs.store(1, std::sync::atomic::Ordering::Relaxed);
    commit(&channel, 60).await;
    assert_eq!(dir.files(), before);
    commit(&channel, 60).await;
    assert_eq!(dir.files().len(), 1);
    channel.close().await;
}

#[tokio::test]
async fn reading_what_is_deleted_goes_on_behind_it() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    commit(&channel, 30).await;
    let begin: u64 = dir.files()[0].trim_end_matches(".log").parse().unwrap();
    assert!(begin > 0);
    assert_eq!(read_all(&channel, 0, 60).await, same(begin..60));
    channel.close().await;
}

#[tokio::test]
async fn the_last_segment_stays_and_keeps_the_offsets() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    commit(&channel, 60).await;
    assert_eq!(dir.files().len(), 1);
    channel.close().await;
    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, 60..61).await, [60]);
    channel.close().await;
}

/// The dead letters are such a channel.
#[tokio::test]
async fn a_channel_without_commits_keeps_everything() {
    let (dir, _) = Dir::with_events(SMALL, 10).await;
    for round in 1..6 {
        let (channel, opened) = dir.open().await;
        assert_eq!(opened.begin, Offset(0));
        append(&channel, 10 * round..10 * (round + 1)).await;
        assert_eq!(read_all(&channel, 0, 10 * (round + 1)).await, same(0..10 * (round + 1)));
        channel.close().await;
    }
}

#[tokio::test]
async fn an_event_must_fit_a_segment() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    let largest = 972 - sized(0, 0).size();
    let refusal = channel.append(sized(0, largest + 1)).await.unwrap_err();
    assert!(matches!(refusal, AppendError::TooLarge { limit: 972, .. }), "{refusal}");
    assert_eq!(channel.append(sized(0, largest)).await.unwrap().offset, Offset(0));
    assert_eq!(channel.append(sized(1, largest)).await.unwrap().offset, Offset(1));
    assert_eq!(read_all(&channel, 0, 2).await, same(0..2));
    channel.close().await;
}

#[tokio::test]
async fn a_reader_at_the_tail_needs_no_file() {
    let (dir, log) = Dir::with_events(LIMITS, 3).await;
    let (channel, _) = dir.open().await;
    fs::remove_file(log).unwrap();
    append(&channel, 3..6).await;
    assert_eq!(read_all(&channel, 3, 6).await, same(3..6));
    // Behind the window the file is needed, and is not there.
    let refusal = channel.read(P0, Offset(0), 10, 1_000).await.unwrap_err();
    assert!(refusal.0.contains("00000000000000000000.log"), "{refusal}");
    channel.close().await;
}

#[tokio::test]
async fn fewer_partitions_hide_nothing() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.try_open(3).await.unwrap();
    for id in 0..3 {
        channel.append(numbered(id)).await.unwrap();
    }
    channel.close().await;
    let (channel, opened) = dir.try_open(1).await.unwrap();
    assert_eq!(opened.len(), 3);
    for opened in opened {
        let batch = channel.read(opened.partition, opened.begin, 10, 1_000).await.unwrap();
        assert_eq!(batch.records.len(), 1);
    }
    for id in 3..6 {
        assert_eq!(channel.append(numbered(id)).await.unwrap().partition, P0);
    }
    channel.close().await;
}
