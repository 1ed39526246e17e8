//! The values that `env_file` and `secrets` lead to. One that cannot be had keeps its function from running, and no
//! other.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::env_file;
use crate::config::raw::{self, Secret, is_ours};
use crate::config::secrets::Secrets;
use crate::config::source::{At, Place};

/// A value, or a file of them; an environment holds little more.
const BYTES_MAX: u64 = 64 << 10;

/// What a function wants to be told, or a source.
pub(super) struct Wanted<'a> {
    /// `` function `bill` ``.
    pub(super) called: String,
    pub(super) project: &'a Path,
    pub(super) all: &'a raw::Function,
    pub(super) problems: &'a Problems,
    /// What becomes of whoever wants it meanwhile.
    pub(super) meanwhile: &'static str,
}

/// Where the values stand that are wanted, whether or not there is anything.
pub(super) fn files(project: &Path, all: &raw::Function) -> Vec<PathBuf> {
    let env_files = all.env_file.iter().flatten().map(|file| file.value.as_str());
    let secrets = all.secrets.iter().flatten().filter_map(|(_, secret)| match secret {
        Secret::File(path) => Some(path.as_str()),
        Secret::Env(_) => None,
    });
    env_files.chain(secrets).map(|path| project.join(path)).collect()
}

impl Wanted<'_> {
    /// The values.
    ///
    /// # Errors
    /// Why one cannot be had, for people; it is reported by then.
    pub(super) fn values(&self) -> Result<Secrets, String> {
        let mut secrets = Secrets::default();
        for file in self.all.env_file.iter().flatten() {
            self.read_env_file(file, &mut secrets)?;
        }
        for (variable, secret) in self.all.secrets.iter().flatten() {
            if self.all.env.iter().any(|env| env.contains_key(&variable.value)) {
                self.problems.report(given_twice(variable));
            }
            let value = self.value(secret).map_err(|why| {
                let what = format!("`{}` of {} {why}", variable.value, self.called);
                self.report(what, &variable.place)
            })?;
            secrets.insert(variable.value.clone(), value);
        }
        Ok(secrets)
    }

    /// What `env` says itself stands against what is in a file.
    fn read_env_file(&self, file: &At<String>, secrets: &mut Secrets) -> Result<(), String> {
        let path = self.project.join(&file.value);
        let shown = path.strip_prefix(self.project).unwrap_or(&path).display();
        let text = read(&path).map_err(|error| {
            let what = format!("the `env_file` {shown} of {} cannot be read: {error}", self.called);
            self.report(what, &file.place)
        })?;
        let variables = env_file::parse(&text)
            .map_err(|bad| self.report(format!("line {} of {shown} {}", bad.line, bad.why), &file.place))?;
        for (name, value) in variables {
            if is_ours(&name) {
                self.problems.report(ours(&name, &shown.to_string()));
            } else if self.all.env.as_ref().is_none_or(|env| !env.contains_key(&name)) {
                secrets.insert(name, value);
            }
        }
        Ok(())
    }

    fn value(&self, secret: &Secret) -> Result<String, String> {
        match secret {
            Secret::Env(name) => std::env::var(name)
                .map_err(|_| format!("is to have the value of {name}, which hydrant was not given")),
            Secret::File(file) => {
                let path = self.project.join(file);
                let shown = path.strip_prefix(self.project).unwrap_or(&path).display();
                let value = read(&path).map_err(|error| format!("stands in {shown}: {error}"))?;
                let value = value.strip_suffix('\n').unwrap_or(&value);
                Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
            }
        }
    }

    fn report(&self, what: String, place: &Place) -> String {
        self.problems.report(
            Diagnostic::new(Code::NoSecret, what.clone()).at(place, "wanted here").help(self.meanwhile),
        );
        what
    }
}

/// The text of a file. What cannot stand in an environment is told without being shown.
fn read(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("larger than 64 KiB"));
    }
    if text.contains('\0') {
        return Err(io::Error::other("no text: there is a NUL in it"));
    }
    Ok(text)
}

fn given_twice(variable: &At<String>) -> Diagnostic {
    Diagnostic::new(Code::Twice, format!("`{}` is in `env` and in `secrets`", variable.value))
        .at(&variable.place, "given again")
        .help("keep one of them")
}

fn ours(name: &str, shown: &str) -> Diagnostic {
    Diagnostic::new(Code::NoEffect, format!("{name} in {shown} is left out: hydrant sets it itself"))
        .about(shown)
        .help("the function finds hydrant's value under this name")
}
