//! What the writer asks of the machine: to write, to sync, how much room there is, what time it is. One narrow face, so that tests can be a machine that
//! fails.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use nix::time::{ClockId, clock_gettime};

use crate::channel::clock::now_ms;

/// The clock that nobody sets and that sleep does not stop.
#[cfg(target_os = "linux")]
const UP: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const UP: ClockId = ClockId::CLOCK_MONOTONIC;

/// The machine a channel is kept on.
pub(super) trait Host: Send + Sync {
    /// Writes all of it, or fails having written some of it.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Makes what was written outlive a power loss. After a failure nobody knows what of it does, and a second try
    /// that succeeds says nothing about the first.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// What may still be written to the disk that a folder is on.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    fn now(&self) -> Now;
}

/// A moment by two clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Milliseconds since 1970, as whoever set the clock has it.
    pub(super) wall_ms: u64,
    /// Since some moment before we began; nobody sets it, and it goes on while the machine sleeps.
    pub(super) up: Duration,
}

/// The one we run on.
pub(super) struct ThisHost;

impl Host for ThisHost {
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let disk = statvfs(dir)?;
        Ok(disk.blocks_available() * disk.fragment_size())
    }

    fn now(&self) -> Now {
        let up = clock_gettime(UP).map_or(Duration::ZERO, Duration::from);
        Now { wall_ms: now_ms(), up }
    }
}
