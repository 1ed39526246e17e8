//! The indexes beside the segments: there, gone, broken or of something else, what is read is the same.

use std::fs;

use super::*;
use crate::channel::Landmark;
use crate::channel::clock::now_ms;

#[tokio::test]
async fn a_full_segment_has_its_index_beside_it() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let full = dir.files().len() - 1;
    assert_eq!(dir.indexes().len(), full);
}

#[tokio::test]
async fn an_index_goes_with_its_segment() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let (channel, _) = dir.open().await;
    commit(&channel, 60).await;
    assert_eq!(dir.indexes(), [""; 0]);
    channel.close().await;
}

#[tokio::test]
async fn an_index_that_is_gone_or_broken_is_made_anew() {
    let (dir, _) = Dir::with_events(SMALL, 60).await;
    let index = dir.path("0").join(&dir.indexes()[1]);
    let good = fs::read(&index).unwrap();
    let mut flipped = good.clone();
    flipped[30] ^= 1;
    let of_another = fs::read(dir.path("0").join(&dir.indexes()[2])).unwrap();
    for broken in [None, Some(vec![]), Some(flipped), Some(good[..40].to_vec()), Some(of_another)] {
        match &broken {
            Some(bytes) => fs::write(&index, bytes).unwrap(),
            None => fs::remove_file(&index).unwrap(),
        }
        let (channel, _) = dir.open().await;
        assert_eq!(read_all(&channel, 0, 60).await, same(0..60), "{broken:?}");
        assert_eq!(fs::read(&index).unwrap(), good, "{broken:?}");
        channel.close().await;
    }
}

/// The newest segment may be empty, and the clock may have been set back.
#[tokio::test]
async fn the_time_of_records_never_goes_back() {
    let (dir, _) = Dir::with_events(SMALL, 15).await;
    let last = dir.files().pop().unwrap();
    let base: u64 = last.trim_end_matches(".log").parse().unwrap();
    fs::write(dir.path("0").join(&last), b"").unwrap();
    let path = dir.path("0").join(dir.indexes().pop().unwrap());
    let (index, length) =
        super::super::index::Index::decode(&fs::read(&path).unwrap(), previous(&dir)).unwrap();
    // As if the clock had been a year ahead.
    let ahead = index.times().unwrap().1 + 365 * 24 * 3_600_000;
    let mut later = super::super::index::Index::default();
    let entry = index.before(Offset(base)).unwrap();
    later.note(entry);
    later.note(super::super::index::Entry { time: ahead, at: entry.at + 1, offset: Offset(base - 1) });
    fs::write(&path, later.encode(previous(&dir), length)).unwrap();

    let (channel, _) = dir.open().await;
    assert_eq!(append(&channel, base..base + 1).await, [base]);
    channel.close().await;
    let bytes = fs::read(dir.path("0").join(&last)).unwrap();
    let head = super::super::record::Head::parse(bytes.first_chunk().unwrap()).unwrap();
    assert_eq!(head.time, ahead);
}

fn previous(dir: &Dir) -> Offset {
    let files = dir.files();
    Offset(files[files.len() - 2].trim_end_matches(".log").parse().unwrap())
}

impl Dir {
    fn indexes(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("0")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".index"));
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_time_is_found_in_any_segment() {
    let dir = Dir::new(SMALL);
    let (channel, _) = dir.open().await;
    let mut moments = Vec::new();
    for id in 0..60 {
        let before = now_ms();
        while now_ms() <= before {
            std::hint::spin_loop();
        }
        moments.push(now_ms());
        append(&channel, id..id + 1).await;
    }
    all_found(&channel, &moments).await;
    channel.close().await;
    let (channel, _) = dir.open().await;
    all_found(&channel, &moments).await;
    channel.close().await;
}

async fn all_found(channel: &Durable, moments: &[u64]) {
    for (moment, id) in moments.iter().zip(0..) {
        let found = channel.locate(P0, Landmark::Time(*moment)).await.unwrap();
        assert_eq!(found, Offset(id));
    }
}
