//! Cursors, and what outlives the handles.

use activator::cursor::Cursor;
use activator::id::{Offset, Partition};
use activator::input::Progress;
use bytes::Bytes;

use super::steps::{
    Make, P0, append_numbered, event, ids, numbered, numbers, open, open_first, open_one, read_some,
};

pub(super) async fn what_no_cursor_has_passed_stays(make: Make<'_>) {
    let (channel, _) = open_one(make).await;
    let positions = append_numbered(&channel, 0..10).await;
    let behind = vec![("trigger/slow".into(), Cursor::at(positions[4].offset))];
    let position = positions[9].offset.next();
    channel.commit(vec![(P0, Progress { position, behind })]).await.unwrap();
    let read = read_some(&channel, P0, positions[4].offset, 6).await;
    assert_eq!(ids(&read), numbers(4..10));
    channel.close().await;
}

pub(super) async fn several_commits_are_taken(make: Make<'_>) {
    let (channel, _) = open_one(make).await;
    let positions = append_numbered(&channel, 0..10).await;
    let at_once = positions.iter().map(|position| {
        let position = position.offset.next();
        channel.commit(vec![(P0, Progress { position, behind: vec![] })])
    });
    for taken in futures_util::future::join_all(at_once).await {
        taken.unwrap();
    }
    for position in positions {
        let position = position.offset.next();
        channel.commit(vec![(P0, Progress { position, behind: vec![] })]).await.unwrap();
    }
    channel.close().await;
}

pub(super) async fn events_survive(make: Make<'_>) {
    let spec = make(1);
    let (channel, begin) = open_first(&spec).await;
    let positions = append_numbered(&channel, 0..30).await;
    channel.close().await;

    let (channel, _) = open_first(&spec).await;
    let read = read_some(&channel, P0, begin, 30).await;
    assert_eq!(ids(&read), numbers(0..30));
    assert_eq!(read[29].0, positions[29].offset);
    channel.close().await;
}

pub(super) async fn offsets_are_not_reused_after_reopening(make: Make<'_>) {
    let spec = make(1);
    let mut last = None;
    for round in 0..3 {
        let (channel, _) = open_first(&spec).await;
        let offset = channel.append(numbered(round)).await.unwrap().offset;
        assert!(last < Some(offset), "{last:?} then {offset}");
        last = Some(offset);
        channel.close().await;
    }
}

pub(super) async fn begin_is_the_lowest_offset(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    append_numbered(&channel, 0..3).await;
    channel.close().await;

    let (channel, begin) = open_first(&spec).await;
    assert_eq!(ids(&read_some(&channel, P0, begin, 3).await), numbers(0..3));
    channel.close().await;
}

pub(super) async fn progress_comes_back_with_names_and_done_ranges(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    let at: Vec<_> = append_numbered(&channel, 0..12).await.iter().map(|p| p.offset).collect();
    let progress = Progress {
        position: at[11].next(),
        behind: vec![
            ("trigger/bill".into(), Cursor::from_unfinished([at[2], at[5], at[6]], at[11])),
            ("source/orders-2".into(), Cursor::at(at[9])),
            ("subscription/ship_it".into(), Cursor::from_unfinished([at[0]], at[11].next())),
        ],
    };
    channel.commit(vec![(P0, progress.clone())]).await.unwrap();
    channel.close().await;

    let (channel, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(progress));
    channel.close().await;
}

pub(super) async fn the_newest_commit_wins(make: Make<'_>) {
    let spec = make(1);
    let (channel, _) = open_first(&spec).await;
    let mut newest = None;
    for (i, position) in append_numbered(&channel, 0..20).await.into_iter().enumerate() {
        let behind = vec![(format!("trigger/{i}").into(), Cursor::at(position.offset))];
        let position = position.offset.next();
        let progress = Progress { position, behind };
        channel.commit(vec![(P0, progress.clone())]).await.unwrap();
        newest = Some(progress);
    }
    channel.close().await;

    let (channel, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, newest);
    channel.close().await;
}

pub(super) async fn a_commit_of_one_partition_leaves_the_others(make: Make<'_>) {
    let spec = make(2);
    let (channel, opened) = open(&spec).await;
    let progress = |partition: usize, moved| Progress {
        position: Offset(opened[partition].begin.0 + moved),
        behind: vec![],
    };
    let (first, second) = (progress(0, 0), progress(1, 0));
    channel.commit(vec![(P0, first), (Partition(1), second.clone())]).await.unwrap();
    for id in 0.. {
        let event = event("1", Some(&format!("key-{id}")), Bytes::new());
        if channel.append(event).await.unwrap().partition == P0 {
            break;
        }
    }
    channel.commit(vec![(P0, progress(0, 1))]).await.unwrap();
    let expected = [Some(progress(0, 1)), Some(second)];
    channel.close().await;

    let (channel, reopened) = open(&spec).await;
    let committed: Vec<_> = reopened.into_iter().map(|opened| opened.committed).collect();
    assert_eq!(committed, expected);
    channel.close().await;
}
