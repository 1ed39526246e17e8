//! One revision of a function: its number, what it was made of, and whether its executable is kept.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use activator::id::Revision;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::content::{Content, Hash, Stat};
use super::resolved::{Program, Secrets};

/// The revisions of all functions by their names, those of each in the order of their numbers.
pub(super) type Editions = HashMap<String, Vec<Arc<Edition>>>;

/// One revision of a function.
#[derive(Debug)]
pub(super) struct Edition {
    pub(super) number: u32,
    /// The name of its executable.
    pub(super) file: String,
    pub(super) content: Content,
    pub(super) seen: Seen,
    pub(super) made: Made,
    pub(super) pin: OnceLock<Pin>,
}

/// What the system says of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Of all of them.
    pub(super) stamp: Hash,
    /// Of its executable, where that is all there is to it; a folder is more than can be kept.
    pub(super) alone: Option<Stat>,
}

/// What else it was made of.
#[derive(Debug)]
pub(super) enum Made {
    /// In this run.
    Now(Arc<Program>),
    /// By a runtime before this one: the hash of its settings.
    Before(Hash),
}

/// Whether a revision's executable is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Pin {
    Kept,
    /// And why not.
    Not(String),
}

impl Edition {
    /// Whether the program is the one this revision was made of.
    pub(super) fn is(&self, program: &Program, seen: &Seen) -> bool {
        match &self.made {
            Made::Now(made) => **made == *program,
            Made::Before(settings) => {
                let hashes = self.content.hash().zip(program.content.hash());
                let same = self.seen == *seen || hashes.is_some_and(|(a, b)| a == b);
                same && *settings == settings_of(program)
            }
        }
    }

    pub(super) fn settings(&self) -> Hash {
        match &self.made {
            Made::Now(program) => settings_of(program),
            Made::Before(settings) => *settings,
        }
    }
}

/// The hash of all that is no content of files. Secrets are written down nowhere, not even so.
fn settings_of(program: &Program) -> Hash {
    let settings = Program {
        revision: Revision(0),
        content: Content::default(),
        secrets: Secrets::default(),
        exactly: None,
        ..program.clone()
    };
    Hash::from(<[u8; 32]>::from(Sha256::digest(format!("{settings:?}"))))
}
