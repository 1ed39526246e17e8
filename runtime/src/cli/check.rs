//! `hydrant check`: all that is wrong with a configuration and its functions, without starting anything; or where one
//! setting comes from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use super::sarif::sarif;
use crate::config::resolved::{Found, Resolved};
use crate::config::{Diagnostic, Explained, Loader, Overrides, Said, Severity, Unexplained, summary};
use crate::process::is_written_to;
use crate::serve::unheld_here;

/// Say all that is wrong with a configuration, and start nothing
///
/// Exit code 3 when there is an error, and with --strict a warning.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant check --strict
hydrant check --explain function.bill.timeout.request
hydrant check --explain runtime.listen
hydrant check -o sarif > hydrant.sarif       for the code scanning of a forge")]
pub(super) struct Check {
    /// The configuration file [default: runtime.toml of the project]
    #[arg(conflicts_with = "config")]
    file: Option<PathBuf>,
    /// Warnings are errors
    #[arg(long, conflicts_with = "explain")]
    strict: bool,
    /// Say what a key comes to, who says so, and who says otherwise and is not heard
    #[arg(long, value_name = "KEY")]
    explain: Option<String>,
}

impl Check {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let (project, config) = match self.file {
            Some(file) => project_of(&global.project(None)?.join(file)),
            None => (global.project(None)?, global.config()?),
        };
        let worst = if self.strict { Severity::Warning } else { Severity::Error };
        match self.explain {
            Some(_) if global.is_sarif() => {
                Err(Failure::usage("-o sarif is for findings").help("use --explain with -o json or -o yaml"))
            }
            Some(key) => {
                explain(global, &mut loader(&project, config.as_deref(), global.overrides()?)?, &key)
            }
            None => check(global, &project, config.as_deref(), global.overrides()?, worst),
        }
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
    worst: Severity,
) -> Result<ExitCode, Failure> {
    let mut loaded = loader(project, config, overrides)?.load();
    loaded.diagnostics.extend(loaded.resolved.iter().flat_map(unheld_here));
    match global.is_sarif() {
        true => output::data(format!("{:#}\n", sarif(&loaded.diagnostics)))?,
        false => tell(global, &loaded.diagnostics)?,
    }
    let summary = [summary(&loaded.diagnostics), loaded.resolved.as_ref().map(contents)];
    let summary: Vec<String> = summary.into_iter().flatten().collect();
    global.talk(&summary.join("; "));
    let wrong = loaded.diagnostics.iter().any(|d| d.severity() <= worst);
    Ok(if wrong { Exit::ConfigInvalid.into() } else { ExitCode::SUCCESS })
}

pub(super) fn loader(project: &Path, config: Option<&Path>, overrides: Overrides) -> Result<Loader, Failure> {
    let loader = Loader::new(project, config, overrides, is_written_to);
    loader.map_err(|error| Failure::failed(format!("{}: {error}", project.display())))
}

fn explain(global: &Global, loader: &mut Loader, key: &str) -> Result<ExitCode, Failure> {
    match loader.explain(key) {
        Ok(explained) if global.is_json() => output::json(&explained)?,
        Ok(explained) => output::data(text(&explained))?,
        Err(Unexplained::Unknown(message, help)) => return Err(Failure::usage(message).help(help)),
        Err(Unexplained::Broken(diagnostics)) => {
            tell(global, &diagnostics)?;
            return Ok(Exit::ConfigInvalid.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The value, who says it, and below them those who are not heard.
fn text(explained: &Explained) -> String {
    let all = [("won", &explained.won)].into_iter().chain(explained.beaten.iter().map(|said| ("beat", said)));
    let width = all.clone().map(|(_, said)| place(said).chars().count()).max().unwrap_or_default();
    let lines = all.map(|(how, said)| format!("  {how:4}  {:width$}  {}\n", place(said), value(&said.value)));
    format!("{} = {}\n", explained.key, value(&explained.won.value)) + &lines.collect::<String>()
}

/// `runtime.toml:12`, `functions/bill.sh:2 (header)`, `flag --admin`.
fn place(said: &Said) -> String {
    match (&said.file, said.line) {
        (Some(file), Some(line)) if *file == said.origin => format!("{file}:{line}"),
        (Some(file), Some(line)) => format!("{file}:{line} ({})", said.origin),
        _ => said.origin.clone(),
    }
}

fn value(value: &serde_json::Value) -> String {
    if value.is_null() { "not set".into() } else { value.to_string() }
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
