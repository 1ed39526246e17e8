//! A first version of a function: which files it is made of, and what to do with them.

use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::draft::{Draft, in_the_way};
use super::language::Language;

/// The folder of functions, where nobody says otherwise.
const FOLDER: &str = "functions";

pub(super) struct Wanted<'n> {
    pub(super) name: &'n str,
    pub(super) language: Language,
    pub(super) kind: &'n Kind,
}

/// What starts it.
pub(super) enum Kind {
    /// Events of this type.
    Events(String),
    /// Calls.
    Calls,
}

impl Kind {
    pub(super) fn event_type(&self) -> Option<&str> {
        match self {
            Self::Events(ty) => Some(ty),
            Self::Calls => None,
        }
    }
}

impl Wanted<'_> {
    /// Plans its files in the folder of functions.
    pub(super) fn draft(&self, folder: &Path, draft: &mut Draft) -> Result<(), Failure> {
        self.check()?;
        let name = self.name;
        if self.language.is_built() {
            let own = folder.join(name);
            draft.file(own.join("function.toml"), self.settings());
            for (path, text) in self.sources() {
                draft.file(own.join(path), self.filled(text));
            }
        } else {
            // The settings first: a hydrant that watches the folder then knows how to run what comes after them.
            let settings = self.settings();
            if !settings.is_empty() {
                draft.file(folder.join(format!("{name}.toml")), settings);
            }
            let (ending, text) = self.script();
            draft.program(folder.join(format!("{name}.{ending}")), self.filled(text));
        }
        draft.nothing_in_the_way()?;
        // In whatever language: one of this name is this function.
        let namesake = draft.namesake(folder, name);
        namesake.map_or(Ok(()), |path| Err(in_the_way(&path)))
    }

    fn check(&self) -> Result<(), Failure> {
        if matches!((self.language, self.kind), (Language::Sh, Kind::Calls)) {
            return Err(Failure::usage("a shell script is no HTTP server").help(
                "leave out --http: what it writes answers `hydrant invoke` too, a process for each call",
            ));
        }
        Ok(())
    }

    /// `NAME.toml` or `function.toml`; nothing where there is nothing to say.
    fn settings(&self) -> String {
        let name = self.name;
        let mut lines = Vec::new();
        match self.language {
            Language::Go => lines.push(format!("build = \"go build -o {name} .\"")),
            Language::Rust => {
                lines.push("exec = \"target/release/function\"".into());
                lines.push("build = \"cargo build --release\"".into());
            }
            Language::C => lines.push(format!("build = \"cc -O2 -Wall -o {name} main.c\"")),
            Language::Sh | Language::Python | Language::Node => {}
        }
        if let Kind::Events(ty) = self.kind {
            if self.language.is_oneshot() {
                lines.push("protocol = \"oneshot\"          # a process for each event".into());
            }
            lines.push(format!("on = {{ type = \"{ty}\" }}"));
        }
        if lines.is_empty() {
            return String::new();
        }
        format!(
            "# The keys of [function.{name}]; `hydrant help config` tells all of them.\n{}\n",
            lines.join("\n")
        )
    }

    /// The ending of a script's name, and its text.
    const fn script(&self) -> (&'static str, &'static str) {
        match (self.language, self.kind) {
            (Language::Python, Kind::Events(_)) => ("py", include_str!("templates/event/function.py")),
            (Language::Python, Kind::Calls) => ("py", include_str!("templates/call/function.py")),
            (Language::Node, Kind::Events(_)) => ("mjs", include_str!("templates/event/function.mjs")),
            (Language::Node, Kind::Calls) => ("mjs", include_str!("templates/call/function.mjs")),
            _ => ("sh", include_str!("templates/event/function.sh")),
        }
    }

    /// What is built, beside its settings.
    fn sources(&self) -> Vec<(&'static str, &'static str)> {
        let is_event = self.kind.event_type().is_some();
        let either = |event, call| if is_event { event } else { call };
        match self.language {
            Language::Go => {
                let main =
                    either(include_str!("templates/event/main.go"), include_str!("templates/call/main.go"));
                vec![
                    (".gitignore", "/{{name}}\n"),
                    ("go.mod", "module function\n\ngo 1.19\n"),
                    ("main.go", main),
                ]
            }
            Language::Rust => {
                let main =
                    either(include_str!("templates/event/main.rs"), include_str!("templates/call/main.rs"));
                vec![(".gitignore", "/target\n"), ("Cargo.toml", PACKAGE), ("src/main.rs", main)]
            }
            _ => {
                let main =
                    either(include_str!("templates/event/main.c"), include_str!("templates/call/main.c"));
                vec![(".gitignore", "/{{name}}\n"), ("main.c", main)]
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{{name}}", self.name).replace("{{type}}", self.kind.event_type().unwrap_or_default())
    }

    /// What to do with it, by the command that means the project.
    pub(super) fn next(&self, hydrant: &str) -> Vec<(String, &'static str)> {
        let build = if self.language.is_built() { " --build" } else { "" };
        let ask = match self.kind {
            Kind::Events(ty) => format!("{hydrant} send {ty} '{{\"name\":\"Ada\"}}' --wait"),
            Kind::Calls => format!("{hydrant} invoke {} Ada", self.name),
        };
        let dev = format!("{hydrant} dev{build}");
        vec![(dev, "run it, until ctrl-c"), (ask, "in a second terminal")]
    }
}

/// A function may be called what no package may, such as `2` or `test`.
const PACKAGE: &str = r#"[package]
name = "function"
version = "0.1.0"
edition = "2021"
publish = false

[profile.release]
panic = "abort"

# A package of its own, also in a folder of another.
[workspace]
"#;

/// Where the project's functions are, also when the rest of its file is wrong.
pub(super) fn folder(project: &Path, config: Option<&Path>) -> PathBuf {
    let file = config.map_or_else(|| project.join("runtime.toml"), Path::to_owned);
    let said = || {
        let file: toml::Table = std::fs::read_to_string(file).ok()?.parse().ok()?;
        let functions = file.get("runtime")?.get("functions")?;
        let first = functions.as_array().map_or(Some(functions), |all| all.first())?;
        Some(PathBuf::from(first.as_str()?))
    };
    said().unwrap_or_else(|| FOLDER.into())
}
