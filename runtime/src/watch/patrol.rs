//! Looks at everything again and again, where the system tells of no changes: network file systems, and machines
//! whose watches are used up.

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::notice::Changed;
use super::plan::{Plan, Targets};

/// Rounds in a row that may differ before a change is told all the same.
const RESTLESS_MAX: u32 = 5;

/// Compares what it sees with what it saw.
#[derive(Debug)]
pub(super) struct Patrol {
    pub(super) every: Duration,
    before: Glance,
    /// Seen to change, and not told yet: it may still be in the making.
    seen: Changed,
    restless: u32,
}

/// Everything that matters, in two numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Glance {
    functions: u64,
    config: u64,
}

impl Patrol {
    pub(super) fn new(every: Duration, targets: &Targets) -> Self {
        Self { every, before: Glance::of(targets), seen: Changed::default(), restless: 0 }
    }

    /// What changed, and did not go on changing since the last round.
    pub(super) fn round(&mut self, targets: &Targets) -> Changed {
        let now = Glance::of(targets);
        let changed = Changed {
            functions: now.functions != self.before.functions,
            config: now.config != self.before.config,
        };
        self.before = now;
        self.seen.add(changed);
        self.restless = if changed == Changed::default() { 0 } else { self.restless + 1 };
        if self.restless > 0 && self.restless < RESTLESS_MAX {
            return Changed::default();
        }
        self.restless = 0;
        std::mem::take(&mut self.seen)
    }
}

impl Glance {
    fn of(targets: &Targets) -> Self {
        let plan = Plan::of(targets);
        let mut glance = Self::default();
        for dir in plan.dirs() {
            for path in entries(&dir) {
                let changed = plan.meaning(&path).changed;
                if changed != Changed::default() {
                    glance.add(changed, stamp(&path));
                }
            }
        }
        glance
    }

    /// A sum, for a folder's order is none.
    const fn add(&mut self, changed: Changed, stamp: u64) {
        if changed.functions {
            self.functions = self.functions.wrapping_add(stamp);
        }
        if changed.config {
            self.config = self.config.wrapping_add(stamp);
        }
    }
}

fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Differs when the file does. A folder differs only when it is another one: what is in it is looked at itself.
fn stamp(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    if let Ok(metadata) = fs::symlink_metadata(path) {
        let of_file = |m: &Metadata| (m.size(), m.mtime(), m.mtime_nsec());
        (metadata.dev(), metadata.ino(), metadata.mode()).hash(&mut hasher);
        Some(&metadata).filter(|m| !m.is_dir()).map(of_file).hash(&mut hasher);
    }
    hasher.finish()
}
