//! `hydrant new`: a function that works, to begin with; or a whole folder of them. Nothing that is there is overwritten.

mod draft;
mod editor;
mod function;
mod gitignore;
mod language;
mod project;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::exit::Failure;
use super::global::Global;
use super::output;
use super::table::{Row, table};
use crate::config::{is_name, name_hint};

use draft::Draft;
use editor::Editor;
use function::{Kind, Wanted};
use language::{Language, installed};

/// Write a first version of a function; without one, but with --project DIR, a whole folder with three of them
#[derive(Debug, Args)]
pub(super) struct New {
    /// Its name [default: hello]
    name: Option<String>,
    /// What it is written in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// The type of the events that it gets [default: com.example.NAME]
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    ty: Option<String>,
    /// Make it answer calls at /fn/NAME, in place of events
    #[arg(long, conflicts_with = "ty")]
    http: bool,
    /// Write how this editor debugs it, too: .vscode/launch.json (python, node, go)
    #[arg(long, value_name = "EDITOR", requires = "lang")]
    editor: Option<Editor>,
    /// List the languages, and whether what they need is installed here
    #[arg(long, conflicts_with_all = ["name", "lang", "ty", "http", "editor"])]
    list: bool,
}

/// What was written, and what to do with it.
struct Told {
    about: serde_json::Value,
    files: Vec<PathBuf>,
    /// Commands, each with what it does.
    next: Vec<(String, &'static str)>,
}

impl New {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        if self.list {
            return list(global);
        }
        let told = match (self.lang, global.named_project()) {
            (Some(language), _) => self.function(language, global)?,
            (None, Some(folder)) if self.is_empty() => whole_folder(folder)?,
            (None, _) => return Err(Failure::usage("in which language? name one by --lang").help(HELP)),
        };
        tell(global, told)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether nothing is said of a function.
    const fn is_empty(&self) -> bool {
        self.name.is_none() && self.ty.is_none() && !self.http
    }

    fn function(self, language: Language, global: &Global) -> Result<Told, Failure> {
        let name = self.name.unwrap_or_else(|| "hello".into());
        if !is_name(&name) {
            return Err(
                Failure::usage(format!("`{name}` cannot be the name of a function")).help(name_hint(&name))
            );
        }
        let kind = match (self.http, self.ty) {
            (true, _) => Kind::Calls,
            (false, Some(ty)) => Kind::Events(checked_type(ty)?),
            (false, None) => Kind::Events(format!("com.example.{name}")),
        };
        let project = global.project(None)?;
        let folder = function::folder(&project, global.config()?.as_deref());
        let wanted = Wanted { name: &name, language, kind: &kind };
        let mut draft = Draft::new(project);
        wanted.draft(&folder, &mut draft)?;
        if let Some(editor) = self.editor {
            editor.draft(&name, language, &mut draft)?;
        }
        draft.ignore_state();
        let files = draft.write()?;
        let tool = language.tool();
        if installed(tool).is_none() {
            global.talk(&format!("{tool} is not installed here (not on PATH), and the function needs it"));
        }
        let about = json!({"function": name, "language": language.name(), "type": kind.event_type()});
        Ok(Told { about, files, next: wanted.next(&in_project(global.named_project())) })
    }
}

const HELP: &str = "hydrant new hello --lang sh; `hydrant new --list` tells the others";

fn whole_folder(folder: &Path) -> Result<Told, Failure> {
    let files = project::write(folder)?;
    let hydrant = in_project(Some(folder));
    let (dev, send) =
        (format!("{hydrant} dev"), format!("{hydrant} send order.created '42 apples' -s shop --wait"));
    let next = vec![(dev, "run it"), (send, "in a second terminal")];
    Ok(Told { about: json!({"project": folder}), files, next })
}

/// How hydrant is called for a project: where it is named now, it has to be named then.
fn in_project(folder: Option<&Path>) -> String {
    let named = folder.map(|folder| format!(" -C {}", output::shell_word(&folder.display().to_string())));
    format!("hydrant{}", named.unwrap_or_default())
}

/// A type that can stand in each of the languages, and in TOML, as it is.
fn checked_type(ty: String) -> Result<String, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:/".contains(c);
    if !ty.is_empty() && ty.chars().all(is_plain) {
        return Ok(ty);
    }
    Err(Failure::usage(format!(
        "--type {ty}: only A-Z, a-z, 0-9 and . - _ : / can be written into a program here"
    ))
    .help("take a plain one, and change `on` in the settings it writes: there it may be anything"))
}

fn tell(global: &Global, told: Told) -> Result<(), Failure> {
    let Told { about, files, next } = told;
    if global.is_json() {
        let commands: Vec<&String> = next.iter().map(|(command, _)| command).collect();
        let mut object = about;
        object["files"] = json!(files);
        object["next"] = json!(commands);
        return output::json(&object);
    }
    for file in files {
        output::data(format!("{}\n", file.display()))?;
    }
    let width = next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
    global.talk("next:");
    for (command, does) in next {
        global.talk(&format!("  {command:width$}   {does}"));
    }
    Ok(())
}

fn list(global: &Global) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for language in Language::ALL {
        let path = installed(language.tool());
        if global.is_json() {
            output::json(&json!({"language": language.name(), "tool": language.tool(), "path": path}))?;
            continue;
        }
        let is = path.map_or_else(|| "not installed".into(), |path| path.display().to_string());
        let cells = vec![language.name().into(), language.tool().into(), is];
        rows.push(Row { cells, remark: None });
    }
    if !global.is_json() {
        output::data(table(&["LANGUAGE", "NEEDS", "HERE"], &rows))?;
    }
    Ok(ExitCode::SUCCESS)
}
