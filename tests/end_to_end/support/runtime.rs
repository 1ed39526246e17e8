//! The runtime on a project, as a child of the test.

#![expect(clippy::disallowed_methods, reason = "the test starts the binary it tests")]

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::Project;
use super::http::{self, Answer};
use super::wait::wait_for;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hydrant");

pub(crate) struct Runtime<'p> {
    project: &'p Project,
    child: Child,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl<'p> Runtime<'p> {
    /// Starts `hydrant dev`, where what nobody can take is a dead letter as it is in `run`, and waits until it is ready.
    pub(crate) fn start(project: &'p Project) -> Self {
        Self::start_as(project, &["dev"])
    }

    /// The same with `dev` as it is, which holds what nobody can take.
    pub(crate) fn start_holding(project: &'p Project) -> Self {
        Self::start_exactly(project, &["dev"])
    }

    pub(crate) fn start_as(project: &'p Project, arguments: &[&str]) -> Self {
        let more = if arguments[0] == "dev" { &["--no-hold"][..] } else { &[] };
        Self::start_exactly(project, &[arguments, more].concat())
    }

    pub(crate) fn start_exactly(project: &'p Project, arguments: &[&str]) -> Self {
        let mut child = spawn(project, arguments);
        let ready = wait_for("the runtime is ready", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the runtime ended ({status}):\n{}", log(project));
            }
            let text = fs::read_to_string(project.file(".hydrant/run.json")).ok()?;
            let run: Value = serde_json::from_str(&text).ok()?;
            (run["pid"] == child.id()).then_some(run)
        });
        let address = |key: &str| ready[key].as_str().unwrap().parse().unwrap();
        Self { project, listen: address("listen"), admin: address("admin"), child }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends an event to a broker or channel in binary mode.
    pub(crate) fn post(&self, path: &str, id: &str, ty: &str, data: &str) -> Answer {
        self.try_post(path, id, ty, data).unwrap()
    }

    pub(crate) fn try_post(&self, path: &str, id: &str, ty: &str, data: &str) -> std::io::Result<Answer> {
        post(self.listen, path, id, ty, data)
    }

    /// Sends an event to broker `default`, which must take it.
    pub(crate) fn send(&self, id: &str, ty: &str) {
        let answer = self.post("/", id, ty, "data");
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::request(self.listen, "GET", path, &[], b"").unwrap()
    }

    pub(crate) fn admin(&self, method: &str, path: &str) -> Answer {
        http::request(self.admin, method, path, &[], b"").unwrap()
    }

    /// A function as `ps -o json` shows it.
    pub(crate) fn function(&self, name: &str) -> Value {
        self.admin("GET", &format!("/api/v1/functions/{name}")).json()
    }

    /// Waits until every verdict on an event is there, and gives them by trigger.
    pub(crate) fn verdicts(&self, id: &str) -> std::collections::BTreeMap<String, Value> {
        let answer = self.admin("GET", &format!("/api/v1/events/{id}?wait=60s"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let explained = answer.json();
        let verdicts = explained["verdicts"].as_array().unwrap().clone();
        verdicts.into_iter().map(|v| (v["trigger"].as_str().unwrap().to_owned(), v)).collect()
    }

    /// Waits until a function has no process.
    pub(crate) fn wait_zero(&self, name: &str) {
        wait_for("the function is at zero", || {
            let function = self.function(name);
            (function["instances"] == 0 && function["in_flight"] == 0).then_some(())
        });
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        log(self.project)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// SIGKILL.
    pub(crate) fn kill9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit that follows.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// Its exit, without asking for it.
    pub(crate) fn wait(mut self) -> ExitStatus {
        wait_for("the runtime ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Runtime<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("--- what the runtime said:\n{}", log(self.project));
        }
    }
}

/// Sends an event in binary mode.
pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    id: &str,
    ty: &str,
    data: &str,
) -> std::io::Result<Answer> {
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "/test"),
        ("ce-type", ty),
        ("content-type", "text/plain"),
    ];
    http::request(address, "POST", path, &headers, data.as_bytes())
}

/// Starts the binary in a project without waiting; what it says goes to files.
pub(crate) fn spawn(project: &Project, arguments: &[&str]) -> Child {
    let said = File::options().create(true).append(true).open(project.file("said")).unwrap();
    asked(project, arguments).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
}

/// Runs a verb to its end: exit code, stdout, stderr.
pub(crate) fn verb(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    finished(&mut asked(project, arguments))
}

/// The same, with something on stdin.
pub(crate) fn verb_reading(project: &Project, arguments: &[&str], input: &str) -> (i32, String, String) {
    project.write("stdin", input);
    finished(asked(project, arguments).stdin(File::open(project.file("stdin")).unwrap()))
}

/// A verb that is not started yet, with nothing on stdin, as the user whose project it is.
pub(crate) fn asked(project: &Project, arguments: &[&str]) -> Command {
    let mut command = of_user(project, BINARY);
    command.args(arguments).current_dir(project.path()).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// A program of the user whose project it is.
pub(crate) fn of_user(project: &Project, program: &str) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = project.user() {
        command.uid(user).gid(user);
    }
    command
}

fn finished(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// What a program prints, if it is there and succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn log(project: &Project) -> String {
    fs::read_to_string(project.file("said")).unwrap_or_default()
}
