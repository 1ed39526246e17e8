//! How long a URL is left alone after it was asked.

use std::time::Duration;

/// The wait after the first failure; it doubles with each.
const FAILED: Duration = Duration::from_secs(1);
/// Up to as much as is left between two answers, or this where that is less.
const FAILED_MAX: Duration = Duration::from_secs(30);
/// A server may ask for no more than this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// After so many failures in a row; the last may have come with a wish of the server's.
pub(super) fn wait(every: Duration, failures: u32, retry_after: Option<Duration>) -> Duration {
    let Some(doubled) = failures.checked_sub(1) else { return every };
    let wait = FAILED.saturating_mul(1 << doubled.min(31)).min(every.max(FAILED_MAX));
    wait.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(every: u64, failures: u32, retry_after: Option<u64>) -> u64 {
        wait(Duration::from_secs(every), failures, retry_after.map(Duration::from_secs)).as_secs()
    }

    #[test]
    fn a_url_that_fails_is_asked_ever_more_seldom() {
        assert_eq!(seconds(60, 0, None), 60);
        assert_eq!([1, 2, 3, 6, 7, 99].map(|failures| seconds(60, failures, None)), [1, 2, 4, 32, 60, 60]);
        assert_eq!([1, 5, 6, u32::MAX].map(|failures| seconds(2, failures, None)), [1, 16, 30, 30]);
    }

    #[test]
    fn a_server_may_ask_for_more_and_not_for_less() {
        assert_eq!(seconds(60, 1, Some(600)), 600);
        assert_eq!(seconds(60, 4, Some(0)), 8);
        assert_eq!(seconds(60, 1, Some(u64::MAX)), 24 * 3600);
    }
}
