//! How hard to try: Knative's delivery settings (control plane spec, "Event Delivery").

use core::time::Duration;

use crate::id::ChannelId;

/// Delivery settings of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts after the first one.
    pub retry: u32,
    /// How the wait between attempts grows.
    pub backoff: Backoff,
    /// The first wait.
    pub delay: Duration,
    /// The longest wait.
    pub delay_max: Duration,
    /// Whether waits are spread, so that what failed together does not come back together.
    pub jitter: bool,
    /// The longest wait that an answer may ask for by `Retry-After`; with zero, it is not asked.
    pub retry_after_max: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// What becomes of an event after the last attempt.
    pub exhausted: Exhausted,
    /// How the event is written into the request.
    pub format: Format,
    /// How long it is left alone after it was stored.
    pub after: Duration,
    /// Whether an event that was delivered is delivered again when it is sent again.
    pub deduplicate: Option<Deduplicate>,
}

/// Of which events is remembered that they were delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deduplicate {
    /// Those that were delivered within this time.
    pub time: Duration,
    /// The latest of them, so many at most.
    pub max: u32,
}

/// How the wait between attempts grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// The same wait each time.
    Linear,
    /// Twice the wait each time.
    Exponential,
}

/// What becomes of an event that nobody could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// It is stored as a dead letter: in this channel, or in the runtime's own.
    DeadLetter(Option<ChannelId>),
    /// It is tried on, after the longest wait each time, and its cursor stays before it.
    Block,
    /// It is held, until its function has another revision or somebody asks, and its attempts begin anew then. What its
    /// function rejects, and the oldest of too many, are stored as dead letters, as above.
    Hold(Option<ChannelId>),
    /// It is given up.
    Drop,
}

/// How an event is written into a request (CloudEvents HTTP binding, 3.1 and 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Attributes in headers, data in the body.
    #[default]
    Binary,
    /// All of it in the body, as JSON.
    Structured,
    /// All of it in a file, as JSON, for a process that handles this one event.
    File,
}

/// A wait that is spread is at least this share of itself, in percent.
const SPREAD_FROM: u64 = 80;
/// The shortest wait of what is tried for ever, whatever its policy says.
const ENDLESS_WAIT: Duration = Duration::from_secs(1);

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: 10,
            backoff: Backoff::Exponential,
            delay: Duration::from_millis(200),
            delay_max: Duration::from_secs(30),
            jitter: false,
            retry_after_max: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
            exhausted: Exhausted::DeadLetter(None),
            format: Format::Binary,
            after: Duration::ZERO,
            deduplicate: None,
        }
    }
}

impl Policy {
    /// The wait after the `failed`-th attempt (1 = the first); nothing when that one was the last. `asked` is what its
    /// answer asked for by `Retry-After`, `random` any number, another one for each attempt.
    pub fn wait_after(&self, failed: u32, asked: Option<Duration>, random: u64) -> Option<Duration> {
        if failed > self.retry {
            return None;
        }
        let doublings = match self.backoff {
            Backoff::Linear => 0,
            Backoff::Exponential => failed.saturating_sub(1).min(31),
        };
        let wait = self.delay.saturating_mul(1 << doublings).min(self.delay_max);
        let asked = asked.map_or(Duration::ZERO, |asked| asked.min(self.retry_after_max));
        Some(self.spread(wait, random).max(asked))
    }

    /// The wait between attempts that never end.
    pub fn endless_wait(&self) -> Duration {
        self.delay_max.max(ENDLESS_WAIT)
    }

    fn spread(&self, wait: Duration, random: u64) -> Duration {
        if !self.jitter {
            return wait;
        }
        let least = wait.saturating_mul(SPREAD_FROM as u32) / 100;
        let range = u64::try_from((wait - least).as_micros()).unwrap_or(u64::MAX);
        least + Duration::from_micros(random % range.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn waits(policy: &Policy) -> Vec<Option<u128>> {
        (1..=5).map(|failed| policy.wait_after(failed, None, 7).map(|w| w.as_millis())).collect()
    }

    #[test]
    fn exponential_starts_with_the_delay_itself_doubles_and_stops_at_the_cap() {
        let policy = Policy { retry: 4, delay_max: Duration::from_millis(700), ..Policy::default() };
        assert_eq!(waits(&policy), [Some(200), Some(400), Some(700), Some(700), None]);
    }

    #[test]
    fn linear_waits_the_same_each_time() {
        let policy = Policy { retry: 2, backoff: Backoff::Linear, ..Policy::default() };
        assert_eq!(waits(&policy), [Some(200), Some(200), None, None, None]);
    }

    #[test]
    fn no_retry_means_one_attempt_and_a_huge_number_of_them_does_not_overflow() {
        assert_eq!(Policy { retry: 0, ..Policy::default() }.wait_after(1, None, 0), None);
        let policy = Policy { retry: u32::MAX, jitter: true, ..Policy::default() };
        assert!(policy.wait_after(4_000_000, None, u64::MAX) <= Some(Duration::from_secs(30)));
        let endless = Policy { delay: Duration::MAX, delay_max: Duration::MAX, ..policy };
        assert!(endless.wait_after(1, Some(Duration::MAX), u64::MAX).is_some());
    }

    #[test]
    fn who_asks_for_a_longer_wait_gets_it_up_to_the_cap_and_never_a_shorter_one() {
        let policy = Policy { retry_after_max: Duration::from_secs(5), ..Policy::default() };
        let asked =
            |seconds| policy.wait_after(1, Some(Duration::from_secs(seconds)), 0).unwrap().as_millis();
        assert_eq!([0, 3, 60].map(asked), [200, 3000, 5000]);
        let deaf = Policy { retry_after_max: Duration::ZERO, ..Policy::default() };
        assert_eq!(deaf.wait_after(1, Some(Duration::from_secs(3)), 0), Some(Duration::from_millis(200)));
    }

    #[test]
    fn spread_waits_are_different_and_never_longer() {
        let policy = Policy { jitter: true, ..Policy::default() };
        let waits: Vec<_> = (0..100).map(|n| policy.wait_after(1, None, n * 7919).unwrap()).collect();
        assert!(waits.iter().all(|wait| (160..=200).contains(&wait.as_millis())), "{waits:?}");
        assert!(waits.iter().collect::<alloc::collections::BTreeSet<_>>().len() > 50);
    }
}
