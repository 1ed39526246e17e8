//! Deliveries whose answer was lost. Whether the process ended with it is known a moment later, and what it printed last
//! then says why.

use std::time::Duration;

use activator::id::DeliveryId;
use tokio::time::Instant;

/// How much later than its connections a process may end of the same cause.
const END_WITHIN: Duration = Duration::from_millis(50);

/// Those that are not told yet, with what was seen of each.
#[derive(Default)]
pub(super) struct Lost {
    deliveries: Vec<(DeliveryId, String)>,
    due: Option<Instant>,
}

impl Lost {
    pub(super) fn push(&mut self, delivery: DeliveryId, reason: String) {
        self.due.get_or_insert_with(|| Instant::now() + END_WITHIN);
        self.deliveries.push((delivery, reason));
    }

    /// Until the process has had its time to end.
    pub(super) async fn waited(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn take(&mut self) -> Vec<(DeliveryId, String)> {
        self.due = None;
        std::mem::take(&mut self.deliveries)
    }
}
