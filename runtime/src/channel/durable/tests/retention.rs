//! The user's caps, and what a reader that is overtaken meets.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::gaps::gaps;
use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

const fn bytes(bytes: u64) -> Retention {
    Retention { bytes: Some(bytes), age: None }
}

const fn age(age: Duration) -> Retention {
    Retention { bytes: None, age: Some(age) }
}

#[tokio::test]
async fn a_cap_on_bytes_deletes_the_oldest_although_a_cursor_wants_them() {
    let dir = Dir::new(SMALL).retaining(bytes(5_000));
    let (channel, _) = dir.open().await;
    append(&channel, 0..1).await;
    commit(&channel, 0).await;
    append(&channel, 1..200).await;
    settled(&channel).await;
    assert!(stored_bytes(&dir) <= 5_000, "{}", stored_bytes(&dir));
    assert!(stored_bytes(&dir) > 3_000, "no more than needed: {}", stored_bytes(&dir));
    let begin: u64 = dir.files()[0].trim_end_matches(".log").parse().unwrap();
    assert_eq!(read_all(&channel, 0, 200).await, same(begin..200));
    assert_eq!(gaps(&channel), begin, "the overtaken reader's gap is counted");
    channel.close().await;
}

#[tokio::test]
async fn a_cap_on_bytes_counts_what_files_reach_ahead() {
    // One of them lies between what the events take and what their files do.
    for cap in (4_000..5_000).step_by(40) {
        let dir = Dir::new(SMALL).retaining(bytes(cap));
        let (channel, _) = dir.open().await;
        for id in 0..60 {
            append(&channel, id..id + 1).await;
            let kept = async {
                while stored_bytes(&dir) > cap {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let kept = tokio::time::timeout(PATIENCE, kept).await;
            assert!(kept.is_ok(), "{} of {cap} after event {id}, and nobody looks", stored_bytes(&dir));
        }
        channel.close().await;
    }
}

#[tokio::test]
async fn a_cap_on_bytes_counts_all_partitions() {
    let dir = Dir::new(SMALL).retaining(bytes(8_000));
    let (channel, _) = dir.try_open(3).await.unwrap();
    for id in 0..300 {
        channel.append(numbered(id)).await.unwrap();
    }
    settled(&channel).await;
    let all: u64 = (0..3).map(|partition| bytes_in(&dir, partition)).sum();
    assert!(all <= 8_000, "{all}");
    for partition in 0..3 {
        assert!(bytes_in(&dir, partition) > 0, "each keeps its newest");
    }
    channel.close().await;
}

#[tokio::test]
async fn a_cap_that_was_lowered_is_kept_from_the_start() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let dir = dir.retaining(bytes(2_500));
    let (channel, _) = dir.open().await;
    settled(&channel).await;
    assert!(stored_bytes(&dir) <= 2_500, "{}", stored_bytes(&dir));
    channel.close().await;
}

/// Nothing is appended, and no one looks: the writer wakes when the first segment comes of age.
#[tokio::test]
async fn what_comes_of_age_is_deleted_though_nothing_happens() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let dir = dir.retaining(age(Duration::from_millis(300)));
    let (channel, _) = dir.open().await;
    let newest = "00000000000000000060.log".to_owned();
    let deleted = async {
        while dir.files() != [newest.clone()] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, deleted).await.expect("the writer wakes by itself");
    let gap = channel.read(P0, Offset(0), 10, 1_000).await.unwrap();
    assert_eq!((gap.records.len(), gap.next), (0, Offset(60)));
    assert_eq!(gaps(&channel), 60);
    assert_eq!(append(&channel, 60..61).await, [60]);
    channel.close().await;
}

#[tokio::test]
async fn what_is_younger_than_the_cap_stays() {
    let dir = Dir::new(SMALL).retaining(age(DAY));
    let (channel, _) = dir.open().await;
    append(&channel, 0..60).await;
    assert_eq!(read_all(&channel, 0, 60).await, same(0..60));
    channel.close().await;
}

/// Scenario 24: the clock is set a day ahead, and later back.
#[tokio::test]
async fn a_clock_that_is_set_ahead_deletes_nothing() {
    let dir = Dir::new(SMALL).retaining(age(DAY));
    let (channel, _) = dir.open().await;
    append(&channel, 0..30).await;
    let two_days = u64::try_from(2 * DAY.as_millis()).unwrap();
    dir.host.clock_ahead.store(two_days, Relaxed);
    append(&channel, 30..60).await;
    assert_eq!(read_all(&channel, 0, 60).await, same(0..60));
    dir.host.clock_ahead.store(0, Relaxed);
    append(&channel, 60..61).await;
    assert_eq!(read_all(&channel, 0, 61).await, same(0..61));
    channel.close().await;

    // A restart believes the clock it finds.
    dir.host.clock_ahead.store(2 * two_days, Relaxed);
    let (channel, _) = dir.open().await;
    settled(&channel).await;
    assert_eq!(dir.files().len(), 1);
    channel.close().await;
}

#[tokio::test]
async fn small_caps_have_small_segments_that_take_large_events() {
    let dir = Dir::new(LIMITS).retaining(bytes(8 << 20));
    let (channel, _) = dir.open().await;
    for id in 0..40 {
        channel.append(sized(id, 300_000)).await.unwrap();
    }
    channel.append(sized(40, 3 << 20)).await.unwrap();
    settled(&channel).await;
    let all = stored_bytes(&dir);
    assert!((6 << 20..=8 << 20).contains(&all), "{all}");
    channel.close().await;
}

/// The writer keeps the caps before it takes the next job.
async fn settled(channel: &Durable) {
    commit(channel, 0).await;
}

fn stored_bytes(dir: &Dir) -> u64 {
    bytes_in(dir, 0)
}

fn bytes_in(dir: &Dir, partition: u32) -> u64 {
    let entries = fs::read_dir(dir.path(&partition.to_string())).unwrap().map(|entry| entry.unwrap());
    let logs = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "log"));
    // One may be deleted meanwhile.
    logs.map(|entry| entry.metadata().map_or(0, |metadata| metadata.len())).sum()
}
