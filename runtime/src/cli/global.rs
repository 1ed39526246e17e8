//! Flags that every verb takes, before or after its name.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use super::exit::Failure;
use crate::config::{Given, Overrides};
use crate::serve::Voice;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The project: the folder of runtime.toml and functions/
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// The configuration file [default: runtime.toml of the project]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the admin API answers, or is to answer (dev, run) [default: found by the project]
    #[arg(long, global = true, value_name = "ADDR|unix:PATH")]
    pub(super) admin: Option<String>,
    /// How data is written: wide has more columns, json gives one object on a line, yaml a document each
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// Say less on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub(super) verbose: bool,
    /// When to colour [auto: on a terminal, unless NO_COLOR is set]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    #[default]
    Text,
    Wide,
    Json,
    Yaml,
    /// What `check` finds, for whoever collects such findings.
    Sarif,
    /// What `-o` names in `record`.
    #[value(skip)]
    Folder(PathBuf),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Global {
    /// The project, `given` (a verb's own DIR) seen from `-C`.
    pub(super) fn project(&self, given: Option<&Path>) -> Result<PathBuf, Failure> {
        let from = self.project.as_deref().unwrap_or_else(|| Path::new("."));
        let dir = given.map_or_else(|| from.to_owned(), |given| from.join(given));
        let no_folder = || Failure::usage(format!("there is no folder {}", dir.display()));
        let dir = dir.canonicalize().ok().filter(|dir| dir.is_dir()).ok_or_else(no_folder)?;
        Ok(dir)
    }

    /// What the words of a command line say that is not finished yet: where the project and its runtime are.
    pub(super) fn of_words(words: &[String]) -> Self {
        let said = |names: [&str; 2]| {
            let long = format!("{}=", names[1]);
            words.iter().enumerate().find_map(|(at, word)| match word {
                word if names.contains(&word.as_str()) => words.get(at + 1).cloned(),
                word => word.strip_prefix(&long).map(str::to_owned),
            })
        };
        Self {
            project: said(["-C", "--project"]).map(PathBuf::from),
            config: said(["-c", "--config"]).map(PathBuf::from),
            admin: said(["--admin", "--admin"]),
            quiet: true,
            ..Self::default()
        }
    }

    /// The project as it was named, whether it is there or not.
    pub(super) fn named_project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// The configuration file, if one is named.
    pub(super) fn config(&self) -> Result<Option<PathBuf>, Failure> {
        let named = self.config.as_ref().map(|file| Ok(self.project(None)?.join(file)));
        named.transpose()
    }

    /// What the environment says in the place of the file, and `--admin` in the place of both.
    pub(super) fn overrides(&self) -> Result<Overrides, Failure> {
        let admin = match &self.admin {
            Some(socket) if socket.starts_with("unix:") => {
                return Err(Failure::usage("the admin socket has its own place: give --admin an address"));
            }
            Some(address) => Some(given("--admin", address)),
            None => from_env("HYDRANT_ADMIN"),
        };
        let (listen, state) = (from_env("HYDRANT_LISTEN"), from_env("HYDRANT_STATE"));
        Ok(Overrides { listen, admin, state, holds: false, ephemeral: false })
    }

    /// Whether data is written for programs: [`output::json`](super::output::json) knows in which form.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.output, Output::Json | Output::Yaml)
    }

    pub(super) fn is_yaml(&self) -> bool {
        self.output == Output::Yaml
    }

    pub(super) fn is_sarif(&self) -> bool {
        self.output == Output::Sarif
    }

    pub(super) fn is_wide(&self) -> bool {
        self.output == Output::Wide
    }

    /// Whether data on stdout is coloured.
    pub(super) fn colours(&self) -> bool {
        self.colours_on(&io::stdout())
    }

    /// Whether talk on stderr is coloured.
    pub(super) fn colours_of_talk(&self) -> bool {
        self.colours_on(&io::stderr())
    }

    fn colours_on(&self, stream: &impl IsTerminal) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }

    /// How the runtime itself is to talk.
    pub(super) fn voice(&self) -> Voice {
        let level = match (self.quiet, self.verbose) {
            (true, _) => "warn",
            (false, true) => "debug",
            (false, false) => "info",
        };
        Voice { level, colour: self.colours_of_talk() }
    }

    /// Says a line on stderr, unless nothing is to be said.
    pub(super) fn talk(&self, line: &str) {
        if !self.quiet {
            super::output::talk(line);
        }
    }
}

pub(super) fn given(origin: &'static str, text: impl Into<String>) -> Given {
    Given { origin, text: text.into() }
}

fn from_env(name: &'static str) -> Option<Given> {
    env::var(name).ok().filter(|text| !text.is_empty()).map(|text| given(name, text))
}
