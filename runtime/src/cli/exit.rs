//! How a verb ends. The codes are public interface: scripts branch on them.

use std::io::{self, Write};
use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Failed = 1,
    Usage = 2,
    ConfigInvalid = 3,
    Unreachable = 4,
    Timeout = 5,
    DeadLetter = 6,
    /// By Ctrl-C, as shells say it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do what was asked, and what to do.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says it on stderr and gives the exit code.
    pub(super) fn tell(self) -> ExitCode {
        let help = self.help.map_or_else(String::new, |help| format!("   = help: {help}\n"));
        // With stderr gone, the exit code still speaks.
        let _ = write!(io::stderr(), "error: {}\n{help}", self.message);
        self.exit.into()
    }
}
