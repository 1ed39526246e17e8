//! The offsets of a partition at which readers found nothing where events should be: taken by a cap, lost with the
//! power, broken, or never acknowledged. Each is counted and told once, however many read over it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use activator::id::{Offset, Partition};
use activator::input::Batch;

/// Stretches that are remembered; beyond it the lowest is forgotten, and told again should somebody read there.
const TOLD_MAX: usize = 1024;

pub(super) struct Gaps {
    /// How messages call the channel.
    channel: String,
    partition: Partition,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// From and to, apart from each other.
    stretches: BTreeMap<u64, u64>,
    /// How many offsets there were in all.
    total: u64,
}

impl Gaps {
    pub(super) fn new(channel: String, partition: Partition) -> Self {
        Self { channel, partition, told: Mutex::default() }
    }

    /// Looks through what a read from `from` gave.
    pub(super) fn look(&self, from: Offset, batch: &Batch) {
        if batch.next.0.saturating_sub(from.0) == batch.records.len() as u64 {
            return;
        }
        let mut expected = from;
        for (offset, _) in &batch.records {
            self.met(expected, *offset);
            expected = offset.next();
        }
        self.met(expected, batch.next);
    }

    /// A reader that wanted `from` was sent on to `to`.
    fn met(&self, from: Offset, to: Offset) {
        if from >= to {
            return;
        }
        let mut told = self.told();
        let events = told.add(from.0, to.0);
        if events > 0 {
            let (channel, partition, in_all) = (&self.channel, self.partition, told.total);
            tracing::warn!(channel, %partition, %from, %to, events, in_all, "a gap: there is nothing to read here");
        }
    }

    #[cfg(test)]
    pub(super) fn total(&self) -> u64 {
        self.told().total
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody panics while holding the gaps")
    }
}

impl Told {
    /// Says how many of these offsets are new.
    fn add(&mut self, from: u64, to: u64) -> u64 {
        let known = self.stretches.range(..=to).rev().take_while(|&(_, &end)| end >= from);
        let known: Vec<(u64, u64)> = known.map(|(&begin, &end)| (begin, end)).collect();
        let (mut low, mut high, mut events) = (from, to, to - from);
        for (begin, end) in known {
            events -= end.min(to).saturating_sub(begin.max(from));
            (low, high) = (low.min(begin), high.max(end));
            self.stretches.remove(&begin);
        }
        self.stretches.insert(low, high);
        if self.stretches.len() > TOLD_MAX {
            self.stretches.pop_first();
        }
        self.total += events;
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_counted_once_however_the_reads_overlap() {
        let mut told = Told::default();
        let mut model = std::collections::BTreeSet::new();
        let mut seed = 7_u64;
        for _ in 0..2_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (from, length) = (seed >> 33 & 0x3ff, seed >> 60);
            let fresh = (from..from + length + 1).filter(|offset| model.insert(*offset)).count() as u64;
            assert_eq!(told.add(from, from + length + 1), fresh);
        }
        assert_eq!(told.total, model.len() as u64);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut told = Told::default();
        for i in 0..10_000 {
            told.add(3 * i, 3 * i + 1);
        }
        assert_eq!((told.stretches.len(), told.total), (TOLD_MAX, 10_000));
    }
}
