//! What is said once everything listens.

use std::net::SocketAddr;
use std::time::Instant;

use activator::topology::Destination;

use super::{Mode, hotkeys};
use crate::config::resolved::{Found, Resolved};

/// Functions that are named one by one.
const FUNCTIONS_SHOWN: usize = 20;

pub(super) fn say(
    mode: Mode,
    config: &Resolved,
    (listen, admin): (SocketAddr, SocketAddr),
    has_keys: bool,
    started: Instant,
) {
    let took = started.elapsed();
    let functions = || config.functions.iter().filter(|(_, function)| function.of.is_none());
    let count = functions().count();
    if mode == Mode::Run {
        tracing::info!(%listen, %admin, functions = count, ?took, "ready");
        return;
    }
    let kept = config.runtime.state.as_ref().map_or_else(
        || "events are kept in memory: a restart loses them".to_owned(),
        |state| format!("events kept in {} (durable)", state.display()),
    );
    eprintln!("hydrant {}  ready in {} ms{:>8}{kept}", env!("CARGO_PKG_VERSION"), took.as_millis(), "");
    eprintln!("  events   http://{listen}           POST a CloudEvent here");
    eprintln!("  api      http://{admin}/api/v1/functions");
    for (id, function) in functions().take(FUNCTIONS_SHOWN) {
        let state = match &function.found {
            Found::Program(_) => "zero".to_owned(),
            Found::Absent => "absent".to_owned(),
            Found::Broken(reason) => format!("broken: {reason}"),
        };
        let wanted: Vec<String> = config
            .topology
            .subscriptions
            .iter()
            .filter(|s| s.to == Destination::Function(*id))
            .map(|s| format!("{}, {}", channel_name(config, s.channel), s.filter.describe()))
            .collect();
        eprintln!("  {:8} {state}   <- {}", function.name, wanted.join("; "));
    }
    if count > FUNCTIONS_SHOWN {
        eprintln!("  ... and {} more: hydrant ps", count - FUNCTIONS_SHOWN);
    }
    if has_keys {
        eprintln!("  keys     {}", hotkeys::LINE);
    }
}

fn channel_name(config: &Resolved, id: activator::id::ChannelId) -> String {
    config.channels.get(&id).map_or_else(String::new, |c| format!("{} {}", c.kind.text(), c.name))
}
