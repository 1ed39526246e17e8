//! How long small things take: processor time of this thread, many calls a sample, all in turn, the median of several.

use std::hint::black_box;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Samples of each case.
const SAMPLES: usize = 15;
/// How long a sample takes, roughly.
const SAMPLE: Duration = Duration::from_millis(10);

/// Something to be measured: it is told how often to do it.
pub(super) type Work<'w> = Box<dyn FnMut(usize) + 'w>;

/// Times by the name of whoever took them, ns.
pub(super) type Others = &'static [(&'static str, f64)];

/// Does the same again and again; what it gives is looked at by nobody and computed all the same.
pub(super) fn again<'w, T>(mut call: impl FnMut() -> T + 'w) -> Work<'w> {
    Box::new(move |calls| {
        for _ in 0..calls {
            black_box(call());
        }
    })
}

/// One thing measured, beside the least it could take.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) ns: f64,
    /// What it is to stay below, ns.
    pub(super) target: f64,
    /// What it is held against, and its time in the same run.
    pub(super) beside: &'static str,
    pub(super) beside_ns: f64,
    /// What others take, as they were measured elsewhere, ns.
    pub(super) others: Others,
}

/// The time of one call of each, ns.
pub(super) fn measure(mut works: Vec<Work<'_>>) -> anyhow::Result<Vec<f64>> {
    let calls = works.iter_mut().map(|work| calls_of(work)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut samples = vec![Vec::with_capacity(SAMPLES); works.len()];
    for _ in 0..SAMPLES {
        for ((work, calls), samples) in works.iter_mut().zip(&calls).zip(&mut samples) {
            samples.push(timed(work, *calls)?.as_secs_f64() * 1e9 / *calls as f64);
        }
    }
    Ok(samples.into_iter().map(median).collect())
}

/// How many calls fill a sample; trying warms up, too.
fn calls_of(work: &mut Work<'_>) -> anyhow::Result<usize> {
    let mut calls = 1;
    while timed(work, calls)? < SAMPLE / 2 && calls < 1 << 30 {
        calls *= 2;
    }
    Ok(calls)
}

fn timed(work: &mut Work<'_>, calls: usize) -> anyhow::Result<Duration> {
    let begin = thread_time()?;
    work(calls);
    Ok(thread_time()?.saturating_sub(begin))
}

/// Processor time of this thread: what others do meanwhile does not count.
pub(super) fn thread_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ns / self.beside_ns
    }

    fn json(&self) -> Value {
        let others: serde_json::Map<String, Value> =
            self.others.iter().map(|(name, ns)| ((*name).into(), json!(ns))).collect();
        json!({
            "what": self.what, "ns": self.ns, "target_ns": self.target, "beside": self.beside,
            "beside_ns": self.beside_ns, "ratio": self.ratio(), "others_ns": others,
        })
    }

    fn line(&self) -> String {
        let held = if self.ns <= self.target { "held" } else { "over" };
        let others: Vec<String> = self.others.iter().map(|(name, ns)| format!("{name} {ns:.0}")).collect();
        format!(
            "{:72} {:9.1} {:>8.0} {held:4}  {:9.1} {:6.2}x {:24} {}\n",
            self.what,
            self.ns,
            self.target,
            self.beside_ns,
            self.ratio(),
            self.beside,
            others.join(", "),
        )
    }
}

/// The rows as a table for people.
pub(super) fn text(rows: &[Row]) -> String {
    let head = format!(
        "{:72} {:>9} {:>8} {:4}  {:>9} {:>7} {:24} {}\n",
        "", "ns", "target", "", "beside", "ratio", "", "elsewhere"
    );
    rows.iter().fold(head, |text, row| text + &row.line())
}

/// The rows as JSON.
pub(super) fn json(rows: &[Row]) -> Value {
    rows.iter().map(Row::json).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_work_takes_more_time() {
        let spin = |times: usize| again(move || (0..times).for_each(|n| _ = black_box(n)));
        let times = measure(vec![spin(10), spin(1000)]).unwrap();
        assert!(times[0] < times[1], "{times:?}");
    }
}
