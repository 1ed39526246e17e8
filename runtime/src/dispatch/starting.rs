//! Starting a process of a function, however it is spoken to.

use std::sync::Arc;
use std::time::Duration;

use activator::id::InstanceId;

use super::door::Learned;
use super::environment::environment;
use super::isolation::isolate;
use crate::config::resolved::Program;
use crate::driver::Inbox;
use crate::logs::Logs;
use crate::process::{Child, Command, Lines, SpawnError, Spawner, Stdin, is_being_written};

/// Lines that are shown of what a process printed last.
pub(super) const LAST_WORDS_MAX: usize = 12;
/// The waits between starts of a file that is still being written.
const BUSY_WAIT: Duration = Duration::from_millis(1);
const BUSY_WAIT_MAX: Duration = Duration::from_millis(50);

/// What is needed to start a process of a function.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) id: InstanceId,
    pub(crate) name: Arc<str>,
    pub(crate) program: Arc<Program>,
    pub(crate) learned: Arc<Learned>,
    pub(crate) spawner: Spawner,
    pub(crate) lines: Lines,
    /// What all functions print.
    pub(crate) logs: Logs,
    /// The port where it may send events, however it is isolated.
    pub(crate) ingress: u16,
    pub(crate) inbox: Inbox,
}

impl Start {
    /// Why a start was given up before there was a process.
    pub(super) fn why_not_started(&self) -> String {
        let path = &self.program.path;
        if is_being_written(path) {
            return SpawnError::TextBusy(path.to_path_buf()).to_string();
        }
        "stopped before it started".to_owned()
    }

    /// What starts it, with nothing to listen on.
    pub(super) fn command(&self, stdin: Stdin) -> Command {
        let mut command = Command {
            args: self.program.terms.args.clone(),
            env: environment(&self.name, &self.program),
            dir: self.program.terms.dir.clone(),
            stdin,
            ..Command::of(self.program.path.to_path_buf())
        };
        isolate(&mut command, &self.program, self.ingress);
        command
    }

    /// A reason, with what the function printed last.
    pub(super) fn with_last_lines(&self, mut reason: String) -> String {
        for line in self.lines.last_words(self.id.generation, LAST_WORDS_MAX) {
            reason.push_str(" | ");
            reason.push_str(&line.text);
        }
        reason
    }
}

/// Starts a program; waits while its file is being written, or the system has no room, and says so once it is no
/// mere moment.
pub(crate) async fn spawn(spawner: Spawner, command: impl Fn() -> Command) -> Result<Child, SpawnError> {
    let mut wait = BUSY_WAIT;
    loop {
        match spawner.spawn(command()).await {
            Err(error @ (SpawnError::TextBusy(_) | SpawnError::NoResources(_))) => {
                tokio::time::sleep(wait).await;
                if wait < BUSY_WAIT_MAX && wait * 2 >= BUSY_WAIT_MAX {
                    tracing::warn!("{error}; its start waits");
                }
                wait = (wait * 2).min(BUSY_WAIT_MAX);
            }
            result => return result,
        }
    }
}
