//! What a kill or a power loss leaves in a log, and what is made of it.

use std::fs::{self, OpenOptions};

use super::*;

#[tokio::test]
async fn a_torn_tail_is_cut_wherever_it_was_torn() {
    let (dir, log) = Dir::with_events(UNCACHED, 3).await;
    let whole = fs::read(&log).unwrap();
    let record = whole.len() / 3;
    for torn in 1..=record {
        fs::write(&log, &whole[..whole.len() - torn]).unwrap();
        let (channel, _) = dir.open().await;
        assert_eq!(append(&channel, 7..8).await, [2], "{torn} bytes are missing");
        assert_eq!(read_all(&channel, 0, 3).await, [(0, 0), (1, 1), (2, 7)], "{torn} bytes are missing");
        channel.close().await;
        let (channel, _) = dir.open().await;
        assert_eq!(read_all(&channel, 0, 3).await, [(0, 0), (1, 1), (2, 7)], "{torn} bytes are missing");
        channel.close().await;
    }
    assert_eq!(dir.files().len(), 1, "a torn tail is no corruption: {:?}", dir.files());
}

#[tokio::test]
async fn a_torn_tail_leaves_nothing_in_the_file() {
    let (dir, log) = Dir::with_events(UNCACHED, 3).await;
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() - 1]).unwrap();
    dir.open().await.0.close().await;
    assert_eq!(fs::read(&log).unwrap(), whole[..whole.len() / 3 * 2]);
}

#[tokio::test]
async fn a_flipped_byte_with_events_behind_it_costs_one_event_and_cuts_nothing() {
    let (dir, log) = Dir::with_events(UNCACHED, 4).await;
    let whole = fs::read(&log).unwrap();
    let record = whole.len() / 4;
    for flipped in record..2 * record {
        let mut bytes = whole.clone();
        bytes[flipped] ^= 0x10;
        fs::write(&log, &bytes).unwrap();
        let (channel, _) = dir.open().await;
        assert_eq!(read_all(&channel, 0, 4).await, same([0, 2, 3]), "byte {flipped}");
        assert_eq!(read_all(&channel, 1, 4).await, same([2, 3]), "byte {flipped}");
        channel.close().await;
        assert_eq!(fs::read(&log).unwrap(), bytes, "byte {flipped}");
        let copy = log.with_extension("log.corrupt");
        assert_eq!(fs::read(&copy).unwrap(), bytes, "byte {flipped}");
        fs::remove_file(copy).unwrap();
    }
}

#[tokio::test]
async fn a_flipped_byte_before_a_torn_tail_cuts_the_tail_only() {
    let (dir, log) = Dir::with_events(UNCACHED, 4).await;
    let mut bytes = fs::read(&log).unwrap();
    let record = bytes.len() / 4;
    bytes[record + 3] ^= 0xff;
    bytes.truncate(4 * record - 5);
    fs::write(&log, &bytes).unwrap();
    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, 3..4).await, [3]);
    assert_eq!(read_all(&channel, 0, 4).await, same([0, 2, 3]));
    channel.close().await;
}

#[tokio::test]
async fn a_flipped_byte_in_a_closed_segment_is_found_by_its_reader() {
    let (dir, log) = Dir::with_events(SMALL, 30).await;
    assert!(dir.files().len() >= 3, "{:?}", dir.files());
    let mut bytes = fs::read(&log).unwrap();
    let record = 8 + usize::try_from(u32::from_le_bytes(*bytes.first_chunk().unwrap())).unwrap();
    bytes[2 * record + 40] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let copy = log.with_extension("log.corrupt");
    for from in [0, 2, 3] {
        let (channel, _) = dir.open().await;
        assert_eq!(read_all(&channel, from, 30).await, same((from..30).filter(|id| *id != 2)));
        fs::remove_file(&copy).expect("the file with the bad byte is kept aside");
        channel.close().await;
    }
}

#[tokio::test]
async fn zeroed_space_behind_the_log_is_no_event() {
    let (dir, log) = Dir::with_events(UNCACHED, 3).await;
    let whole = fs::read(&log).unwrap();
    for zeros in [1, 7, 8, 28, 29, 1_000, 200_000] {
        let file = OpenOptions::new().write(true).open(&log).unwrap();
        file.set_len(whole.len() as u64 + zeros).unwrap();
        let (channel, _) = dir.open().await;
        channel.close().await;
        assert_eq!(fs::read(&log).unwrap(), whole, "{zeros}");
    }
    assert_eq!(dir.files().len(), 1, "zeroed space is no corruption: {:?}", dir.files());
}

#[tokio::test]
async fn a_segment_of_nothing_but_zeros_is_empty() {
    let (dir, log) = Dir::with_events(UNCACHED, 1).await;
    fs::write(&log, vec![0; 5_000]).unwrap();
    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, 0..2).await, [0, 1]);
    assert_eq!(read_all(&channel, 0, 2).await, same(0..2));
    channel.close().await;
}

/// Scenario 39: after a power loss the log may end below what a cursor has seen.
#[tokio::test]
async fn an_offset_that_a_cursor_has_seen_is_not_given_again() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..6).await;
    commit(&channel, 6).await;
    channel.close().await;
    let log = dir.path("0/00000000000000000000.log");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() / 6 * 2 + 3]).unwrap();

    let (channel, opened) = dir.open().await;
    assert_eq!(opened.committed, Some(at(6)));
    let gap = channel.read(P0, Offset(2), 10, 1_000).await.unwrap();
    assert!(gap.records.is_empty(), "{gap:?}");
    assert_eq!(gap.next, Offset(6));
    assert_eq!(append(&channel, 6..8).await, [6, 7]);
    assert_eq!(read_all(&channel, 0, 8).await, same([0, 1, 6, 7]));
    channel.close().await;

    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, 8..9).await, [8]);
    assert_eq!(read_all(&channel, 0, 9).await, same([0, 1, 6, 7, 8]));
    channel.close().await;
}

#[tokio::test]
async fn a_done_range_above_the_log_is_not_given_again_either() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..3).await;
    let cursor = activator::cursor::Cursor::from_unfinished([Offset(1)], Offset(9));
    let behind = vec![("trigger/a".into(), cursor)];
    let position = Offset(3);
    channel.commit(vec![(P0, Progress { position, behind })]).await.unwrap();
    channel.close().await;
    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, 9..10).await, [9]);
    channel.close().await;
}

#[tokio::test]
async fn offsets_go_on_even_when_the_whole_log_is_gone() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..4).await;
    commit(&channel, 4).await;
    channel.close().await;
    fs::remove_dir_all(dir.path("0")).unwrap();
    let (channel, opened) = dir.open().await;
    assert_eq!(opened.begin, Offset(4));
    assert_eq!(append(&channel, 4..5).await, [4]);
    channel.close().await;
}
