//! The file of the cursors, torn, broken and rewritten.

use std::fs;

use activator::cursor::Cursor;

use super::*;

#[tokio::test]
async fn a_torn_commit_leaves_the_one_before() {
    let (dir, whole, first) = two_commits().await;
    for length in first..whole.len() {
        fs::write(dir.path("cursors"), &whole[..length]).unwrap();
        let (channel, opened) = dir.open().await;
        assert_eq!(opened.committed, Some(at(1)), "{length} of {} bytes", whole.len());
        commit(&channel, 3).await;
        channel.close().await;
        let (channel, opened) = dir.open().await;
        assert_eq!(opened.committed, Some(at(3)), "{length} of {} bytes", whole.len());
        channel.close().await;
    }
}

#[tokio::test]
async fn a_broken_commit_hides_no_newer_one() {
    let (dir, whole, first) = two_commits().await;
    for flipped in 0..first {
        let mut bytes = whole.clone();
        bytes[flipped] ^= 0x04;
        fs::write(dir.path("cursors"), &bytes).unwrap();
        let (channel, opened) = dir.open().await;
        assert_eq!(opened.committed, Some(at(2)), "byte {flipped}");
        channel.close().await;
    }
}

#[tokio::test]
async fn zeroed_space_is_no_cursor() {
    let (dir, mut whole, _) = two_commits().await;
    whole.resize(whole.len() + 4_096, 0);
    fs::write(dir.path("cursors"), &whole).unwrap();
    let (channel, opened) = dir.open().await;
    assert_eq!(opened.committed, Some(at(2)));
    channel.close().await;
}

#[tokio::test]
async fn the_file_stays_small_however_many_commits_there_are() {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..1).await;
    let unfinished = (0..2_000).map(|i| Offset(2 * i));
    let cursor = Cursor::from_unfinished(unfinished, Offset(4_000));
    let last = Progress { position: Offset(4_000), behind: vec![("trigger/poisoned".into(), cursor)] };
    for _ in 0..300 {
        channel.commit(vec![(P0, last.clone())]).await.unwrap();
    }
    channel.close().await;
    let length = fs::metadata(dir.path("cursors")).unwrap().len();
    assert!(length < 300 << 10, "{length}");
    let (channel, opened) = dir.open().await;
    assert_eq!(opened.committed, Some(last));
    channel.close().await;
}

#[tokio::test]
async fn a_rewrite_that_a_crash_interrupted_does_not_matter() {
    let (dir, _, _) = two_commits().await;
    fs::write(dir.path("cursors.tmp"), b"half").unwrap();
    let (channel, opened) = dir.open().await;
    assert_eq!(opened.committed, Some(at(2)));
    channel.close().await;
}

/// A channel with positions 1 and 2 committed, its cursors file, and how long the first commit is in it.
async fn two_commits() -> (Dir, Vec<u8>, usize) {
    let dir = Dir::new(UNCACHED);
    let (channel, _) = dir.open().await;
    append(&channel, 0..3).await;
    commit(&channel, 1).await;
    let first = fs::metadata(dir.path("cursors")).unwrap().len();
    commit(&channel, 2).await;
    channel.close().await;
    let whole = fs::read(dir.path("cursors")).unwrap();
    (dir, whole, usize::try_from(first).unwrap())
}
