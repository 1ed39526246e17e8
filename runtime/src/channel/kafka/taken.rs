//! What a read wants, and what it has taken of the stream so far.

use activator::event::Event;
use activator::id::Offset;
use activator::input::Batch;

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
    bytes: usize,
}

impl Taken {
    pub(super) const fn new(want: Want) -> Self {
        Self { want, records: Vec::new(), bytes: 0 }
    }

    pub(super) fn push(&mut self, offset: Offset, event: Event) {
        self.bytes += event.size();
        self.records.push((offset, event));
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
        Batch { records: self.records, next }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// Nothing up to `next`: a gap.
pub(super) fn gap(next: Offset, want: Want) -> Batch {
    Batch { records: Vec::new(), next: want.until.map_or(next, |until| next.min(until)) }
}
