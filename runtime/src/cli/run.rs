//! `hydrant run`: runs a folder as a service.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::check;
use super::exit::Failure;
use super::global::{Global, given};
use crate::config::Severity;
use crate::serve::{self, Mode, Options};

/// Run a folder as a service
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The project [default: here]
    dir: Option<PathBuf>,
    /// How long what is in flight may take at the end, such as 30s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    drain: Option<Duration>,
    /// The address for events
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Leave behind what the log of a channel still holds that is not durable any more
    #[arg(long)]
    abandon: bool,
    /// Say what is wrong with the configuration, as check does, and start nothing
    #[arg(long)]
    check_only: bool,
}

impl Run {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let mut overrides = global.overrides()?;
        if let Some(listen) = self.listen {
            overrides.listen = Some(given("--listen", listen));
        }
        let project = global.project(self.dir.as_deref())?;
        let config = global.config()?;
        if self.check_only {
            return check::check(global, &project, config.as_deref(), overrides, Severity::Error);
        }
        Ok(serve::serve(Options {
            project,
            config,
            overrides,
            mode: Mode::Run,
            voice: global.voice(),
            drain: self.drain,
            poll: None,
            build: false,
            abandon: self.abandon,
        }))
    }
}
