//! `hydrant pause` and `hydrant resume`: nothing is delivered to a trigger for a time.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;

use super::completions;
use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::http::encode;
use super::output;
use crate::admin::TriggerView;

/// Deliver nothing to a trigger until it is resumed
///
/// What is in flight finishes. What waits, and what comes, stays in the channel, which keeps it as it does for a trigger that
/// is slow; all others go on. It stays paused over a restart, where a state folder is kept.
#[derive(Debug, Args)]
pub(super) struct Pause {
    /// The trigger, subscription or source; `trigger/NAME` where several have the name
    #[arg(add = completions::triggers())]
    trigger: String,
}

/// Let a trigger go on where it was when it was paused
#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The trigger, subscription or source; `trigger/NAME` where several have the name
    #[arg(add = completions::triggers())]
    trigger: String,
}

impl Pause {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        set(global, &self.trigger, "pause").await
    }
}

impl Resume {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        set(global, &self.trigger, "resume").await
    }
}

async fn set(global: &Global, trigger: &str, what: &str) -> Result<ExitCode, Failure> {
    let daemon = Daemon::find(global).await?;
    let target = format!("/api/v1/triggers/{}/{what}", encode(trigger));
    let now: TriggerView = daemon.ask(Method::POST, &target).await??;
    if global.is_json() {
        output::json(&now)?;
    } else {
        global.talk(&told(&now));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(now: &TriggerView) -> String {
    let TriggerView { trigger, kind, to, paused, kept } = now;
    match (paused, kept) {
        (false, _) => format!("{kind} {trigger} goes on: its events go to {to}"),
        (true, true) => format!("{kind} {trigger} is paused: its events wait for `hydrant resume {trigger}`"),
        (true, false) => format!(
            "{kind} {trigger} is paused: its events wait for `hydrant resume {trigger}`, or for the next start: no state is kept"
        ),
    }
}
