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

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{DirEntry, File, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;

use super::codes::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::document::Document;
use super::name;
use super::raw;
use super::source::{At, Source};
use super::value::Value;

pub(super) use entry::{Entry, MANIFEST, Met, Seen, State};
pub(super) use header::KEY as HEADER_KEY;
pub(crate) use ignore::{is_left_over, is_no_part};
pub(super) use look::Writers;

use look::Look;
use trust::Trust;

/// Whether someone has the file at the path, which is open here, open for writing; an error where that cannot be known.
/// When nobody has, nobody will before it is closed here.
pub(crate) type BeingWritten = fn(&Path, &File) -> std::io::Result<bool>;

/// What a scan goes by.
pub(super) struct Scan<'a> {
    /// Paths are shown relative to it.
    pub(super) project: &'a Path,
    pub(super) writers: Writers,
    /// Set when somebody has one of the files open for writing: what it is now, nobody knows.
    pub(super) unfinished: &'a Cell<bool>,
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

/// A script's head, and what it says in it as TOML below [`HEADER_KEY`].
pub(super) fn header_of(entry: &Entry, project: &Path) -> Option<(Arc<Source>, String)> {
    let head = entry.head.as_ref()?;
    let shown = entry.path.strip_prefix(project).unwrap_or(&entry.path).display().to_string();
    Some((Source::new(&shown, head), header::document(head)?))
}

/// Functions by name, and the sidecars lying around.
#[derive(Clone, Debug, Default)]
pub(super) struct Functions {
    pub(super) entries: BTreeMap<Arc<str>, Entry>,
    /// `NAME.toml` by `NAME`.
    pub(super) sidecars: BTreeMap<String, PathBuf>,
    /// What was seen of their files. In a place of its own, which goes as a whole: among what stays, it would leave holes.
    pub(super) seen: HashMap<Arc<str>, Seen>,
}

impl Functions {
    /// Of those found in folders, in the order of their names. Built of all at once the nodes of a map are full; one by one,
    /// in order, they are half empty.
    fn of(found: Vec<Met>, sidecars: BTreeMap<String, PathBuf>) -> Self {
        let mut seen = HashMap::with_capacity(found.len());
        let entries = found.into_iter().map(|Met { entry, seen: one }| {
            let name = Arc::clone(&entry.name);
            seen.extend(one.map(|one| (Arc::clone(&name), one)));
            (name, entry)
        });
        let entries = entries.collect();
        Self { entries, sidecars, seen }
    }

    /// What only this load makes use of.
    pub(super) fn forget_looks(&mut self) {
        self.seen = HashMap::new();
    }

    /// A function found elsewhere.
    pub(super) fn add(&mut self, name: &Arc<str>, met: Met) {
        self.seen.extend(met.seen.map(|seen| (Arc::clone(name), seen)));
        self.entries.insert(Arc::clone(name), met.entry);
    }
}

impl Scan<'_> {
    /// Looks at every folder. What was there before and is gone keeps its name: its events wait for it.
    pub(super) fn functions(&self, folders: &[PathBuf]) -> Functions {
        let (mut found, mut sidecars) = (Vec::new(), BTreeMap::new());
        let mut trust = Trust::default();
        for folder in folders {
            self.folder(folder, &mut trust, &mut found, &mut sidecars);
        }
        // In order already, but where there are many folders, or many files of one name.
        found.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
        found.dedup_by(|second, first| {
            let are_one = first.entry.name == second.entry.name;
            if are_one {
                self.choose(first, second);
            }
            are_one
        });
        let mut functions = Functions::of(found, sidecars);
        for (name, entry) in &self.last.entries {
            let is_ours = || folders.iter().any(|folder| entry.root().parent() == Some(&**folder));
            // The programs of sources have other names, and no events wait for them.
            if name::is_valid(name) && !functions.entries.contains_key(name) && is_ours() {
                self.problems.report(gone(name, &self.shown(&entry.path)));
                functions.entries.insert(name.clone(), entry.clone().without_file());
            }
        }
        functions
    }

    fn folder(
        &self,
        folder: &Path,
        trust: &mut Trust,
        all: &mut Vec<Met>,
        sidecars: &mut BTreeMap<String, PathBuf>,
    ) {
        let mut found: Vec<(OsString, bool)> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().filter_map(|entry| may_be_function(&entry)).collect(),
            Err(error) => {
                self.problems.report(no_folder(&self.shown(folder), &error));
                return;
            }
        };
        // The order of the file system is none, and messages are to be the same twice.
        found.sort_unstable();
        let found = found.into_iter().map(|(name, is_folder)| (folder.join(name), is_folder));
        let is_sidecar =
            |(path, _): &(PathBuf, _)| path.extension().is_some_and(|extension| extension == "toml");
        let (settings, found): (Vec<_>, Vec<_>) = found.partition(is_sidecar);
        sidecars.extend(settings.into_iter().map(|(path, _)| (stem(&path).into_owned(), path)));
        let files: Vec<&Path> =
            found.iter().filter(|(_, is_folder)| !is_folder).map(|(path, _)| &**path).collect();
        look::at_all(&files, self.writers, |looks| {
            for (path, is_folder) in &found {
                let look = if *is_folder { None } else { looks.next() };
                all.extend(self.entry(path, look, trust));
            }
        });
    }

    /// What a path in a functions folder is: a file that was looked at, or a folder.
    fn entry(&self, path: &Path, look: Option<Look>, trust: &mut Trust) -> Option<Met> {
        let name = &*stem(path);
        let (own, program, manifest, look) = match look {
            Some(look) => (None, Cow::Borrowed(path), None, look),
            None => {
                let manifest = self.manifest(&path.join(MANIFEST), name);
                let (program, manifest) = self.program_of(path, name, manifest)?;
                let look = Look::at(&program, self.writers);
                (Some(Arc::from(path)), Cow::Owned(program), manifest.map(Box::new), look)
            }
        };
        if self.is_being_written(&look) {
            let unfinished = self.unfinished(name, &program);
            return name::is_valid(name).then(|| Entry { own, manifest, ..unfinished }.into());
        }
        let state = match look.metadata.is_ok() || look.is_link {
            true => file::inspect(&program, || self.shown(&program), &look, trust, self.problems),
            // The manifest names it, and that was told.
            false => State::Gone,
        };
        if !name::is_valid(name) {
            // What cannot run was reported as that, and needs no name.
            if state.runs() {
                self.problems.report(bad_name(name, &self.shown(&program)));
            }
            return None;
        }
        let (seen, head) = (look.seen(), look.inside.head.or_else(|| self.head_before(name, &state)));
        let (name, path) = self.shared(name, &program);
        Some(Met { entry: Entry { name, own, path, state, head, manifest }, seen })
    }

    /// A name and a path as the scan before this one had them: there is one of each, however often it is scanned.
    fn shared(&self, name: &str, path: &Path) -> (Arc<str>, Arc<Path>) {
        match self.last.entries.get(name) {
            Some(before) if *before.path == *path => (Arc::clone(&before.name), Arc::clone(&before.path)),
            Some(before) => (Arc::clone(&before.name), path.into()),
            None => (name.into(), path.into()),
        }
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
    fn head_before(&self, name: &str, state: &State) -> Option<Box<str>> {
        if state.runs() {
            return None;
        }
        self.last.entries.get(name)?.head.clone()
    }

    /// What the script says of itself.
    pub(super) fn header(&self, entry: &Entry) -> Option<raw::Function> {
        header::read(entry.head.as_ref()?, &self.shown(&entry.path), self.problems)
    }

    fn is_being_written(&self, look: &Look) -> bool {
        self.unfinished.set(self.unfinished.get() || look.is_being_written);
        look.is_being_written
    }

    /// A file that is being written: what it was goes on, and something new waits until it is closed.
    fn unfinished(&self, name: &str, program: &Path) -> Entry {
        let before = self.last.entries.get(name).filter(|entry| *entry.path == *program);
        before.cloned().unwrap_or_else(|| {
            let (name, path) = self.shared(name, program);
            Entry { name, own: None, path, state: State::Gone, head: None, manifest: None }
        })
    }

    /// The program that `exec` names, wherever it is; `missing` says what it means that there is none.
    pub(super) fn named(&self, name: &str, exec: &At<String>, missing: impl FnOnce() -> Diagnostic) -> Met {
        let path = self.project.join(&exec.value);
        let look = Look::at(&path, self.writers);
        if self.is_being_written(&look) {
            return self.unfinished(name, &path).into();
        }
        if look.metadata.is_err() {
            self.problems.report(missing());
            return self.unfinished(name, &path).without_file().into();
        }
        self.alone(name, &path, look)
    }

    /// An executable that was kept, wherever it lies.
    pub(super) fn kept(&self, name: &str, path: &Path) -> Entry {
        self.alone(name, path, Look::at(path, self.writers)).entry
    }

    fn alone(&self, name: &str, path: &Path, look: Look) -> Met {
        let state = file::inspect(path, || self.shown(path), &look, &mut Trust::default(), self.problems);
        let (seen, (name, path)) = (look.seen(), self.shared(name, path));
        let entry = Entry { name, own: None, path, state, head: look.inside.head, manifest: None };
        Met { entry, seen }
    }

    /// Of two of one name, the first is to be the function.
    fn choose(&self, first: &mut Met, second: &mut Met) {
        let (old_runs, new_runs) = (first.entry.state.runs(), second.entry.state.runs());
        if old_runs && new_runs {
            let [old, new] = [&*first, &*second].map(|met| self.shown(&met.entry.path));
            self.problems.report(twice(&first.entry.name, &old, &new));
        }
        // A data file beside a program does not take its name away.
        if new_runs && !old_runs {
            std::mem::swap(first, second);
        }
    }

    /// The path as people know it.
    pub(super) fn shown(&self, path: &Path) -> String {
        shown(self.project, path)
    }
}

/// A path as people know it who are in the project.
pub(super) fn shown(project: &Path, path: &Path) -> String {
    path.strip_prefix(project).unwrap_or(path).display().to_string()
}

/// Its name, and whether it is a folder, unless that name says that it is of no interest.
fn may_be_function(entry: &DirEntry) -> Option<(OsString, bool)> {
    let name = entry.file_name();
    (!ignore::is_no_function(&name)).then(|| (name, is_folder(entry)))
}

/// The folder told already, but of what a link leads to.
fn is_folder(entry: &DirEntry) -> bool {
    let kind = entry.file_type();
    kind.as_ref().is_ok_and(FileType::is_dir)
        || kind.map_or(true, |kind| kind.is_symlink()) && entry.path().is_dir()
}

fn stem(path: &Path) -> Cow<'_, str> {
    path.file_stem().unwrap_or_default().to_string_lossy()
}

fn gone(name: &str, shown: &str) -> Diagnostic {
    Diagnostic::new(Code::NoFile, format!("{shown} is gone; events for `{name}` wait"))
        .about(shown)
        .help("put it back, or restart hydrant to forget it")
}

pub(super) fn no_program(name: &str, exec: &At<String>) -> Diagnostic {
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
