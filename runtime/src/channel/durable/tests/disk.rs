//! A disk that is full or fails, and a folder that is not ours.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::*;
use crate::channel::clock::now_ms;
use crate::channel::durable::appender::Appender;
use crate::channel::durable::limits::Terms;
use crate::channel::durable::recovery;
use crate::channel::{AppendError, Marks, Position};

#[tokio::test]
async fn a_disk_that_fills_up_in_mid_record_leaves_nothing_behind() {
    for sync in [SyncMode::Os, SyncMode::Disk] {
        let dir = Dir::new(UNCACHED).syncing(sync);
        let (channel, _) = dir.open().await;
        append(&channel, 0..2).await;
        let log = dir.path("0/00000000000000000000.log");
        let before = records_in(&log);
        for room in [0, 1, 28, 60] {
            dir.host.room.store(room, Ordering::Relaxed);
            let refusal = channel.append(numbered(2)).await.unwrap_err();
            assert!(matches!(&refusal, AppendError::Unavailable(_)), "{refusal}");
            assert!(fs::read(&log).unwrap() == before, "{sync:?}, {room} bytes");
        }
        dir.host.room.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(append(&channel, 2..4).await, [2, 3]);
        assert_eq!(read_all(&channel, 0, 4).await, same(0..4));
        channel.close().await;
    }
}

#[test]
fn what_a_failed_write_left_in_the_file_is_gone_with_the_next_one() {
    let root = tempfile::tempdir().unwrap();
    let mut appender = appender(root.path());
    stored(&mut appender, 0);
    // Whole records behind the end, as a write of several leaves them that fails late.
    let log = root.path().join("00000000000000000000.log");
    let first = records_in(&log);
    let mut later = Vec::new();
    for offset in 1..5 {
        crate::channel::durable::record::encode(
            &mut later,
            Offset(0),
            (Offset(offset), 0),
            &sized(9, 300),
            None,
        );
    }
    let file = OpenOptions::new().write(true).open(&log).unwrap();
    file.write_all_at(&later, first.len() as u64).unwrap();
    appender.active.as_mut().unwrap().torn = true;

    assert_eq!(stored(&mut appender, 1), Some(1));
    drop(appender);
    assert_eq!(records_in(&log).len(), 2 * first.len());
    assert_eq!(recovered_end(root.path()), Offset(2));
}

#[tokio::test]
async fn a_segment_that_cannot_be_created_refuses_until_it_can() {
    let (dir, _) = Dir::with_events(SMALL, 1).await;
    let (channel, _) = dir.open().await;
    // Whichever offset the next segment would begin with, its name is taken.
    for base in 1..30 {
        fs::create_dir(dir.path(&format!("0/{base:020}.log"))).unwrap();
    }
    let mut stored = 1;
    let refusal = loop {
        match channel.append(numbered(stored)).await {
            Ok(position) => assert_eq!(position.offset, Offset(stored)),
            Err(refusal) => break refusal,
        }
        stored += 1;
    };
    assert!(matches!(refusal, AppendError::Unavailable(_)), "{refusal}");
    for base in 1..30 {
        fs::remove_dir(dir.path(&format!("0/{base:020}.log"))).unwrap();
    }
    assert_eq!(append(&channel, stored..30).await, (stored..30).collect::<Vec<_>>());
    assert_eq!(read_all(&channel, 0, 30).await, same(0..30));
    channel.close().await;
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let (dir, log) = Dir::with_events(LIMITS, 1).await;
    let before = fs::read(&log).unwrap();
    fs::write(dir.path("format"), "hydrant channel, format 4\n").unwrap();
    let refusal = dir.try_open(1).await.map(|_| ()).unwrap_err();
    assert!(refusal.0.contains("says format 4"), "{refusal}");
    assert_eq!(fs::read(&log).unwrap(), before);
}

/// Its records are those of today, without marks or headers; an older hydrant would take the others for broken, or not
/// know that a mark counts no more.
#[tokio::test]
async fn a_folder_of_a_format_before_is_read_and_becomes_one_of_today() {
    for format in 1..=2 {
        let (dir, _) = Dir::with_events(LIMITS, 30).await;
        fs::write(dir.path("format"), format!("hydrant channel, format {format}\n")).unwrap();
        let (channel, _) = dir.try_open(1).await.unwrap();
        assert_eq!(read_all(&channel, 0, 30).await, same(0..30));
        channel.close().await;
        assert_eq!(fs::read_to_string(dir.path("format")).unwrap(), "hydrant channel, format 3\n");
    }
}

#[tokio::test]
async fn a_folder_that_is_open_is_refused_until_it_is_closed() {
    let (dir, _) = Dir::with_events(LIMITS, 1).await;
    let (channel, _) = dir.open().await;
    let clone = channel.clone();
    let refusal = dir.try_open(1).await.map(|_| ()).unwrap_err();
    assert!(refusal.0.contains("another writer"), "{refusal}");
    drop(channel);
    clone.close().await;
    dir.open().await.0.close().await;
}

/// Dropping is enough to end the writer, and what was queued is answered before.
#[tokio::test]
async fn what_is_queued_when_the_last_handle_goes_is_stored() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.open().await;
    let ended = channel.ended.clone();
    let mut answers = Vec::new();
    for id in 0..200 {
        let (answer, stored) = oneshot::channel();
        let event = numbered(id);
        let partition = P0;
        let job = super::super::writer::Job::Append { partition, event, mark: None, answer };
        channel.jobs.send(job).await.unwrap();
        answers.push(stored);
    }
    drop(channel);
    for (id, stored) in (0..).zip(answers) {
        assert_eq!(stored.await.unwrap().unwrap().offset, Offset(id));
    }
    let mut ended = ended;
    assert!(ended.changed().await.is_err());
    let (channel, _) = dir.open().await;
    assert_eq!(read_all(&channel, 0, 200).await, same(0..200));
    channel.close().await;
}

fn appender(dir: &Path) -> Appender {
    let spec = Dir::new(LIMITS).spec(1);
    let terms = Terms::new(&spec, LIMITS, Arc::new(Faulty::new()));
    recovery::open(P0, dir.to_owned(), terms, None, &mut Marks::default()).unwrap().0
}

fn recovered_end(dir: &Path) -> Offset {
    appender(dir).log.window.end()
}

fn stage(appender: &mut Appender, id: u64) -> oneshot::Receiver<Result<Position, AppendError>> {
    let (answer, stored) = oneshot::channel();
    appender.stage(now_ms(), numbered(id), None, answer);
    stored
}

fn stored(appender: &mut Appender, id: u64) -> Option<u64> {
    let mut answer = stage(appender, id);
    appender.flush();
    answer.try_recv().unwrap().ok().map(|position| position.offset.0)
}
