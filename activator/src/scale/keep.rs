//! How long a process without work is worth its memory: the time to zero that costs least, by what was seen.
//!
//! After Shahrad et al., "Serverless in the Wild" (USENIX ATC 2020): a function's pauses are counted in a histogram,
//! and the keep-alive follows it; while it says too little, something fixed is used. Here the histogram has 16 bins
//! that double, and the keep-alive is the one of least expected cost. A pause `g` costs under a keep-alive `t`
//!
//! ```text
//! g            if g <= t: the process was kept all the while, and there when it was needed
//! t + c        otherwise: it was kept in vain, and then somebody waited for a start
//! ```
//!
//! where `c` is what a cold start costs, in the same currency: the time that the function takes to start, times
//! [`PATIENCE`]. While there are too few pauses, `t = c`: whatever comes, that costs at most twice the least that
//! would have been possible (the ski rental problem; Karlin et al., 1988).

use core::time::Duration;

use crate::time::Time;

/// A second that somebody waits is worth so many seconds of a process that is kept for nothing.
const PATIENCE: u64 = 100;
/// The upper edge of the first bin; each further one is twice as wide.
const FIRST_EDGE: u64 = 250;
const BINS: usize = 16;
/// Pauses that say enough.
const ENOUGH: u64 = 8;

/// What was seen of a function's pauses and starts, in a few bytes; nothing at first.
#[derive(Clone, Debug, Default)]
pub struct Pauses {
    bins: [u8; BINS],
    /// The usual time of a start, in milliseconds.
    cold: u32,
    quiet: Quiet,
}

#[derive(Clone, Copy, Debug, Default)]
enum Quiet {
    /// There was no work yet.
    #[default]
    Never,
    No,
    Since(Time),
}

impl Pauses {
    /// A start took so long.
    pub fn started(&mut self, took: Duration) {
        let took = u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1);
        let usual = if self.cold == 0 { took } else { self.cold };
        // It leans to what it was before.
        self.cold = usual - usual / 4 + took / 4;
    }

    /// So many deliveries are under way or wait from now on.
    pub fn step(&mut self, now: Time, outstanding: usize) {
        self.quiet = match (self.quiet, outstanding) {
            (Quiet::Since(since), 1..) => {
                self.count(now.since(since));
                Quiet::No
            }
            (_, 1..) => Quiet::No,
            (Quiet::No, 0) => Quiet::Since(now),
            (quiet, 0) => quiet,
        };
    }

    fn count(&mut self, pause: Duration) {
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let bin = (0..BINS).find(|bin| pause <= edge(*bin)).unwrap_or(BINS - 1);
        // What was long ago counts for less and less.
        if self.bins[bin] == u8::MAX {
            self.bins.iter_mut().for_each(|count| *count /= 2);
        }
        self.bins[bin] += 1;
    }

    /// The time to zero, between a floor and a ceiling.
    pub fn keep(&self, floor: Duration, ceiling: Duration) -> Duration {
        let start = u64::from(self.cold) * PATIENCE;
        let seen: u64 = self.bins.iter().map(|count| u64::from(*count)).sum();
        if seen < ENOUGH {
            return Duration::from_millis(start).clamp(floor, ceiling);
        }
        let edges = (0..BINS).map(edge).map(Duration::from_millis).filter(|t| *t > floor && *t < ceiling);
        let choices = core::iter::once(floor).chain(edges).chain([ceiling]);
        choices
            .min_by_key(|t| self.cost(u64::try_from(t.as_millis()).unwrap_or(u64::MAX), start))
            .unwrap_or(floor)
    }

    /// What all pauses that were seen would have cost.
    fn cost(&self, keep: u64, start: u64) -> u64 {
        let cost = |bin: usize| if edge(bin) <= keep { edge(bin) } else { keep.saturating_add(start) };
        (0..BINS)
            .fold(0, |sum: u64, bin| sum.saturating_add(u64::from(self.bins[bin]).saturating_mul(cost(bin))))
    }
}

/// The longest pause of a bin, in milliseconds: from a quarter of a second to over two hours.
const fn edge(bin: usize) -> u64 {
    FIRST_EDGE << bin
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Pauses;
    use crate::time::Time;

    const FLOOR: Duration = Duration::from_secs(5);
    const CEILING: Duration = Duration::from_secs(600);

    /// A function that takes so many milliseconds to start, after pauses of so many seconds.
    fn kept(cold: u64, pauses: &[u64]) -> u64 {
        let mut seen = Pauses::default();
        seen.started(Duration::from_millis(cold));
        let mut now = Time::from_micros(1);
        for pause in pauses {
            seen.step(now, 1);
            seen.step(now, 0);
            now = now + Duration::from_secs(*pause);
        }
        seen.step(now, 1);
        seen.keep(FLOOR, CEILING).as_secs()
    }

    #[test]
    fn while_little_is_known_it_is_kept_for_as_long_as_a_start_is_worth() {
        assert_eq!(kept(20, &[]), 5, "2 s, but the floor");
        assert_eq!(kept(300, &[]), 30);
        assert_eq!(kept(3_000, &[40, 40]), 300);
        assert_eq!(kept(60_000, &[]), 600, "the ceiling");
    }

    #[test]
    fn pauses_that_a_start_is_worth_are_bridged() {
        // 3 s to start are worth 300 s of a process; pauses of 40 s cost 64 at most.
        assert_eq!(kept(3_000, &[40; 10]), 64);
        // 100 ms are worth 10 s: better to let go at once.
        assert_eq!(kept(100, &[40; 10]), 5);
        // Pauses longer than that are waited for in vain.
        assert_eq!(kept(3_000, &[500; 10]), 5);
    }

    #[test]
    fn most_of_the_pauses_decide() {
        let mostly_short = [6, 6, 6, 6, 6, 6, 6, 6, 500, 500];
        assert_eq!(kept(100, &mostly_short), 8);
        let mostly_long = [500, 500, 500, 500, 500, 500, 500, 500, 6, 6];
        assert_eq!(kept(100, &mostly_long), 5);
    }

    #[test]
    fn habits_change() {
        let mut pauses = [40; 600].to_vec();
        assert_eq!(kept(3_000, &pauses), 64);
        pauses.extend([900; 900]);
        assert_eq!(kept(3_000, &pauses), 5);
    }

    #[test]
    fn the_usual_start_follows_the_starts() {
        let mut seen = Pauses::default();
        for millis in [100, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000] {
            seen.started(Duration::from_millis(millis));
        }
        let kept = seen.keep(FLOOR, CEILING).as_secs();
        assert!((85..100).contains(&kept), "{kept}");
    }
}
