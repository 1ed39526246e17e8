//! Tells when the functions or the configuration may have changed, so that someone looks again.
//!
//! Folders are watched, never files: an editor or a compiler puts a new file in the old one's place. A notice
//! says "look again now", not what happened; what happens meanwhile is one more notice, however much it is. So
//! no timer is needed: a half-written file is announced when its writer closes it, and who is slower than the
//! changes gets fewer notices.
//!
//! `plan` says which folders and names matter, `notice` is what is told; the rest knows inotify.

mod notice;
mod plan;
mod sight;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode};

pub(crate) use self::notice::Changes;
use self::notice::{Changed, Notices};
use self::plan::{Plan, Targets};

/// Once armed, folders that changed meanwhile are looked at again, so often at most before the next event has to
/// tell.
const ROUNDS_MAX: usize = 8;

/// Watches until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    /// Makes the thread look at the folders again.
    rearm: SyncSender<()>,
}

/// Nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    #[error(
        "the system's limit of watched folders is reached at {} \
         (sudo sysctl fs.inotify.max_user_watches=524288)", .0.display()
    )]
    TooManyFolders(PathBuf),
    #[error(
        "the system's limit of watching programs is reached \
         (sudo sysctl fs.inotify.max_user_instances=1024): {0}"
    )]
    TooManyWatchers(#[source] io::Error),
    #[error("{0}")]
    Other(#[from] notify::Error),
    #[error("no thread to watch: {0}")]
    Thread(#[from] io::Error),
}

impl Watcher {
    /// Watches the folders of functions and the configuration file, whether or not they exist by now. What
    /// happens after it returns is told; so look for the first time then. It reads the folders: not to be called
    /// from the async loop.
    pub(crate) fn new(folders: &[PathBuf], config: Option<PathBuf>) -> Result<(Self, Changes), WatchError> {
        let targets = Targets {
            folders: folders.iter().map(absolute).collect::<io::Result<_>>()?,
            config: config.map(absolute).transpose()?,
            programs: Vec::new(),
        };
        let (notices, changes) = notice::channel();
        let (rearm, asked) = sync_channel(1);
        let shared = Arc::new(Shared { targets: Mutex::new(targets), notices, ..Shared::default() });
        let mut armory = Armory::new(&shared, rearm.clone())?;
        armory.arm()?;
        std::thread::Builder::new().name("watch".into()).spawn(move || armory.work(&asked))?;
        Ok((Self { shared, rearm }, changes))
    }

    /// The programs that functions execute and that lie elsewhere (`exec = "target/release/bill"`): all of them,
    /// in place of those given before. A notice follows when they are watched.
    pub(crate) fn watch_programs(&self, programs: &[PathBuf]) {
        let programs = programs.iter().filter_map(|path| absolute(path).ok()).collect();
        let mut targets = lock(&self.shared.targets);
        if targets.programs != programs {
            targets.programs = programs;
            drop(targets);
            self.shared.rearm(Changed::FUNCTIONS, &self.rearm);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.rearm(Changed::default(), &self.rearm);
    }
}

/// What the thread that reads events and the thread that arms both need.
#[derive(Debug, Default)]
struct Shared {
    targets: Mutex<Targets>,
    plan: Mutex<Plan>,
    notices: Notices,
    /// To be told when the folders are armed again.
    owed: Mutex<Changed>,
    stopped: AtomicBool,
}

impl Shared {
    /// Called for every event, on the thread that reads them.
    fn see(&self, event: notify::Result<notify::Event>, rearm: &SyncSender<()>) {
        let sight = match event {
            Ok(event) => lock(&self.plan).see(&event),
            Err(_) => sight::Sight::everything(),
        };
        if sight.rearm {
            self.rearm(sight.changed, rearm);
        } else {
            self.notices.tell(sight.changed);
        }
    }

    fn rearm(&self, changed: Changed, rearm: &SyncSender<()>) {
        lock(&self.owed).add(changed);
        // When it is full, the thread has yet to take what was asked before, and does both at once.
        let _ = rearm.try_send(());
    }
}

/// The thread that sets watches; the one that reads events must not wait for that.
struct Armory {
    shared: Arc<Shared>,
    inotify: RecommendedWatcher,
    armed: HashSet<PathBuf>,
}

impl Armory {
    fn new(shared: &Arc<Shared>, rearm: SyncSender<()>) -> Result<Self, WatchError> {
        let seeing = Arc::clone(shared);
        let inotify = notify::recommended_watcher(move |event| seeing.see(event, &rearm)).map_err(explain)?;
        Ok(Self { shared: Arc::clone(shared), inotify, armed: HashSet::new() })
    }

    fn work(mut self, asked: &Receiver<()>) {
        while asked.recv().is_ok() && !self.shared.stopped.load(Ordering::Acquire) {
            let owed = std::mem::take(&mut *lock(&self.shared.owed));
            if let Err(error) = self.arm() {
                tracing::warn!(%error, "some changes will not be noticed");
            }
            self.shared.notices.tell(owed);
        }
    }

    /// Sets the watches, until nothing moved while they were set.
    fn arm(&mut self) -> Result<(), WatchError> {
        let mut plan = self.plan();
        for _ in 0..ROUNDS_MAX {
            let dirs = plan.dirs();
            // The plan first: events come as soon as there is a watch.
            lock(&self.shared.plan).clone_from(&plan);
            self.set(&dirs)?;
            let next = self.plan();
            if next == plan {
                break;
            }
            plan = next;
        }
        Ok(())
    }

    fn plan(&self) -> Plan {
        let targets = lock(&self.shared.targets).clone();
        Plan::of(&targets)
    }

    fn set(&mut self, dirs: &HashSet<PathBuf>) -> Result<(), WatchError> {
        for dir in self.armed.difference(dirs) {
            // It may have gone by itself.
            let _ = notify::Watcher::unwatch(&mut self.inotify, dir);
        }
        self.armed.retain(|dir| dirs.contains(dir));
        for dir in dirs {
            // Those already watched too: another folder may have come in their place.
            match self.watch(dir) {
                Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => {}
                answer => answer.map_err(explain)?,
            }
            self.armed.insert(dir.clone());
        }
        Ok(())
    }

    fn watch(&mut self, dir: &Path) -> notify::Result<()> {
        notify::Watcher::watch(&mut self.inotify, dir, RecursiveMode::NonRecursive)
    }
}

fn explain(mut error: notify::Error) -> WatchError {
    match error.kind {
        ErrorKind::MaxFilesWatch => WatchError::TooManyFolders(error.paths.pop().unwrap_or_default()),
        ErrorKind::Io(error) if error.raw_os_error() == Some(libc::EMFILE) => {
            WatchError::TooManyWatchers(error)
        }
        _ => WatchError::Other(error),
    }
}

/// Nothing in here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
