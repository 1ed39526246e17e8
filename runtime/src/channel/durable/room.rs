//! Whether the disk has room for more events. The last of it is left to cursors and dead letters: without them no
//! event could be let go of, and the room would never come back.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::host::Host;
use crate::channel::{AppendError, Reserve};

/// So much is written between two looks: little against what is left to others.
const LOOK_EVERY: u64 = 8 << 20;

/// So many segments of a channel is what it leaves to others.
const SEGMENTS_LEFT: u64 = 2;

/// Shared by the partitions of a channel, all of them the writer's.
pub(super) struct Room {
    dir: PathBuf,
    host: Arc<dyn Host>,
    /// Nothing is appended while less than this is free.
    free_min: u64,
    /// Written since the last look.
    unlooked: AtomicU64,
    is_short: AtomicBool,
}

impl Room {
    pub(super) const fn new(dir: PathBuf, host: Arc<dyn Host>, reserve: Reserve, segment_bytes: u64) -> Self {
        let free_min = match reserve {
            Reserve::Left => SEGMENTS_LEFT * segment_bytes,
            Reserve::Used => 0,
        };
        Self { dir, host, free_min, unlooked: AtomicU64::new(LOOK_EVERY), is_short: AtomicBool::new(false) }
    }

    /// Asks for room for that many bytes.
    pub(super) fn take(&self, bytes: usize) -> Result<(), AppendError> {
        let unlooked = self.unlooked.load(Ordering::Relaxed).saturating_add(bytes as u64);
        self.unlooked.store(unlooked, Ordering::Relaxed);
        if unlooked >= LOOK_EVERY {
            self.look();
        }
        if self.is_short.load(Ordering::Relaxed) {
            let (dir, left) = (self.dir.display(), self.free_min >> 10);
            let reason = format!(
                "the disk of {dir} is full: its last {left} KiB are kept for cursors and dead letters"
            );
            return Err(AppendError::Unavailable(reason));
        }
        Ok(())
    }

    /// Whether taking that many bytes asks the system for a look.
    pub(super) fn is_to_look(&self, bytes: usize) -> bool {
        let unlooked = self.unlooked.load(Ordering::Relaxed).saturating_add(bytes as u64);
        unlooked >= LOOK_EVERY || self.is_short.load(Ordering::Relaxed)
    }

    /// Something happened that makes another look worth it.
    pub(super) fn look_soon(&self) {
        self.unlooked.store(LOOK_EVERY, Ordering::Relaxed);
    }

    /// Once for all that waits: room may have come back.
    pub(super) fn look_if_short(&self) {
        if self.is_short.load(Ordering::Relaxed) {
            self.look();
        }
    }

    fn look(&self) {
        self.unlooked.store(0, Ordering::Relaxed);
        if self.free_min == 0 {
            return;
        }
        let dir = self.dir.display();
        let free = match self.host.free_bytes(&self.dir) {
            Ok(free) => free,
            // A write will tell.
            Err(error) => return tracing::warn!("cannot tell how full the disk of {dir} is: {error}"),
        };
        let is_short = free < self.free_min;
        match (self.is_short.swap(is_short, Ordering::Relaxed), is_short) {
            (false, true) => {
                tracing::error!("the disk of {dir} is full, {free} bytes are free: no event is stored")
            }
            (true, false) => tracing::info!("the disk of {dir} has room again"),
            _ => {}
        }
    }
}
