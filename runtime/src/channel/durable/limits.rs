//! How large the files of a channel and its memory get.

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A segment is closed before it outgrows this; an event must fit into one.
    pub(super) segment_bytes: u64,
    /// What is kept in memory of each partition for the readers at its tail.
    pub(super) window_bytes: usize,
}

pub(super) const LIMITS: Limits = Limits { segment_bytes: 64 << 20, window_bytes: 1 << 20 };
