//! `hydrant help`: a verb, an error code, or the configuration's manual.

use std::process::ExitCode;

use clap::{Args, CommandFactory};

use super::exit::Failure;
use super::{Cli, output};
use crate::config::{Code, MANUAL};

/// Explain a command, an error code such as H012, or the configuration
#[derive(Debug, Args)]
pub(super) struct Help {
    /// A command, a code, or config [default: all commands]
    topic: Option<String>,
}

impl Help {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut command = Cli::command();
        let Some(topic) = self.topic else {
            output::data(command.render_long_help().to_string())?;
            return Ok(ExitCode::SUCCESS);
        };
        let code = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(&topic));
        let text = match (code, command.find_subcommand_mut(&topic)) {
            (Some(code), _) => format!("{}: {}\n\n{}\n", code.id(), code.title(), code.explanation()),
            (None, Some(verb)) => verb.render_long_help().to_string(),
            (None, None) if topic == "config" => MANUAL.to_owned(),
            (None, None) => return Err(Failure::usage(unknown(&topic))),
        };
        output::data(text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn unknown(topic: &str) -> String {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    format!("nothing is known of `{topic}`: name a command, `config`, or one of {}", codes.join(" "))
}
