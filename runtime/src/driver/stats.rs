//! What is counted of a function.

/// Recent times kept for percentiles.
const SAMPLES_MAX: usize = 256;

/// Counts since the start, and recent times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    /// Attempts and calls that succeeded.
    pub(crate) events: u64,
    /// Attempts and calls that failed.
    pub(crate) failed: u64,
    pub(crate) cold_starts: u64,
    /// From the hand-over to the answer, milliseconds, of those that waited for a start.
    pub(crate) cold_ms: Vec<f64>,
    /// The same of those that did not.
    pub(crate) run_ms: Vec<f64>,
}

impl Stats {
    pub(super) fn count(&mut self, ok: bool, cold: bool, ms: f64) {
        if ok {
            self.events += 1;
        } else {
            self.failed += 1;
        }
        self.cold_starts += u64::from(cold);
        let samples = if cold { &mut self.cold_ms } else { &mut self.run_ms };
        if samples.len() == SAMPLES_MAX {
            samples.remove(0);
        }
        samples.push(ms);
    }
}
