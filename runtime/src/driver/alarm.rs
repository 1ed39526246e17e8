//! The timer that the loop waits for, beside its messages.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for as long as the loop runs. It may ring too early: to move it costs a system call when it comes earlier,
/// and nothing is gained by moving it to later at every turn.
pub(super) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(Box::pin(sleep_until(far())))
    }

    /// Makes it ring at this time or before.
    pub(super) fn set(&mut self, due: Option<Instant>) {
        let due = due.unwrap_or_else(far);
        if self.0.is_elapsed() || due < self.0.deadline() {
            self.0.as_mut().reset(due);
        }
    }

    pub(super) async fn ring(&mut self) {
        self.0.as_mut().await;
    }
}

/// Later than anything happens; the timers of the async runtime know no never.
fn far() -> Instant {
    Instant::now() + std::time::Duration::from_secs(60 * 60 * 24 * 365)
}
