//! What is done by a reply whose event's cursor was not written any more.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use activator::cursor::Cursor;
use activator::event::Headers;

use super::*;
use crate::channel::{Legacy, Life, Mark, take_over};

/// It stands at the tail, where no cursor says else.
const BILL: &str = "trigger/bill";

/// A channel as it goes on after whatever happened.
struct Resumed {
    channel: Durable,
    committed: Option<Progress>,
    /// How many partitions there was news of.
    news: usize,
    life: Life,
}

impl Resumed {
    /// Opens a channel whose events were answered in the others, or in itself.
    async fn open(dir: &Dir, others: &[&Dir]) -> Self {
        let (channel, mut partitions, Legacy { life, mut marks, ends }) = open_with_legacy(dir).await;
        for other in others {
            let (other, _, legacy) = open_with_legacy(other).await;
            marks.extend(legacy.marks);
            other.close().await;
        }
        let done = life.map(|life| marks.take(life)).unwrap_or_default();
        let changed = take_over(&mut partitions, &done, &ends, &[Arc::from(BILL)]);
        let news = changed.len();
        let life = channel.begin(changed).await.unwrap();
        Self { channel, committed: partitions.remove(0).committed, news, life }
    }

    /// The reply to an event of this channel is stored here, and it is killed then.
    async fn answered(self, offset: u64) {
        self.channel.append_marked(numbered(100 + offset), Some(self.mark(offset))).await.unwrap();
        self.channel.close().await;
    }

    fn mark(&self, offset: u64) -> Mark {
        mark(self.life, offset, BILL)
    }

    fn is_done(&self, offset: u64) -> bool {
        let Some(progress) = &self.committed else { return false };
        let own = progress.behind.iter().find(|(name, _)| **name == *BILL);
        own.map_or(offset < progress.position.0, |(_, cursor)| cursor.contains(Offset(offset)))
    }
}

async fn open_with_legacy(dir: &Dir) -> super::super::Opened {
    Durable::open_on(&dir.spec(1), dir.limits, dir.host.clone()).await.unwrap()
}

fn mark(life: Life, offset: u64, name: &str) -> Mark {
    Mark { life, partition: P0, offset: Offset(offset), subscription: name.into() }
}

/// A channel in which events were stored and the place of their trigger, in the middle of its life.
async fn with_five_events(limits: Limits) -> (Dir, Resumed) {
    let dir = Dir::new(limits);
    let first = Resumed::open(&dir, &[]).await;
    append(&first.channel, 0..5).await;
    commit(&first.channel, 2).await;
    (dir, first)
}

#[tokio::test]
async fn an_event_is_done_when_its_reply_is_stored_and_no_cursor_says_so() {
    let (dir, first) = with_five_events(UNCACHED).await;
    first.answered(3).await;
    let second = Resumed::open(&dir, &[]).await;
    assert_eq!(second.committed, Some(progress(2, Cursor::from_unfinished([Offset(2)], Offset(4)))));
    assert_eq!(second.news, 1);
    second.channel.close().await;
}

/// `position`, and where the trigger is.
fn progress(position: u64, cursor: Cursor) -> Progress {
    Progress { position: Offset(position), behind: vec![(BILL.into(), cursor)] }
}

#[tokio::test]
async fn one_of_another_channel_is_too() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let replies = Dir::new(UNCACHED);
    let (channel, _) = replies.open().await;
    channel.append_marked(numbered(1), Some(first.mark(2))).await.unwrap();
    channel.close().await;
    first.channel.close().await;
    let second = Resumed::open(&dir, &[&replies]).await;
    assert_eq!(second.committed, Some(progress(2, Cursor::at(Offset(3)))));
    second.channel.close().await;
}

#[tokio::test]
async fn it_is_when_nothing_was_ever_committed() {
    let dir = Dir::new(UNCACHED);
    let first = Resumed::open(&dir, &[]).await;
    append(&first.channel, 0..2).await;
    first.answered(0).await;
    let second = Resumed::open(&dir, &[]).await;
    assert_eq!(second.committed, Some(progress(0, Cursor::at(Offset(1)))));
    second.channel.close().await;
}

#[tokio::test]
async fn it_stays_done_however_often_it_is_opened() {
    let (dir, first) = with_five_events(UNCACHED).await;
    first.answered(3).await;
    // Killed before it began to live: as if it had not been.
    open_with_legacy(&dir).await.0.close().await;
    for life in 0..3 {
        let next = Resumed::open(&dir, &[]).await;
        assert!(next.is_done(3) && !next.is_done(2) && !next.is_done(4), "{:?}", next.committed);
        assert_eq!(next.news, usize::from(life == 0), "it is stored when it is taken over");
        next.channel.close().await;
    }
}

#[tokio::test]
async fn what_a_cursor_says_is_no_news() {
    let (dir, first) = with_five_events(UNCACHED).await;
    first.channel.append_marked(numbered(9), Some(first.mark(3))).await.unwrap();
    commit(&first.channel, 5).await;
    first.channel.close().await;
    let second = Resumed::open(&dir, &[]).await;
    assert_eq!((second.committed, second.news), (Some(at(5)), 0));
    second.channel.close().await;
}

