//! Whether a revision starts, and how long to wait before it is tried again: the crash loop.

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use crate::time::Time;

/// The wait after the first failed start; it doubles with each further one.
const RESTART_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between starts.
const RESTART_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long to wait after so many failures in a row, one at least.
#[must_use]
pub fn restart_wait(failures: u32) -> Duration {
    RESTART_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RESTART_WAIT_MAX)
}

/// Whether the current revision starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// Nothing speaks against it.
    Sound,
    /// Its last start failed: one start at a time, and not before `until`.
    Failing(Box<Failing>),
}

/// Boxed, as most never fail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failing {
    failures: u32,
    until: Time,
    pub(super) reason: String,
}

impl Health {
    /// How often in a row it failed to start.
    pub(super) const fn failures(&self) -> u32 {
        match self {
            Self::Sound => 0,
            Self::Failing(failing) => failing.failures,
        }
    }

    /// Sound, Failing -> Failing. Gives the wait.
    pub(super) fn start_failed(&mut self, now: Time, reason: &str) -> Duration {
        let failures = self.failures() + 1;
        let wait = restart_wait(failures);
        *self = Self::Failing(Box::new(Failing { failures, until: now + wait, reason: reason.into() }));
        wait
    }

    /// Whether one may be started. Half open, when the wait is over: one process tries for all.
    pub(super) fn allows_start(&self, now: Time, one_is_unproven: bool) -> bool {
        match self {
            Self::Sound => true,
            Self::Failing(failing) => now >= failing.until && !one_is_unproven,
        }
    }
}
