//! What it costs to keep events in order, and what a trigger costs that is slow.
//!
//! - [`drain`]: a backlog of events that each take a time of their own, in no order, by key and by partition; [`work`]
//!   is that backlog.
//! - [`slow`]: how long an event is under way to a fast function beside a hundred slow ones.

mod drain;
mod slow;
mod work;

use serde_json::{Value, json};

use super::compare::{self, Compared};
use crate::process::Spawner;

/// Requests under way at a time: what a function takes by default.
const SLOTS: u32 = 100;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) events: usize,
    pub(crate) keys: u64,
    pub(crate) slow: usize,
    pub(crate) rounds: usize,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report {
    plan: Plan,
    drain: Vec<Compared>,
    slow: Vec<Compared>,
}

/// Measures one after the other.
pub(crate) async fn measure(plan: Plan) -> anyhow::Result<Report> {
    let spawner = Spawner::start(None)?;
    let drain = drain::measure(&spawner, plan).await?;
    let slow = slow::measure(&spawner, plan).await?;
    Ok(Report { plan, drain, slow })
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let rows = |rows| compare::json("order", rows)["rows"].take();
        json!({ "bench": "order", "drain": rows(&self.drain), "slow": rows(&self.slow) })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let Plan { events, keys, slow, .. } = self.plan;
        let drain = format!("{events} events that take 0 to 5 ms each, {SLOTS} at a time, {keys} keys");
        let beside = format!("a fast trigger at 100 events/s beside {slow} that take 1 s for each event");
        compare::text(&drain, &self.drain) + &compare::text(&beside, &self.slow)
    }
}
