//! The monotonic clock that the activator is told.

use std::time::Duration;

use activator::Time;
use tokio::time::Instant;

pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The moment as the async runtime knows it, rounded up: a timer must not fire before it is due.
    pub(super) fn instant(&self, time: Time) -> Instant {
        self.start + Duration::from_micros(time.as_micros().saturating_add(1))
    }
}
