//! Figures beside the floor of the same run, and what they are to hold.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::sample::Sample;

/// One figure: the median of its rounds and the worst but for one in a hundred.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// What is to be held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// Ours is at most so many times the floor.
    Times(f64),
    /// Ours is at least so many times the floor: more is better.
    Reaches(f64),
    /// Ours is at most this, whatever the floor.
    Within(f64),
    /// It is told, and promises nothing.
    None,
}

/// One thing measured, beside the least it could take.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) what: String,
    pub(super) unit: &'static str,
    /// What the floor does.
    pub(super) beside: &'static str,
    pub(super) floor: Figure,
    pub(super) ours: Figure,
    pub(super) target: Target,
}

impl Figure {
    /// Milliseconds.
    pub(super) fn times(sample: &Sample) -> Self {
        Self { p50: sample.median_ms(), p99: sample.quantile_ms(0.99) }
    }

    /// So many of something in each of the times, a second; the worst is that of the longest.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand starts")]
    pub(super) fn rate(count: usize, sample: &Sample) -> Self {
        let a_second = |ms: f64| count as f64 * 1000.0 / ms;
        let times = Self::times(sample);
        Self { p50: a_second(times.p50), p99: a_second(times.p99) }
    }
}

impl Target {
    fn says(self, ratio: f64, ours: f64, unit: &str) -> (String, &'static str) {
        let (says, is_held) = match self {
            Self::Times(most) => (format!("<= {most:.2}x"), ratio <= most),
            Self::Reaches(least) => (format!(">= {least:.2}x"), ratio >= least),
            Self::Within(most) => (format!("<= {most} {unit}"), ours <= most),
            Self::None => return (String::new(), ""),
        };
        (says, if is_held { "held" } else { "over" })
    }
}

impl Compared {
    fn ratio(&self) -> f64 {
        self.ours.p50 / self.floor.p50
    }

    fn json(&self) -> Value {
        let (target, verdict) = self.target.says(self.ratio(), self.ours.p50, self.unit);
        let figure = |of: Figure| json!({ "p50": of.p50, "p99": of.p99 });
        json!({
            "what": self.what, "unit": self.unit, "beside": self.beside, "floor": figure(self.floor),
            "ours": figure(self.ours), "ratio_p50": self.ratio(), "target": target, "verdict": verdict,
        })
    }

    fn line(&self) -> String {
        let (target, verdict) = self.target.says(self.ratio(), self.ours.p50, self.unit);
        let Self { what, unit, beside, floor, ours, .. } = self;
        let ratio = self.ratio();
        format!(
            "  {what:46} {beside:34} {:9.3} {:9.3}  {:9.3} {:9.3} {unit:5} {ratio:7.3}x  {target:9} {verdict}",
            floor.p50, floor.p99, ours.p50, ours.p99
        )
    }
}

/// A table for people.
pub(super) fn text(title: &str, rows: &[Compared]) -> String {
    let mut text = format!(
        "{title}\n  {:46} {:34} {:>9} {:>9}  {:>9} {:>9} {:5} {:>8}  target\n",
        "", "beside", "floor p50", "p99", "ours p50", "p99", "", "ratio"
    );
    for row in rows {
        writeln!(text, "{}", row.line().trim_end()).expect("a String takes all text");
    }
    text
}

/// The same for programs.
pub(super) fn json(bench: &str, rows: &[Compared]) -> Value {
    json!({ "bench": bench, "rows": rows.iter().map(Compared::json).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(target: Target, floor: f64, ours: f64) -> &'static str {
        target.says(ours / floor, ours, "ms").1
    }

    #[test]
    fn a_target_says_whether_it_is_held() {
        assert_eq!(verdict(Target::Times(1.15), 2.0, 2.3), "held");
        assert_eq!(verdict(Target::Times(1.15), 2.0, 2.4), "over");
        assert_eq!(verdict(Target::Reaches(0.9), 1000.0, 950.0), "held");
        assert_eq!(verdict(Target::Reaches(0.9), 1000.0, 850.0), "over");
        assert_eq!(verdict(Target::Within(5.0), 1.0, 5.0), "held");
        assert_eq!(verdict(Target::Within(5.0), 9.0, 5.1), "over");
        assert_eq!(verdict(Target::None, 1.0, 100.0), "");
    }

    #[test]
    fn a_rate_is_worst_where_the_time_is_longest() {
        let mut sample = Sample::default();
        for ms in [10, 20, 40] {
            sample.add(std::time::Duration::from_millis(ms));
        }
        let rate = Figure::rate(10, &sample);
        assert_eq!((rate.p50, rate.p99), (500.0, 250.0));
    }
}
