//! How much of a stream one client is shown: so many lines a second, spread over it, and how many there were beside.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How often is told what was left out.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// What of a stream was shown since the last time it was told, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) shown: u64,
    pub(crate) left_out: u64,
}

/// Lets pass so many a second, and as many at once after a quiet time.
#[derive(Debug)]
pub(super) struct Sample {
    rate: f64,
    /// How many may pass now.
    credit: f64,
    /// When that was.
    at: Instant,
    gap: Gap,
    /// When the next gap is told, if there is one.
    due: Instant,
}

impl Sample {
    pub(super) fn new(rate: u32, now: Instant) -> Self {
        let rate = f64::from(rate);
        Self { rate, credit: rate, at: now, gap: Gap::default(), due: now + TOLD_EVERY }
    }

    /// Whether one more is shown.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.credit = passed.mul_add(self.rate, self.credit).min(self.rate);
        self.at = now;
        self.credit >= 1.0
    }

    pub(super) fn shown(&mut self) {
        self.credit -= 1.0;
        self.gap.shown += 1;
    }

    pub(super) const fn left_out(&mut self, number: u64) {
        self.gap.left_out += number;
    }

    /// When there is something to tell; never while nothing was left out.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.gap.left_out > 0).then_some(self.due)
    }

    /// What is to be told now, once.
    pub(super) fn take_gap(&mut self, now: Instant) -> Option<Gap> {
        if self.due > now {
            return None;
        }
        self.due = now + TOLD_EVERY;
        let gap = std::mem::take(&mut self.gap);
        (gap.left_out > 0).then_some(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of this many pass that come one after the other over this time.
    fn passed(sample: &mut Sample, begin: Instant, number: u32, over: Duration) -> u32 {
        let mut passed = 0;
        for at in 0..number {
            if sample.admits(begin + over / number * at) {
                sample.shown();
                passed += 1;
            } else {
                sample.left_out(1);
            }
        }
        passed
    }

    #[test]
    fn a_flood_is_thinned_out_over_all_of_it() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let mut sample = Sample::new(100, begin);
        assert_eq!(passed(&mut sample, begin, 50, second), 50);
        assert_eq!(sample.due(), None, "nothing was left out");
        assert_eq!(sample.take_gap(begin + second), None);
        let (first, rest) = (passed(&mut sample, begin + second, 10_000, second), begin + 2 * second);
        assert!((180..=200).contains(&first), "what was saved up, and what a second brings: {first}");
        let half = second / 2;
        let halves = [rest, rest + half].map(|from| passed(&mut sample, from, 5_000, half));
        assert!(halves.iter().all(|half| (45..=55).contains(half)), "{halves:?}");
    }

    #[test]
    fn what_was_left_out_is_told_once_a_second_and_adds_up() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let mut sample = Sample::new(1, begin);
        assert!(sample.admits(begin));
        sample.shown();
        sample.left_out(11);
        assert_eq!(sample.take_gap(begin + second / 2), None, "not yet");
        let due = sample.due().unwrap();
        assert_eq!(sample.take_gap(due), Some(Gap { shown: 1, left_out: 11 }));
        assert_eq!((sample.due(), sample.take_gap(due + second)), (None, None));
    }
}
