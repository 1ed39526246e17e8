//! Whoever started this program for a while of its own: when that process is gone, nobody needs us any more.
//!
//! Two signs, and either will do. The parent's descriptor says when it has ended, however it did, and whichever of its
//! threads made us (`PR_SET_PDEATHSIG` is about that thread). A pipe on stdin says when its other end is closed, also where
//! a program between us and whoever started it (a shell, `npx`) lives on. Nothing is read from it.

use std::fs::File;
use std::future::pending;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, getppid};
use tokio::io::Interest;

use super::{notify, sys};

/// Taken when the program starts: who started it may be gone a moment later.
#[derive(Debug)]
pub(crate) struct Lifeline {
    parent: Parent,
    stdin: Option<OwnedFd>,
}

#[derive(Debug)]
enum Parent {
    Lives(OwnedFd),
    Gone,
    /// It is in another namespace, and cannot be seen.
    Unseen,
}

impl Lifeline {
    pub(crate) fn taken() -> Self {
        Self { parent: parent(), stdin: pipe() }
    }

    /// Completes when whoever started us is gone. To be called within the async runtime.
    pub(crate) async fn gone(self) {
        let parent = async {
            match self.parent {
                Parent::Lives(parent) => ended(parent).await,
                Parent::Gone => {}
                Parent::Unseen => pending().await,
            }
        };
        let stdin = async {
            match self.stdin {
                Some(stdin) => closed(stdin).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = parent => {}
            () = stdin => {}
        }
    }
}

fn parent() -> Parent {
    let number = getppid();
    let opened = notify::pidfd(number.as_raw(), 0);
    // Its number may be another's by the time it was opened; ours to ask for is always the parent's of now.
    match opened {
        _ if number == Pid::from_raw(0) => Parent::Unseen,
        Ok(parent) if getppid() == number => Parent::Lives(parent),
        Ok(_) => Parent::Gone,
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Parent::Gone,
        Err(_) => Parent::Unseen,
    }
}

/// Stdin, where it is a pipe that somebody holds.
fn pipe() -> Option<OwnedFd> {
    let stdin = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let kind = stdin.metadata().ok()?.file_type();
    let stdin = OwnedFd::from(stdin);
    // One that was closed before is what some other program left us, and no sign of anything.
    ((kind.is_fifo() || kind.is_socket()) && !is_hung_up(&stdin)).then_some(stdin)
}

fn is_hung_up(pipe: &OwnedFd) -> bool {
    // Told without being asked for.
    let mut asked = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    let answered = poll(&mut asked, PollTimeout::ZERO);
    let [asked] = asked;
    answered.is_ok() && asked.revents().is_some_and(|is| is.contains(PollFlags::POLLHUP))
}

async fn ended(process: OwnedFd) {
    match sys::watch(process) {
        Ok(process) => drop(process.readable().await),
        Err(_) => pending().await,
    }
}

async fn closed(pipe: OwnedFd) {
    let Ok(pipe) = sys::watch_for(pipe, Interest::READABLE) else { return pending().await };
    while let Ok(mut ready) = pipe.ready(Interest::READABLE).await {
        if ready.ready().is_read_closed() {
            return;
        }
        // Somebody wrote, and it stays there: what matters is that the pipe is open.
        ready.clear_ready();
    }
}
