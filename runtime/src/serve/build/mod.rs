//! `dev --build`: functions whose sources change are built, and the old revision serves until that succeeded.
//!
//! A build that changes its own sources would never come to rest. So a file that comes while it runs is what it made, and
//! one that changes meanwhile may be an edit: that is built once more, and only so often without an edit in between.

mod run;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use activator::id::FunctionId;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, block_in_place};

use self::sources::Sources;
use crate::config::resolved::{Build, Found, Program, Resolved};
use crate::process::Spawner;

/// Builds in a row, each because a file changed while the one before it ran.
const AGAIN_MAX: u32 = 3;

/// Every function that is built.
pub(super) struct Builds {
    spawner: Spawner,
    sites: BTreeMap<FunctionId, Site>,
    running: JoinSet<()>,
    ended: mpsc::UnboundedSender<Ended>,
}

/// A build came to its end.
pub(super) struct Ended {
    function: FunctionId,
    build: Build,
    result: Result<(), String>,
    took: std::time::Duration,
}

struct Site {
    name: Arc<str>,
    build: Build,
    /// What there was when its last build began, and after it: what differs from this is to be built.
    known: Sources,
    state: State,
    /// Files that came while it was built, or changed whenever it was.
    made: BTreeSet<PathBuf>,
    /// How often in a row it was built since a file changed meanwhile.
    again: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Building,
    Built,
    Failed,
}

impl Builds {
    /// Builds nothing yet; ends of builds are told to the receiver.
    pub(super) fn new(spawner: Spawner) -> (Self, mpsc::UnboundedReceiver<Ended>) {
        let (ended, ends) = mpsc::unbounded_channel();
        (Self { spawner, sites: BTreeMap::new(), running: JoinSet::new(), ended }, ends)
    }

    /// What is being built, or failed to, stays the program it was. Gives the functions of which nothing is new.
    pub(super) fn hold(&self, before: &Resolved, now: &mut Resolved) -> Vec<Arc<str>> {
        let mut unchanged = Vec::new();
        for (id, function) in &mut now.functions {
            let is_built = function.build.as_ref().is_none_or(|build| {
                let of = |site: &&Site| site.build.is_same(build);
                self.sites.get(id).filter(of).is_some_and(|site| site.state == State::Built)
            });
            let Some(old) = before.functions.get(id).filter(|_| !is_built) else { continue };
            let found = held(&old.found, &function.found);
            if found == old.found {
                unchanged.push(Arc::clone(&function.name));
            }
            Arc::make_mut(function).found = found;
        }
        unchanged
    }

    /// Begins to build what changed. It reads the sources.
    pub(super) fn look(&mut self, now: &Resolved) {
        self.sites.retain(|id, _| now.functions.get(id).is_some_and(|function| function.build.is_some()));
        while self.running.try_join_next().is_some() {}
        for (&id, function) in &now.functions {
            let Some(build) = &function.build else { continue };
            let site = self.sites.remove(&id).filter(|site| site.build.is_same(build));
            let mut site = site.unwrap_or_else(|| Site::new(&function.name, build));
            site.build.program.clone_from(&build.program);
            if site.state != State::Building {
                let sources = block_in_place(|| Sources::of(build));
                if site.state == State::New || site.known != sources {
                    (site.known, site.again) = (sources, 0);
                    self.begin(id, &mut site);
                }
            }
            self.sites.insert(id, site);
        }
    }

    fn begin(&mut self, function: FunctionId, site: &mut Site) {
        tracing::info!(function = &*site.name, "build: {}", site.build.command);
        site.state = State::Building;
        let (name, build) = (Arc::clone(&site.name), site.build.clone());
        let (spawner, ended) = (self.spawner.clone(), self.ended.clone());
        self.running.spawn(async move {
            let begun = Instant::now();
            let result = run::run(&build, &name, &spawner).await;
            ended.send(Ended { function, build, result, took: begun.elapsed() }).ok();
        });
    }

    /// A build came to its end: what it made is to be read now, unless something changed while it ran.
    pub(super) fn ended(&mut self, ended: Ended) {
        let site = self.sites.remove(&ended.function);
        let Some(mut site) = site else { return };
        if site.build.is_same(&ended.build) && site.ended(&ended) {
            self.begin(ended.function, &mut site);
        }
        self.sites.insert(ended.function, site);
    }
}

impl Site {
    fn new(name: &Arc<str>, build: &Build) -> Self {
        let (name, build, known) = (Arc::clone(name), build.clone(), Sources::default());
        Self { name, build, known, state: State::New, made: BTreeSet::new(), again: 0 }
    }

    /// Says whether it is to be built once more.
    fn ended(&mut self, ended: &Ended) -> bool {
        let function = &*self.name;
        match &ended.result {
            Ok(()) => tracing::info!(function, "built in {:.1?}", ended.took),
            Err(why) => tracing::error!(function, "build failed, the old revision stays: {why}"),
        }
        self.state = if ended.result.is_ok() { State::Built } else { State::Failed };
        let now = block_in_place(|| Sources::of(&self.build));
        self.made.extend(now.new_since(&self.known).cloned());
        let edited = now.edited_since(&self.known, &self.made).map(Path::to_owned);
        self.known = now;
        let Some(edited) = edited else { return false };
        let shown = edited.strip_prefix(&self.build.dir).unwrap_or(&edited).display();
        if self.again < AGAIN_MAX {
            tracing::info!(function, "{shown} changed while it was built");
            self.again += 1;
            return true;
        }
        tracing::warn!(
            function,
            "{shown} changes whenever it is built, and is taken for what the build makes"
        );
        self.made.insert(edited);
        false
    }
}

/// The old program, run as is said now.
fn held(old: &Found, new: &Found) -> Found {
    match (old, new) {
        (Found::Program(old), Found::Program(new)) => {
            let (path, content, revision) = (old.path.clone(), old.content.clone(), old.revision);
            let mut program = Program { path, content, revision, ..(**new).clone() };
            if program != **old {
                program.revision = new.revision;
            }
            Found::Program(Arc::new(program))
        }
        (old, _) => old.clone(),
    }
}
