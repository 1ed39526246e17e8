//! A child process: its end, and the end of everything in its process group.

use std::fmt;
use std::future::poll_fn;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll, ready};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;
use tokio::runtime::Handle;

use super::birth::Born;
use super::journal::Journal;
use super::sys::{self, Leave};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// A process we started. When it ends by itself, its group is killed; when this is dropped, all of it is. It is
/// reaped in both cases, and its number is never used after that.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) stdin: Option<pipe::Sender>,
    pub(crate) stdout: Option<pipe::Receiver>,
    pub(crate) stderr: Option<pipe::Receiver>,
    pid: Pid,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(Process),
    Ended(Exit),
}

impl Child {
    pub(super) fn new(process: Process) -> Self {
        Self { stdin: None, stdout: None, stderr: None, pid: process.pid, state: State::Running(process) }
    }

    /// The number people see; for showing only, as it may be another process's after the end.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// Waits for its end, then ends what is left of its group. May be dropped while it waits, and asked again.
    pub(crate) async fn wait(&mut self) -> Exit {
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// The same, for one task: its loop asks this at every turn, and it costs less than a future that is made for each.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Exit> {
        let exit = match &self.state {
            State::Running(process) => ready!(process.poll_ended(cx)),
            State::Ended(exit) => *exit,
        };
        self.state = State::Ended(exit);
        Poll::Ready(exit)
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
        // One that is stopped hears of it only then.
        self.resume();
    }

    /// Stops the whole group where it is.
    pub(crate) fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets the whole group go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Ends the whole group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if let State::Running(process) = &self.state {
            process.signal(signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The exit put in its place is nobody's to see.
        let State::Running(process) = std::mem::replace(&mut self.state, State::Ended(Exit::Signal(9)))
        else {
            return;
        };
        process.signal(Signal::SIGKILL);
        // Nobody needs to hold this task: a killed process ends soon, and our own end would reap it too.
        let runtime = process.runtime.clone();
        runtime.spawn(async move { poll_fn(|cx| process.poll_ended(cx)).await });
    }
}

/// A process that was not reaped yet, so that its number and its group's are its own.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Readable when the process has ended.
    pidfd: AsyncFd<OwnedFd>,
    journal: Option<Journal>,
    _kept: Kept,
    runtime: Handle,
}

/// What is let go of when the process is reaped, and not before.
pub(super) type Kept = Box<dyn fmt::Debug + Send + Sync>;

impl Process {
    /// Adopts a child just started; within the runtime. One that cannot be watched is ended again.
    pub(super) fn adopt(born: Born, journal: Option<Journal>, kept: Kept) -> std::io::Result<Self> {
        let pid = born.pid;
        let runtime = Handle::current();
        match sys::watch(born.pidfd) {
            Ok(pidfd) => Ok(Self { pid, pidfd, journal, _kept: kept, runtime }),
            Err(error) => {
                let _ = killpg(pid, Signal::SIGKILL);
                let _ = nix::sys::wait::waitpid(pid, None);
                Err(error)
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // It can only fail when the group is a zombie, which is what was wanted.
        let _ = killpg(self.pid, signal);
    }

    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<Exit> {
        loop {
            let Ok(mut ready) = ready!(self.pidfd.poll_read_ready(cx)) else {
                // The runtime is shutting down; nobody will look at the answer.
                return Poll::Pending;
            };
            if let Some(exit) = self.reap() {
                return Poll::Ready(exit);
            }
            ready.clear_ready();
        }
    }

    fn reap(&self) -> Option<Exit> {
        sys::exit_of(self.pidfd.as_fd(), Leave::Zombie).ok()??;
        // Before it is reaped: the zombie keeps the group's number from being given to others.
        self.signal(Signal::SIGKILL);
        let exit = sys::exit_of(self.pidfd.as_fd(), Leave::Nothing).ok()??;
        if let Some(journal) = &self.journal {
            journal.remove(self.pid);
        }
        Some(exit)
    }
}

impl Exit {
    /// Whether it says that all went well.
    pub(crate) fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(number) => match Signal::try_from(number) {
                Ok(signal) => write!(f, "signal {number} ({signal})"),
                Err(_) => write!(f, "signal {number}"),
            },
        }
    }
}
