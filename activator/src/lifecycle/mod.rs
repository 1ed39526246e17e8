//! A function's processes: zero -> starting -> warm -> retiring -> stopping -> zero, and the crash loop.
//!
//! [`Function`] decides who takes the next delivery and when a process starts or stops; it knows nothing of
//! events, queues or cursors. `function` is the way of each process, `number` decides how many there are, `spare`
//! which of them are one too many, `standby` which is started for a new revision before anybody needs it, `attached` the
//! one that somebody else starts, `health` whether the current revision starts,
//! `averages` what Knative's autoscaler makes of it.

mod attached;
mod averages;
mod function;
mod health;
mod instance;
mod number;
mod spare;
mod standby;

use alloc::{string::String, sync::Arc};
use core::time::Duration;

use crate::id::Revision;
use crate::scale::Scaling;

pub use attached::{Attached, Declined};
pub use function::{Finish, Function};
pub use health::restart_wait;
pub use instance::{Instance, State};
pub use number::Start;
pub use spare::Spare;

/// What the folder holds under a function's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Something that can be started; whoever is run alike shares how.
    Present(Arc<Settings>),
    /// Nothing: events wait.
    Absent,
    /// Something that cannot be started, and why; a working process goes on serving.
    Broken(String),
}

impl From<Settings> for Availability {
    fn from(settings: Settings) -> Self {
        Self::Present(Arc::new(settings))
    }
}

/// How a revision of a function is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which content and settings.
    pub revision: Revision,
    /// Whether a process takes one delivery and ends by itself (the oneshot contract).
    pub single_use: bool,
    /// Deliveries an instance takes at a time, at least 1.
    pub concurrency: u32,
    /// How many instances, and for how long they are kept.
    pub scaling: Scaling,
    /// What becomes of calls that find all of them busy.
    pub overflow: Overflow,
    /// How long a process may take until it accepts its first request.
    pub start_timeout: Duration,
    /// How long a request/response call may take.
    pub call_timeout: Duration,
    /// How long it may take until the answer to a call or a delivery begins; nothing = as long as all of it.
    pub response_timeout: Option<Duration>,
    /// How long a process may finish what it holds when another revision took over.
    pub drain_timeout: Duration,
}

/// What becomes of calls when every instance there may be is full. Events wait in their channel, whatever is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// Whether they are refused at once.
    pub refuse: bool,
    /// Those that may wait at most, at least 1; more are refused.
    pub waiting_max: u32,
}

impl Default for Overflow {
    /// What applies when nobody says otherwise.
    fn default() -> Self {
        Self { refuse: false, waiting_max: 1000 }
    }
}

#[cfg(test)]
mod tests;
