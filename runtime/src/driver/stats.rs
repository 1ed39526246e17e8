//! What is counted of a function.

use std::collections::VecDeque;

use activator::delivery::{Outcome, Verdict};

/// Recent times kept for percentiles.
const SAMPLES_MAX: usize = 256;

/// Counts since the start, and recent times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    /// Attempts and calls that succeeded.
    pub(crate) events: u64,
    /// Attempts and calls that failed.
    pub(crate) failed: u64,
    /// Those of the latter that had no answer, though a process had the request: it may have done the work, and what is
    /// tried again is then done twice. What such a process answers later counts for nothing.
    pub(crate) unanswered: u64,
    pub(crate) cold_starts: u64,
    /// From the hand-over to the answer, milliseconds, of those that waited for a start.
    pub(crate) cold_ms: VecDeque<f64>,
    /// The same of those that did not.
    pub(crate) run_ms: VecDeque<f64>,
}

impl Stats {
    pub(super) fn count(&mut self, outcome: &Outcome, cold: bool, ms: f64) {
        if matches!(outcome.verdict(), Verdict::Delivered(_)) {
            self.events += 1;
        } else {
            self.failed += 1;
        }
        self.unanswered +=
            u64::from(matches!(outcome, Outcome::TimedOut | Outcome::NotBegun(_) | Outcome::Lost(_)));
        self.cold_starts += u64::from(cold);
        let samples = if cold { &mut self.cold_ms } else { &mut self.run_ms };
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(ms);
    }
}
