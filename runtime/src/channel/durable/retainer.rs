//! The user's caps: what a channel deletes although a cursor may still want it. Whole segments, the oldest first.

use std::time::{Duration, Instant};

use super::appender::Appender;
use super::host::{Host, Now};
use crate::channel::Retention;

/// A clock that was set by more than this is not believed.
const JUMP_MAX: Duration = Duration::from_secs(60 * 60);

/// When to look again after something failed, or while the clock is not believed.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

pub(super) struct Retainer {
    rule: Retention,
    clock: WallClock,
}

impl Retainer {
    pub(super) fn new(rule: Retention) -> Self {
        Self { rule, clock: WallClock::default() }
    }

    /// Whether the caps may want something deleted, or a segment closed, once that many bytes more are there.
    pub(super) fn is_due(&self, appenders: &[Appender], bytes: usize, look: Option<Instant>) -> bool {
        let beyond = |cap| bytes_of(appenders) + bytes as u64 > cap;
        // Without a time to look again there was nothing that could come of age.
        let of_age = || look.is_none_or(|look| look <= Instant::now());
        self.rule.bytes.is_some_and(beyond) || self.rule.age.is_some() && of_age()
    }

    /// Deletes what is beyond the caps, and says when time alone will have put more beyond them.
    pub(super) fn enforce(&mut self, appenders: &mut [Appender], host: &dyn Host) -> Option<Duration> {
        if let Some(bytes_max) = self.rule.bytes {
            keep_bytes(appenders, bytes_max);
        }
        let age = self.rule.age?;
        match self.clock.believed(host.now()) {
            Some(now_ms) => keep_young(appenders, now_ms, age),
            None => Some(LOOK_AGAIN),
        }
    }
}

fn keep_bytes(appenders: &mut [Appender], bytes_max: u64) {
    let mut bytes = bytes_of(appenders);
    while bytes > bytes_max {
        let closed = |appender: &&mut Appender| appender.log.oldest_closed().is_some();
        let oldest = appenders.iter_mut().filter(closed).min_by_key(|appender| appender.oldest_time());
        let Some(appender) = oldest else {
            return;
        };
        bytes -= appender.delete_oldest();
    }
}

fn bytes_of(appenders: &[Appender]) -> u64 {
    appenders.iter().map(Appender::bytes).sum()
}

/// Gives how long it takes until the next segment comes of age.
fn keep_young(appenders: &mut [Appender], now_ms: u64, age: Duration) -> Option<Duration> {
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let mut due = None;
    for appender in appenders {
        // A segment that goes on being written to would never come of age.
        while let Some(first) = appender.active_since() {
            if now_ms.saturating_sub(first) < age_ms {
                due = earlier(due, first + age_ms - now_ms.min(first + age_ms));
                break;
            }
            if let Err(error) = appender.roll() {
                tracing::warn!("no new segment in {}: {error}", appender.dir.display());
                return Some(LOOK_AGAIN);
            }
        }
        while let Some(last) = appender.oldest_time() {
            if now_ms.saturating_sub(last) < age_ms {
                due = earlier(due, last + age_ms - now_ms.min(last + age_ms));
                break;
            }
            appender.delete_oldest();
        }
    }
    due
}

fn earlier(due: Option<Duration>, ms: u64) -> Option<Duration> {
    // Rounded up: a look that comes too early would look again at once.
    let wait = Duration::from_millis(ms + 1);
    Some(due.map_or(wait, |due| due.min(wait)))
}

/// The time of day, held against a clock that nobody sets.
#[derive(Default)]
struct WallClock {
    /// When it was last believed.
    believed: Option<Now>,
    doubted: bool,
}

impl WallClock {
    /// The time in milliseconds since 1970, unless the clock was set: it would put everything beyond its age at once.
    /// It is believed again when it is back where it should be.
    fn believed(&mut self, now: Now) -> Option<u64> {
        let last = *self.believed.get_or_insert(now);
        let passed = now.up.saturating_sub(last.up);
        let expected = Duration::from_millis(last.wall_ms) + passed;
        let jump = expected.abs_diff(Duration::from_millis(now.wall_ms));
        let doubted = jump > JUMP_MAX;
        if doubted && !self.doubted {
            tracing::warn!(
                ?jump,
                "the clock was set: nothing is deleted for its age until it is back, or a restart"
            );
        }
        self.doubted = doubted;
        if doubted {
            return None;
        }
        self.believed = Some(now);
        Some(now.wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn check(looks: &[(u64, u64, bool)]) {
        let mut clock = WallClock::default();
        for &(wall, up, believed) in looks {
            let now = Now { wall_ms: wall * 1_000, up: Duration::from_secs(up) };
            assert_eq!(clock.believed(now).is_some(), believed, "{wall} after {up} in {looks:?}");
        }
    }

    #[test]
    fn a_clock_that_jumps_is_doubted_until_it_is_back() {
        let day = 24 * HOUR;
        let start = 1_000 * day;
        check(&[(start, 0, true), (start + 9, 10, true), (start + 30 * day, 30 * day, true)]);
        check(&[(start, 0, true), (start + day, 10, false), (start + day + 10, 20, false)]);
        check(&[(start, 0, true), (start + day, 10, false), (start + 20, 20, true), (start + 30, 30, true)]);
        check(&[(start, 0, true), (start - day, 10, false), (start - HOUR + 60, 50, true)]);
        check(&[(start, 0, true), (start + HOUR - 1, 0, true), (start + 2 * HOUR - 2, 0, true)]);
    }
}
