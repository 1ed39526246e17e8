//! What is said once everything listens.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use activator::id::{ChannelId, FunctionId};
use activator::topology::Destination;
use jiff::Timestamp;

use super::{Mode, Ready, hotkeys};
use crate::admin::About;
use crate::config::resolved::{ChannelKind, Found, Function, Resolved};
use crate::history::channel_label;

/// Functions that are named one by one.
const FUNCTIONS_SHOWN: usize = 20;

pub(super) fn say(mode: Mode, ready: &Ready, has_keys: bool, started: Instant) {
    let (config, took) = (&*ready.config, started.elapsed());
    let About { listen, admin, .. } = ready.about;
    match mode {
        Mode::Run => tracing::info!(%listen, %admin, functions = functions(config).count(), ?took, "ready"),
        Mode::Dev => banner(config, (listen, admin), has_keys, took),
        Mode::Test => {}
    }
    if config.runtime.ephemeral {
        say_stand_ins(config);
    }
}

/// What a test does not have.
fn say_stand_ins(config: &Resolved) {
    let of = |are_sources: bool| {
        let all = config.channels.values().filter(|channel| channel.stands_in);
        let all = all.filter(|channel| (channel.kind == ChannelKind::Source) == are_sources);
        all.map(channel_label).collect::<Vec<_>>().join(", ")
    };
    let (channels, sources) = (of(false), of(true));
    if !channels.is_empty() {
        eprintln!("in memory instead of Kafka: {channels}");
    }
    if !sources.is_empty() {
        eprintln!("not read from Kafka, and posted to instead: {sources}");
    }
}

fn banner(config: &Resolved, (listen, admin): (SocketAddr, SocketAddr), has_keys: bool, took: Duration) {
    let kept = config.runtime.state.as_ref().map_or_else(
        || "events are kept in memory: a restart loses them".to_owned(),
        |state| format!("events kept in {} (durable)", state.display()),
    );
    eprintln!("hydrant {}  ready in {} ms{:>8}{kept}", env!("CARGO_PKG_VERSION"), took.as_millis(), "");
    eprintln!("  events   http://{listen}           POST a CloudEvent here");
    eprintln!("  api      http://{admin}/api/v1/functions");
    functions(config).take(FUNCTIONS_SHOWN).for_each(|(id, function)| say_function(config, id, function));
    if let Some(more) = functions(config).count().checked_sub(FUNCTIONS_SHOWN).filter(|more| *more > 0) {
        eprintln!("  ... and {more} more: hydrant ps");
    }
    let now = Timestamp::now();
    for ping in config.pings.values().filter(|_| !config.runtime.ephemeral) {
        eprintln!("  {:8} ping   {}", ping.name, ping.told(now));
    }
    for source in config.containers.values().filter(|_| !config.runtime.ephemeral) {
        eprintln!("  {:8} container   -> {}", source.name, source.outlet.to);
    }
    for poll in config.polls.values().filter(|_| !config.runtime.ephemeral) {
        let every = humantime::format_duration(poll.every);
        eprintln!("  {:8} http-poll   {} every {every} -> {}", poll.name, poll.shown(), poll.outlet.to);
    }
    for source in config.file_watches.values().filter(|_| !config.runtime.ephemeral) {
        eprintln!("  {:8} file-watch  {} -> {}", source.name, source.place(), source.outlet.to);
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
