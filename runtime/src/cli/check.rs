//! `hydrant check`: all that is wrong with a configuration and its functions, without starting anything.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use crate::config::resolved::{Found, Resolved};
use crate::config::{Diagnostic, Loader, Overrides, Severity, summary};
use crate::process::is_written_to;
use crate::serve::unheld_here;

/// Say all that is wrong with a configuration, and start nothing
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configuration file [default: runtime.toml of the project]
    #[arg(conflicts_with = "config")]
    file: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let (project, config) = match self.file {
            Some(file) => project_of(&global.project(None)?.join(file)),
            None => (global.project(None)?, global.config()?),
        };
        check(global, &project, config.as_deref(), global.overrides()?)
    }
}

/// A file that is named is looked at where it lies: its functions are beside it.
pub(super) fn project_of(file: &Path) -> (PathBuf, Option<PathBuf>) {
    if file.is_dir() {
        return (file.into(), None);
    }
    (file.parent().unwrap_or_else(|| Path::new(".")).into(), Some(file.into()))
}

pub(super) fn check(
    global: &Global,
    project: &Path,
    config: Option<&Path>,
    overrides: Overrides,
) -> Result<ExitCode, Failure> {
    let loader = Loader::new(project, config, overrides, is_written_to);
    let loader = loader.map_err(|error| Failure::failed(format!("{}: {error}", project.display())));
    let mut loaded = loader?.load();
    loaded.diagnostics.extend(loaded.resolved.iter().flat_map(unheld_here));
    tell(global, &loaded.diagnostics)?;
    let summary = [summary(&loaded.diagnostics), loaded.resolved.as_ref().map(contents)];
    let summary: Vec<String> = summary.into_iter().flatten().collect();
    global.talk(&summary.join("; "));
    let wrong = loaded.diagnostics.iter().any(|d| d.severity() == Severity::Error);
    Ok(if wrong { Exit::ConfigInvalid.into() } else { ExitCode::SUCCESS })
}

/// Data, for this is what was asked for.
pub(super) fn tell(global: &Global, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    for diagnostic in diagnostics {
        match global.is_json() {
            true => output::json(&diagnostic.json())?,
            false => output::data(diagnostic.render(global.colours()) + "\n")?,
        }
    }
    Ok(())
}

/// `3 functions (1 cannot run), 2 channels, 4 subscriptions`.
fn contents(resolved: &Resolved) -> String {
    let functions = || resolved.functions.values().filter(|function| function.of.is_none());
    let broken = functions().filter(|f| !matches!(f.found, Found::Program(_))).count();
    let broken = if broken > 0 { format!(" ({broken} cannot run)") } else { String::new() };
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}{broken}, {}, {}",
        plural(functions().count(), "function"),
        plural(resolved.channels.len(), "channel"),
        plural(resolved.topology.subscriptions.len(), "subscription"),
    )
}
