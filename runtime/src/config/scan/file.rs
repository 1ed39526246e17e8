//! One file: whether it can run, whether it may, and what it says of itself.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::entry::State;
use super::look::Look;
use super::trust::{Facing, Trust, Verdict};
use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};

/// Says what is wrong with a file, and takes it as broken then. `shown` tells its path to people.
pub(super) fn inspect(
    path: &Path,
    shown: impl Fn() -> String,
    look: &Look,
    trust: &mut Trust,
    problems: &Problems,
) -> State {
    match can_run(path, shown, look, trust, problems) {
        Ok(()) => State::Runs,
        Err(finding) => {
            let reason = finding.message.clone();
            problems.report(finding);
            State::Broken(reason)
        }
    }
}

fn can_run(
    path: &Path,
    shown: impl Fn() -> String,
    look: &Look,
    trust: &mut Trust,
    problems: &Problems,
) -> Result<(), Diagnostic> {
    let metadata = look.metadata.as_ref().map_err(|error| unreadable(&shown(), error))?;
    if !metadata.is_file() {
        return Err(not_a_file(&shown()));
    }
    if metadata.mode() & 0o111 == 0 {
        return Err(not_executable(&shown()));
    }
    match trust.verdict(Facing { path, is_link: look.is_link, metadata }, &shown) {
        Verdict::Trusted => {}
        Verdict::Doubtful(finding) => problems.report(finding),
        Verdict::Refused(finding) => return Err(finding),
    }
    match &look.inside.foreign {
        Some(machine) => Err(wrong_architecture(&shown(), machine)),
        None => Ok(()),
    }
}

/// What cargo made last of a folder that is a package.
pub(super) fn program_of_cargo(folder: &Path, name: &str) -> Option<PathBuf> {
    if !folder.join("Cargo.toml").is_file() {
        return None;
    }
    let made = ["release", "debug"].map(|profile| folder.join("target").join(profile).join(name));
    let when = |path: &PathBuf| path.metadata().and_then(|m| m.modified()).ok();
    made.into_iter().filter(|path| path.is_file()).max_by_key(when)
}

/// The file a folder runs: the first executable of `run`, `main` and its own name, else what cargo made, else the first
/// there is.
pub(super) fn program_of_folder(folder: &Path, name: &str, cargo: Option<PathBuf>) -> Option<PathBuf> {
    let candidates = ["run", "main", name].map(|file| folder.join(file));
    let is_file = |path: &&PathBuf| path.is_file();
    let runs = |path: &&PathBuf| path.metadata().is_ok_and(|m| m.is_file() && m.mode() & 0o111 != 0);
    candidates.iter().find(runs).or(cargo.as_ref()).or_else(|| candidates.iter().find(is_file)).cloned()
}

fn not_executable(shown: &str) -> Diagnostic {
    Diagnostic::new(Code::NotExecutable, format!("{shown} is not executable (chmod +x {shown})"))
        .about(shown)
        .help(format!("chmod +x {shown}, or move it out of the folder if it is no function"))
}

fn not_a_file(shown: &str) -> Diagnostic {
    Diagnostic::new(Code::NotExecutable, format!("{shown} is not a file that can run"))
        .about(shown)
        .help("move it out of the folder")
}

fn unreadable(shown: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::new(Code::NotExecutable, format!("{shown} leads to nothing: {error}"))
        .about(shown)
        .help("a link may point to a file that is not there")
}

fn wrong_architecture(shown: &str, machine: &str) -> Diagnostic {
    let here = std::env::consts::ARCH;
    Diagnostic::new(
        Code::WrongArchitecture,
        format!("{shown} was built for {machine}, this machine is {here}"),
    )
    .about(shown)
    .help(format!("build it for {here}"))
}
