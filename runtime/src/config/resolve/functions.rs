//! Functions: what the folders hold, what sidecars, headers and `[function.NAME]` say of them, and the defaults.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use activator::filter::Filter;
use activator::id::FunctionId;
use activator::topology::Traffic;

use crate::alike::Alike;
use crate::config::book::Book;
use crate::config::codes::Code;
use crate::config::content::{Content, Hash};
use crate::config::diagnostic::Diagnostic;
use crate::config::edition::Seen;
use crate::config::ids::Ids;
use crate::config::ledger::Ledger;
use crate::config::nearest::nearest;
use crate::config::raw;
use crate::config::resolved::{self, Build, Found, Program, Protocol, Terms};
use crate::config::scan::{self, Entry, Scan, State};
use crate::config::source::At;

use super::programs::{SourceProgram, called, find_programs, source_of};
use super::scaling::Contradictions;
use super::secrets::{self, Wanted};
use super::traffic::{Routes, check_tags};

/// Every function there is, by name.
pub(in crate::config) struct Functions {
    all: BTreeMap<Arc<str>, Function>,
    /// What sources run that are programs, by their names.
    pub(super) programs: BTreeMap<String, SourceProgram>,
}

pub(super) struct Function {
    pub(super) id: FunctionId,
    /// Which events it asks for itself.
    pub(super) on: Option<Filter>,
    /// How long a request may take.
    pub(super) request_timeout: Duration,
    /// Its file, if there is one.
    pub(super) path: Option<Arc<Path>>,
    pub(super) found: Found,
    secret_files: Box<[PathBuf]>,
    build: Option<Box<Build>>,
    pub(super) routes: Routes,
}

impl Functions {
    /// Puts together what was found and what is written; what is found by `exec` joins `found`.
    pub(in crate::config) fn new(
        file: &raw::File,
        scan: &Scan<'_>,
        found: &mut scan::Functions,
        ids: &mut Ids,
        (ledger, book): (&mut Ledger, &mut Book),
    ) -> Self {
        let written = written(file, scan, found);
        for (name, function) in &written {
            if let Some(exec) = &function.exec {
                found.add(name, scan.named(name, exec, || scan::no_program(name, exec)));
            }
        }
        for (name, _) in &file.functions {
            if !found.entries.contains_key(&*name.value) {
                scan.problems.report(no_file(name));
            }
        }
        let (who, own) = ("every function", &file.defaults);
        Contradictions { who, own, all: own, problems: scan.problems }.report();
        find_programs(file, scan, found);
        let nowhere = written.keys().filter(|name| !found.entries.contains_key(&***name));
        let names = found.entries.iter().filter(|(name, _)| source_of(name).is_empty());
        let names = names.map(|(name, entry)| (name, Some(entry))).chain(nowhere.map(|name| (name, None)));
        let (defaults, terms, plain) = (&file.defaults, Alike::default(), None);
        let mut merge = Merge { written: &written, found, defaults, scan, ids, ledger, book, terms, plain };
        let functions = names.map(|(name, entry)| (Arc::clone(name), merge.function(name, entry)));
        let functions: BTreeMap<_, _> = functions.collect();
        let programs = merge.programs(file);
        ledger.retain(|name| functions.contains_key(name) || programs.contains_key(source_of(name)));
        check_tags(&functions, scan.problems);
        Self { all: functions, programs }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Function> {
        self.all.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.all.iter().map(|(name, function)| (&**name, function))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all.keys()
    }

    pub(in crate::config) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    pub(super) fn into_resolved(self) -> BTreeMap<FunctionId, Arc<resolved::Function>> {
        let resolved = |(name, function): (Arc<str>, Function)| {
            let Function { id, found, secret_files, build, routes, .. } = function;
            let named = routes.named.into();
            let own = (id, resolved::Function { name, found, secret_files, build, named, of: None });
            std::iter::once(own).chain(routes.kept)
        };
        let all = self.all.into_iter().flat_map(resolved);
        all.map(|(id, function)| (id, Arc::new(function))).collect()
    }

    /// The functions of which not all goes to the latest revision.
    pub(super) fn traffic(&self) -> Vec<Traffic> {
        self.all.values().filter_map(|function| function.routes.traffic(function.id)).collect()
    }

    /// The revisions that are run beside the latest.
    pub(in crate::config) fn named(&self) -> BTreeSet<(Arc<str>, u32)> {
        let of = |(name, function): (&Arc<str>, &Function)| {
            let numbers: Vec<u32> = function.routes.named.iter().filter_map(|named| named.revision).collect();
            let name = name.clone();
            numbers.into_iter().map(move |number| (name.clone(), number)).collect::<Vec<_>>()
        };
        self.all.iter().flat_map(of).collect()
    }
}

impl Function {
    pub(super) fn is_absent(&self) -> bool {
        self.found == Found::Absent
    }
}

/// What `[function.NAME]` says, over the sidecar, over what stands in the function's own folder. A sidecar that
/// belongs to no function is told.
fn written(file: &raw::File, scan: &Scan<'_>, found: &scan::Functions) -> BTreeMap<Arc<str>, raw::Function> {
    let mut written = BTreeMap::new();
    for (name, function) in &file.functions {
        written.insert(Arc::from(&*name.value), function.clone());
    }
    let mut below = |name: &str, lower: raw::Function| {
        let upper: &mut raw::Function = written.entry(Arc::from(name)).or_default();
        *upper = std::mem::take(upper).or(lower);
    };
    for (name, path) in &found.sidecars {
        let is_known = file.functions.iter().any(|(known, _)| known.value == *name);
        if !is_known && !found.entries.contains_key(name.as_str()) {
            let near = nearest(name, found.entries.keys().map(|name| &**name));
            scan.problems.report(lone_sidecar(name, &scan.shown(path), near));
        } else if let Some(sidecar) = scan.settings(path, name) {
            below(name, sidecar);
        }
    }
    for (name, entry) in &found.entries {
        entry.manifest.iter().for_each(|manifest| below(name, raw::Function::clone(manifest)));
    }
    written
}

pub(super) struct Merge<'a> {
    written: &'a BTreeMap<Arc<str>, raw::Function>,
    pub(super) found: &'a scan::Functions,
    pub(super) defaults: &'a raw::Function,
    pub(super) scan: &'a Scan<'a>,
    pub(super) ids: &'a mut Ids,
    ledger: &'a mut Ledger,
    pub(super) book: &'a mut Book,
    pub(super) terms: Alike<Terms>,
    /// Those of a function of which nothing is said.
    pub(super) plain: Option<Arc<Terms>>,
}

