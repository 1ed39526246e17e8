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
    /// Somebody had what lies before it.
    read: Offset,
}

/// Of what somebody has read, so much is kept for others that follow him. More of it is no longer in the processor's cache
/// when its memory is used again.
const READ_BYTES: usize = 256 << 10;

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
            recent: Mutex::new(Recent { records: VecDeque::new(), first: end, bytes: 0, read: end }),
            end: watch::Sender::new(end),
        }
    }

    /// The offset that the next record gets.
    pub(super) fn end(&self) -> Offset {
        *self.end.borrow()
    }

    /// What there is from `from` on; one record comes however large it is.
    pub(super) fn look(&self, from: Offset, records_max: u32, bytes_max: u32) -> Look {
        let mut recent = self.recent();
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
        let Some(batch) = taken.batch() else { return Look::AtEnd };
        recent.read = recent.read.max(batch.next);
        Look::Records(batch)
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

    /// Takes records that were stored at these offsets, and lets go of the oldest beyond `bytes_max`, and of more of them that
    /// were read.
    pub(super) fn extend(&self, records: impl IntoIterator<Item = Held>, bytes_max: usize) {
        let mut recent = self.recent();
        let mut end = self.end();
        for held in records {
            // What was skipped on the way here is no hole of the window, only of the log.
            end = held.offset.next();
            recent.push(held);
        }
        while (recent.bytes > bytes_max || recent.bytes > READ_BYTES && recent.is_first_read())
            && recent.pop()
        {}
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

    fn is_first_read(&self) -> bool {
        self.records.front().is_some_and(|held| held.offset < self.read)
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

/// What most batches have at most.
const ROOM: usize = 8;

/// A batch that is being filled, up to its bounds.
pub(super) struct Taken {
    records: Vec<(Offset, Event)>,
    times: Vec<u64>,
    records_left: u32,
    bytes_left: usize,
}

impl Taken {
    pub(super) fn new(records_max: u32, bytes_max: u32) -> Self {
        let room = ROOM.min(records_max.max(1) as usize);
        Self {
            records: Vec::with_capacity(room),
            times: Vec::with_capacity(room),
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const BYTES_MAX: usize = 4 * READ_BYTES;

    /// Records of so many bytes in all, from `first` on.
    fn records(first: u64, bytes: usize) -> Vec<Held> {
        let mut builder = Event::builder();
        for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")] {
            builder.attribute(name, value).unwrap();
        }
        let event = builder.build(Bytes::from_static(&[7; 1000])).unwrap();
        let held = |offset| Held { offset: Offset(offset), time: 0, event: event.clone() };
        (first..).take(bytes / charge(&event)).map(held).collect()
    }

    #[test]
    fn what_nobody_has_read_stays_and_of_the_rest_a_part() {
        let window = Window::new(Offset(0));
        window.extend(records(0, BYTES_MAX), BYTES_MAX);
        assert_eq!(window.begin(), Offset(0));
        let Look::Records(batch) = window.look(Offset(0), u32::MAX, BYTES_MAX as u32 / 2) else {
            panic!("they are there")
        };
        let end = window.end();
        window.extend(records(end.0, 2000), BYTES_MAX);
        assert_eq!(window.begin(), batch.next, "all that was read, since what was not is more than enough");
        assert!(matches!(window.look(batch.next, u32::MAX, u32::MAX), Look::Records(_)));
        window.extend(records(window.end().0, 2000), BYTES_MAX);
        let kept = window.end().0 - window.begin().0;
        assert!((200..READ_BYTES as u64 / 1000).contains(&kept), "{kept} for those who follow");
        assert!(matches!(window.look(batch.next, 1, 1), Look::Behind(_)));
    }

    #[test]
    fn beyond_its_bytes_it_lets_go_of_what_nobody_has_read_too() {
        let window = Window::new(Offset(0));
        window.extend(records(0, 2 * BYTES_MAX), BYTES_MAX);
        let kept = window.end().0 - window.begin().0;
        assert!((800..BYTES_MAX as u64 / 1000).contains(&kept), "{kept}");
    }
}
