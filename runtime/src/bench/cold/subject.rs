//! What is started: a program of the user's, or one small web server per language that this machine has.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::process::{Capture, Command, Spawner};
use anyhow::{Context as _, bail, ensure};

/// A program that serves HTTP.
#[derive(Clone, Debug)]
pub(in crate::bench) struct Subject {
    pub(in crate::bench) name: String,
    pub(in crate::bench) program: PathBuf,
    /// How it may be spoken to.
    pub(in crate::bench) doors: &'static [Door],
}

/// Where a program takes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Door {
    /// On the listener it is given as fd 3.
    Given,
    /// On `$PORT`, as stock programs do.
    Port,
}

impl Door {
    /// What our own programs are told by their first argument.
    pub(in crate::bench) const fn argument(self) -> &'static str {
        match self {
            Self::Given => "fd",
            Self::Port => "port",
        }
    }
}

/// A language, and how one file of it becomes a program.
struct Language {
    name: &'static str,
    /// Whether it is there.
    probe: &'static [&'static str],
    file: &'static str,
    source: &'static str,
    build: &'static [&'static str],
    /// The whole program, where it is not what was built.
    script: Option<&'static str>,
    doors: &'static [Door],
}

/// What is kept of what a compiler says.
const PRINTED_MAX: usize = 64 << 10;

const BOTH: &[Door] = &[Door::Given, Door::Port];

const LANGUAGES: [Language; 5] = [
    Language {
        name: "rust",
        probe: &["rustc", "--version"],
        file: "serve.rs",
        source: include_str!("programs/serve.rs.txt"),
        build: &["rustc", "-O", "-o", "PROGRAM", "FILE"],
        script: None,
        doors: BOTH,
    },
    Language {
        name: "go",
        probe: &["go", "version"],
        file: "serve.go",
        source: include_str!("programs/serve.go"),
        build: &["go", "build", "-o", "PROGRAM", "FILE"],
        script: None,
        doors: BOTH,
    },
    Language {
        name: "node",
        probe: &["node", "-p", "process.execPath"],
        file: "serve.js",
        source: include_str!("programs/serve.js"),
        build: &[],
        script: Some("#!/bin/sh\nexec PROBED FILE \"$1\"\n"),
        doors: BOTH,
    },
    Language {
        name: "python",
        probe: &["python3", "-c", "import sys; print(sys.executable)"],
        file: "serve.py",
        source: include_str!("programs/serve.py"),
        build: &[],
        script: Some("#!/bin/sh\nexec PROBED FILE \"$1\"\n"),
        doors: BOTH,
    },
    Language {
        name: "java",
        probe: &["sh", "-c", "command -v javac >/dev/null && command -v java"],
        file: "Serve.java",
        source: include_str!("programs/Serve.java"),
        build: &["javac", "-d", "FOLDER", "FILE"],
        script: Some("#!/bin/sh\nexec PROBED -XX:TieredStopAtLevel=1 -cp FOLDER Serve\n"),
        doors: &[Door::Port],
    },
];

/// One of each language, built in `folder`; of those that are not there, nothing.
pub(in crate::bench) async fn all(folder: &Path) -> anyhow::Result<Vec<Subject>> {
    let spawner = Spawner::start(None)?;
    let mut subjects = Vec::new();
    for language in &LANGUAGES {
        let (is_there, probed) = run(&spawner, language.probe.iter().map(ToString::to_string)).await?;
        if is_there {
            subjects.push(language.make(&spawner, folder, probed.trim()).await?);
        }
    }
    ensure!(!subjects.is_empty(), "there is no rustc, go, node, python3 or javac: name a program to measure");
    Ok(subjects)
}

/// The first of them.
pub(in crate::bench) async fn first(folder: &Path) -> anyhow::Result<Subject> {
    let spawner = Spawner::start(None)?;
    for language in &LANGUAGES {
        let (is_there, probed) = run(&spawner, language.probe.iter().map(ToString::to_string)).await?;
        if is_there && language.doors.contains(&Door::Given) {
            return language.make(&spawner, folder, probed.trim()).await;
        }
    }
    bail!("there is no rustc, go, node or python3: name a program to measure")
}

/// The one that is a program of its own, with all it answers in its file.
pub(in crate::bench) async fn rust(folder: &Path) -> anyhow::Result<Subject> {
    let spawner = Spawner::start(None)?;
    let rust = &LANGUAGES[0];
    let (is_there, probed) = run(&spawner, rust.probe.iter().map(ToString::to_string)).await?;
    ensure!(is_there, "there is no rustc, which builds what is saved");
    rust.make(&spawner, folder, probed.trim()).await
}

/// A program of the user's, which takes its requests on fd 3.
pub(in crate::bench) fn named(program: &Path) -> anyhow::Result<Subject> {
    let program = program.canonicalize().with_context(|| format!("there is no {}", program.display()))?;
    let name = program.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    Ok(Subject { name, program, doors: &[Door::Given] })
}

/// Runs a command to its end: whether it succeeded, and what it printed.
async fn run(spawner: &Spawner, command: impl Iterator<Item = String>) -> anyhow::Result<(bool, String)> {
    let all_of_it = ["-c", "exec \"$@\" 2>&1", "sh"].map(String::from);
    let ours = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut child = spawner
        .spawn(Command {
            args: all_of_it.into_iter().chain(command).collect(),
            env: ours.collect(),
            ..Command::of("/bin/sh")
        })
        .await?;
    let printed = Capture::start(child.stdout.take().context("it has a stdout")?, PRINTED_MAX);
    let exit = child.wait().await;
    let printed = printed.finish().await.bytes;
    Ok((exit.is_success(), String::from_utf8_lossy(&printed).into_owned()))
}

impl Language {
    async fn make(&self, spawner: &Spawner, folder: &Path, probed: &str) -> anyhow::Result<Subject> {
        let folder = folder.join(self.name);
        fs::create_dir_all(&folder)?;
        let (file, program) = (folder.join(self.file), folder.join("program"));
        fs::write(&file, self.source)?;
        let fill = |text: &str| {
            text.replace("FILE", &file.to_string_lossy())
                .replace("PROGRAM", &program.to_string_lossy())
                .replace("FOLDER", &folder.to_string_lossy())
                .replace("PROBED", probed)
        };
        if !self.build.is_empty() {
            let (built, printed) = run(spawner, self.build.iter().map(|part| fill(part))).await?;
            ensure!(built, "{} cannot build {}: {printed}", self.build[0], self.file);
        }
        if let Some(script) = self.script {
            fs::write(&program, fill(script))?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Subject { name: self.name.to_owned(), program, doors: self.doors })
    }
}
