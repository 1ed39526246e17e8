//! Changes of the folder and of `runtime.toml`, taken over while the runtime goes on. A broken configuration
//! leaves the last good one in force.

use std::collections::BTreeSet;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use super::build::{Builds, Ended};
use super::unheld::unheld;
use super::{Mode, Options, print};
use crate::config::resolved::{Found, Resolved};
use crate::config::{Diagnostic, Loader, hash_all};
use crate::driver::Handle;
use crate::process::{Controllers, Spawner, trim_memory};
use crate::watch::{Changes, Watcher};

/// New revisions that are kept before anything else goes on: a millisecond or so. At the first start there may be ten
/// thousand.
const PINNED_AT_ONCE_MAX: usize = 64;

/// What was still being written is looked at again so soon, and then at longer and longer intervals: whoever closes it is
/// heard, but a file system may tell of a close before it lets go of the file.
const AGAIN: Duration = Duration::from_millis(10);
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Reads everything again and hands it to the driver.
pub(super) struct Reloader {
    options: Options,
    loader: Loader,
    driver: Handle,
    controllers: Controllers,
    /// What was said last, so that it is not said again at every save.
    said: Vec<Diagnostic>,
    watch: Option<(Arc<Watcher>, Changes)>,
    watcher: Option<Arc<Watcher>>,
    /// Nothing where nothing is built.
    builds: Option<Builds>,
    ends: Option<UnboundedReceiver<Ended>>,
    /// Functions of which it was said that they are not built.
    unbuilt: BTreeSet<Arc<str>>,
    /// When to look again at what is being written.
    again: Option<Duration>,
}

impl Reloader {
    pub(super) fn new(
        options: Options,
        loader: Loader,
        driver: Handle,
        spawner: Spawner,
        controllers: Controllers,
        resolved: &Resolved,
    ) -> Self {
        // Whoever builds what changes wants to know of changes.
        let watches = resolved.watch.enabled.unwrap_or(options.mode == Mode::Dev);
        let wanted = options.build || watches && options.mode != Mode::Test;
        let poll = options.poll.or(resolved.watch.poll);
        let watch = wanted.then(|| {
            let file = options.config.clone().unwrap_or_else(|| options.project.join("runtime.toml"));
            Watcher::new(&resolved.runtime.functions, Some(file), poll)
        });
        let watch = watch.and_then(|watch| {
            let watch = watch.inspect_err(|error| tracing::error!("changes are not seen: {error}"));
            watch.ok().map(|(watcher, changes)| (Arc::new(watcher), changes))
        });
        let watcher = watch.as_ref().map(|(watcher, _)| Arc::clone(watcher));
        let (builds, ends) = options.build.then(|| Builds::new(spawner)).unzip();
        let mut reloader = Self {
            options,
            loader,
            driver,
            controllers,
            said: Vec::new(),
            watch,
            watcher,
            builds,
            ends,
            unbuilt: BTreeSet::new(),
            again: None,
        };
        reloader.say_unbuilt(resolved);
        reloader.name_contents();
        reloader.settle_revisions();
        reloader
    }

    async fn reload(&mut self) {
        let before = self.driver.config();
        // Reading the folders blocks; the runtime moves its other tasks out of the way.
        let mut loaded = tokio::task::block_in_place(|| self.loader.load());
        let longer = || self.again.map_or(AGAIN, |again| (again * 2).min(AGAIN_MAX));
        self.again = loaded.is_unfinished.then(longer);
        loaded.diagnostics.extend(loaded.resolved.iter().flat_map(|after| unheld(after, self.controllers)));
        if loaded.diagnostics != self.said {
            print(&loaded.diagnostics, self.options.voice);
            self.said = loaded.diagnostics;
        }
        let Some(mut resolved) = loaded.resolved else {
            return tracing::error!("still running the last good configuration");
        };
        if let Some(drain) = self.options.drain {
            resolved.runtime.drain = drain;
        }
        for setting in needs_restart(&before, &resolved) {
            tracing::warn!("{setting} changed: that takes a restart");
        }
        keep_open_channels(&before, &mut resolved);
        self.say_unbuilt(&resolved);
        if let Some(builds) = &mut self.builds {
            // What is to be built now is held from now on.
            builds.look(&resolved);
            for name in builds.hold(&before, &mut resolved) {
                self.loader.hold_back(&name);
            }
        }
        if let Some(watcher) = &self.watcher {
            let sources = if self.options.build { sources(&resolved) } else { Vec::new() };
            watcher.watch_files(&files(&resolved), &sources);
        }
        // What was just saved may be replaced at any moment.
        tokio::task::block_in_place(|| self.settle_revisions());
        self.driver.configure(Arc::new(resolved)).await;
        self.name_contents();
    }

    async fn built(&mut self, ended: Ended) {
        if let Some(builds) = &mut self.builds {
            builds.ended(ended);
        }
        self.reload().await;
    }

