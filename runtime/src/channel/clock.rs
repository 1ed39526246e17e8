//! What time it is for people: the time that records bear.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long ago these times were.
pub(super) fn ages(times: &[u64]) -> Vec<Duration> {
    let now = now_ms();
    times.iter().map(|time| Duration::from_millis(now.saturating_sub(*time))).collect()
}
