//! Functions: what the folders hold, what sidecars, headers and `[function.NAME]` say of them, and the defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use activator::filter::Filter;
use activator::id::{FunctionId, Revision};
use activator::lifecycle::Settings;

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::ids::Ids;
use crate::config::ledger::Ledger;
use crate::config::nearest::nearest;
use crate::config::raw;
use crate::config::resolved::{self, Found, Program, Protocol};
use crate::config::scan::{self, Entry, Scan, State};
use crate::config::source::At;

use super::secrets::Wanted;

const HTTP_CONCURRENCY: u32 = 100;
const INSTANCES_MAX: u32 = 10;
const IDLE: Duration = Duration::from_secs(30);
const START: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(300);
const DRAIN: Duration = Duration::from_secs(10);

/// Every function there is, by name.
pub(in crate::config) struct Functions(BTreeMap<String, Function>);

pub(super) struct Function {
    pub(super) id: FunctionId,
    /// Which events it asks for itself.
    pub(super) on: Option<Filter>,
    /// How long a request may take.
    pub(super) request_timeout: Duration,
    /// The path for people, if there is one.
    pub(super) shown: Option<String>,
    found: Found,
    secret_files: Vec<PathBuf>,
}

impl Functions {
    /// Puts together what was found and what is written; what is found by `exec` joins `found`.
    pub(in crate::config) fn new(
        file: &raw::File,
        scan: &Scan<'_>,
        found: &mut scan::Functions,
        ids: &mut Ids,
        ledger: &mut Ledger,
    ) -> Self {
        let written = written(file, scan, found);
        for (name, function) in &written {
            if let Some(exec) = &function.exec {
                found.entries.insert(name.clone(), scan.named(name, exec));
            }
        }
        for (name, _) in &file.functions {
            if !found.entries.contains_key(&name.value) {
                scan.problems.report(no_file(name));
            }
        }
        let names = written.keys().chain(found.entries.keys());
        let names: BTreeSet<&str> = names.map(String::as_str).collect();
        let mut merge = Merge { written: &written, found, defaults: &file.defaults, scan, ids, ledger };
        let functions = names.iter().map(|name| ((*name).to_owned(), merge.function(name))).collect();
        ledger.retain(|name| names.contains(name));
        Self(functions)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Function> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.0.iter().map(|(name, function)| (name.as_str(), function))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn into_resolved(self) -> BTreeMap<FunctionId, resolved::Function> {
        let resolved = |(name, function): (String, Function)| {
            let Function { id, found, secret_files, .. } = function;
            (id, resolved::Function { name, found, secret_files })
        };
        self.0.into_iter().map(resolved).collect()
    }
}

impl Function {
    pub(super) fn is_absent(&self) -> bool {
        self.found == Found::Absent
    }
}

/// What `[function.NAME]` says, over the sidecar, over what stands in the function's own folder. A sidecar that
/// belongs to no function is told.
fn written(file: &raw::File, scan: &Scan<'_>, found: &scan::Functions) -> BTreeMap<String, raw::Function> {
    let mut written = BTreeMap::new();
    for (name, function) in &file.functions {
        written.insert(name.value.clone(), function.clone());
    }
    let mut below = |name: &String, lower: &raw::Function| {
        let upper: &mut raw::Function = written.entry(name.clone()).or_default();
        *upper = std::mem::take(upper).or(lower);
    };
    for (name, path) in &found.sidecars {
        let is_known = file.functions.iter().any(|(known, _)| known.value == *name);
        if !is_known && !found.entries.contains_key(name) {
            let near = nearest(name, found.entries.keys().map(String::as_str));
            scan.problems.report(lone_sidecar(name, &scan.shown(path), near));
        } else if let Some(sidecar) = scan.settings(path, name) {
            below(name, &sidecar);
        }
    }
    for (name, entry) in &found.entries {
        entry.manifest.iter().for_each(|manifest| below(name, manifest));
    }
    written
}

struct Merge<'a> {
    written: &'a BTreeMap<String, raw::Function>,
    found: &'a scan::Functions,
    defaults: &'a raw::Function,
    scan: &'a Scan<'a>,
    ids: &'a mut Ids,
    ledger: &'a mut Ledger,
}

impl Merge<'_> {
    fn function(&mut self, name: &str) -> Function {
        let entry = self.found.entries.get(name);
        let written = self.written.get(name).cloned().unwrap_or_default();
        let header = entry.and_then(|entry| entry.header.as_ref());
        let own = header.map_or_else(|| written.clone(), |header| written.clone().or(header));
        self.check_oneshot(name, &own);
        let all = own.or(self.defaults);
        let secret_files = self.wanted(name, &all).files();
        Function {
            id: self.ids.function(name),
            on: all.on.clone(),
            request_timeout: all.timeout.unwrap_or_default().request.unwrap_or(REQUEST),
            shown: entry.map(|entry| entry.shown.clone()),
            found: entry.map_or(Found::Absent, |entry| self.found(entry, &all)),
            secret_files,
        }
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

    fn wanted<'w>(&'w self, name: &'w str, all: &'w raw::Function) -> Wanted<'w> {
        Wanted { name, project: self.scan.project, all, problems: self.scan.problems }
    }

    fn found(&mut self, entry: &Entry, all: &raw::Function) -> Found {
        match &entry.state {
            State::Gone => return Found::Absent,
            State::Broken(reason) => return Found::Broken(reason.clone()),
            State::Runs => {}
        }
        let stats = match self.scan.stats(entry, self.ledger) {
            Ok(stats) => stats,
            Err(reason) => return Found::Broken(reason),
        };
        // It went after it was looked at, and that will be told.
        if stats.is_empty() {
            return Found::Absent;
        }
        let root = entry.own.as_ref().unwrap_or(&entry.path);
        let content = self.ledger.content(&entry.name, root, &stats, |path| self.scan.shown(path));
        let secrets = match self.wanted(&entry.name, all).values() {
            Ok(secrets) => secrets,
            Err(reason) => return Found::Broken(reason),
        };
        let protocol = all.protocol.unwrap_or(Protocol::Http);
        Found::Program(Box::new(Program {
            path: entry.path.clone(),
            args: all.args.clone().unwrap_or_default(),
            env: all.env.clone().unwrap_or_default(),
            secrets,
            dir: self.scan.project.to_owned(),
            protocol,
            content,
            settings: settings(protocol, all),
        }))
    }
}

fn settings(protocol: Protocol, all: &raw::Function) -> Settings {
    let timeout = all.timeout.unwrap_or_default();
    let concurrency = match (protocol, all.concurrency.as_ref().map(|n| n.value)) {
        (Protocol::Oneshot, _) => 1,
        (Protocol::Http, None) => HTTP_CONCURRENCY,
        // Knative's way to say that there is no limit.
        (Protocol::Http, Some(0)) => u32::MAX,
        (Protocol::Http, Some(number)) => number,
    };
    Settings {
        revision: Revision(0),
        single_use: protocol == Protocol::Oneshot,
        concurrency,
        instances_max: all.max.unwrap_or(INSTANCES_MAX),
        idle: all.idle.unwrap_or(IDLE),
        start_timeout: timeout.start.unwrap_or(START),
        call_timeout: timeout.request.unwrap_or(REQUEST),
        drain_timeout: timeout.drain.unwrap_or(DRAIN),
    }
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
