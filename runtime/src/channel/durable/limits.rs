//! On which terms a channel keeps its events: how large its files and its memory get, and when an event is safe.

use std::sync::Arc;

use super::host::Host;
use crate::channel::SyncMode;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A segment is closed before it outgrows this; an event must fit into one.
    pub(super) segment_bytes: u64,
    /// What is kept in memory of each partition for the readers at its tail.
    pub(super) window_bytes: usize,
}

pub(super) const LIMITS: Limits = Limits { segment_bytes: 64 << 20, window_bytes: 1 << 20 };

/// What all partitions of a channel have in common.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) limits: Limits,
    pub(super) sync: SyncMode,
    pub(super) host: Arc<dyn Host>,
}
