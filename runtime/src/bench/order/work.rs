//! Events that each take a time of their own, and the least that all of them can take together.

use std::time::Duration;

use super::SLOTS;

/// The longest that one takes; none at all is the shortest.
const TAKES_MAX_US: u64 = 5_000;

/// What is to be done: the same in every run.
pub(super) struct Work(Vec<Piece>);

#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) takes_us: u64,
    pub(super) key: u64,
}

impl Work {
    pub(super) fn new(events: usize, keys: u64) -> Self {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        // xorshift64
        let mut below = |end: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 16) % end
        };
        Self((0..events).map(|_| Piece { takes_us: below(TAKES_MAX_US + 1), key: below(keys) }).collect())
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The first of it, so many.
    pub(super) fn first(&self, events: usize) -> Self {
        Self(self.0.iter().take(events).copied().collect())
    }

    /// One after the other.
    pub(super) fn serial(&self) -> Duration {
        Duration::from_micros(self.0.iter().map(|piece| piece.takes_us).sum())
    }

    /// In all slots, of which none is ever empty.
    pub(super) fn side_by_side(&self) -> Duration {
        self.serial() / SLOTS
    }

    /// The same where those of a key wait for one another: not before the key is done that takes longest.
    pub(super) fn by_key(&self) -> Duration {
        let mut chains = std::collections::BTreeMap::<u64, u64>::new();
        for piece in &self.0 {
            *chains.entry(piece.key).or_default() += piece.takes_us;
        }
        let longest = Duration::from_micros(chains.into_values().max().unwrap_or_default());
        self.side_by_side().max(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_takes_longer_than_all_slots_is_what_everybody_waits_for() {
        let work = Work::new(10_000, 1_000);
        assert_eq!(work.by_key(), work.side_by_side(), "a thousand keys fill a hundred slots");
        let mean = work.serial().as_secs_f64() / 10_000.0;
        assert!((0.0024..0.0026).contains(&mean), "{mean}");
        let one = Work::new(10_000, 1);
        assert_eq!(one.by_key(), one.serial());
        assert_eq!(one.side_by_side(), one.serial() / SLOTS);
        assert_eq!(work.first(10).pieces().len(), 10);
    }
}
