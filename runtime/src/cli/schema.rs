//! `hydrant schema`: what may stand in a configuration, for editors and other programs.

use std::process::ExitCode;

use clap::Args;

use super::exit::Failure;
use super::output;
use crate::config::{Of, schema};

/// Print the JSON Schema of runtime.toml, by which editors complete and check it
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// That of a function.toml, or of a sidecar functions/NAME.toml
    #[arg(long)]
    function: bool,
}

impl Schema {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let schema = schema(if self.function { Of::Function } else { Of::Runtime });
        output::data(format!("{schema:#}\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
