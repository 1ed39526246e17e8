//! What the functions folders hold: programs, scripts, folders with something to run, and what is no function
//! but looks like one. Nothing is executed here, and nothing is skipped silently.

mod elf;
mod entry;
mod file;
mod files;
mod header;
mod ignore;
mod look;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirEntry, File, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::codes::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::document::Document;
use super::name;
use super::raw;
use super::source::{At, Source};
use super::value::Value;

use entry::MANIFEST;
pub(super) use entry::{Entry, State};
pub(crate) use ignore::{is_left_over, is_no_part};
use look::Look;
use trust::Trust;

/// Whether someone has the file at the path, which is open, open for writing.
pub(crate) type BeingWritten = fn(&Path, &File) -> bool;

/// What a scan goes by.
pub(super) struct Scan<'a> {
    /// Paths are shown relative to it.
    pub(super) project: &'a Path,
    pub(super) being_written: BeingWritten,
    /// Where programs are built: what is not there yet, and what `cargo` makes.
    pub(super) builds: &'a Builds,
    /// What the scan before this one found.
    pub(super) last: &'a Functions,
    pub(super) problems: &'a Problems,
}

/// What is built, if anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Builds {
    /// `dev --build` does it.
    pub(super) on: bool,
    /// Functions of which `runtime.toml` says how.
    pub(super) named: BTreeSet<String>,
}

/// Functions by name, and the sidecars lying around.
#[derive(Clone, Debug, Default)]
pub(super) struct Functions {
    pub(super) entries: BTreeMap<String, Entry>,
    /// `NAME.toml` by `NAME`.
    pub(super) sidecars: BTreeMap<String, PathBuf>,
}

impl Functions {
    /// What only this load makes use of.
    pub(super) fn forget_looks(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.seen = None);
    }
}

