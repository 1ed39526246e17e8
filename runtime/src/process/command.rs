//! A program to start, and what it is given.

use std::path::PathBuf;
use std::sync::Arc;

use super::Listener;
use super::limits::Limit;
use super::sandbox::Fence;
use super::swap::Swap;

/// A program to start, and all that it gets: nothing else is inherited.
#[derive(Debug)]
pub(crate) struct Command {
    /// The file to execute, absolute.
    pub(crate) path: PathBuf,
    /// Without the program's own name.
    pub(crate) args: Vec<String>,
    /// Its whole environment.
    pub(crate) env: Vec<(String, String)>,
    /// Its working directory.
    pub(crate) dir: PathBuf,
    pub(crate) stdin: Stdin,
    /// Given as fd 3, with `LISTEN_PID` set.
    pub(crate) listener: Option<Arc<Listener>>,
    /// Where that listener takes the place of one the program makes itself.
    pub(crate) swap: Option<Swap>,
    pub(crate) isolation: Isolation,
    pub(crate) limits: Vec<Limit>,
    /// A folder that is made for it, and goes with it: its `$TMPDIR`, and where a strict one can have that its `/tmp`.
    pub(crate) private_tmp: Option<PathBuf>,
}

impl Command {
    /// A program that gets nothing: its fields say what else.
    pub(crate) fn of(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: "/".into(),
            stdin: Stdin::Null,
            listener: None,
            swap: None,
            isolation: Isolation::default(),
            limits: Vec::new(),
            private_tmp: None,
        }
    }
}

/// How far a child is kept from the rest of the machine.
#[derive(Clone, Debug, Default)]
pub(crate) enum Isolation {
    /// It may gain privileges (a setuid program), and no listener of its is replaced.
    None,
    /// A session of its own, nothing inherited, no new privileges.
    #[default]
    Standard,
    /// Nothing but what the fence lets it touch.
    Strict(Fence),
}

/// What a child reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// Nothing: it is at its end.
    Null,
    /// What is written to [`Child::stdin`](super::Child).
    Pipe,
}
