//! When each of many events is delivered again: so many a second, or with the distances in time they arrived with.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// The longest that an event is waited for; so far apart no two are that anybody remembers.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[derive(Debug)]
pub(super) enum Pace {
    Rate(Interval),
    /// So many times as fast as they came, from the first one on.
    Times {
        factor: f64,
        first: Option<(Instant, SystemTime)>,
    },
}

impl Pace {
    pub(super) fn rate(a_second: u32) -> Self {
        let mut interval = interval(Duration::from_secs(1) / a_second.max(1));
        interval.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Self::Rate(interval)
    }

    /// Nothing unless the factor is a number above zero.
    pub(super) fn times(factor: f64) -> Option<Self> {
        (factor.is_finite() && factor > 0.0).then_some(Self::Times { factor, first: None })
    }

    /// Waits until it is the turn of an event that arrived then; none of those before it arrived later.
    pub(super) async fn turn(&mut self, arrived: SystemTime) {
        match self {
            Self::Rate(interval) => drop(interval.tick().await),
            Self::Times { factor, first } => {
                let (began, of_first) = *first.get_or_insert_with(|| (Instant::now(), arrived));
                sleep_until(began + after(of_first, arrived, *factor)).await;
            }
        }
    }
}

/// How long after the first one an event has its turn.
fn after(first: SystemTime, arrived: SystemTime, factor: f64) -> Duration {
    let apart = arrived.duration_since(first).unwrap_or_default().as_secs_f64() / factor;
    Duration::try_from_secs_f64(apart).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn they_are_as_far_apart_as_they_came_or_so_many_times_less() {
        for (factor, expected) in [
            (1.0, [0, 0, 10_000, 3_600_000]),
            (10.0, [0, 0, 1000, 360_000]),
            (0.5, [0, 0, 20_000, 7_200_000]),
        ] {
            let turns = [1000, 1000, 1010, 4600].map(|arrived| after(at(1000), at(arrived), factor));
            assert_eq!(turns.map(|turn| turn.as_millis()), expected);
        }
    }

    #[test]
    fn one_that_came_before_the_first_does_not_wait_and_none_waits_for_ever() {
        assert_eq!(after(at(9), at(8), 1.0), Duration::ZERO);
        assert_eq!(after(at(0), at(1_000_000_000), f64::MIN_POSITIVE), LONGEST);
    }

    #[test]
    fn nothing_is_a_factor_that_is_no_number_above_zero() {
        assert!([0.0, -1.0, f64::NAN, f64::INFINITY].into_iter().all(|factor| Pace::times(factor).is_none()));
        assert!(Pace::times(0.1).is_some());
    }
}
