//! A real file system that really gets full: small, in memory, and mounted by the test if it may.

use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::super::host::ThisHost;
use super::*;
use crate::channel::{AppendError, Reserve};

struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(size: &str) -> Result<Self, nix::Error> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        mount(Some("none"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some(&*options))?;
        Ok(Self(dir))
    }

    /// A channel in here, in segments of 1 MiB.
    async fn open(&self, name: &str, reserve: Reserve) -> Durable {
        let retention = Retention { bytes: Some(8 << 20), age: None };
        let dir = self.0.path().join(name);
        let spec = DurableSpec { dir, partitions: 1, sync: SyncMode::Os, retention, reserve };
        Durable::open_on(&spec, UNCACHED, Arc::new(ThisHost)).await.unwrap().0
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let path: &Path = self.0.path();
        umount2(path, MntFlags::MNT_DETACH).expect("it was mounted here");
    }
}

#[tokio::test]
async fn a_file_system_that_is_full_refuses_events_and_takes_cursors_and_dead_letters() {
    let disk = match Tmpfs::mount("6m") {
        Ok(disk) => disk,
        Err(error) => return eprintln!("skipped: a small file system cannot be mounted here: {error}"),
    };
    let (events, dead) = (disk.open("events", Reserve::Left).await, disk.open("dead", Reserve::Used).await);
    // As a runtime does that opens it: its file of cursors is there.
    commit(&dead, 0).await;
    let (stored, refusal) = fill(&events).await;
    assert!(refusal.contains("kept for cursors"), "{refusal}");
    assert!(stored > 100, "{stored}");
    for id in 0..50 {
        dead.append(sized(id, 10_000)).await.unwrap();
    }
    assert_eq!(read_all(&events, 0, stored).await, same(0..stored));

    // The cursor moves, which makes room.
    commit(&events, stored).await;
    assert_eq!(events.append(sized(stored, 10_000)).await.unwrap().offset, Offset(stored));

    // A disk without any room left loses nothing that was taken.
    let (all, refusal) = fill(&dead).await;
    assert!(refusal.contains("No space left"), "{refusal}");
    assert_eq!(read_all(&dead, 0, 50 + all).await.len() as u64, 50 + all);
    commit(&dead, 50 + all).await;
    events.close().await;
    dead.close().await;
}

/// Appends until it is refused.
async fn fill(channel: &Durable) -> (u64, String) {
    for stored in 0..10_000 {
        match channel.append(sized(stored, 10_000)).await {
            Ok(_) => {}
            Err(AppendError::Unavailable(why)) => return (stored, why),
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it is never full");
}
