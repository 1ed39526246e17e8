//! Tells when the functions, the configuration or the files of a source may have changed, so that someone looks again.
//!
//! Folders are watched, never files: an editor or a compiler puts a new file in the old one's place. A notice
//! says "look again now", not what happened; what happens meanwhile is one more notice, however much it is. So
//! no timer is needed: a half-written file is announced when its writer closes it, and who is slower than the
//! changes gets fewer notices.
//!
//! `plan` says which folders and names matter, `notice` is what is told. `armory` is told by inotify; `patrol` looks
//! again and again, where nobody tells.

mod armory;
mod notice;
mod patrol;
mod plan;
mod sight;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::armory::Armory;
pub(crate) use self::notice::Changes;
use self::notice::{Changed, Notices};
use self::patrol::Patrol;
use self::plan::{Plan, Targets};

/// How often everything is looked at when the system cannot tell of changes.
const FALL_BACK: Duration = Duration::from_secs(2);

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
    /// Watches the folders of functions and the configuration file, whether or not they exist by now: told by the
    /// system, or by looking `every` so often. What happens after it returns is told; so look for the first time
    /// then. It reads the folders: not to be called from the async loop.
    pub(crate) fn new(
        folders: &[PathBuf],
        config: Option<PathBuf>,
        every: Option<Duration>,
    ) -> Result<(Self, Changes), WatchError> {
        let targets = Targets {
            folders: folders.iter().map(absolute).collect::<io::Result<_>>()?,
            config: config.map(absolute).transpose()?,
            ..Targets::default()
        };
        Self::with(targets, every, Armory::armed)
    }

    /// The same of a folder that holds no functions: what lies in it, and not what lies in folders there.
    pub(crate) fn of_files(folder: &Path, every: Option<Duration>) -> Result<(Self, Changes), WatchError> {
        let targets = Targets { files: Some(absolute(folder)?), ..Targets::default() };
        Self::with(targets, every, Armory::armed)
    }

    fn with(
        targets: Targets,
        every: Option<Duration>,
        armed: impl FnOnce(&Arc<Shared>, SyncSender<()>) -> Result<Armory, WatchError>,
    ) -> Result<(Self, Changes), WatchError> {
        let (notices, changes) = notice::channel();
        let (rearm, asked) = sync_channel(1);
        let shared = Arc::new(Shared { targets: Mutex::new(targets), notices, ..Shared::default() });
        let eyes = match every {
            Some(every) => Eyes::Patrol(shared.patrol(every)),
            None => armed(&shared, rearm.clone()).map_or_else(|e| shared.fall_back(&e), Eyes::System),
        };
        let watching = Arc::clone(&shared);
        std::thread::Builder::new().name("watch".into()).spawn(move || watching.watch(eyes, &asked))?;
        Ok((Self { shared, rearm }, changes))
    }

    /// Whether changes are looked for, since nobody tells: then nobody tells of a file's close either.
    pub(crate) fn looks(&self) -> bool {
        self.shared.looks.load(Ordering::Acquire)
    }

    /// Files of functions that lie elsewhere (`exec = "target/release/bill"`, `env_file = ".env"`), and folders of
    /// sources: all of them, in place of those given before. A notice follows when they are watched.
    pub(crate) fn watch_files(&self, programs: &[PathBuf], sources: &[PathBuf]) {
        let all = |paths: &[PathBuf]| paths.iter().filter_map(|path| absolute(path).ok()).collect();
        let (programs, sources) = (all(programs), all(sources));
        let mut targets = lock(&self.shared.targets);
        if targets.programs != programs || targets.sources != sources {
            (targets.programs, targets.sources) = (programs, sources);
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
    looks: AtomicBool,
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

    /// The thread that sets watches, or goes on patrol; the one that reads events must not wait for that.
    fn watch(&self, mut eyes: Eyes, asked: &Receiver<()>) {
        loop {
            let asked = match &eyes {
                Eyes::System(_) => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Eyes::Patrol(patrol) => asked.recv_timeout(patrol.every),
            };
            if asked == Err(RecvTimeoutError::Disconnected) || self.stopped.load(Ordering::Acquire) {
                return;
            }
            let mut owed = std::mem::take(&mut *lock(&self.owed));
            match &mut eyes {
                Eyes::System(armory) => {
                    if let Err(error) = armory.arm() {
                        eyes = self.fall_back(&error);
                        owed = Changed::ALL;
                    }
                }
                Eyes::Patrol(patrol) => owed.add(patrol.round(&lock(&self.targets).clone())),
            }
            self.notices.tell(owed);
        }
    }

    fn patrol(&self, every: Duration) -> Patrol {
        self.looks.store(true, Ordering::Release);
        Patrol::new(every, &lock(&self.targets).clone())
    }

    /// What the system does not tell is looked for.
    fn fall_back(&self, error: &WatchError) -> Eyes {
        tracing::warn!("{error}; until a restart, changes are looked for every {FALL_BACK:?}");
        Eyes::Patrol(self.patrol(FALL_BACK))
    }

    fn rearm(&self, changed: Changed, rearm: &SyncSender<()>) {
        lock(&self.owed).add(changed);
        // When it is full, the thread has yet to take what was asked before, and does both at once.
        let _ = rearm.try_send(());
    }
}

/// How changes are noticed.
enum Eyes {
    /// The system tells of them.
    System(Armory),
    /// They are looked for.
    Patrol(Patrol),
}

/// Nothing in here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
