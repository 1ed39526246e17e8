//! A machine on which things fail when a test says so.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::super::host::{Host, Now, ThisHost};

/// Room without end, unless a test takes it away.
const PLENTY: u64 = u64::MAX;

/// What a slow disk takes for a write.
const SLOW: Duration = Duration::from_millis(20);

pub(super) struct Faulty {
    /// The thread of the test, on which its tasks run.
    home: ThreadId,
    /// Whether writes take their time.
    pub(super) is_slow: AtomicBool,
    /// How many writes were made on the thread of the tasks, and how many elsewhere.
    pub(super) writes_at_home: AtomicUsize,
    pub(super) writes_elsewhere: AtomicUsize,
    /// How many bytes may still be written before the disk is full.
    pub(super) room: AtomicU64,
    /// How many of the next syncs fail.
    pub(super) failing_syncs: AtomicUsize,
    /// How many syncs were asked for.
    pub(super) syncs: AtomicUsize,
    /// How much room the disk says it has.
    pub(super) free: AtomicU64,
    /// How often it was asked.
    pub(super) looks: AtomicUsize,
    /// How many milliseconds the clock was set ahead.
    pub(super) clock_ahead: AtomicU64,
}

impl Faulty {
    pub(super) fn new() -> Self {
        Self {
            home: thread::current().id(),
            is_slow: AtomicBool::new(false),
            writes_at_home: AtomicUsize::new(0),
            writes_elsewhere: AtomicUsize::new(0),
            room: AtomicU64::new(PLENTY),
            failing_syncs: AtomicUsize::new(0),
            syncs: AtomicUsize::new(0),
            free: AtomicU64::new(PLENTY),
            looks: AtomicUsize::new(0),
            clock_ahead: AtomicU64::new(0),
        }
    }
}

impl Faulty {
    fn is_home(&self) -> bool {
        thread::current().id() == self.home
    }
}

impl Host for Faulty {
    /// Like a disk that fills up: what fits is written all the same.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        let writes = if self.is_home() { &self.writes_at_home } else { &self.writes_elsewhere };
        writes.fetch_add(1, Ordering::Relaxed);
        if self.is_slow.load(Ordering::Relaxed) {
            thread::sleep(SLOW);
        }
        let room = self.room.load(Ordering::Relaxed);
        let fits = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        ThisHost.write_at(file, &bytes[..fits], at)?;
        if room != PLENTY {
            self.room.store(room - fits as u64, Ordering::Relaxed);
        }
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        assert!(!self.is_home(), "a sync keeps all tasks waiting");
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let failing = |left: usize| left.checked_sub(1);
        match self.failing_syncs.fetch_update(Ordering::Relaxed, Ordering::Relaxed, failing) {
            Ok(_) => Err(io::Error::other("planted: the sync failed")),
            Err(_) => ThisHost.sync(file),
        }
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        Ok(self.free.load(Ordering::Relaxed))
    }

    fn now(&self) -> Now {
        let now = ThisHost.now();
        Now { wall_ms: now.wall_ms + self.clock_ahead.load(Ordering::Relaxed), ..now }
    }
}
