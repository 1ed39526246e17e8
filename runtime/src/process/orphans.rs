//! What a killed runtime left running: it cannot ask the kernel to end its children with it.

use std::io;
use std::path::Path;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::journal::{self, Entry};

/// Kills the process groups that an earlier runtime started and that still live, and only those: a process that
/// merely has the number of one of them started at another time. Gives how many. Call it when the state folder
/// is ours, before a spawner opens the same journal.
pub(crate) fn end_orphans(journal: &Path) -> io::Result<usize> {
    let ended = journal::read(journal)?.into_iter().filter(|entry| end(*entry)).count();
    Ok(ended)
}

fn end(entry: Entry) -> bool {
    // 1 and below mean other things than one group to kill.
    entry.pid > 1
        && journal::started(entry.pid).is_some_and(|started| entry.started_at(started))
        && killpg(Pid::from_raw(entry.pid), Signal::SIGKILL).is_ok()
}
