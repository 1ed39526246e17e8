//! Functions: what the folders hold, what sidecars, headers and `[function.NAME]` say of them, and the defaults.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use activator::filter::Filter;
use activator::id::{FunctionId, Revision};
use activator::lifecycle::Settings;

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::document::Document;
use crate::config::ids::Ids;
use crate::config::nearest::nearest;
use crate::config::raw;
use crate::config::resolved::{self, Batch, Found, Program, Protocol};
use crate::config::scan::{self, Content, Entry, Scan};
use crate::config::source::{At, Source};
use crate::config::value::Value;

use super::scaling::{Contradictions, overflow, scaling};

const HTTP_CONCURRENCY: u32 = 100;
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
}

impl Functions {
    /// Puts together what was found and what is written; what is found by `exec` joins `found`.
    pub(in crate::config) fn new(
        file: &raw::File,
        scan: &Scan<'_>,
        found: &mut scan::Functions,
        ids: &mut Ids,
    ) -> Self {
        let mut written: BTreeMap<&str, raw::Function> = BTreeMap::new();
        for (name, function) in &file.functions {
            written.insert(&name.value, function.clone());
        }
        let sidecars = sidecars(&written, scan, found);
        for (name, sidecar) in &sidecars {
            let function = written.remove(name.as_str()).unwrap_or_default();
            written.insert(name, function.or(sidecar));
        }
        for (name, function) in &written {
            if let Some(exec) = &function.exec {
                found.entries.insert((*name).into(), scan.named(name, exec));
            }
        }
        for (name, _) in &file.functions {
            if !found.entries.contains_key(&name.value) {
                scan.problems.report(no_file(name));
            }
        }
        let names = written.keys().copied().chain(found.entries.keys().map(String::as_str));
        let (who, own) = ("every function", &file.defaults);
        Contradictions { who, own, all: own, problems: scan.problems }.report();
        let merge = Merge { written: &written, found, defaults: &file.defaults, scan };
        let functions = names.map(|name| (name.to_owned(), merge.function(name, ids)));
        Self(functions.collect())
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
            let found = function.found;
            (function.id, resolved::Function { name, found })
        };
        self.0.into_iter().map(resolved).collect()
    }
}

impl Function {
    pub(super) fn is_absent(&self) -> bool {
        self.found == Found::Absent
    }
}

/// What the sidecars say; one that belongs to no function is told.
fn sidecars(
    written: &BTreeMap<&str, raw::Function>,
    scan: &Scan<'_>,
    found: &scan::Functions,
) -> BTreeMap<String, raw::Function> {
    let mut sidecars = BTreeMap::new();
    for (name, path) in &found.sidecars {
        let shown = scan.shown(path);
        if !written.contains_key(name.as_str()) && !found.entries.contains_key(name) {
            let near = nearest(name, found.entries.keys().map(String::as_str));
            scan.problems.report(lone_sidecar(name, &shown, near));
        } else if let Some(sidecar) = read_sidecar(name, path, &shown, scan.problems) {
            sidecars.insert(name.clone(), sidecar);
        }
    }
    sidecars
}

fn read_sidecar(name: &str, path: &Path, shown: &str, problems: &Problems) -> Option<raw::Function> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.report(Diagnostic::cannot_read(shown, &error));
            return None;
        }
    };
    let document = Document::parse(&text, &Source::new(shown, &text), problems)?;
    let section = format!("[function.{name}]");
    raw::Function::read(&Value::root(&document, &section), &section)
}

struct Merge<'a> {
    /// `[function.NAME]` over the sidecar.
    written: &'a BTreeMap<&'a str, raw::Function>,
    found: &'a scan::Functions,
    defaults: &'a raw::Function,
    scan: &'a Scan<'a>,
}

