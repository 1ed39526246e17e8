//! Where a page is played: a home of its own with an empty folder in it, and shells that run what a reader types.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::support::project::python;
use crate::support::runtime::{BINARY, of_user};
use crate::support::{Project, kafka, wait_for};

/// What pages call the folder.
const FOLDER: &str = "/home/ada/shop";
/// One shell after the other, as if it was the same: with the folder and the exit code of the one before.
const SHELL: &str = r#"cd "$(cat "$HOME/.folder")"; (exit "$LAST"); eval "$TYPED"; LAST=$?; pwd > "$HOME/.folder"; exit $LAST"#;
/// Nobody waits for a build that is there, nor for one of other features: of that it is enough that there are such.
const CARGO: &str = r#"#!/bin/sh
case "$*" in "build --release --features "*)
  shift 2
  HOME=HERS exec 'REALLY' tree --quiet --locked --manifest-path 'ROOT/Cargo.toml' "$@" > /dev/null
esac
[ "$1" = run ] || exit 1
shift
[ "$1" != -- ] || shift
exec hydrant "$@"
"#;
/// Another port than that of a Kafka which may run here, another folder, and the jars that are there.
const KAFKA: &str =
    "#!/bin/sh\nHOME=HERS exec 'ROOT/tests/kafka/kafka.sh' \"$@\" --port PORT --dir \"$HOME/.kafka\"\n";
/// Where pages have it.
const KAFKA_AT: &str = "127.0.0.1:9092";

pub(super) struct Stage {
    home: Project,
    last: i32,
    /// Where its Kafka is, if the page has one.
    kafka: Option<String>,
    /// What goes on by itself.
    runs: Option<Going>,
}

/// A command that was begun, and the file with what it prints.
pub(super) struct Going {
    child: Child,
    printed: PathBuf,
}

impl Stage {
    pub(super) fn new() -> Self {
        let home = Project::bare();
        for folder in ["shop", ".bin"] {
            fs::create_dir(home.file(folder)).unwrap();
        }
        fs::write(home.file(".folder"), home.file("shop").to_str().unwrap()).unwrap();
        std::os::unix::fs::symlink(BINARY, home.file(".bin/hydrant")).unwrap();
        std::os::unix::fs::symlink(python(), home.file(".bin/python3")).unwrap();
        let stage = Self { home, last: 0, kafka: None, runs: None };
        stage.put(".bin/cargo", &of_machine(CARGO, super::root()));
        stage
    }

    /// From now on the page has a Kafka, as soon as it starts it.
    pub(super) fn give_kafka(&mut self, root: &Path) {
        let port = kafka::free_port_pair();
        self.put("shop/tests/kafka/kafka.sh", &of_machine(KAFKA, root).replace("PORT", &port.to_string()));
        self.kafka = Some(format!("127.0.0.1:{port}"));
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        self.put(&format!("shop/{path}"), text);
    }

