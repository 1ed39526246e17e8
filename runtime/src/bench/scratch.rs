//! A project in a temporary folder, gone when the bench is over.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A folder of its own with `functions/` in it.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("hydrant-bench-{name}-{}", std::process::id()));
        let scratch = Self(dir);
        fs::create_dir_all(scratch.0.join("functions")).context("cannot make a temporary folder")?;
        scratch.write("runtime.toml", "[runtime]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n")?;
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Adds to the end of a file.
    pub(super) fn add(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let before = fs::read_to_string(self.0.join(name)).with_context(|| format!("cannot read {name}"))?;
        self.write(name, &(before + content))
    }

    pub(super) fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        fs::write(self.0.join(name), content).with_context(|| format!("cannot write {name}"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