/// What is said of a function, and what holds where that says nothing.
struct Said<'a> {
    own: Option<raw::Function>,
    all: Cow<'a, raw::Function>,
}

impl<'a> Merge<'a> {
    fn function(&mut self, name: &Arc<str>, entry: Option<&Entry>) -> Function {
        let header = entry.and_then(|entry| self.scan.header(entry));
        let Said { own, all } = self.said(name, header);
        own.iter().for_each(|own| self.check(name, own, &all));
        let own_concurrency = own.and_then(|own| own.concurrency).map(|n| n.value);
        let secret_files = secrets::files(self.scan.project, &all).into();
        let found = entry.map_or(Found::Absent, |entry| self.found(entry, &all, own_concurrency));
        let routes = self.routes(name, &all);
        Function {
            id: self.ids.function(Arc::clone(name)),
            on: all.on.clone(),
            request_timeout: request_timeout(&all),
            path: entry.map(|entry| Arc::clone(&entry.path)),
            found: if routes.reach_latest() { found } else { unreached(found) },
            secret_files,
            build: entry.zip(all.build.as_ref()).map(|(entry, command)| self.build(entry, &command.value)),
            routes,
        }
    }

    fn check(&self, name: &str, own: &raw::Function, all: &raw::Function) {
        self.check_oneshot(name, own);
        self.check_batch(name, own);
        self.check_response(name, own);
        let (who, problems) = (format!("function `{name}`"), self.scan.problems);
        Contradictions { who: &who, own, all, problems }.report();
    }

