//! `hydrant dev`: runs a folder and watches it.

use std::future::pending;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::exit::Failure;
use super::global::{Global, given};
use super::output;
use crate::admin::About;
use crate::config::Overrides;
use crate::config::resolved::Found;
use crate::process::Lifeline;
use crate::serve::{self, Mode, Options, Ready};

/// Run a folder, watch it, and take every change at once
///
/// With -o json, stdout has one line when it is ready: where it answers, and which functions there are.
#[derive(Debug, Default, Args)]
pub(super) struct Dev {
    /// The project [default: here]
    pub(super) dir: Option<PathBuf>,
    /// The port for events on 127.0.0.1; 0 picks one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The port for the admin API on 127.0.0.1; 0 picks one
    #[arg(long, value_name = "PORT", conflicts_with = "admin")]
    ui_port: Option<u16>,
    /// Where events and cursors are kept; mem keeps nothing
    #[arg(long, value_name = "mem|DIR")]
    state: Option<String>,
    /// Look for changes so often, on file systems that tell of none [without a time: 1s]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "1s",
        value_parser = interval)]
    poll: Option<Duration>,
    /// Run the `build` commands of functions when their sources change
    #[arg(long)]
    build: bool,
    /// Make dead letters of events that nobody could take, as `run` does, instead of holding them until you save a fix
    #[arg(long)]
    no_hold: bool,
    /// Leave behind what the log of a channel still holds that is not durable any more
    #[arg(long)]
    abandon: bool,
    /// For a test: free ports, all in memory and nothing of Kafka, no wait between attempts, and an end when whoever
    /// started it ends or closes its stdin
    #[arg(long, conflicts_with_all = ["state", "abandon"])]
    ephemeral: bool,
}

impl Dev {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        // First of all: whoever started this may be gone soon.
        let lifeline = self.ephemeral.then(Lifeline::taken);
        let options = self.options(global)?;
        let is_json = global.is_json();
        let ended = serve::serve_while(options, async |ready| {
            if is_json {
                output::json(&ReadyLine::of(&ready))?;
            }
            match lifeline {
                Some(lifeline) => lifeline.gone().await,
                None => pending().await,
            }
            Ok(ExitCode::SUCCESS)
        });
        // Told to stop, which it did.
        ended.unwrap_or_else(|failed| Some(Ok(failed))).unwrap_or(Ok(ExitCode::SUCCESS))
    }

    fn options(self, global: &Global) -> Result<Options, Failure> {
        let mut overrides = if self.ephemeral { ephemeral(global)? } else { global.overrides()? };
        if let Some(port) = self.port {
            overrides.listen = Some(given("--port", format!("127.0.0.1:{port}")));
        }
        if let Some(port) = self.ui_port {
            overrides.admin = Some(given("--ui-port", format!("127.0.0.1:{port}")));
        }
        if let Some(state) = self.state {
            let state = if state == "mem" { "memory".into() } else { state };
            overrides.state = Some(given("--state", state));
        }
        overrides.holds = !self.no_hold && !self.ephemeral;
        Ok(Options {
            project: global.project(self.dir.as_deref())?,
            config: global.config()?,
            overrides,
            mode: Mode::Dev,
            voice: global.voice(),
            // What is in flight has nobody any more who waits for it.
            drain: self.ephemeral.then_some(Duration::ZERO),
            poll: self.poll,
            build: self.build,
            abandon: self.abandon,
        })
    }
}

/// What makes a runtime one for a test: it takes nothing from the environment, but `--admin`.
pub(super) fn ephemeral(global: &Global) -> Result<Overrides, Failure> {
    const ORIGIN: &str = "--ephemeral";
    let any_port = || given(ORIGIN, "127.0.0.1:0");
    let admin = if global.admin.is_some() { global.overrides()?.admin } else { Some(any_port()) };
    let state = Some(given(ORIGIN, "memory"));
    Ok(Overrides { listen: Some(any_port()), admin, state, holds: false, ephemeral: true })
}

/// What is said on stdout when it is ready; as stable as `run.json`.
#[derive(Serialize)]
struct ReadyLine<'r> {
    #[serde(flatten)]
    about: &'r About,
    functions: Vec<FunctionLine<'r>>,
}

#[derive(Serialize)]
struct FunctionLine<'r> {
    function: &'r str,
    /// `zero`, `absent` or `broken`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
}

impl<'r> ReadyLine<'r> {
    fn of(ready: &'r Ready) -> Self {
        let functions = ready.config.functions.values().filter(|function| function.of.is_none());
        let functions = functions.map(|function| {
            let (state, reason) = match &function.found {
                Found::Program(_) => ("zero", None),
                Found::Absent => ("absent", None),
                Found::Broken(reason) => ("broken", Some(&**reason)),
            };
            FunctionLine { function: &function.name, state, reason }
        });
        Self { about: &ready.about, functions: functions.collect() }
    }
}

/// A time between two looks.
fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a time without pause; 1s would do".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}
