//! Descendants that left the group of the child that made them: daemons. The kernel gives them to us when their parent
//! ends (`PR_SET_CHILD_SUBREAPER`, prctl(2)); they end with the child they came from, and nobody stays a zombie.
//!
//! Whose a stray is says its environment: `LISTEN_PID` names the child. One that says nothing ends when no child is left.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getsid};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::sys;

/// How long those that are left at the end may take, and the time between two looks at them.
const END_MAX: Duration = Duration::from_secs(1);
const END_LOOK: Duration = Duration::from_millis(2);

/// Our own children that were not reaped yet. It is the kernel that has one list of children for a whole process, and so
/// have we.
static CHILDREN: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
/// Held while a child is started, by many at once: who holds it alone knows the number of every child there is.
static BIRTHS: RwLock<()> = RwLock::new(());
/// One of them was reaped.
static ENDED: Notify = Notify::const_new();

/// A child that is ours to reap, as long as this lives.
#[derive(Debug)]
pub(super) struct Own(i32);

/// Starts a child of our own; nobody takes it for a stray meanwhile.
pub(super) fn own<T, E>(
    start: impl FnOnce() -> Result<T, E>,
    number: impl FnOnce(&T) -> Pid,
) -> Result<(T, Own), E> {
    let _birth = BIRTHS.read().unwrap_or_else(PoisonError::into_inner);
    let started = start()?;
    let number = number(&started).as_raw();
    lock().insert(number);
    Ok((started, Own(number)))
}

impl Drop for Own {
    fn drop(&mut self) {
        lock().remove(&self.0);
        ENDED.notify_one();
    }
}

/// Ends strays from now on, for as long as the async runtime lives.
///
/// # Errors
/// The kernel does not tell us of them.
pub(crate) fn watch_strays() -> std::io::Result<()> {
    sys::adopt_descendants()?;
    let mut ended = signal(SignalKind::child())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = ended.recv() => {}
                () = ENDED.notified() => {}
            }
            // It reads /proc. The end of whoever is killed is told, too, and what that leaves behind is found then.
            tokio::task::spawn_blocking(look).await.ok();
        }
    });
    Ok(())
}

/// Ends all there are, when no child is left and nobody looks any more.
pub(crate) fn end_strays() {
    let begin = Instant::now();
    while look() && begin.elapsed() < END_MAX {
        std::thread::sleep(END_LOOK);
    }
}

/// Ends whoever outlived the child it came from, and says whether there was anyone. What those leave behind comes to us
/// in turn.
fn look() -> bool {
    let (children, all) = {
        let _no_birth = BIRTHS.write().unwrap_or_else(PoisonError::into_inner);
        (lock().clone(), children())
    };
    strays(all, &children).into_iter().filter(|stray| end(*stray, &children)).count() > 0
}

/// Whether it was killed. One that has ended is reaped; nobody waits for one that has not, which may take its time.
fn end(stray: Pid, children: &BTreeSet<i32>) -> bool {
    let is_outlived = children.is_empty() || child_of(stray).is_some_and(|child| !children.contains(&child));
    let killed = is_outlived && kill(stray, Signal::SIGKILL).is_ok();
    let _ = waitpid(stray, Some(WaitPidFlag::WNOHANG));
    killed
}

/// Our children but those we started: these lead a session, or are in ours.
fn strays(all: Vec<i32>, children: &BTreeSet<i32>) -> Vec<Pid> {
    let ours = getsid(None).ok();
    let is_stray = |child: &Pid| !children.contains(&child.as_raw()) && getsid(Some(*child)).ok() != ours;
    all.into_iter().map(Pid::from_raw).filter(is_stray).collect()
}

/// All children, those that came to us too: each thread has its list.
fn children() -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists = threads.flatten().map(|thread| read(&thread.path().join("children")));
    let numbers = |list: String| -> Vec<i32> {
        list.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    lists.flat_map(numbers).collect()
}

fn child_of(stray: Pid) -> Option<i32> {
    let environment = read(&Path::new("/proc").join(stray.to_string()).join("environ"));
    environment.split('\0').find_map(|entry| entry.strip_prefix("LISTEN_PID="))?.parse().ok()
}

/// Nothing of what cannot be read: whoever it was is gone.
fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn lock() -> MutexGuard<'static, BTreeSet<i32>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