    /// A file appears with all of its content, and what begins with `#!` is a program.
    fn put(&self, path: &str, text: &str) {
        let (file, made) = (self.home.file(path), self.home.file(".made"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&made, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(&made, fs::Permissions::from_mode(mode)).unwrap();
        fs::rename(made, file).unwrap();
    }

    /// Copies from the repository, beside what a build leaves there.
    pub(super) fn copy(&mut self, root: &Path, paths: &[String]) {
        let built = self.home.file("shop/target/debug");
        fs::create_dir_all(&built).unwrap();
        std::os::unix::fs::symlink(BINARY, built.join("hydrant")).ok();
        for path in paths {
            let (from, to) = (root.join(path), self.home.file(&format!("shop/{path}")));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let script = format!("cp -r '{}' '{}'", from.display(), to.display());
            let (status, said) = self.run(&script);
            assert!(status.success(), "{script}: {said}");
            let config = to.join("runtime.toml");
            if let (Some(kafka), Ok(text)) = (&self.kafka, fs::read_to_string(&config)) {
                fs::write(config, text.replace(KAFKA_AT, kafka)).unwrap();
            }
        }
    }

    /// Runs what somebody typed to its end.
    pub(super) fn run(&mut self, typed: &str) -> (ExitStatus, String) {
        let mut going = self.begin(typed);
        let status = going.child.wait().unwrap();
        self.last = status.code().unwrap_or(-1);
        (status, self.printed(&going))
    }

    pub(super) fn begin(&self, typed: &str) -> Going {
        let printed = tempfile::Builder::new().prefix(".printed").tempfile_in(self.home.path()).unwrap();
        let (file, printed) = printed.keep().unwrap();
        let mut shell = of_user(&self.home, "sh");
        shell.args(["-c", SHELL]).current_dir(self.home.path()).process_group(0);
        shell.env("TYPED", self.addressed(typed)).env("LAST", self.last.to_string());
        shell.env("HOME", self.home.path()).env("NO_COLOR", "1").env("COLUMNS", "200");
        shell.env("HYDRANT_LISTEN", "127.0.0.1:0").env("HYDRANT_ADMIN", "127.0.0.1:0");
        let path = std::env::var("PATH").unwrap();
        shell.env("PATH", format!("{}:{path}", self.home.file(".bin").display()));
        let child = shell.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn();
        Going { child: child.unwrap(), printed }
    }

    /// Pages name the default ports; here each runtime has others.
    fn addressed(&self, typed: &str) -> String {
        let typed = typed.replace(FOLDER, self.home.file("shop").to_str().unwrap());
        let Some(run) = self.addresses() else { return typed };
        let address = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
        typed.replace("127.0.0.1:8080", &address("listen")).replace("127.0.0.1:8088", &address("admin"))
    }

    /// What the runtime wrote of itself: in the folder, or in that of the scene.
    pub(super) fn addresses(&self) -> Option<serde_json::Value> {
        let shop = self.home.file("shop");
        let scenes = fs::read_dir(shop.join("examples")).into_iter().flatten().flatten();
        let folders = std::iter::once(shop).chain(scenes.map(|scene| scene.path()));
        let texts = folders.filter_map(|folder| fs::read_to_string(folder.join(".hydrant/run.json")).ok());
        texts.filter_map(|text| serde_json::from_str(&text).ok()).next()
    }

    /// What came of it so far, as a reader of the page would see it.
    pub(super) fn printed(&self, going: &Going) -> String {
        let text = String::from_utf8_lossy(&fs::read(&going.printed).unwrap()).replace('\r', "");
        text.replace(self.home.file("shop").to_str().unwrap(), FOLDER)
            .replace(self.home.path().to_str().unwrap(), "~")
    }

    /// It goes on while the page does.
    pub(super) fn keep(&mut self, going: Going) {
        self.end();
        self.runs = Some(going);
    }

    pub(super) fn said(&self) -> Option<String> {
        self.runs.as_ref().map(|going| self.printed(going))
    }

    /// Ctrl-C for what runs.
    pub(super) fn end(&mut self) {
        if let Some(mut going) = self.runs.take() {
            going.interrupt();
        }
    }
}

/// A script with what it needs of this machine: the repository, and the home that has the caches.
fn of_machine(script: &str, root: &Path) -> String {
    let home = std::env::var("HOME").unwrap();
    let script = script.replace("ROOT", root.to_str().unwrap()).replace("REALLY", env!("CARGO"));
    script.replace("HERS", &format!("'{home}'"))
}

impl Going {
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(super) fn interrupt(&mut self) {
        if !self.has_ended() {
            killpg(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).ok();
            wait_for("it ends by Ctrl-C", || self.child.try_wait().unwrap());
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The project kills the rest: all that runs in its folder.
        if let Some(going) = &mut self.runs {
            killpg(Pid::from_raw(i32::try_from(going.child.id()).unwrap()), Signal::SIGKILL).ok();
            going.child.wait().ok();
        }
    }
}