#[tokio::test]
async fn a_reply_that_was_torn_says_nothing() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let log = dir.path("0/00000000000000000000.log");
    let before = fs::metadata(&log).unwrap().len();
    first.answered(3).await;
    let (whole, cursors) = (fs::read(&log).unwrap(), fs::read(dir.path("cursors")).unwrap());
    for length in usize::try_from(before).unwrap()..=whole.len() {
        fs::write(&log, &whole[..length]).unwrap();
        fs::write(dir.path("cursors"), &cursors).unwrap();
        let second = Resumed::open(&dir, &[]).await;
        assert_eq!(second.is_done(3), length == whole.len(), "{length} of {} bytes", whole.len());
        second.channel.close().await;
    }
}

#[tokio::test]
async fn a_mark_for_nobody_harms_nobody() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let removed = mark(first.life, 3, "trigger/removed");
    first.channel.append_marked(numbered(9), Some(removed)).await.unwrap();
    first.channel.close().await;
    let second = Resumed::open(&dir, &[]).await;
    assert_eq!((second.committed, second.news), (Some(at(2)), 0));
    second.channel.close().await;
}

/// After a power loss, places may be given to other events than those that were answered.
#[tokio::test]
async fn a_mark_of_what_the_log_does_not_hold_any_more_counts_no_more() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let replies = Dir::new(UNCACHED);
    let (channel, _) = replies.open().await;
    channel.append_marked(numbered(1), Some(first.mark(3))).await.unwrap();
    channel.close().await;
    first.channel.close().await;
    let log = dir.path("0/00000000000000000000.log");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() / 5 * 3]).unwrap();
    let second = Resumed::open(&dir, &[&replies]).await;
    assert_eq!(append(&second.channel, 8..9).await, [3], "its place is another's");
    second.channel.close().await;
    let third = Resumed::open(&dir, &[&replies]).await;
    assert!(!third.is_done(3), "{:?}", third.committed);
    third.channel.close().await;
}

#[tokio::test]
async fn a_mark_of_a_channel_that_was_deleted_is_none_of_the_one_that_came_after_it() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let replies = Dir::new(UNCACHED);
    let (channel, _) = replies.open().await;
    channel.append_marked(numbered(1), Some(first.mark(3))).await.unwrap();
    channel.close().await;
    first.channel.close().await;
    let (other, new) = with_five_events(UNCACHED).await;
    new.channel.close().await;
    let second = Resumed::open(&other, &[&replies]).await;
    assert_eq!((second.committed, second.news), (Some(at(2)), 0));
    second.channel.close().await;
    drop(dir);
}

/// A segment may have begun between the reply and the kill.
#[tokio::test]
async fn it_is_done_when_the_reply_lies_in_segments_before_the_last() {
    let (dir, first) = with_five_events(SMALL).await;
    first.channel.append_marked(numbered(9), Some(first.mark(3))).await.unwrap();
    append(&first.channel, 10..40).await;
    first.channel.close().await;
    assert!(dir.files().len() >= 4, "{:?}", dir.files());
    let second = Resumed::open(&dir, &[]).await;
    assert!(second.is_done(3) && !second.is_done(2), "{:?}", second.committed);
    second.channel.close().await;
}

/// Else a power loss could take the reply, and leave its event done.
#[tokio::test]
async fn what_cannot_be_synced_says_nothing() {
    let (dir, first) = with_five_events(UNCACHED).await;
    first.answered(3).await;
    let dir = dir.syncing(SyncMode::Disk);
    let cursors = fs::read(dir.path("cursors")).unwrap();
    for failing in [1, 0] {
        fs::write(dir.path("cursors"), &cursors).unwrap();
        dir.host.failing_syncs.store(failing, Ordering::Relaxed);
        let second = Resumed::open(&dir, &[]).await;
        assert_eq!(second.is_done(3), failing == 0);
        second.channel.close().await;
    }
}

#[tokio::test]
async fn a_mark_is_none_of_the_events_headers_and_costs_nothing_where_there_is_none() {
    let headers = Headers::of([(&b"traceparent"[..], &b"00-1"[..])].into_iter());
    let event = numbered(7).with_headers(headers);
    let (dir, first) = with_five_events(UNCACHED).await;
    let log = dir.path("0/00000000000000000000.log");
    let length = || records_in(&log).len() as u64;
    let before = length();
    first.channel.append(event.clone()).await.unwrap();
    let without = length() - before;
    assert_eq!(without, 28 + event.size() as u64);
    first.channel.append_marked(event.clone(), Some(first.mark(3))).await.unwrap();
    assert_eq!(length() - before - 2 * without, 7 + 20 + BILL.len() as u64);
    let batch = first.channel.read(P0, Offset(5), 9, 9_999).await.unwrap();
    assert_eq!(batch.records, [(Offset(5), event.clone()), (Offset(6), event)]);
    first.channel.close().await;
}

#[tokio::test]
async fn a_life_outlasts_the_file_of_the_cursors_being_written_anew() {
    let (dir, first) = with_five_events(UNCACHED).await;
    let unfinished = (0..2_000).map(|i| Offset(2 * i));
    let cursor = Cursor::from_unfinished(unfinished, Offset(4_000));
    let last = Progress { position: Offset(2), behind: vec![("trigger/poisoned".into(), cursor)] };
    for _ in 0..100 {
        first.channel.commit(vec![(P0, last.clone())]).await.unwrap();
    }
    assert!(fs::metadata(dir.path("cursors")).unwrap().len() < 300 << 10, "it was written anew");
    first.answered(3).await;
    let second = Resumed::open(&dir, &[]).await;
    assert!(second.is_done(3));
    second.channel.close().await;
}
