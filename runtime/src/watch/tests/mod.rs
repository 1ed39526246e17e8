//! With a real folder, and what people and tools do in it.

mod elsewhere;
mod functions;
mod many;
mod patrol;

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;

use notify::ErrorKind;

use super::armory::explain;
use super::notice::Change;
use super::*;

/// Far more than anything here takes; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A project: a folder of functions, and a configuration beside it.
struct Project {
    dir: tempfile::TempDir,
    changes: Changes,
    watcher: Watcher,
}

impl Project {
    fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    fn within(dir: tempfile::TempDir) -> Self {
        fs::create_dir(dir.path().join("functions")).unwrap();
        Self::of(dir)
    }

    fn of(dir: tempfile::TempDir) -> Self {
        let folders = [dir.path().join("functions")];
        let (watcher, changes) = Watcher::new(&folders, Some(dir.path().join("runtime.toml")), None).unwrap();
        Self { dir, changes, watcher }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        path
    }

    async fn next(&mut self) -> Change {
        tokio::time::timeout(PATIENCE, self.changes.next()).await.expect("no notice came").unwrap()
    }

    /// Something was told about the functions.
    async fn told(&mut self) {
        assert_eq!(self.next().await, Change::Functions);
        self.calm().await;
    }

    /// Whether the system watches this folder for anyone in this process.
    fn watches(&self, name: &str) -> bool {
        let inode = format!(" ino:{:x} ", fs::metadata(self.path(name)).unwrap().ino());
        let infos = fs::read_dir("/proc/self/fdinfo").unwrap();
        infos
            .filter_map(|info| fs::read_to_string(info.ok()?.path()).ok())
            .any(|info| info.contains("inotify wd:") && info.contains(&inode))
    }

    /// Nothing was told about the functions.
    async fn silent(&mut self) {
        assert!(!self.calm().await, "there was a notice");
    }

    /// Hears all that was told by now, and whether it was about the functions. What we do to the configuration
    /// here comes behind all earlier events, and makes the folders be armed again.
    async fn calm(&mut self) -> bool {
        symlink("elsewhere.toml", self.path("next.toml")).unwrap();
        fs::rename(self.path("next.toml"), self.path("runtime.toml")).unwrap();
        let mut functions = false;
        while self.next().await != Change::Config {
            functions = true;
        }
        while let Some(change) = self.changes.next().now_or_never() {
            functions |= change == Some(Change::Functions);
        }
        functions
    }
}

#[tokio::test]
async fn the_configuration_is_told_however_it_is_saved() {
    let mut project = Project::new();
    let path = project.write("runtime.toml");
    assert_eq!(project.next().await, Change::Config);
    fs::rename(project.write("runtime.toml.new"), &path).unwrap();
    assert_eq!(project.next().await, Change::Config);
    fs::remove_file(&path).unwrap();
    assert_eq!(project.next().await, Change::Config);
    fs::write(project.path("README.md"), "text").unwrap();
    assert!(project.changes.next().now_or_never().is_none());
    project.silent().await;
}

#[tokio::test]
async fn a_dropped_watcher_ends_its_notices() {
    let Project { dir: _dir, mut changes, watcher } = Project::new();
    drop(watcher);
    assert_eq!(tokio::time::timeout(PATIENCE, changes.next()).await.unwrap(), None);
}

#[test]
fn limits_of_the_system_say_how_to_raise_them() {
    let full = notify::Error::new(ErrorKind::MaxFilesWatch).add_path("/p/functions".into());
    assert_eq!(
        explain(full).to_string(),
        "the system's limit of watched folders is reached at /p/functions \
         (sudo sysctl fs.inotify.max_user_watches=524288)"
    );
    let none = notify::Error::io(io::Error::from_raw_os_error(libc::EMFILE));
    assert_eq!(
        explain(none).to_string(),
        "the system's limit of watching programs is reached \
         (sudo sysctl fs.inotify.max_user_instances=1024): Too many open files (os error 24)"
    );
}

#[tokio::test]
async fn a_function_that_writes_beside_itself_is_not_told() {
    let mut project = Project::new();
    fs::create_dir(project.path("functions/bill")).unwrap();
    project.write("functions/bill/run");
    project.told().await;
    project.write("functions/bill/bill.log");
    fs::create_dir(project.path("functions/bill/logs")).unwrap();
    project.write("functions/bill/logs/today");
    project.silent().await;
    for name in [".hello.swp", "hello~", "4913", "#hello#", ".git"] {
        project.write(&format!("functions/{name}"));
    }
    for name in ["target", "node_modules", ".venv", ".hydrant"] {
        fs::create_dir(project.path(&format!("functions/{name}"))).unwrap();
        project.write(&format!("functions/{name}/run"));
    }
    project.silent().await;
    project.write("functions/target/run");
    project.silent().await;
    project.write("functions/bill/run");
    project.told().await;
}

/// Runs a command to its end.
async fn command(path: &str, args: &[&str], dir: &Path) {
    use crate::process::{Command, Exit, Spawner};
    let command = Command {
        args: args.iter().map(ToString::to_string).collect(),
        env: vec![("PATH".into(), std::env::var("PATH").unwrap())],
        dir: dir.into(),
        ..Command::of(path)
    };
    let mut child = Spawner::start(None).unwrap().spawn(command).await.unwrap();
    assert_eq!(child.wait().await, Exit::Code(0));
}

#[tokio::test]
async fn python_writing_its_cache_is_not_told() {
    let mut project = Project::new();
    fs::write(project.path("functions/helper.py"), "x = 1\n").unwrap();
    fs::write(project.path("functions/hello.py"), "import helper\n").unwrap();
    project.told().await;
    let functions = project.path("functions");
    command("/usr/bin/env", &["python3", "hello.py"], &functions).await;
    assert!(functions.join("__pycache__").is_dir(), "else nothing was shown");
    project.silent().await;
}