impl Scan<'_> {
    /// Looks at every folder. What was there before and is gone keeps its name: its events wait for it.
    pub(super) fn functions(&self, folders: &[PathBuf]) -> Functions {
        let mut functions = Functions::default();
        let mut trust = Trust::default();
        for folder in folders {
            self.folder(&Arc::from(folder.as_path()), &mut trust, &mut functions);
        }
        for (name, entry) in &self.last.entries {
            let still_ours = folders.iter().any(|folder| **folder == *entry.folder)
                && !functions.entries.contains_key(name);
            if still_ours {
                self.problems.report(gone(entry));
                functions.entries.insert(name.clone(), entry.clone().without_file());
            }
        }
        // Built of all at once its nodes are full; one by one, in order, they are half empty.
        functions.entries = std::mem::take(&mut functions.entries).into_iter().collect();
        functions
    }

    fn folder(&self, folder: &Arc<Path>, trust: &mut Trust, functions: &mut Functions) {
        let mut paths: Vec<(PathBuf, bool)> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| (entry.path(), is_folder(&entry))).collect(),
            Err(error) => {
                self.problems.report(no_folder(&self.shown(folder), &error));
                return;
            }
        };
        // The order of the file system is none, and messages are to be the same twice.
        // In one folder, names alone tell them apart; paths are compared part by part.
        paths.sort_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
        for (path, is_folder) in paths.into_iter().filter(|(path, _)| !ignore::is_no_function(path)) {
            if path.extension().is_some_and(|extension| extension == "toml") {
                functions.sidecars.insert(stem(&path), path);
            } else if let Some(entry) = self.entry(folder, &path, is_folder, trust) {
                self.add(entry, &mut functions.entries);
            }
        }
    }

    /// What a path in a functions folder is.
    fn entry(&self, folder: &Arc<Path>, path: &Path, is_folder: bool, trust: &mut Trust) -> Option<Entry> {
        let name = stem(path);
        let own = is_folder.then(|| path.to_owned());
        let manifest = own.as_ref().and_then(|own| self.manifest(&own.join(MANIFEST), &name));
        let (program, manifest) = match &own {
            Some(own) => self.program_of(own, &name, manifest)?,
            None => (path.to_owned(), None),
        };
        let look = Look::at(&program, self.being_written);
        if look.is_being_written {
            let unfinished = self.unfinished(folder, &program, name);
            let manifest = manifest.map(Box::new);
            return name::is_valid(&unfinished.name).then_some(Entry { own, manifest, ..unfinished });
        }
        let shown = self.shown(&program);
        let is_there = look.metadata.is_ok() || program.is_symlink();
        let inspected = match is_there {
            true => file::inspect(&program, &shown, &look, trust, self.problems),
            // The manifest names it, and that was told.
            false => file::Inspected { state: State::Gone, header: None },
        };
        if !name::is_valid(&name) {
            // What cannot run was reported as that, and needs no name.
            if inspected.state.runs() {
                self.problems.report(bad_name(&name, &shown));
            }
            return None;
        }
        let header = inspected.header.or_else(|| self.header_before(&name, &inspected.state));
        let (folder, manifest) = (Arc::clone(folder), manifest.map(Box::new));
        let (state, seen) = (inspected.state, look.seen());
        Some(Entry { name, folder, own, path: program, shown, state, seen, header, manifest })
    }

    /// What a folder runs: what its manifest names, else what is called as programs in folders are.
    fn program_of(
        &self,
        own: &Path,
        name: &str,
        manifest: Option<raw::Function>,
    ) -> Option<(PathBuf, Option<raw::Function>)> {
        let Some(exec) = manifest.as_ref().and_then(|manifest| manifest.exec.as_ref()) else {
            let cargo = file::program_of_cargo(own, name).filter(|_| self.builds.on);
            let program = file::program_of_folder(own, name, cargo);
            let program = program.or_else(|| self.to_be_built(own, name, manifest.as_ref()));
            if program.is_none() {
                self.problems.report(nothing_to_run(&self.shown(own)));
            }
            return Some((program?, manifest));
        };
        let program = own.join(&exec.value);
        if !program.exists() {
            self.problems.report(no_program(name, exec));
        }
        // It is found, and no one is to look for it in the project.
        Some((program, manifest.map(|manifest| raw::Function { exec: None, ..manifest })))
    }

    /// Where the program of a folder will be that somebody said how to build: here, in its settings beside it, or in
    /// `runtime.toml`.
    fn to_be_built(&self, own: &Path, name: &str, manifest: Option<&raw::Function>) -> Option<PathBuf> {
        let said =
            manifest.is_some_and(|manifest| manifest.build.is_some()) || self.builds.named.contains(name);
        let is_built = self.builds.on && (said || own.with_extension("toml").is_file());
        is_built.then(|| own.join(name))
    }

    /// What the settings in a function's own folder say; their paths begin there.
    fn manifest(&self, path: &Path, name: &str) -> Option<raw::Function> {
        path.symlink_metadata().ok()?;
        Some(self.settings(path, name)?.within(path.parent()?))
    }

    /// The settings in a file of a function's own.
    pub(super) fn settings(&self, path: &Path, name: &str) -> Option<raw::Function> {
        let shown = self.shown(path);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.problems.report(Diagnostic::cannot_read(&shown, &error));
                return None;
            }
        };
        let document = Document::parse(&text, &Source::new(&shown, &text), self.problems)?;
        let section = format!("[function.{name}]");
        raw::Function::read(&Value::root(&document, &section), &section)
    }

    /// A link that leads to nothing for a moment still wants what it wanted.
    fn header_before(&self, name: &str, state: &State) -> Option<Box<raw::Function>> {
        if state.runs() {
            return None;
        }
        self.last.entries.get(name)?.header.clone()
    }

    /// A file that is being written: what it was goes on, and something new waits until it is closed.
    fn unfinished(&self, folder: &Arc<Path>, program: &Path, name: String) -> Entry {
        let before = self.last.entries.get(&name).filter(|entry| entry.path == program);
        before.cloned().unwrap_or_else(|| Entry {
            name,
            folder: Arc::clone(folder),
            own: None,
            path: program.to_owned(),
            shown: self.shown(program),
            state: State::Gone,
            seen: None,
            header: None,
            manifest: None,
        })
    }

    /// The program that `exec` names, wherever it is.
    pub(super) fn named(&self, name: &str, exec: &At<String>) -> Entry {
        let path = self.project.join(&exec.value);
        let folder = Arc::from(path.parent().unwrap_or(self.project));
        let look = Look::at(&path, self.being_written);
        if look.is_being_written {
            return self.unfinished(&folder, &path, name.into());
        }
        if look.metadata.is_err() {
            self.problems.report(no_program(name, exec));
            return self.unfinished(&folder, &path, name.into()).without_file();
        }
        self.alone(name, path, &look)
    }

    /// An executable that was kept, wherever it lies.
    pub(super) fn kept(&self, name: &str, path: PathBuf) -> Entry {
        let look = Look::at(&path, self.being_written);
        self.alone(name, path, &look)
    }

    fn alone(&self, name: &str, path: PathBuf, look: &Look) -> Entry {
        let folder = Arc::from(path.parent().unwrap_or(self.project));
        let shown = self.shown(&path);
        let file::Inspected { state, header } =
            file::inspect(&path, &shown, look, &mut Trust::default(), self.problems);
        let seen = look.seen();
        Entry { name: name.into(), folder, own: None, path, shown, state, seen, header, manifest: None }
    }

    fn add(&self, entry: Entry, entries: &mut BTreeMap<String, Entry>) {
        let Some(known) = entries.get(&entry.name) else {
            entries.insert(entry.name.clone(), entry);
            return;
        };
        let (old_runs, new_runs) = (known.state.runs(), entry.state.runs());
        if old_runs && new_runs {
            self.problems.report(twice(&entry.name, &known.shown, &entry.shown));
        }
        // A data file beside a program does not take its name away.
        if new_runs && !old_runs {
            entries.insert(entry.name.clone(), entry);
        }
    }

    /// The path as people know it.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.project).unwrap_or(path).display().to_string()
    }
}

