//! `hydrant dlq show`: one dead letter, and what can be done with it.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::output;
use super::{letter, text};

/// Show one dead letter: the event, whose it was, why and when, and what to do now
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The letter (d17), or the id of its event
    #[arg(value_name = "LETTER")]
    id: String,
}

impl Show {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        let letter = letter(daemon, &self.id).await?;
        if global.is_json() {
            output::json(&letter)?;
            return Ok(ExitCode::SUCCESS);
        }
        let event = letter
            .letter()
            .map_err(|error| Failure::failed(format!("{} is no event: {error}", letter.id)))?;
        output::data(text::whole(&letter, &event, Timestamp::now()))?;
        Ok(ExitCode::SUCCESS)
    }
}
