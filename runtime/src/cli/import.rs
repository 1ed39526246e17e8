//! `hydrant import`: resources of Knative as a runtime.toml.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::exit::Failure;
use super::global::Global;
use super::output;
use crate::knative::{self, Imported, Note};
use crate::rewrite;

/// Read Knative's brokers, triggers, channels, flows, sources, sinks and services, and print a runtime.toml
///
/// Every field that has no counterpart is told on stderr, with its line and what to do. A Service becomes a function without
/// a program: set `exec`, or put a file of its name into functions/. With -o json or yaml all of it is one object: `toml`,
/// `imported`, `notes` and `file`, which was written.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant import -f knative.yaml
hydrant import -f deploy/ --write
kubectl get broker,trigger,ksvc -o yaml | hydrant import -f - > runtime.toml")]
pub(super) struct Import {
    /// A file, a folder of *.yaml and *.yml files, or - for stdin; may be given again
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR|-", required = true)]
    files: Vec<PathBuf>,
    /// Write it to the project's runtime.toml, which must not be there
    #[arg(long)]
    write: bool,
    /// With --write: overwrite one that is there
    #[arg(long, requires = "write")]
    force: bool,
}

impl Import {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let mut files = Vec::new();
        for path in &self.files {
            read(path, &mut files)?;
        }
        let imported = knative::import(&files).map_err(|errors| {
            Failure::failed(errors.join("\n")).help("nothing was imported: mend it, and import again")
        })?;
        let to = match self.write {
            true => self.write(global, &imported)?,
            false => {
                if !global.is_json() {
                    output::data(&imported.toml)?;
                }
                "runtime.toml".to_owned()
            }
        };
        if global.is_json() {
            output::json(&told(&imported, self.write.then_some(&to)))?;
            return Ok(ExitCode::SUCCESS);
        }
        global.talk(&summary(&imported, &to));
        imported.notes.iter().for_each(|note| global.talk(&line(note)));
        Ok(ExitCode::SUCCESS)
    }

    /// Gives the name of what was written.
    fn write(&self, global: &Global, imported: &Imported) -> Result<String, Failure> {
        let file = global.config()?.unwrap_or(global.project(None)?.join("runtime.toml"));
        let shown = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cannot = |error: io::Error| Failure::failed(format!("cannot write {}: {error}", file.display()));
        if self.force {
            rewrite::whole(&file, &imported.toml).map_err(cannot)?;
            return Ok(shown);
        }
        match File::create_new(&file) {
            Ok(mut new) => new.write_all(imported.toml.as_bytes()).map_err(cannot)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let failure = Failure::failed(format!("{} is there already", file.display()));
                return Err(failure.help("--force overwrites it; without --write it is printed"));
            }
            Err(error) => return Err(cannot(error)),
        }
        Ok(shown)
    }
}

/// Adds what a path names, each with the name people know it by.
fn read(path: &Path, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::failed(format!("cannot read {}: {error}", path.display()));
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(cannot)?;
        files.push(("stdin".into(), text));
    } else if path.is_dir() {
        let entries: io::Result<Vec<_>> = fs::read_dir(path).map_err(cannot)?.collect();
        let mut paths: Vec<PathBuf> = entries.map_err(cannot)?.iter().map(fs::DirEntry::path).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
        paths.sort();
        paths.iter().try_for_each(|path| read(path, files))?;
    } else {
        files.push((path.display().to_string(), fs::read_to_string(path).map_err(cannot)?));
    }
    Ok(())
}

/// `imported 1 Broker, 4 Triggers -> runtime.toml; 2 fields need you:`.
fn summary(imported: &Imported, to: &str) -> String {
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let counts: Vec<String> =
        imported.counts.iter().map(|(kind, count)| format!("{count} {kind}{}", s(*count))).collect();
    let counts = if counts.is_empty() { "nothing".into() } else { counts.join(", ") };
    match imported.notes.len() {
        0 => format!("imported {counts} -> {to}"),
        1 => format!("imported {counts} -> {to}; 1 field needs you:"),
        count => format!("imported {counts} -> {to}; {count} fields need you:"),
    }
}

/// The file, what it is made of, and what somebody has to look at; `file` is where it was written to.
fn told(imported: &Imported, file: Option<&String>) -> Value {
    let counts: Map<String, Value> =
        imported.counts.iter().map(|(kind, count)| (kind.clone(), (*count).into())).collect();
    let note = |Note { file, line, text }: &Note| json!({ "file": file, "line": line, "text": text });
    let notes: Vec<Value> = imported.notes.iter().map(note).collect();
    json!({ "file": file, "toml": imported.toml, "imported": counts, "notes": notes })
}

fn line(note: &Note) -> String {
    format!("  {}:{} {}", note.file, note.line, note.text)
}
