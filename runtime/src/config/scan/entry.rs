//! A function as the folder has it.

use std::path::PathBuf;

use crate::config::raw;
use crate::config::resolved::Fingerprint;

#[derive(Clone, Debug)]
pub(in crate::config) struct Entry {
    pub(in crate::config) name: String,
    /// The functions folder it is in.
    pub(in crate::config) folder: PathBuf,
    /// The file that is run.
    pub(in crate::config) path: PathBuf,
    /// The path for people: `functions/hello.sh`.
    pub(in crate::config) shown: String,
    pub(in crate::config) content: Content,
    /// What the script says of itself.
    pub(in crate::config) header: Option<raw::Function>,
}

/// What is there to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum Content {
    Runs(Fingerprint),
    /// Something that cannot run, and why.
    Broken(String),
    /// Nothing, or nothing whole yet.
    Gone,
}

impl Content {
    pub(super) fn runs(&self) -> bool {
        matches!(self, Self::Runs(_))
    }
}

impl Entry {
    /// The same function, waiting for a file.
    pub(super) fn without_file(self) -> Self {
        Self { content: Content::Gone, ..self }
    }
}
