//! Figures, printed and held to nothing: what the disk and the machine give is not ours to promise.
//!
//! `cargo test --release --bin hydrant -- --ignored --nocapture measure`

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::super::host::ThisHost;
use super::*;
use crate::channel::Landmark;

const KIB: usize = 1 << 10;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it writes a GiB and prints figures"]
async fn measure_reopening_a_million_events_of_a_kib() {
    const EVENTS: u64 = 1 << 20;
    let dir = Dir::new(LIMITS);
    let channel = on_this_host(&dir).await;
    let begun = Instant::now();
    append_in_batches(&channel, EVENTS, 512).await;
    println!("append to the OS: {}", rate(EVENTS, begun.elapsed()));
    channel.close().await;
    for _ in 0..5 {
        let begun = Instant::now();
        let channel = on_this_host(&dir).await;
        let opened = begun.elapsed();
        let middle = channel.read(P0, Offset(EVENTS / 2), 1, 1).await.unwrap();
        assert_eq!(middle.records[0].0, Offset(EVENTS / 2));
        let read = begun.elapsed();
        channel.locate(P0, Landmark::Time(1)).await.unwrap();
        println!(
            "reopen {opened:?}, read in the middle {:?}, find a time {:?}",
            read - opened,
            begun.elapsed() - read
        );
        channel.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it syncs the disk and prints figures"]
async fn measure_syncing_beside_what_the_disk_does() {
    const BATCH: u64 = 512;
    const EVENTS: u64 = 40 * BATCH;
    let dir = Dir::new(LIMITS).syncing(SyncMode::Disk);
    let channel = on_this_host(&dir).await;
    for _ in 0..3 {
        let begun = Instant::now();
        append_in_batches(&channel, EVENTS, BATCH).await;
        let ours = begun.elapsed();
        let file = File::create(dir.path("raw")).unwrap();
        let bytes = vec![7; usize::try_from(BATCH).unwrap() * KIB];
        let begun = Instant::now();
        for batch in 0..EVENTS / BATCH {
            file.write_all_at(&bytes, batch * bytes.len() as u64).unwrap();
            file.sync_data().unwrap();
        }
        let raw = begun.elapsed();
        let ratio = raw.as_secs_f64() / ours.as_secs_f64();
        println!("disk {}, raw {}: {ratio:.2}", rate(EVENTS, ours), rate(EVENTS, raw));
    }
    channel.close().await;
}

async fn on_this_host(dir: &Dir) -> Durable {
    Durable::open_on(&dir.spec(1), LIMITS, Arc::new(ThisHost)).await.unwrap().0
}

async fn append_in_batches(channel: &Durable, events: u64, batch: u64) {
    let event = sized(1, KIB);
    for _ in 0..events / batch {
        let appends = (0..batch).map(|_| channel.append(event.clone()));
        for stored in futures_util::future::join_all(appends).await {
            stored.unwrap();
        }
    }
}

fn rate(events: u64, took: Duration) -> String {
    format!("{:.0}/s", events as f64 / took.as_secs_f64())
}
