//! The configuration as a person meets it: a folder, what is written into it, and what comes of that.

mod annotations;
mod bad;
mod bad_delivery;
mod bad_filters;
mod bad_history;
mod bad_scaling;
mod bad_traffic;
mod bad_wiring;
mod channels;
mod containers;
mod content;
mod file_watches;
mod flows;
mod format;
mod functions;
mod isolation;
mod kafka;
mod pings;
mod polls;
mod reload;
mod revisions;
mod shipped;
mod zero;

pub(super) use shipped::manual_in_full;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use activator::topology::Subscription;

use super::loader::Loaded;
use super::resolved::{Found, Function, Program, Resolved};
use super::scan::BeingWritten;
use super::{Diagnostic, Loader, Overrides};

const SCRIPT: &str = "#!/bin/sh\ntrue\n";

/// A project folder.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A folder with this `runtime.toml`.
    fn new(file: &str) -> Self {
        let project = Self::empty();
        project.write("runtime.toml", file, 0o644);
        project
    }

    /// A folder without one.
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("functions")).unwrap();
        let project = Self { folder };
        project.mode("functions", 0o755);
        project
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        self.mode(name, mode);
    }

    fn script(&self, name: &str) {
        self.write(name, SCRIPT, 0o755);
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path().join(name)).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path().join(name), permissions).unwrap();
    }

    fn loader(&self) -> Loader {
        self.loader_with(Overrides::default(), |_, _| Ok(false))
    }

    fn loader_with(&self, overrides: Overrides, being_written: BeingWritten) -> Loader {
        Loader::new(self.path(), None, overrides, being_written).unwrap()
    }

    fn load(&self) -> Loaded {
        self.loader().load()
    }

    /// What comes of a configuration without errors.
    fn resolved(&self) -> Resolved {
        self.load().usable()
    }
}

impl Loaded {
    fn usable(self) -> Resolved {
        let text = self.text();
        self.resolved.unwrap_or_else(|| panic!("{text}"))
    }

    fn text(&self) -> String {
        let rendered: Vec<String> = self.diagnostics.iter().map(|d| d.render(false)).collect();
        rendered.join("\n")
    }

    fn codes(&self) -> Vec<&'static str> {
        self.diagnostics.iter().map(|d| d.code.id()).collect()
    }

    fn only(&self) -> &Diagnostic {
        assert_eq!(self.diagnostics.len(), 1, "{}", self.text());
        &self.diagnostics[0]
    }
}

impl Resolved {
    fn function(&self, name: &str) -> &Function {
        let mut all = self.functions.values();
        all.find(|function| *function.name == *name).unwrap_or_else(|| panic!("no function {name}"))
    }

    fn program(&self, name: &str) -> &Program {
        match &self.function(name).found {
            Found::Program(program) => program,
            other => panic!("{name} is {other:?}"),
        }
    }

    fn subscription(&self, name: &str) -> Option<&Subscription> {
        self.topology.subscriptions.iter().map(Arc::as_ref).find(|s| &*s.name == name)
    }

    fn filter(&self, subscription: &str) -> String {
        self.subscription(subscription).unwrap().filter.describe()
    }
}
