//! A partition as its readers see it: the newest records in memory, everything in segments.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use activator::id::Offset;
use activator::input::Batch;

use super::segment::Segment;
use crate::channel::gaps::Gaps;
use crate::channel::window::{Look, Taken, Window};
use crate::channel::{Landmark, ReadError};

pub(super) struct Log {
    /// What was written last, and the end of the log.
    pub(super) window: Window,
    pub(super) gaps: Gaps,
    /// Ascending; the last one is written to.
    segments: Mutex<Vec<Arc<Segment>>>,
}

impl Log {
    /// The log that these segments are; the next record gets the offset `end`.
    pub(super) fn new(segments: Vec<Arc<Segment>>, end: Offset, gaps: Gaps) -> Self {
        Self { window: Window::new(end), gaps, segments: Mutex::new(segments) }
    }

    pub(super) async fn read(
        self: &Arc<Self>,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        let batch = self.read_anywhere(from, records_max, bytes_max).await?;
        self.gaps.look(from, &batch);
        Ok(batch)
    }

    async fn read_anywhere(
        self: &Arc<Self>,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        loop {
            match self.window.look(from, records_max, bytes_max) {
                Look::Records(batch) => return Ok(batch),
                Look::AtEnd => self.window.grown_past(from).await,
                Look::Behind(_) => {
                    let log = Arc::clone(self);
                    return tokio::task::spawn_blocking(move || {
                        log.read_segments(from, records_max, bytes_max)
                    })
                    .await
                    .map_err(|error| ReadError(error.to_string()))?;
                }
            }
        }
    }

    /// Where a landmark lies. Blocks on the files only for a time.
    pub(super) async fn locate(self: &Arc<Self>, landmark: Landmark) -> Result<Offset, ReadError> {
        match landmark {
            Landmark::Beginning => Ok(self.segments().first().map_or_else(|| self.window.end(), |s| s.base)),
            Landmark::End => Ok(self.window.end()),
            Landmark::Time(time) => {
                let log = Arc::clone(self);
                let found = tokio::task::spawn_blocking(move || log.since(time)).await;
                found.map_err(|error| ReadError(error.to_string()))?
            }
        }
    }

    /// The first record of this time or later, else the end.
    fn since(&self, time: u64) -> Result<Offset, ReadError> {
        let end = self.window.end();
        let mut segments = self.segments().clone();
        segments.retain(|segment| segment.length() > 0);
        let failed = |segment: &Segment, error| ReadError(format!("{}: {error}", segment.path().display()));
        // The records of one segment are no earlier than those of the one before: halve, and look at few indexes.
        let (mut low, mut high) = (0, segments.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let times = segments[middle].times().map_err(|error| failed(&segments[middle], error))?;
            if times.is_some_and(|(_, last)| last >= time) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let Some(segment) = segments.get(low) else {
            return Ok(end);
        };
        let found = segment.locate_time(time).map_err(|error| failed(segment, error))?;
        Ok(found.unwrap_or(end))
    }

    fn read_segments(&self, from: Offset, records_max: u32, bytes_max: u32) -> Result<Batch, ReadError> {
        // Asked before the segments: every record below this offset is in one that we see.
        let end = self.window.end();
        let mut taken = Taken::new(records_max, bytes_max);
        for segment in self.segments_from(from) {
            match segment.read(from, bytes_max, &mut taken) {
                Ok(()) => {}
                // Deleted after we asked: every subscription is past it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.holds(&segment) => {}
                Err(error) => return Err(ReadError(format!("{}: {error}", segment.path().display()))),
            }
            if !taken.is_empty() {
                break;
            }
        }
        Ok(taken.batch().unwrap_or(Batch { next: end, ..Batch::default() }))
    }

    fn segments_from(&self, from: Offset) -> Vec<Arc<Segment>> {
        let segments = self.segments();
        let behind = segments.partition_point(|segment| segment.base <= from);
        segments[behind.saturating_sub(1)..].to_vec()
    }

    fn holds(&self, segment: &Arc<Segment>) -> bool {
        self.segments().iter().any(|held| Arc::ptr_eq(held, segment))
    }

    pub(super) fn push(&self, segment: Arc<Segment>) {
        self.segments().push(segment);
    }

    /// Lets go of the segments that hold nothing from `low` on, and gives them. The one that is written to stays.
    pub(super) fn take_below(&self, low: Offset) -> Vec<Arc<Segment>> {
        let mut segments = self.segments();
        let behind = segments.partition_point(|segment| segment.base <= low);
        segments.drain(..behind.saturating_sub(1)).collect()
    }

    /// Whether anything lies in segments that hold nothing from `low` on.
    pub(super) fn has_below(&self, low: Offset) -> bool {
        self.segments().get(1).is_some_and(|second| second.base <= low)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments().iter().map(|segment| segment.length()).sum()
    }

    /// The oldest segment, unless it is the one that is written to.
    pub(super) fn oldest_closed(&self) -> Option<Arc<Segment>> {
        let segments = self.segments();
        segments.first().filter(|_| segments.len() > 1).cloned()
    }

    /// Lets go of a segment. Says whether it was there.
    pub(super) fn take(&self, taken: &Arc<Segment>) -> bool {
        let mut segments = self.segments();
        let before = segments.len();
        segments.retain(|segment| !Arc::ptr_eq(segment, taken));
        segments.len() < before
    }

    fn segments(&self) -> MutexGuard<'_, Vec<Arc<Segment>>> {
        self.segments.lock().expect("nobody panics while holding the segments")
    }
}
