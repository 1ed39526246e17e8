//! One process of a function.

use super::Settings;
use crate::id::InstanceId;
use crate::time::Time;

/// One process, from the decision to start it to the news of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub id: InstanceId,
    /// What it runs, and how.
    pub settings: Settings,
    /// Where in its life it is.
    pub state: State,
    /// When it was decided to start it.
    pub started: Time,
    /// Deliveries it holds.
    pub in_flight: u32,
    /// Timeouts in a row; an answer resets it.
    pub timeouts: u32,
    /// Whether somebody else starts it: we neither start, stop nor judge what runs there.
    pub is_attached: bool,
}

/// Where in its life a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not known to accept requests yet; it may hold some, which wait for it.
    Starting,
    /// It accepts requests; idle since then if it holds none.
    Warm {
        /// When its last delivery ended.
        idle_since: Option<Time>,
    },
    /// It accepts requests, and is stopped until there is one; idle since then.
    Paused {
        /// When it was first known to accept requests.
        since: Time,
    },
    /// It takes nothing new and finishes what it holds.
    Retiring,
    /// It was asked to end, or is about to by itself.
    Stopping {
        /// Whether that is because it never accepted a request.
        start_failed: bool,
    },
}

impl Instance {
    /// Whether it may be given another delivery.
    pub const fn has_room(&self) -> bool {
        matches!(self.state, State::Starting | State::Warm { .. } | State::Paused { .. })
            && self.in_flight < self.settings.concurrency
    }

    /// Whether it holds as much as it is meant to.
    pub fn is_at_target(&self) -> bool {
        u64::from(self.in_flight) * 100 >= self.settings.scaling.share(self.settings.concurrency)
    }
}
