//! What people ask about: a function as it stands.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};

use super::Activator;
use super::delivery::Stage;
use crate::id::{ChannelId, FunctionId};
use crate::lifecycle::{self, Function};
use crate::topology::Destination;

/// A function as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Where in its life it is.
    pub phase: FunctionPhase,
    /// Processes that have not ended.
    pub instances: u32,
    /// Deliveries they hold.
    pub in_flight: u32,
    /// Events and calls that wait: for room, for their next attempt, or for somebody who lets their subscription go on.
    pub queued: u32,
    /// Events that are held, since their attempts are used up.
    pub held: u32,
    /// Why nothing starts, if so.
    pub reason: Option<String>,
}

/// Where in its life a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionPhase {
    /// No process.
    Zero,
    /// A process that does not answer yet, and none that does.
    Starting,
    /// A process without work.
    Warm,
    /// A process with work.
    Busy,
    /// Only processes on their way out.
    Draining,
    /// Nothing starts, and no process works.
    Broken,
    /// Somebody else's process has the place of ours.
    Attached,
}

impl Activator {
    /// Every function as it stands.
    pub fn states(&self) -> BTreeMap<FunctionId, State> {
        let mut states: BTreeMap<_, _> =
            self.functions.iter().map(|(&id, f)| (id, state(&f.machine))).collect();
        for (id, delivery) in self.deliveries.iter() {
            let count: fn(&mut State) -> &mut u32 = match delivery.stage {
                Stage::Queued | Stage::Blocked | Stage::Fetching { .. } | Stage::Waiting | Stage::Paused => {
                    |s| &mut s.queued
                }
                Stage::Held(_) => |s| &mut s.held,
                Stage::UnderWay(_) | Stage::Storing { .. } => continue,
            };
            if let Some(Destination::Function(revision)) = self.destination(id)
                && let Some(state) = states.get_mut(&revision)
            {
                *count(state) += 1;
            }
        }
        states
    }

    /// Whether a channel is open.
    pub fn is_open(&self, channel: ChannelId) -> bool {
        self.channels.get(&channel).is_some_and(|c| c.is_open && !c.leaving)
    }
}

fn state(function: &Function) -> State {
    let (mut in_flight, mut ready, mut starting) = (0, false, false);
    for instance in function.instances() {
        in_flight += instance.in_flight;
        ready |= matches!(instance.state, lifecycle::State::Warm { .. } | lifecycle::State::Paused { .. });
        starting |= instance.state == lifecycle::State::Starting;
    }
    let instances = u32::try_from(function.instances().len()).unwrap_or(u32::MAX);
    let reason = function.trouble().map(ToString::to_string);
    let phase = match (ready, starting) {
        _ if function.attached().is_some() => FunctionPhase::Attached,
        (true, _) if in_flight > 0 => FunctionPhase::Busy,
        (true, _) => FunctionPhase::Warm,
        (false, true) => FunctionPhase::Starting,
        _ if reason.is_some() => FunctionPhase::Broken,
        _ if instances > 0 => FunctionPhase::Draining,
        _ => FunctionPhase::Zero,
    };
    State { phase, instances, in_flight, queued: 0, held: 0, reason }
}
