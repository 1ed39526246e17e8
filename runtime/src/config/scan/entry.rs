//! A function as the folder has it.

use std::path::Path;
use std::sync::Arc;

use crate::config::content::{Hash, Stat};
use crate::config::raw;

/// The file in a function's own folder that holds its settings.
pub(in crate::config) const MANIFEST: &str = "function.toml";

/// All of them are kept from one load to the next, so what most have not said takes no room.
#[derive(Clone, Debug)]
pub(in crate::config) struct Entry {
    pub(in crate::config) name: Arc<str>,
    /// Itself, if it is a folder: all in it belongs to it.
    pub(in crate::config) own: Option<Arc<Path>>,
    /// The file that is run.
    pub(in crate::config) path: Arc<Path>,
    pub(in crate::config) state: State,
    /// The beginning of a script that says something of itself, up to where it has said it.
    pub(super) head: Option<Box<str>>,
    /// What the folder's `function.toml` says.
    pub(in crate::config) manifest: Option<Box<raw::Function>>,
}

/// What the system says of a file, and the hash of a small one: of use to one load only.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Seen {
    pub(super) stat: Stat,
    pub(in crate::config) hash: Option<Hash>,
}

/// A function, and what was seen of its file, if anybody looked.
#[derive(Clone, Debug)]
pub(in crate::config) struct Met {
    pub(super) entry: Entry,
    pub(super) seen: Option<Seen>,
}

impl From<Entry> for Met {
    fn from(entry: Entry) -> Self {
        Self { entry, seen: None }
    }
}

/// What is there to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum State {
    Runs,
    /// Something that cannot run, and why.
    Broken(String),
    /// Nothing, or nothing whole yet.
    Gone,
}

impl State {
    pub(super) fn runs(&self) -> bool {
        matches!(self, Self::Runs)
    }
}

impl Entry {
    /// All that belongs to it: its program, or the folder it is.
    pub(in crate::config) fn root(&self) -> &Arc<Path> {
        self.own.as_ref().unwrap_or(&self.path)
    }

    /// The same function, waiting for a file.
    pub(super) fn without_file(self) -> Self {
        Self { state: State::Gone, ..self }
    }
}
