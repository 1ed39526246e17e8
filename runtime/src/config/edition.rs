//! One revision of a function: its number, what it was made of, and whether its executable is kept.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::content::{Content, Hash, Stat};
use super::resolved::{Program, Secrets, Terms};

/// The revisions of all functions by their names, those of each in the order of their numbers.
pub(super) type Editions = HashMap<Arc<str>, Box<[Arc<Edition>]>>;

/// One revision of a function.
#[derive(Debug)]
pub(super) struct Edition {
    pub(super) number: u32,
    pub(super) seen: Seen,
    pub(super) made: Made,
    pub(super) pin: OnceLock<Pin>,
}

/// What the system says of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Seen {
    /// Its executable is all there is to it.
    Alone(Stat),
    /// The hash of what is said of all of them: a folder is more than can be kept.
    Folder(Hash),
}

/// What else it was made of.
#[derive(Debug)]
pub(super) enum Made {
    /// In this run.
    Now(Arc<Program>),
    /// By a runtime before this one.
    Before(Box<Before>),
}

/// What is known of a revision that a runtime before this one made.
#[derive(Debug)]
pub(super) struct Before {
    /// The name of its executable.
    pub(super) file: String,
    pub(super) content: Content,
    /// The hash of its settings.
    pub(super) settings: Hash,
}

/// Whether a revision's executable is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Pin {
    Kept,
    /// And why not.
    Not(Box<str>),
}

impl Edition {
    /// Whether the program is the one this revision was made of.
    pub(super) fn is(&self, program: &Program, seen: &Seen) -> bool {
        match &self.made {
            Made::Now(made) => **made == *program,
            Made::Before(before) => {
                let hashes = before.content.hash().zip(program.content.hash());
                let same = self.seen == *seen || hashes.is_some_and(|(a, b)| a == b);
                same && before.settings == settings_of(program)
            }
        }
    }

    /// The name of its executable.
    pub(super) fn file(&self) -> Cow<'_, str> {
        match &self.made {
            Made::Now(program) => program.path.file_name().unwrap_or_default().to_string_lossy(),
            Made::Before(before) => Cow::Borrowed(&before.file),
        }
    }

    pub(super) fn content(&self) -> &Content {
        match &self.made {
            Made::Now(program) => &program.content,
            Made::Before(before) => &before.content,
        }
    }

    /// What the system said of its executable, where that is all there is to it.
    pub(super) const fn alone(&self) -> Option<Stat> {
        match self.seen {
            Seen::Alone(stat) => Some(stat),
            Seen::Folder(_) => None,
        }
    }

    pub(super) fn settings(&self) -> Hash {
        match &self.made {
            Made::Now(program) => settings_of(program),
            Made::Before(before) => before.settings,
        }
    }
}

/// The hash of all that is no content of files. Secrets are written down nowhere, not even so.
fn settings_of(program: &Program) -> Hash {
    let Program { path, terms, .. } = program;
    let terms = Terms { secrets: Secrets::default(), ..Terms::clone(terms) };
    Hash::from(<[u8; 32]>::from(Sha256::digest(format!("{path:?} {terms:?}"))))
}
