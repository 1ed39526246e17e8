//! What one event of the file system means.

use std::fs::{FileType, symlink_metadata};
use std::path::Path;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use super::notice::Changed;
use super::plan::Plan;
use crate::process::is_being_written;

/// What an event asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) changed: Changed,
    /// Other folders are to be watched now; tell the change when they are.
    pub(super) rearm: bool,
}

/// What happened to a name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is there now: created, linked, or moved to.
    Here,
    Gone,
    /// Its writer closed it.
    Written,
    /// Its permissions, or something else of less interest.
    Touched,
}

impl Plan {
    pub(super) fn see(&self, event: &Event) -> Sight {
        // The queue was full, and events are lost.
        if event.need_rescan() {
            return Sight::everything();
        }
        let Some(step) = step(event.kind) else {
            return Sight::default();
        };
        let mut sight = Sight::default();
        for path in &event.paths {
            let one = self.see_one(step, path);
            sight.changed.add(one.changed);
            sight.rearm |= one.rearm;
        }
        sight
    }

    fn see_one(&self, step: Step, path: &Path) -> Sight {
        if let Some(changed) = self.meaning_of_dir(path) {
            let moved = matches!(step, Step::Here | Step::Gone);
            return Sight { changed, rearm: moved };
        }
        let meaning = self.meaning(path);
        if meaning.changed == Changed::default() {
            return Sight::default();
        }
        let changed = meaning.changed;
        match step {
            Step::Written => Sight { changed, rearm: false },
            Step::Gone => Sight { changed, rearm: meaning.way },
            Step::Here | Step::Touched => match symlink_metadata(path).map(|data| data.file_type()) {
                // Its writer's close will be told.
                Ok(kind) if kind.is_file() && is_being_written(path) => Sight::default(),
                kind => Sight { changed, rearm: step == Step::Here && kind.is_ok_and(leads_on) },
            },
        }
    }
}

impl Sight {
    pub(super) const fn everything() -> Self {
        Self { changed: Changed::ALL, rearm: true }
    }
}

fn leads_on(kind: FileType) -> bool {
    kind.is_dir() || kind.is_symlink()
}

fn step(kind: EventKind) -> Option<Step> {
    match kind {
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Step::Here),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Some(Step::Gone),
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Step::Written),
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(Step::Touched),
        // Each write, each opening, and a rename's two ends once more.
        _ => None,
    }
}
