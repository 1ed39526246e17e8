//! `hydrant completions`: what a shell asks when somebody presses Tab, and what it is answered.
//!
//! The shell's script knows nothing: it gives all words to hydrant, which knows its own flags, and asks the running hydrant
//! or the configuration for names. A script that lists flags could not, and would be that of another version one day.

use std::env;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{Bash, EnvCompleter, Fish, Shells, Zsh};
use hyper::Method;
use tokio::time::timeout;

use super::daemon::Daemon;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::{Cli, output, samples};
use crate::admin::FunctionView;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::config::{Loader, short_name};
use crate::history::channel_label;

/// Names the shell that asks; set by its script.
const ASKS: &str = "HYDRANT_COMPLETE";
const SHELLS: Shells<'_> = Shells(&[&Bash, &Zsh, &Fish]);
/// Nobody waits longer than this for a name; the configuration has them too.
const PATIENCE: Duration = Duration::from_millis(500);

/// Print the script by which a shell completes commands, flags, and the names of functions, triggers and channels
#[derive(Debug, Args)]
#[command(after_help = "\
bash   source <(hydrant completions bash)      in ~/.bashrc
zsh    source <(hydrant completions zsh)       in ~/.zshrc, behind compinit
fish   hydrant completions fish | source       in ~/.config/fish/config.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let shell: &dyn EnvCompleter = match self.shell {
            Shell::Bash => &Bash,
            Shell::Zsh => &Zsh,
            Shell::Fish => &Fish,
        };
        let mut script = Vec::new();
        let cannot = |error: io::Error| Failure::failed(format!("cannot write the script: {error}"));
        shell.write_registration(ASKS, "hydrant", "hydrant", &itself()?, &mut script).map_err(cannot)?;
        output::data(script)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How the shell finds this program: as it was found now.
fn itself() -> Result<String, Failure> {
    let called = env::args().next().unwrap_or_default();
    if !called.contains('/') {
        return Ok("hydrant".into());
    }
    let path = std::path::absolute(called).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(path.display().to_string())
}

/// Answers a shell that asks; nothing when none does.
pub(super) fn answer() -> Option<ExitCode> {
    let asked = CompleteEnv::with_factory(Cli::command).var(ASKS).shells(SHELLS);
    let here = env::current_dir().ok();
    match asked.try_complete(env::args_os(), here.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        // The shell shows nothing then.
        Err(_) => Some(Exit::Failed.into()),
    }
}

/// Names of functions.
pub(super) fn functions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let global = typed();
        running(&global)
            .unwrap_or_else(|| {
                configured(&global, |resolved| {
                    resolved
                        .functions
                        .values()
                        .filter(|f| f.of.is_none())
                        .map(|f| f.name.to_string())
                        .collect()
                })
            })
            .into_iter()
            .map(CompletionCandidate::new)
            .collect()
    })
}

/// Names of triggers, subscriptions and sources.
pub(super) fn triggers() -> ArgValueCandidates {
    of_configuration(|resolved| {
        let replays = |name: &str| name.starts_with(ChannelKind::Replay.text());
        let names = resolved.topology.subscriptions.iter().map(|s| &*s.name).filter(|name| !replays(name));
        names.map(|name| short_name(name).to_owned()).collect()
    })
}

/// Names of samples.
pub(super) fn samples() -> ArgValueCandidates {
    ArgValueCandidates::new(|| samples::names(&typed()).into_iter().map(CompletionCandidate::new).collect())
}

/// Whatever takes events: `broker/NAME`, `fn/NAME` and so on.
pub(super) fn destinations() -> ArgValueCandidates {
    of_configuration(|resolved| {
        let functions = resolved.functions.values().filter(|f| f.of.is_none());
        let functions = functions.map(|function| format!("fn/{}", function.name));
        labels(resolved).chain(functions).collect()
    })
}

/// Names of sources that can be fired.
pub(super) fn firing() -> ArgValueCandidates {
    of_configuration(|resolved| {
        let names = resolved.pings.keys().chain(resolved.polls.keys()).chain(resolved.file_watches.keys());
        names.map(ToString::to_string).collect()
    })
}

/// `broker/NAME`, `channel/NAME` and so on.
pub(super) fn channels() -> ArgValueCandidates {
    of_configuration(|resolved| labels(resolved).collect())
}

fn labels(resolved: &Resolved) -> impl Iterator<Item = String> {
    let is_named = |kind: ChannelKind| kind.is_for_people() || kind == ChannelKind::Sink;
    resolved.channels.values().filter(move |channel| is_named(channel.kind)).map(channel_label)
}

fn of_configuration(names: fn(&Resolved) -> Vec<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        configured(&typed(), names).into_iter().map(CompletionCandidate::new).collect()
    })
}

/// What was typed so far says where the project is. The script gives it behind `--`.
fn typed() -> Global {
    let words: Vec<String> = env::args().skip_while(|word| word != "--").skip(1).collect();
    Global::of_words(&words)
}

/// The functions of the running hydrant, if one runs.
fn running(global: &Global) -> Option<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().ok()?;
    let ask = async {
        let daemon = Daemon::find(global).await.ok()?;
        daemon.ask::<Vec<FunctionView>>(Method::GET, "/api/v1/functions").await.ok()?.ok()
    };
    let functions = runtime.block_on(async { timeout(PATIENCE, ask).await }).ok()??;
    Some(functions.into_iter().map(|function| function.function).collect())
}

/// What the configuration says, where it can be read; no name is worth a message in the middle of a line.
fn configured(global: &Global, names: impl Fn(&Resolved) -> Vec<String>) -> Vec<String> {
    let load = || {
        let (project, file) = (global.project(None).ok()?, global.config().ok()?);
        // Whether a file is being written does not matter to its name.
        let mut loader =
            Loader::new(&project, file.as_deref(), global.overrides().ok()?, |_, _| Ok(false)).ok()?;
        loader.load().resolved
    };
    load().map(|resolved| names(&resolved)).unwrap_or_default()
}
