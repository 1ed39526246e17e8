//! What only the embedded log has to stand: crashes, bad bytes, full disks, segments that come and go.

mod ahead;
mod crash;
mod cursors;
mod disk;
mod faulty;
mod gaps;
mod indexes;
mod marks;
mod measure;
mod retention;
mod room;
mod segments;
mod syncing;
#[cfg(target_os = "linux")]
mod tmpfs;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{OpenedPartition, Progress};
use bytes::Bytes;

use self::faulty::Faulty;
use super::{Durable, LIMITS, Limits};
use crate::channel::{DurableSpec, OpenError, Reserve, Retention, SyncMode};

const P0: Partition = Partition(0);

/// A read that waits longer waits for an event that is lost.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Nothing stays in memory, and some ten events fill a segment.
const SMALL: Limits = Limits { segment_bytes: 1_000, window_bytes: 0 };

/// Nothing stays in memory: every read goes to the files.
const UNCACHED: Limits = Limits { window_bytes: 0, ..LIMITS };

/// The folder of a channel with one partition.
struct Dir {
    root: tempfile::TempDir,
    limits: Limits,
    sync: SyncMode,
    retention: Retention,
    reserve: Reserve,
    host: Arc<Faulty>,
}

impl Dir {
    fn new(limits: Limits) -> Self {
        let root = tempfile::tempdir().unwrap();
        let (sync, retention) = (SyncMode::Os, Retention::default());
        let (reserve, host) = (Reserve::Left, Arc::new(Faulty::new()));
        Self { root, limits, sync, retention, reserve, host }
    }

    fn retaining(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    fn spec(&self, partitions: u32) -> DurableSpec {
        let dir = self.root.path().to_owned();
        DurableSpec { dir, partitions, sync: self.sync, retention: self.retention, reserve: self.reserve }
    }

    fn syncing(self, sync: SyncMode) -> Self {
        Self { sync, ..self }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    async fn try_open(&self, partitions: u32) -> Result<(Durable, Vec<OpenedPartition>), OpenError> {
        let opened = Durable::open_on(&self.spec(partitions), self.limits, self.host.clone()).await;
        opened.map(|(channel, partitions, _)| (channel, partitions))
    }

    async fn open(&self) -> (Durable, OpenedPartition) {
        let (channel, mut opened) = self.try_open(1).await.unwrap();
        (channel, opened.remove(0))
    }

    /// A closed channel with events numbered from 0, and the file they are in.
    async fn with_events(limits: Limits, count: u64) -> (Self, PathBuf) {
        let dir = Self::new(limits);
        let (channel, _) = dir.open().await;
        append(&channel, 0..count).await;
        channel.close().await;
        let log = dir.path("0/00000000000000000000.log");
        (dir, log)
    }

    /// The names in the partition's folder, but for the indexes.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("0")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".index"));
        names.sort();
        names
    }
}

/// What a file holds without the zeros that were written ahead; no event of these tests ends in one.
fn records_in(log: &Path) -> Vec<u8> {
    let mut bytes = fs::read(log).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}

/// The event with this number.
fn numbered(id: u64) -> Event {
    sized(id, 40)
}

fn sized(id: u64, bytes: usize) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", id.to_string().as_str()), ("source", "/s"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    builder.build(Bytes::from(vec![b'd'; bytes])).unwrap()
}

async fn append(channel: &Durable, range: std::ops::Range<u64>) -> Vec<u64> {
    let mut offsets = Vec::new();
    for id in range {
        offsets.push(channel.append(numbered(id)).await.unwrap().offset.0);
    }
    offsets
}

/// Offsets and numbers of all events from `from` on that lie below `end`.
async fn read_all(channel: &Durable, from: u64, end: u64) -> Vec<(u64, u64)> {
    let mut from = Offset(from);
    let mut records = Vec::new();
    while from < Offset(end) {
        let read = tokio::time::timeout(PATIENCE, channel.read(P0, from, 100, 100_000)).await;
        let batch = read.expect("the event is there").unwrap();
        assert!(batch.next > from, "a read makes progress");
        from = batch.next;
        for (offset, event) in batch.records {
            assert_eq!(event, sized(event.id().parse().unwrap(), event.data().len()));
            records.push((offset.0, event.id().parse().unwrap()));
        }
    }
    records
}

fn same(range: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    range.into_iter().map(|number| (number, number)).collect()
}

async fn commit(channel: &Durable, position: u64) {
    channel.commit(vec![(P0, at(position))]).await.unwrap();
}

fn at(position: u64) -> Progress {
    let position = Offset(position);
    Progress { position, behind: vec![] }
}
