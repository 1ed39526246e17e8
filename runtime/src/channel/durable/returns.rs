//! Those whom a sync has answered, and who append again one after the other: with the first alone in the next sync, every
//! second one would be small.

use std::time::Duration;

/// A disk that is slow is no reason to wait for longer: meanwhile a processor is kept.
const WAIT_MAX: Duration = Duration::from_millis(4);
/// Waits in a row that brought too few, up to which the next wait is put off for ever longer.
const BARREN_MAX: u32 = 8;

/// Whether they are worth waiting for, and how long.
#[derive(Debug, Default)]
pub(super) struct Returns {
    answered: usize,
    /// How long the last turn wrote and synced.
    wrote: Duration,
    /// Waits in a row that brought too few.
    barren: u32,
    /// Turns since the last wait.
    turns: u32,
}

impl Returns {
    /// A turn answered so many, having written and synced for so long.
    pub(super) const fn answered(&mut self, number: usize, wrote: Duration) {
        (self.answered, self.wrote) = (number, wrote);
        self.turns = self.turns.saturating_add(1);
    }

    /// Whether to wait for them. Not after each turn where the last waits were in vain: then it is tried again after
    /// twice as many.
    pub(super) const fn are_awaited(&self) -> bool {
        self.answered > 1 && self.turns >= 1 << self.barren
    }

    /// Whether to wait on, having waited for so long, and since so many came.
    pub(super) fn are_missing(&self, came: usize, waited: Duration, since_last: Duration) -> bool {
        // A second sync takes about as long, and those who came wait for this one.
        let most = self.wrote.min(WAIT_MAX);
        came < self.answered && waited < most && since_last < most / 2
    }

    /// So many came.
    pub(super) fn came(&mut self, number: usize) {
        self.turns = 0;
        let few = number < self.answered / 4 || number == 0;
        self.barren = if few { (self.barren + 1).min(BARREN_MAX) } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_micros(400);

    /// After how many turns there is a wait, each of which brings so many of a hundred.
    fn turns_between_waits(came: usize, waits: usize) -> Vec<u32> {
        let mut returns = Returns::default();
        let next_wait = |returns: &mut Returns| {
            let mut turns = 0;
            while !returns.are_awaited() {
                returns.answered(100, SYNC);
                turns += 1;
            }
            returns.came(came);
            turns
        };
        (0..waits).map(|_| next_wait(&mut returns)).collect()
    }

    #[test]
    fn those_who_come_back_are_waited_for_each_time() {
        assert_eq!(turns_between_waits(80, 4), [1, 1, 1, 1]);
    }

    #[test]
    fn those_who_do_not_are_waited_for_ever_more_seldom() {
        assert_eq!(turns_between_waits(0, 5), [1, 2, 4, 8, 16]);
        assert_eq!(
            turns_between_waits(20, 5),
            [1, 2, 4, 8, 16],
            "too few for a sync of their own to be saved"
        );
        assert_eq!(turns_between_waits(0, 12).last(), Some(&256));
    }

    #[test]
    fn one_alone_waits_for_nobody() {
        let mut returns = Returns::default();
        returns.answered(1, SYNC);
        assert!(!returns.are_awaited());
    }

    #[test]
    fn nobody_waits_for_longer_than_a_sync() {
        let mut returns = Returns::default();
        returns.answered(100, SYNC);
        let soon = SYNC / 8;
        assert!(returns.are_missing(99, soon, soon));
        assert!(!returns.are_missing(100, soon, soon), "all are there");
        assert!(!returns.are_missing(99, SYNC, soon));
        assert!(!returns.are_missing(0, SYNC / 2, SYNC / 2), "nobody comes any more");
        returns.answered(100, Duration::from_secs(1));
        assert!(!returns.are_missing(99, WAIT_MAX, soon));
    }
}
