//! Appends to the durable channel, beside the same bytes written by hand.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::Figure;
use crate::bench::scratch::Scratch;
use crate::channel::{Channel, DurableSpec, Opened, Reserve, Retention, Spec, SyncMode, no_subscribers};

/// Appends under way at a time.
const BATCH: usize = 512;
/// Batches of one round; with a sync each, fewer.
const BATCHES: usize = 64;

/// The figures: how long one event takes, as the operating system has it, and as the disk has it.
pub(super) async fn measure(rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (sync, floor_name, name) in [
        (SyncMode::Os, "raw pwrite, 512 x 1 KiB", "durable, sync = \"os\", 512 at a time"),
        (SyncMode::Disk, "raw pwrite + fdatasync, 512 x 1 KiB", "durable, sync = \"disk\", 512 at a time"),
    ] {
        let (mut raw, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let scratch = Scratch::new("log")?;
            raw.push(write_raw(&scratch.path().join("raw"), sync)?);
            ours.push(append(scratch.path(), sync).await?);
        }
        let floor = Figure::floor(floor_name, "us/event", raw);
        figures.push(floor.clone());
        figures.push(Figure::beside(name, "us/event", ours, &floor));
    }
    Ok(figures)
}

fn write_raw(path: &Path, sync: SyncMode) -> anyhow::Result<f64> {
    let file = File::create(path)?;
    let record = super::event(0)?.size();
    let batch = vec![7; BATCH * record];
    let begin = Instant::now();
    for number in 0..BATCHES {
        file.write_all_at(&batch, (number * batch.len()) as u64)?;
        if sync == SyncMode::Disk {
            file.sync_data()?;
        }
    }
    Ok(super::micros_each(begin.elapsed(), BATCH * BATCHES))
}

async fn append(dir: &Path, sync: SyncMode) -> anyhow::Result<f64> {
    let spec = DurableSpec {
        dir: dir.join("channel"),
        partitions: 1,
        sync,
        retention: Retention::default(),
        reserve: Reserve::Left,
    };
    let Opened { channel, .. } = Channel::open(&Spec::Durable(spec), no_subscribers()).await?;
    // Whoever appends has an event of his own: what all share, they would wait for each other at.
    let events = (0..BATCH).map(super::event).collect::<Result<Vec<_>, _>>()?;
    let mut under_way: FuturesUnordered<_> = events.iter().cloned().map(|e| channel.append(e)).collect();
    let begin = Instant::now();
    for left in (0..BATCH * BATCHES).rev() {
        under_way.next().await.context("there are always some under way")??;
        if left >= BATCH {
            under_way.push(channel.append(events[left % BATCH].clone()));
        }
    }
    let each = super::micros_each(begin.elapsed(), BATCH * BATCHES);
    drop(under_way);
    channel.close().await;
    Ok(each)
}
