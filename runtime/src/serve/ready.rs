//! What is said once everything listens.

use std::net::SocketAddr;
use std::time::Instant;

use activator::id::{ChannelId, FunctionId};
use activator::topology::Destination;
use jiff::Timestamp;

use super::{Mode, hotkeys};
use crate::config::resolved::{Found, Function, Resolved};

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
    let count = functions(config).count();
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
    functions(config).take(FUNCTIONS_SHOWN).for_each(|(id, function)| say_function(config, id, function));
    if count > FUNCTIONS_SHOWN {
        eprintln!("  ... and {} more: hydrant ps", count - FUNCTIONS_SHOWN);
    }
    let now = Timestamp::now();
    for ping in config.pings.values() {
        eprintln!("  {:8} ping   {}", ping.name, ping.told(now));
    }
    if has_keys {
        eprintln!("  keys     {}", hotkeys::LINE);
    }
}

/// Those that are not another's revision.
fn functions(config: &Resolved) -> impl Iterator<Item = (FunctionId, &Function)> {
    let all = config.functions.iter().filter(|(_, function)| function.of.is_none());
    all.map(|(id, function)| (*id, &**function))
}

fn say_function(config: &Resolved, id: FunctionId, function: &Function) {
    let state = match &function.found {
        Found::Program(_) => "zero".to_owned(),
        Found::Absent => "absent".to_owned(),
        Found::Broken(reason) => format!("broken: {reason}"),
    };
    let wanted = config.topology.subscriptions.iter().filter(|s| s.to == Destination::Function(id));
    let wanted: Vec<String> =
        wanted.map(|s| format!("{}, {}", channel_name(config, s.channel), s.filter.describe())).collect();
    eprintln!("  {:8} {state}   <- {}", function.name, wanted.join("; "));
}

fn channel_name(config: &Resolved, id: ChannelId) -> String {
    config.channels.get(&id).map_or_else(String::new, |c| format!("{} {}", c.kind.text(), c.name))
}
