//! On which processors threads and children run. A thread that starts a child is best woken beside the one that asks, which
//! has more to do; but a kernel on a virtual machine takes a processor that is idle for one that was taken away from it, and
//! lets whoever is woken wait for the one that woke him.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread.
const SELF: Pid = Pid::from_raw(0);

/// Those that we may use, of which there are several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Processors(CpuSet);

impl Processors {
    /// The calling thread's; nothing where it has one alone, or they cannot be told.
    pub(super) fn ours() -> Option<Self> {
        let ours = sched_getaffinity(SELF).ok()?;
        let number = (0..CpuSet::count()).filter(|one| ours.is_set(*one).unwrap_or(false)).count();
        (number > 1).then_some(Self(ours))
    }

    /// Makes a thread run on any but the caller's, until this is said again. Where the system does not let us, it runs where
    /// it runs.
    pub(super) fn beside_here(&self, thread: Pid) {
        let mut others = self.0;
        if sched_getcpu().and_then(|here| others.unset(here)).is_ok() {
            sched_setaffinity(thread, &others).ok();
        }
    }

    /// Lets the caller run on all of them. A system call and nothing else, for a child before its program.
    pub(super) fn take_all(&self) {
        sched_setaffinity(SELF, &self.0).ok();
    }
}
