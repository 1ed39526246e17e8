//! `hydrant dev`: runs a folder and watches it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::exit::Failure;
use super::global::{Global, given};
use crate::serve::{self, Mode, Options};

/// Run a folder, watch it, and take every change at once
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
}

impl Dev {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let mut overrides = global.overrides()?;
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
        overrides.holds = !self.no_hold;
        let project = global.project(self.dir.as_deref())?;
        Ok(serve::serve(Options {
            project,
            config: global.config()?,
            overrides,
            mode: Mode::Dev,
            voice: global.voice(),
            drain: None,
            poll: self.poll,
            build: self.build,
            abandon: self.abandon,
        }))
    }
}

/// A time between two looks.
fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a time without pause; 1s would do".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}