    /// Says once of each function that it is not built.
    fn say_unbuilt(&mut self, resolved: &Resolved) {
        let built = resolved.functions.values().filter(|function| function.build.is_some());
        for function in built.filter(|_| self.builds.is_none()) {
            if self.unbuilt.insert(Arc::clone(&function.name)) {
                tracing::warn!(
                    function = &*function.name,
                    "`build` is not used: hydrant dev --build runs it"
                );
            }
        }
    }

    /// Keeps the executables of new revisions; the rest of it nothing waits for.
    fn settle_revisions(&mut self) {
        if let Some(keeping) = self.loader.take_keeping() {
            let fresh = keeping.fresh();
            if fresh.len() <= PINNED_AT_ONCE_MAX {
                keeping.pin();
            }
            tokio::task::spawn_blocking(move || {
                keeping.pin();
                keeping.settle(fresh);
                // Of ten thousand functions, more than they take while they sleep.
                trim_memory();
            });
        }
    }

    /// Large contents get their names when somebody has read them; nothing waits for it.
    fn name_contents(&mut self) {
        let unhashed = self.loader.take_unhashed();
        if !unhashed.is_empty() {
            tokio::task::spawn_blocking(|| hash_all(unhashed));
        }
    }
}

/// Reads everything again now.
pub(super) async fn reload(reloader: &Mutex<Reloader>) {
    reloader.lock().await.reload().await;
}

/// Reads everything again whenever something changes; ends when nothing is watched.
pub(super) async fn follow(reloader: Arc<Mutex<Reloader>>) {
    let Some((_watcher, mut changes)) = reloader.lock().await.watch.take() else { return };
    let mut ends = reloader.lock().await.ends.take();
    // One that changed between the first scan and the first watch.
    reload(&reloader).await;
    loop {
        let again = reloader.lock().await.again;
        tokio::select! {
            change = changes.next() => match change {
                Some(_) => {
                    let mut reloader = reloader.lock().await;
                    reloader.again = None;
                    reloader.reload().await;
                }
                None => return,
            },
            () = after(again) => reload(&reloader).await,
            Some(ended) = next(ends.as_mut()) => reloader.lock().await.built(ended).await,
        }
    }
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => pending().await,
    }
}

async fn next(ends: Option<&mut UnboundedReceiver<Ended>>) -> Option<Ended> {
    match ends {
        Some(ends) => ends.recv().await,
        None => pending().await,
    }
}

/// Folders of sources that lie outside of the functions folders.
fn sources(resolved: &Resolved) -> Vec<PathBuf> {
    let dirs = resolved.functions.values().filter_map(|function| Some(function.build.as_ref()?.dir.clone()));
    let outside = |dir: &PathBuf| !resolved.runtime.functions.iter().any(|folder| dir.starts_with(folder));
    let mut dirs: Vec<PathBuf> = dirs.filter(outside).collect();
    dirs.dedup();
    dirs
}

/// An open channel stays what it is while the runtime lives: what it holds must not be left behind.
fn keep_open_channels(before: &Resolved, after: &mut Resolved) {
    for (id, channel) in &mut after.channels {
        let Some(open) = before.channels.get(id).filter(|open| open.spec != channel.spec) else { continue };
        tracing::warn!(channel = %channel.name, "its class or settings changed: that takes a restart");
        channel.spec = open.spec.clone();
    }
}

/// The files that functions, and sources that are programs, execute or are told of, wherever they lie.
fn files(resolved: &Resolved) -> Vec<PathBuf> {
    let functions = || resolved.functions.values().filter(|function| function.of.is_none());
    let programs = functions().filter_map(|function| match &function.found {
        Found::Program(program) => Some(program.path.to_path_buf()),
        Found::Absent | Found::Broken(_) => None,
    });
    let secrets = functions().flat_map(|function| function.secret_files.iter().cloned());
    let sources = resolved.containers.values().flat_map(|source| source.files.iter().cloned());
    let polls = resolved.polls.values().flat_map(|poll| poll.files.iter().cloned());
    programs.chain(secrets).chain(sources).chain(polls).collect()
}

fn needs_restart(before: &Resolved, after: &Resolved) -> Vec<&'static str> {
    let watch = before.watch != after.watch;
    let (before, after) = (&before.runtime, &after.runtime);
    let settings = [
        ("[runtime] listen", before.listen != after.listen),
        ("[runtime] admin", before.admin != after.admin),
        ("[runtime] state", before.state != after.state),
        ("[runtime] functions", before.functions != after.functions),
        ("[runtime] budget", before.budget_bytes != after.budget_bytes),
        ("[runtime] drain", before.drain != after.drain),
        ("[runtime] cgroup", before.cgroup != after.cgroup),
        ("[runtime] history", before.history != after.history),
        ("[watch]", watch),
    ];
    settings.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}
