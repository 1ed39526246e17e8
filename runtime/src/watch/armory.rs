//! The watches that the system is asked for, by inotify.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode};

use super::plan::Plan;
use super::{Shared, WatchError, lock};

/// Once armed, folders that changed meanwhile are looked at again, so often at most before the next event has to
/// tell.
const ROUNDS_MAX: usize = 8;

/// The watches that are set.
pub(super) struct Armory {
    shared: Arc<Shared>,
    inotify: RecommendedWatcher,
    armed: HashSet<PathBuf>,
}

impl Armory {
    /// Sets the first watches.
    pub(super) fn armed(shared: &Arc<Shared>, rearm: SyncSender<()>) -> Result<Self, WatchError> {
        let seeing = Arc::clone(shared);
        let inotify = notify::recommended_watcher(move |event| seeing.see(event, &rearm)).map_err(explain)?;
        let mut armory = Self { shared: Arc::clone(shared), inotify, armed: HashSet::new() };
        armory.arm()?;
        Ok(armory)
    }

    /// Sets the watches, until nothing moved while they were set.
    pub(super) fn arm(&mut self) -> Result<(), WatchError> {
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

pub(super) fn explain(mut error: notify::Error) -> WatchError {
    match error.kind {
        ErrorKind::MaxFilesWatch => WatchError::TooManyFolders(error.paths.pop().unwrap_or_default()),
        ErrorKind::Io(error) if error.raw_os_error() == Some(libc::EMFILE) => {
            WatchError::TooManyWatchers(error)
        }
        _ => WatchError::Other(error),
    }
}