    /// What is written of a function, over what it says of itself, over the defaults.
    fn said(&self, name: &str, header: Option<raw::Function>) -> Said<'a> {
        let own = self.over(name, header);
        let all = match &own {
            Some(own) => Cow::Owned(own.clone().or(self.defaults.clone())),
            None => Cow::Borrowed(self.defaults),
        };
        Said { own, all }
    }

    /// What is written of a function, over what it says of itself.
    pub(super) fn over(&self, name: &str, header: Option<raw::Function>) -> Option<raw::Function> {
        match (self.written.get(name).cloned(), header) {
            (Some(written), Some(header)) => Some(written.or(header)),
            (written, header) => written.or(header),
        }
    }

    fn build(&self, entry: &Entry, command: &str) -> Box<Build> {
        let dir = entry.own.as_deref().unwrap_or(self.scan.project).to_owned();
        Box::new(Build { command: command.to_owned(), dir, program: entry.path.to_path_buf() })
    }

    /// A process that takes one event has no use for a concurrency of its own; one from `[defaults]` is meant
    /// for the others.
    fn check_oneshot(&self, name: &str, own: &raw::Function) {
        let protocol = own.protocol.or(self.defaults.protocol);
        let Some(concurrency) = own.concurrency.as_ref().filter(|_| protocol == Some(Protocol::Oneshot))
        else {
            return;
        };
        if concurrency.value != 1 {
            let help = "a oneshot process takes one event; `max` says how many run at a time";
            let called = format!("`concurrency` of function `{name}`");
            self.scan.problems.bad_value::<()>(&concurrency.place, &called, "1", "more", help);
        }
    }

    /// Only a request can hold many.
    fn check_batch(&self, name: &str, own: &raw::Function) {
        let protocol = own.protocol.or(self.defaults.protocol).unwrap_or(Protocol::Http);
        let Some(batch) = own.batch.as_ref().filter(|batch| batch.value.max > 1 && !protocol.is_http())
        else {
            return;
        };
        let help = "only a server takes many events in one request: protocol = \"http\"";
        let called = format!("`batch` of function `{name}`");
        self.scan.problems.bad_value::<()>(&batch.place, &called, "1", "more", help);
    }

    /// Where a process prints its answer, that is there at once. What `[defaults]` says is meant for servers.
    fn check_response(&self, name: &str, own: &raw::Function) {
        let protocol = own.protocol.or(self.defaults.protocol).unwrap_or(Protocol::Http);
        let said = own.timeout.as_ref().and_then(|timeout| timeout.response.as_ref());
        let Some(response) = said.filter(|_| !protocol.is_http()) else { return };
        let help = "only a server's response begins before it is complete: `request` says how long all of it may take";
        let called = format!("`response` in the timeout of function `{name}`");
        self.scan.problems.bad_value::<()>(
            &response.place,
            &called,
            "used by a server",
            "one of another",
            help,
        );
    }

    pub(super) fn wanted<'w>(&'w self, name: &str, all: &'w raw::Function) -> Wanted<'w> {
        let (project, problems) = (self.scan.project, self.scan.problems);
        let meanwhile = "the function's events wait; it is started as soon as it is mended";
        Wanted { called: called(name), project, all, problems, meanwhile }
    }

    fn found(&mut self, entry: &Entry, all: &raw::Function, own_concurrency: Option<u32>) -> Found {
        match &entry.state {
            State::Gone => return Found::Absent,
            State::Broken(reason) => return Found::Broken(reason.clone()),
            State::Runs => {}
        }
        let (content, seen) = match self.content(entry) {
            Ok(looked) => looked,
            Err(found) => return found,
        };
        match self.program(entry, all, own_concurrency, content) {
            Ok(program) => Found::Program(self.book.edition(&entry.name, program, seen)),
            Err(reason) => Found::Broken(reason),
        }
    }

    /// What its files hold, and by what the system says they do.
    ///
    /// # Errors
    /// What it is instead of a program.
    pub(super) fn content(&mut self, entry: &Entry) -> Result<(Content, Seen), Found> {
        let seen = self.found.seen.get(&entry.name);
        let stats = self.scan.stats(entry, seen, self.ledger).map_err(Found::Broken)?;
        // It went after it was looked at, and that will be told.
        if stats.is_empty() {
            return Err(Found::Absent);
        }
        let root = (entry.root(), seen.and_then(|seen| seen.hash));
        let kept = |content: &Content| self.book.kept(&entry.name, content);
        let content = self.ledger.content(&entry.name, root, &stats, kept, |path| self.scan.shown(path));
        let alone = stats.first().filter(|_| entry.own.is_none());
        let seen = alone.map_or_else(|| Seen::Folder(Hash::of_stats(&stats)), |(_, stat)| Seen::Alone(*stat));
        Ok((content, seen))
    }
}

/// The latest revision when nothing reaches it: none of it is kept warm (as Knative does it).
fn unreached(found: Found) -> Found {
    match found {
        Found::Program(program) => {
            let mut terms = Terms::clone(&program.terms);
            terms.settings.scaling.min = 0;
            terms.settings.scaling.initial = 0;
            terms.settings.scaling.standby = false;
            Found::Program(Arc::new(Program { terms: Arc::new(terms), ..Program::clone(&program) }))
        }
        Found::Absent | Found::Broken(_) => found,
    }
}

pub(super) fn request_timeout(all: &raw::Function) -> Duration {
    all.timeout.as_ref().and_then(|timeout| timeout.request).unwrap_or(raw::Timeout::REQUEST)
}

fn no_file(name: &At<String>) -> Diagnostic {
    let name_text = &name.value;
    Diagnostic::new(Code::NoFile, format!("function `{name_text}` has no file; events for it wait"))
        .at(&name.place, "no file of this name in the functions folders")
        .help("put its executable there, or name one by `exec`")
}

fn lone_sidecar(name: &str, shown: &str, near: Option<&str>) -> Diagnostic {
    let help = match near {
        Some(near) => format!("did you mean {near}.toml, for the function `{near}`?"),
        None => format!("put the function beside it, or write [function.{name}] with `exec` in runtime.toml"),
    };
    Diagnostic::new(Code::LoneSidecar, format!("{shown} belongs to no function")).about(shown).help(help)
}