/// The folder told already, but of what a link leads to.
fn is_folder(entry: &DirEntry) -> bool {
    let kind = entry.file_type();
    kind.as_ref().is_ok_and(FileType::is_dir)
        || kind.map_or(true, |kind| kind.is_symlink()) && entry.path().is_dir()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn gone(entry: &Entry) -> Diagnostic {
    Diagnostic::new(Code::NoFile, format!("{} is gone; events for `{}` wait", entry.shown, entry.name))
        .about(&*entry.shown)
        .help("put it back, or restart hydrant to forget it")
}

fn no_program(name: &str, exec: &At<String>) -> Diagnostic {
    Diagnostic::new(
        Code::NoFile,
        format!("the program of function `{name}` is not there; events for it wait"),
    )
    .at(&exec.place, "no such file")
    .help("build it; it is taken as soon as it is there")
}

fn no_folder(shown: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::NoFolder, format!("no functions in {shown}: {error}"))
        .about(shown)
        .help(format!("mkdir {shown}, and drop an executable file into it"))
}

fn nothing_to_run(shown: &str) -> Diagnostic {
    Diagnostic::new(Code::NothingToRun, format!("{shown} holds nothing to run, so it is no function"))
        .about(shown)
        .help("a folder is a function when it holds `run`, `main`, a file of its own name, or a function.toml with `exec`")
}

fn bad_name(name: &str, shown: &str) -> Diagnostic {
    Diagnostic::new(Code::BadName, format!("{shown} cannot be a function: `{name}` is not a name"))
        .about(shown)
        .help(format!("rename it; {}", name::hint(name)))
}

fn twice(name: &str, first: &str, second: &str) -> Diagnostic {
    Diagnostic::new(Code::Twice, format!("two functions are called `{name}`: {first} and {second}"))
        .about(second)
        .help("rename or remove one of them")
}
