//! The file that is written to reaches a little beyond its last record, in zeros; nobody is to notice.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use super::*;

#[tokio::test]
async fn only_the_file_that_is_written_to_reaches_beyond_its_last_record() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    append(&channel, 0..25).await;
    let paths: Vec<_> = dir.files().iter().map(|name| dir.path("0").join(name)).collect();
    let beyond =
        || paths.iter().map(|path| fs::metadata(path).unwrap().len() as usize - records_in(path).len());
    let (mut full, last) = (beyond().collect::<Vec<_>>(), paths.len() - 1);
    assert!(last > 1 && full.remove(last) > 0);
    assert_eq!(full, vec![0; last]);
    channel.close().await;
    assert_eq!(beyond().collect::<Vec<_>>(), vec![0; last + 1]);
}

#[tokio::test]
async fn what_a_kill_leaves_goes_on_behind_its_last_record() {
    for limits in [UNCACHED, SMALL] {
        let (killed, dir) = (Dir::new(limits), Dir::new(limits));
        let (channel, _) = killed.open().await;
        append(&channel, 0..25).await;
        fs::create_dir(dir.path("0")).unwrap();
        for name in killed.files() {
            fs::copy(killed.path("0").join(&name), dir.path("0").join(&name)).unwrap();
        }
        channel.close().await;
        let (channel, _) = dir.open().await;
        assert_eq!(append(&channel, 25..50).await, (25..50).collect::<Vec<_>>());
        assert_eq!(read_all(&channel, 0, 50).await, same(0..50));
        channel.close().await;
        assert!(
            dir.files().iter().all(|name| name.ends_with(".log")),
            "nothing is corrupt: {:?}",
            dir.files()
        );
    }
}

#[tokio::test]
async fn a_disk_with_room_for_the_record_alone_stores_it_and_leaves_the_rest_to_others() {
    let dir = Dir::new(LIMITS);
    let (channel, _) = dir.open().await;
    dir.host.room.store(28 + numbered(0).size() as u64 + 100, Relaxed);
    assert_eq!(append(&channel, 0..1).await, [0]);
    let log = dir.path("0/00000000000000000000.log");
    assert!(fs::read(&log).unwrap() == records_in(&log));
    dir.host.room.store(u64::MAX, Relaxed);
    assert_eq!(append(&channel, 1..3).await, [1, 2]);
    assert_eq!(read_all(&channel, 0, 3).await, same(0..3));
    channel.close().await;
}
