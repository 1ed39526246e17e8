//! One load after another of the same project: what is known from the one before stays known.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::book::{Book, Used};
use super::diagnostic::{Diagnostic, Problems};
use super::document::Document;
use super::explain::{Explained, Said, Sources, Unexplained};
use super::ids::Ids;
use super::ledger::{Ledger, Unhashed};
use super::overrides::Overrides;
use super::pins::Keeping;
use super::raw;
use super::resolve;
use super::resolved::Resolved;
use super::scan::{self, BeingWritten, Scan, Writers};
use super::source::Source;

/// The file read when none is named.
const FILE: &str = "runtime.toml";

/// What a load gives.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Nothing when there is an error: whatever runs goes on with what it has.
    pub(crate) resolved: Option<Resolved>,
    /// All that is wrong or worth knowing, the worst first.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Somebody had a file open for writing, so it is worth a look again. No change may tell of it: a file system tells of a
    /// close before it is done with it.
    pub(crate) is_unfinished: bool,
}

/// Loads a project, as often as it changes.
pub(crate) struct Loader {
    project: PathBuf,
    file: Option<PathBuf>,
    overrides: Overrides,
    being_written: BeingWritten,
    builds: bool,
    ids: Ids,
    ledger: Ledger,
    book: Book,
    /// What the last load uses of it, until it is in force.
    used: Option<Used>,
    last: scan::Functions,
}

impl Loader {
    /// `project` is the folder all paths are relative to; without a `file` its `runtime.toml` is read if there
    /// is one.
    pub(crate) fn new(
        project: &Path,
        file: Option<&Path>,
        overrides: Overrides,
        being_written: BeingWritten,
    ) -> io::Result<Self> {
        Ok(Self {
            project: std::path::absolute(project)?,
            file: file.map(Path::to_owned),
            overrides,
            being_written,
            builds: false,
            ids: Ids::default(),
            ledger: Ledger::default(),
            book: Book::default(),
            used: None,
            last: scan::Functions::default(),
        })
    }

    /// The same where functions are built: what is not there yet will be, and what cargo makes is a program.
    pub(crate) fn building(self) -> Self {
        Self { builds: true, ..self }
    }

    /// Reads everything anew.
    pub(crate) fn load(&mut self) -> Loaded {
        let problems = Problems::default();
        self.book.discard();
        self.used = None;
        let unfinished = Cell::new(false);
        let resolved = self.read_file(&problems).map(|file| self.resolve(&file, &unfinished, &problems));
        let resolved = resolved.filter(|_| !problems.fatal());
        Loaded { resolved, diagnostics: problems.into_sorted(), is_unfinished: unfinished.get() }
    }

    /// Who says what a key comes to.
    ///
    /// # Errors
    /// When there is no such key, or the configuration cannot be used.
    pub(crate) fn explain(&mut self, key: &str) -> Result<Explained, Unexplained> {
        let loaded = self.load();
        if loaded.resolved.is_none() {
            return Err(Unexplained::Broken(loaded.diagnostics));
        }
        self.sources().explain(key)
    }

    /// What is said of a function that the last load found: each key with who won.
    pub(crate) fn said_of(&self, function: &str) -> Vec<(String, Said)> {
        self.sources().said_of(function)
    }

    /// The configuration file as it is; one that is not there is empty.
    pub(crate) fn written(&self) -> Arc<Source> {
        let (path, name) = self.config_file();
        Source::new(&name, &std::fs::read_to_string(path).unwrap_or_default())
    }

    fn sources(&self) -> Sources<'_> {
        let (project, overrides, functions) = (&*self.project, &self.overrides, &self.last);
        Sources { project, file: self.written(), overrides, functions }
    }

    /// The configuration file, and what it is called.
    fn config_file(&self) -> (PathBuf, String) {
        let path = self.project.join(self.file.as_deref().unwrap_or_else(|| Path::new(FILE)));
        let name = path.strip_prefix(&self.project).unwrap_or(&path).display().to_string();
        (path, name)
    }

    /// Of what was loaded, this function goes on as it was: that is no revision yet.
    pub(crate) fn hold_back(&mut self, name: &str) {
        self.book.hold_back(name);
    }

    /// What was loaded is in force. Gives what of the revisions is to be kept and written down, if that is something
    /// else than before.
    pub(crate) fn take_keeping(&mut self) -> Option<Keeping> {
        if let Some(used) = self.used.take() {
            self.book.commit(&used);
        }
        self.book.take_keeping()
    }

    /// Contents that are large, and have no name until somebody reads them.
    pub(crate) fn take_unhashed(&mut self) -> Vec<Unhashed> {
        self.ledger.take_owed()
    }

    /// What the file says; nothing when it could not be understood at all.
    fn read_file(&self, problems: &Problems) -> Option<raw::File> {
        let (path, name) = self.config_file();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.file.is_none() => String::new(),
            Err(error) => {
                problems.report(Diagnostic::cannot_read(&name, &error));
                return None;
            }
        };
        let document = Document::parse(&text, &Source::new(&name, &text), problems)?;
        Some(raw::File::read(&document, &name))
    }

    fn resolve(&mut self, file: &raw::File, unfinished: &Cell<bool>, problems: &Problems) -> Resolved {
        let runtime = resolve::runtime(&self.project, &file.runtime, &self.overrides, problems);
        let named = file.functions.iter().filter(|(_, function)| function.build.is_some());
        let builds =
            scan::Builds { on: self.builds, named: named.map(|(name, _)| name.value.clone()).collect() };
        let scan = Scan {
            project: &self.project,
            writers: Writers { ask: self.being_written, of_all: !self.last.entries.is_empty() },
            unfinished,
            builds: &builds,
            last: &self.last,
            problems,
        };
        let mut found = scan.functions(&runtime.functions);
        self.book.open(runtime.state.as_deref());
        let books = (&mut self.ledger, &mut self.book);
        let functions = resolve::Functions::new(file, &scan, &mut found, &mut self.ids, books);
        // A folder that is not mounted yet says nothing of what is gone.
        let is_complete = runtime.functions.iter().all(|folder| folder.is_dir());
        let gone = if is_complete { self.book.without(|name| functions.has(name)) } else { Vec::new() };
        let used = Used { named: functions.named(), gone, old_max: runtime.revisions_max };
        let resolved = resolve::resolve(file, &self.project, runtime, functions, &mut self.ids, problems);
        found.forget_looks();
        if !problems.fatal() {
            self.used = Some(used);
        }
        self.last = found;
        resolved
    }
}
