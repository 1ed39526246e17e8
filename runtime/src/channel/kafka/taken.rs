//! What a read wants, and what it has taken of the stream so far.

use activator::event::Event;
use activator::id::Offset;
use activator::input::Batch;

use crate::channel::clock::ages;

/// What a read may take.
#[derive(Clone, Copy)]
pub(super) struct Want {
    pub(super) from: Offset,
    pub(super) records_max: u32,
    pub(super) bytes_max: u32,
    /// The first offset that is not wanted; another lane has it.
    pub(super) until: Option<Offset>,
}

/// The records of one read.
pub(super) struct Taken {
    want: Want,
    records: Vec<(Offset, Event)>,
    times: Vec<u64>,
    bytes: usize,
}

impl Taken {
    pub(super) const fn new(want: Want) -> Self {
        Self { want, records: Vec::new(), times: Vec::new(), bytes: 0 }
    }

    /// A record of this time; of one that tells none, that is now.
    pub(super) fn push(&mut self, offset: Offset, time: Option<i64>, event: Event) {
        self.bytes += event.size();
        self.records.push((offset, event));
        self.times.push(time.and_then(|time| u64::try_from(time).ok()).unwrap_or(u64::MAX));
    }

    pub(super) const fn is_enough(&self) -> bool {
        self.records.len() >= self.want.records_max as usize || self.bytes >= self.want.bytes_max as usize
    }

    /// `at` is where the lane stands now.
    pub(super) fn batch(self, at: Option<Offset>) -> Batch {
        let next = match self.records.last() {
            Some(&(last, _)) => last.next(),
            // Only what is not wanted came: up to there is a gap.
            None => self.want.until.or(at).unwrap_or(self.want.from),
        };
        Batch { records: self.records, ages: ages(&self.times), next }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// Nothing up to `next`: a gap.
pub(super) fn gap(next: Offset, want: Want) -> Batch {
    Batch { next: want.until.map_or(next, |until| next.min(until)), ..Batch::default() }
}
