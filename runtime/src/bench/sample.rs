//! Times of many rounds, and what is said of them.

use std::time::Duration;

use serde_json::{Value, json};

/// Times in the order they were taken.
#[derive(Debug, Default)]
pub(super) struct Sample(Vec<Duration>);

impl Sample {
    pub(super) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that this share of the rounds stays below, milliseconds.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among a few thousand rounds"
        )]
        let rank = ((sorted.len() as f64 - 1.0) * share).round() as usize;
        sorted.get(rank).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// For programs: `program`, `what`, and how it stands to a floor in milliseconds.
    pub(super) fn json(&self, program: &str, what: &str, floor: f64) -> Value {
        json!({
            "program": program, "what": what, "p50_ms": self.median_ms(), "p99_ms": self.quantile_ms(0.99),
            "ratio_p50": self.median_ms() / floor,
        })
    }

    /// The same on one line, for people.
    pub(super) fn line(&self, program: &str, what: &str, floor: f64, digits: usize) -> String {
        let (p50, p99) = (self.median_ms(), self.quantile_ms(0.99));
        format!("  {program:14} {what:40} {p50:8.3}  {p99:8.3}   {:8.digits$}\n", p50 / floor)
    }

    pub(super) fn median_ms(&self) -> f64 {
        self.quantile_ms(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_taken() {
        let mut sample = Sample::default();
        for ms in [5, 1, 3, 2, 4] {
            sample.add(Duration::from_millis(ms));
        }
        assert_eq!((sample.quantile_ms(0.0), sample.median_ms(), sample.quantile_ms(1.0)), (1.0, 3.0, 5.0));
    }
}
