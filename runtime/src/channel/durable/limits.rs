//! On which terms a channel keeps its events: how large its files and its memory get, and when an event is safe.

use std::sync::Arc;

use super::host::Host;
use super::room::Room;
use crate::channel::{DurableSpec, SyncMode};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A segment is closed before it outgrows this; an event must fit into one.
    pub(super) segment_bytes: u64,
    /// What is kept in memory of each partition for the readers at its tail.
    pub(super) window_bytes: usize,
}

pub(super) const LIMITS: Limits = Limits { segment_bytes: 64 << 20, window_bytes: 1 << 20 };

/// However small a cap is: smaller segments are too many files.
const CAPPED_SEGMENT_BYTES_MIN: u64 = 1 << 20;

/// A cap is kept by deleting whole segments, so one of them should be little of it.
const CAPPED_SEGMENTS: u64 = 8;

/// A segment's file reaches a little beyond its last record, in zeros, which are no record. To write where a file reaches
/// already costs the system a third of what it takes to make it longer: to find a page, to clear what of that is not
/// written, and, where the file is synced, to write down how long it is now.
pub(super) const AHEAD_MAX: usize = 64 << 10;

/// That is little of a segment.
const AHEADS: u64 = 16;

/// What all partitions of a channel have in common.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) limits: Limits,
    /// Where a segment ends that holds more than one event; no larger than the limit.
    pub(super) roll_bytes: u64,
    /// The file of the segment that is written to grows to a multiple of this.
    pub(super) ahead: usize,
    pub(super) sync: SyncMode,
    pub(super) host: Arc<dyn Host>,
    pub(super) room: Arc<Room>,
}

impl Terms {
    pub(super) fn new(spec: &DurableSpec, limits: Limits, host: Arc<dyn Host>) -> Self {
        let most = limits.segment_bytes;
        let roll_bytes = spec.retention.bytes.map_or(most, |cap| {
            let share = cap / u64::from(spec.partitions.max(1)) / CAPPED_SEGMENTS;
            share.clamp(CAPPED_SEGMENT_BYTES_MIN.min(most), most)
        });
        let ahead = usize::try_from(roll_bytes / AHEADS).unwrap_or(usize::MAX).clamp(1, AHEAD_MAX);
        let room = Arc::new(Room::new(spec.dir.clone(), Arc::clone(&host), spec.reserve, roll_bytes));
        Self { limits, roll_bytes, ahead, sync: spec.sync, host, room }
    }
}