impl Merge<'_> {
    fn function(&self, name: &str, ids: &mut Ids) -> Function {
        let entry = self.found.entries.get(name);
        let written = self.written.get(name).cloned().unwrap_or_default();
        let header = entry.and_then(|entry| entry.header.as_ref());
        let own = header.map_or_else(|| written.clone(), |header| written.clone().or(header));
        self.check_oneshot(name, &own);
        self.check_batch(name, &own);
        let own_concurrency = own.concurrency.as_ref().map(|n| n.value);
        let all = own.clone().or(self.defaults);
        let (who, problems) = (format!("function `{name}`"), self.scan.problems);
        Contradictions { who: &who, own: &own, all: &all, problems }.report();
        Function {
            id: ids.function(name),
            on: all.on.clone(),
            request_timeout: all.timeout.unwrap_or_default().request.unwrap_or(REQUEST),
            shown: entry.map(|entry| entry.shown.clone()),
            found: entry.map_or(Found::Absent, |entry| self.found(entry, &all, own_concurrency)),
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

    /// Only a request can hold many.
    fn check_batch(&self, name: &str, own: &raw::Function) {
        let protocol = own.protocol.or(self.defaults.protocol).unwrap_or(Protocol::Http);
        let Some(batch) = own.batch.as_ref().filter(|batch| batch.value > 1 && !protocol.is_http()) else {
            return;
        };
        let help = "only a server takes many events in one request: protocol = \"http\"";
        let called = format!("`batch` of function `{name}`");
        self.scan.problems.bad_value::<()>(&batch.place, &called, "1", "more", help);
    }

    fn found(&self, entry: &Entry, all: &raw::Function, own_concurrency: Option<u32>) -> Found {
        let fingerprint = match &entry.content {
            Content::Gone => return Found::Absent,
            Content::Broken(reason) => return Found::Broken(reason.clone()),
            Content::Runs(fingerprint) => *fingerprint,
        };
        let protocol = all.protocol.unwrap_or(Protocol::Http);
        let events_max = all.batch.as_ref().map_or(1, |batch| batch.value);
        let requests_max = requests_max(protocol, events_max, all, own_concurrency);
        let batch = (events_max > 1).then_some(Batch { events_max, requests_max });
        let concurrency = requests_max.saturating_mul(events_max);
        Found::Program(Box::new(Program {
            path: entry.path.clone(),
            args: all.args.clone().unwrap_or_default(),
            env: all.env.clone().unwrap_or_default(),
            dir: self.scan.project.to_owned(),
            protocol,
            batch,
            fingerprint,
            isolation: self.isolation(all),
            limits: all.limits.unwrap_or_default(),
            settings: settings(protocol, concurrency, all),
        }))
    }
}

impl Merge<'_> {
    /// Paths are seen from the project.
    fn isolation(&self, all: &raw::Function) -> resolved::Isolation {
        let said = all.isolation.clone().unwrap_or_default();
        let paths = |written: &[String]| written.iter().map(|path| self.scan.project.join(path)).collect();
        resolved::Isolation {
            level: said.level,
            read: paths(&said.read),
            write: paths(&said.write),
            connect: said.connect,
        }
    }
}

/// What a process is given at a time.
fn requests_max(
    protocol: Protocol,
    events_max: u32,
    all: &raw::Function,
    own_concurrency: Option<u32>,
) -> u32 {
    let all_concurrency = all.concurrency.as_ref().map(|n| n.value);
    let number = match protocol {
        Protocol::Oneshot => 1,
        // What `[defaults]` says is meant for servers that take an event a request. Whoever reads line by line mostly
        // handles one at a time; and batches grow while one is under way.
        Protocol::Stdio => own_concurrency.unwrap_or(1),
        Protocol::Http | Protocol::H2c if events_max > 1 => own_concurrency.unwrap_or(1),
        Protocol::Http | Protocol::H2c => all_concurrency.unwrap_or(HTTP_CONCURRENCY),
    };
    // Zero is Knative's way to say that there is no limit.
    if number == 0 { u32::MAX } else { number }
}

fn settings(protocol: Protocol, concurrency: u32, all: &raw::Function) -> Settings {
    let timeout = all.timeout.unwrap_or_default();
    Settings {
        revision: Revision(0),
        single_use: protocol == Protocol::Oneshot,
        concurrency,
        scaling: scaling(&all.scale, concurrency, protocol),
        overflow: overflow(&all.scale),
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
