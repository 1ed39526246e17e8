//! How hard to try: Knative's delivery settings (control plane spec, "Event Delivery").

use core::time::Duration;

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
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// How the wait between attempts grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// The same wait each time.
    Linear,
    /// Twice the wait each time.
    Exponential,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: 10,
            backoff: Backoff::Exponential,
            delay: Duration::from_millis(200),
            delay_max: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
        }
    }
}

impl Policy {
    /// The wait after the `failed`-th attempt (1 = the first); nothing when that one was the last.
    pub fn wait_after(&self, failed: u32) -> Option<Duration> {
        if failed > self.retry {
            return None;
        }
        let doublings = match self.backoff {
            Backoff::Linear => 0,
            Backoff::Exponential => failed.saturating_sub(1).min(31),
        };
        Some(self.delay.saturating_mul(1 << doublings).min(self.delay_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn waits(policy: &Policy) -> Vec<Option<u128>> {
        (1..=5).map(|failed| policy.wait_after(failed).map(|w| w.as_millis())).collect()
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
        assert_eq!(Policy { retry: 0, ..Policy::default() }.wait_after(1), None);
        let policy = Policy { retry: u32::MAX, ..Policy::default() };
        assert_eq!(policy.wait_after(4_000_000), Some(Duration::from_secs(30)));
    }
}
