//! `hydrant fmt`: a configuration file as all are written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::check::{project_of, tell};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use crate::config::format_file;

/// Write a configuration file as all are written: blanks, blank lines and indentation; comments and the order stay
///
/// Exit code 0, with --check 1 when it is written otherwise; 3 when it cannot be read.
#[derive(Debug, Args)]
pub(super) struct Fmt {
    /// The file: a runtime.toml, a sidecar or a function.toml [default: runtime.toml of the project]
    #[arg(conflicts_with = "config")]
    file: Option<PathBuf>,
    /// Change nothing, and name the file if something would be
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let project = global.project(None)?;
        let (folder, file) = match &self.file {
            Some(file) => project_of(&project.join(file)),
            None => (project, global.config()?),
        };
        let file = file.unwrap_or_else(|| folder.join("runtime.toml"));
        let name = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
        let formatted = match format_file(&file, &name) {
            Ok(formatted) => formatted,
            Err(problems) => {
                tell(global, &problems)?;
                return Ok(Exit::ConfigInvalid.into());
            }
        };
        let changes = formatted.before != formatted.after;
        if changes && !self.check {
            let cannot = |error| Failure::failed(format!("cannot write {}: {error}", file.display()));
            replace(&file, &formatted.after).map_err(cannot)?;
        }
        let shown = self.file.as_ref().map_or(name, |file| file.display().to_string());
        self.say(global, &shown, changes)
    }

    fn say(&self, global: &Global, file: &str, changes: bool) -> Result<ExitCode, Failure> {
        if global.is_json() {
            output::json(
                &json!({"file": file, "changed": changes && !self.check, "formatted": !changes || !self.check}),
            )?;
        } else if changes && self.check {
            output::data(format!("{file}\n"))?;
        } else if changes {
            global.talk(&format!("{file}: written anew"));
        }
        Ok(if changes && self.check { Exit::Failed.into() } else { ExitCode::SUCCESS })
    }
}

/// Whoever reads the file meanwhile finds the one or the other, whole; whose it is and who may read it stays.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = file.canonicalize()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Hidden, so that nobody who watches the folder takes it for a function.
    let beside = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::metadata(&file).and_then(|metadata| {
        fs::write(&beside, text)?;
        fs::set_permissions(&beside, metadata.permissions())?;
        fs::rename(&beside, &file)
    });
    if written.is_err() {
        // What is left of it is of no use, and the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}
