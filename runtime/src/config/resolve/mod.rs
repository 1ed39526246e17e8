//! From what is written and what is there to what is meant.

mod channels;
mod functions;
mod implicit;
mod policy;
mod programs;
mod reference;
mod runtime;
mod scaling;
mod secrets;
mod spec;
mod terms;
mod traffic;
mod wiring;

use std::path::Path;

use activator::topology::Topology;

use super::diagnostic::Problems;
use super::ids::Ids;
use super::raw;
use super::resolved::{Resolved, Runtime, Watch};

use channels::Channels;
use reference::References;
use wiring::Wiring;

pub(super) use functions::Functions;
pub(super) use runtime::runtime;

/// Puts everything together. What it returns is meant to be used only when no error was reported.
pub(super) fn resolve(
    file: &raw::File,
    project: &Path,
    runtime: Runtime,
    functions: Functions,
    ids: &mut Ids,
    problems: &Problems,
) -> Resolved {
    let channels = Channels::new(file, project, &runtime, ids, problems);
    let references =
        References { channels: &channels, functions: &functions, project, runtime: &runtime, problems };
    let Wiring { subscriptions, sinks, requests, pings, containers, polls, file_watches, .. } =
        Wiring::new(file, references, ids);
    Resolved {
        runtime,
        topology: Topology {
            channels: channels.topology(),
            subscriptions,
            dead_letters: channels.dead_letters,
            traffic: functions.traffic(),
        },
        kafka: channels.kafka,
        channels: channels.all,
        functions: functions.into_resolved(),
        sinks,
        requests,
        pings,
        containers,
        polls,
        file_watches,
        watch: Watch { enabled: file.watch.enabled, poll: file.watch.poll },
    }
}
