//! Which of a function's revisions are run beside the latest, and what each of them gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use activator::id::FunctionId;
use activator::topology::{Share, Traffic};

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::nearest::nearest;
use crate::config::raw::{self, Which};
use crate::config::resolved::{self, Found, Named, Program};
use crate::config::scan::State;
use crate::config::source::{At, Place};

use super::functions::{Function, Merge};

/// What is said of one function.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) named: Vec<Named>,
    /// The revisions that are named, each a function of its own as far as processes go.
    pub(super) kept: Vec<(FunctionId, resolved::Function)>,
    tags: Vec<At<String>>,
}

impl Routes {
    /// What the activator is told of it.
    pub(super) fn traffic(&self, function: FunctionId) -> Option<Traffic> {
        let shares = self.named.iter().filter(|named| named.percent > 0);
        let shares: Vec<_> = shares.map(|named| Share { to: named.id, percent: named.percent }).collect();
        shares.iter().any(|share| share.to != function).then_some(Traffic { function, shares })
    }

    /// Whether anything reaches the latest revision.
    pub(super) fn reach_latest(&self) -> bool {
        self.named.is_empty() || self.named.iter().any(|named| named.revision.is_none())
    }
}

impl Merge<'_> {
    /// What `traffic` and `tags` say of a function.
    pub(super) fn routes(&mut self, name: &str, all: &raw::Function) -> Routes {
        let mut routes = Routes::default();
        let shares = all.traffic.iter().flat_map(|traffic| &traffic.shares);
        for (which, percent) in shares {
            self.name(&mut routes, name, which, *percent);
        }
        let tags = all.tags.iter().flatten();
        for (tag, which) in tags {
            self.name(&mut routes, name, which, 0);
            let id = self.id_of(name, which.value);
            if let Some(named) = routes.named.iter_mut().find(|named| named.id == id) {
                named.tags.push(tag.value.clone());
                routes.tags.push(tag.clone());
            }
        }
        let alone = routes.named.iter().all(|named| named.revision.is_none() && named.tags.is_empty());
        if alone {
            return Routes::default();
        }
        if all.traffic.is_none() {
            let latest = At { value: Which::Latest, place: routes.tags[0].place.clone() };
            self.name(&mut routes, name, &latest, 100);
        }
        routes
    }

    /// Adds a revision, if it is not there yet, and what it gets.
    fn name(&mut self, routes: &mut Routes, name: &str, which: &At<Which>, percent: u32) {
        let id = self.id_of(name, which.value);
        if let Some(known) = routes.named.iter_mut().find(|named| named.id == id) {
            known.percent += percent;
            return;
        }
        let revision = match which.value {
            Which::Latest => None,
            Which::Number(number) => {
                let Some(found) = self.kept(name, number, &which.place) else { return };
                let secret_files = Box::default();
                let of = Some(self.ids.function(name));
                let called = kept_name(name, number).into();
                let named = Box::default();
                let function =
                    resolved::Function { name: called, found, secret_files, build: None, named, of };
                routes.kept.push((id, function));
                Some(number)
            }
        };
        routes.named.push(Named { id, revision, percent, tags: Vec::new() });
    }

    fn id_of(&mut self, name: &str, which: Which) -> FunctionId {
        match which {
            Which::Latest => self.ids.function(name),
            Which::Number(number) => self.ids.function(kept_name(name, number)),
        }
    }

    /// A revision as it can be run: its executable, by the settings of today, and by what its own header says. Nothing
    /// when there cannot be any, which is told.
    fn kept(&mut self, name: &str, number: u32, place: &Place) -> Option<Found> {
        let problems = self.scan.problems;
        let entry = self.found.entries.get(name);
        if let Some(folder) = entry.and_then(|entry| entry.own.as_deref()) {
            problems.report(of_folder(name, number, &self.scan.shown(folder), place));
            return None;
        }
        let Some(edition) = self.book.find(name, number).cloned() else {
            let known: Vec<String> = self.book.numbers(name).iter().map(|n| format!("r{n}")).collect();
            problems.report(unknown(name, number, &known, place));
            return None;
        };
        let (path, stat) = match self.book.runnable(name, &edition) {
            Ok(there) => there,
            Err(reason) => {
                problems.report(not_runnable(name, number, &reason, place));
                return Some(Found::Broken(format!("r{number} cannot run: {reason}")));
            }
        };
        let entry = self.scan.kept(name, &path);
        let own = self.over(name, self.scan.header(&entry)).unwrap_or_default();
        if let State::Broken(reason) = entry.state {
            return Some(Found::Broken(reason));
        }
        let own_concurrency = own.concurrency.as_ref().map(|n| n.value);
        let all = own.or(self.defaults.clone());
        Some(match self.program(&entry, &all, own_concurrency, edition.content().clone()) {
            Ok(program) => Found::Program(Arc::new(Program {
                revision: activator::id::Revision(number),
                exactly: Some(Box::new(stat)),
                ..program
            })),
            Err(reason) => Found::Broken(reason),
        })
    }
}

/// No function has such a name itself.
fn kept_name(name: &str, number: u32) -> String {
    format!("{name}@r{number}")
}

/// A tag is a name of its own, `TAG-NAME`: no function may have it, and no other tag.
pub(super) fn check_tags(functions: &BTreeMap<Arc<str>, Function>, problems: &Problems) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (name, function) in functions {
        for tag in &function.routes.tags {
            let host = format!("{}-{name}", tag.value);
            let other = match functions.contains_key(&*host) {
                true => Some(format!("the function `{host}`")),
                false => taken.insert(host.clone(), format!("tag `{}` of function `{name}`", tag.value)),
            };
            if let Some(other) = other {
                problems.report(collision(&tag.value, name, &host, &other, &tag.place));
            }
        }
    }
}

fn collision(tag: &str, name: &str, host: &str, other: &str, place: &Place) -> Diagnostic {
    let what = format!("tag `{tag}` of function `{name}` is called at `{host}`, as {other} is");
    Diagnostic::new(Code::Twice, what).at(place, "called so already").help("choose another tag")
}

fn unknown(name: &str, number: u32, known: &[String], place: &Place) -> Diagnostic {
    let near = nearest(&format!("r{number}"), known.iter().map(String::as_str));
    let help = match (near, known) {
        (_, []) => "it has none yet: write `latest`".to_owned(),
        (Some(near), [_, .., newest]) if near != newest => {
            format!("did you mean `{near}`? Known: {}", known.join(", "))
        }
        (_, [.., newest]) => format!("known: {}; {newest} is the latest", known.join(", ")),
    };
    Diagnostic::new(Code::UnknownReference, format!("function `{name}` has no revision r{number}"))
        .at(place, "no such revision")
        .help(help)
}

fn of_folder(name: &str, number: u32, shown: &str, place: &Place) -> Diagnostic {
    let what = format!(
        "function `{name}` is the folder {shown}, and of a folder no revision can be kept: only its program could be, \
         not what lies beside it"
    );
    Diagnostic::new(Code::BadValue, what)
        .at(place, format!("r{number} cannot be run beside the latest"))
        .help("write `latest`, make it a single file, or have two functions")
}

fn not_runnable(name: &str, number: u32, reason: &str, place: &Place) -> Diagnostic {
    Diagnostic::new(Code::RevisionLost, format!("r{number} of function `{name}` cannot run: {reason}"))
        .at(place, "its share goes to the latest")
        .help(
            "name another; replace files by a rename, as mv, install and cargo do, not by writing over them",
        )
}
