//! The newest records of a partition, in memory, and the waking of whoever waits behind the last one.
//!
//! For `memory` the window is all there is; for `durable` it is what the writer just wrote, so that a reader at
//! the tail reads no file and decodes nothing a second time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use activator::event::Event;
use activator::id::Offset;
use activator::input::Batch;
use tokio::sync::watch;

use super::clock::{ages, now_ms};

pub(super) struct Window {
    recent: Mutex<Recent>,
    /// Behind the newest record; written under the lock of `recent`, so it never goes back.
    end: watch::Sender<Offset>,
}

struct Recent {
    /// All that the log holds from `first` on.
    records: VecDeque<Held>,
    first: Offset,
    bytes: usize,
}

/// A record in memory.
pub(super) struct Held {
    pub(super) offset: Offset,
    /// Milliseconds since 1970; never goes back.
    pub(super) time: u64,
    pub(super) event: Event,
}

/// What a window says to a reader.
pub(super) enum Look {
    Records(Batch),
    /// The window begins further on, at this offset.
    Behind(Offset),
    /// There is nothing yet.
    AtEnd,
}

/// What one record costs, its place in the window included.
pub(super) fn charge(event: &Event) -> usize {
    size_of::<Held>() + event.size()
}

impl Window {
    /// An empty window of a log that ends here.
    pub(super) fn new(end: Offset) -> Self {
        Self {
            recent: Mutex::new(Recent { records: VecDeque::new(), first: end, bytes: 0 }),
            end: watch::Sender::new(end),
        }
    }

    /// The offset that the next record gets.
    pub(super) fn end(&self) -> Offset {
        *self.end.borrow()
    }

    /// What there is from `from` on; one record comes however large it is.
    pub(super) fn look(&self, from: Offset, records_max: u32, bytes_max: u32) -> Look {
        let recent = self.recent();
        if from < recent.first {
            return Look::Behind(recent.first);
        }
        let begin = recent.records.partition_point(|held| held.offset < from);
        let mut taken = Taken::new(records_max, bytes_max);
        for held in recent.records.range(begin..) {
            if !taken.take(held.offset, held.time, &held.event) {
                break;
            }
        }
        taken.batch().map_or(Look::AtEnd, Look::Records)
    }

    /// Waits for the record at `offset`.
    pub(super) async fn grown_past(&self, offset: Offset) {
        let grown = self.end.subscribe().wait_for(|end| *end > offset).await.is_ok();
        debug_assert!(grown, "the sender is borrowed for as long as we wait");
    }

    /// The lowest offset in here; the end when there is none.
    pub(super) fn begin(&self) -> Offset {
        self.recent().first
    }

    /// The first record of this time or later, else the end.
    pub(super) fn since(&self, time: u64) -> Offset {
        let recent = self.recent();
        let begin = recent.records.partition_point(|held| held.time < time);
        recent.records.get(begin).map_or_else(|| self.end(), |held| held.offset)
    }

    /// Gives the event the next offset.
    pub(super) fn push(&self, event: Event) -> Offset {
        let mut recent = self.recent();
        let offset = self.end();
        let time = recent.records.back().map_or(0, |held| held.time).max(now_ms());
        recent.push(Held { offset, time, event });
        self.end.send_replace(offset.next());
        offset
    }

    /// Takes records that were stored at these offsets, and lets go of the oldest beyond `bytes_max`.
    pub(super) fn extend(&self, records: impl IntoIterator<Item = Held>, bytes_max: usize) {
        let mut recent = self.recent();
        let mut end = self.end();
        for held in records {
            // What was skipped on the way here is no hole of the window, only of the log.
            end = held.offset.next();
            recent.push(held);
        }
        while recent.bytes > bytes_max && recent.pop() {}
        self.end.send_replace(end);
    }

    /// Lets go of everything below `low`, and says how much that was.
    pub(super) fn forget_below(&self, low: Offset) -> usize {
        let mut recent = self.recent();
        let before = recent.bytes;
        while recent.records.front().is_some_and(|held| held.offset < low) {
            recent.pop();
        }
        if recent.records.is_empty() {
            recent.records = VecDeque::new();
        }
        before - recent.bytes
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().expect("nobody panics while holding the window")
    }
}

impl Recent {
    fn push(&mut self, held: Held) {
        self.bytes += charge(&held.event);
        self.records.push_back(held);
    }

    fn pop(&mut self) -> bool {
        let Some(held) = self.records.pop_front() else {
            return false;
        };
        self.bytes -= charge(&held.event);
        self.first = held.offset.next();
        true
    }
}

/// A batch that is being filled, up to its bounds.
pub(super) struct Taken {
    records: Vec<(Offset, Event)>,
    times: Vec<u64>,
    records_left: u32,
    bytes_left: usize,
}

impl Taken {
    pub(super) fn new(records_max: u32, bytes_max: u32) -> Self {
        Self {
            records: Vec::new(),
            times: Vec::new(),
            records_left: records_max.max(1),
            bytes_left: usize::try_from(bytes_max).unwrap_or(usize::MAX),
        }
    }

    /// Takes the record, of this time, unless the batch is full.
    pub(super) fn take(&mut self, offset: Offset, time: u64, event: &Event) -> bool {
        let size = event.size();
        if self.is_full() || (!self.records.is_empty() && size > self.bytes_left) {
            return false;
        }
        self.records_left -= 1;
        self.bytes_left = self.bytes_left.saturating_sub(size);
        self.records.push((offset, event.clone()));
        self.times.push(time);
        true
    }

    pub(super) const fn is_full(&self) -> bool {
        self.records_left == 0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn records_left(&self) -> usize {
        usize::try_from(self.records_left).unwrap_or(usize::MAX)
    }

    /// Nothing when nothing was taken.
    pub(super) fn batch(self) -> Option<Batch> {
        let next = self.records.last()?.0.next();
        Some(Batch { records: self.records, ages: ages(&self.times), next })
    }
}
