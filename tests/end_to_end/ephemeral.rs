//! Hydrant as a part of somebody's test: where it answers, what it leaves alone, and that it ends with whoever started it.

#![expect(clippy::disallowed_methods, reason = "the test starts the programs that start hydrant")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::http::request;
use crate::support::project::{noting_server, python};
use crate::support::runtime::{BINARY, asked, output, post};
use crate::support::{Project, Runtime, group, group_needing, wait_for, wait_until};

const EPHEMERAL: [&str; 4] = ["dev", "--ephemeral", "-o", "json"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "ephemeral",
        &[
            ("a_runtime_for_a_test_says_where_it_is_and_touches_nothing", touches_nothing),
            ("it_ends_when_its_stdin_is_closed", stdin_closed),
            ("it_ends_with_its_parent_however_that_ends", parent_killed),
            ("the_test_in_python_passes_as_it_is_written", written_in_python),
        ],
    );
    let no_node = output("node", &["--version"]).is_none().then(|| "no node".into());
    let node = [("the_test_in_node_passes_as_it_is_written", written_in_node as fn())];
    trials.extend(group_needing("ephemeral with node", no_node, &node));
    trials
}

fn project() -> Project {
    // The ports of the file are not asked for, and one of them is taken by nobody.
    let project = Project::new("state = \"kept\"\n");
    project.function("order", noting_server("on = { type = \"order\" }", ""));
    project
}

/// What it says when it is ready.
fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

/// Has a function running there.
fn deliver(ready: &Value) {
    let address = |key: &str| ready[key].as_str().unwrap().parse().unwrap();
    assert_eq!(post(address("listen"), "/", "1", "order", "data").unwrap().status, 202);
    let told = request(address("admin"), "GET", "/api/v1/events/1?wait=60s", &[], b"").unwrap().json();
    assert_eq!(told["verdicts"][0]["outcome"], "delivered", "{told}");
}

/// Nothing of it is left: no process of the project, no file but the function's own note, no socket.
fn leaves_nothing(project: &Project, ready: &Value) {
    wait_until("nothing runs there", || project.processes().is_empty());
    assert!(!PathBuf::from(ready["socket"].as_str().unwrap()).exists());
    let mut names: Vec<_> = fs::read_dir(project.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["delivered", "functions", "runtime.toml"]);
}

fn touches_nothing() {
    let project = project();
    let beside = Runtime::start_as(&project, &["dev", "--state", ".hydrant"]);
    let mut command = asked(&project, &EPHEMERAL);
    let mut child = command
        .env("HYDRANT_STATE", "elsewhere")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ready = ready(&mut child);
    assert_eq!(ready["pid"], child.id());
    assert_eq!(ready["functions"], serde_json::json!([{"function": "order", "state": "zero"}]));
    deliver(&ready);
    assert_eq!(beside.admin("GET", "/api/v1/events/1").status, 404, "the other one knows nothing of it");
    // Stdin is no pipe, and so says nothing.
    assert!(child.try_wait().unwrap().is_none());
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!project.file("elsewhere").exists() && !project.file("kept").exists());
    assert!(beside.stop().success());
}

fn stdin_closed() {
    let project = project();
    let mut command = asked(&project, &EPHEMERAL);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ready = ready(&mut child);
    deliver(&ready);
    // Nobody hears it either, from now on.
    drop(child.stderr.take());
    drop(child.stdin.take());
    assert_eq!(wait_for("it ends", || child.try_wait().unwrap()).code(), Some(0));
    leaves_nothing(&project, &ready);
}

/// The parent keeps nothing of it but a pipe from its stdout and one from its stderr, which break with it.
fn parent_killed() {
    let project = project();
    let program = "import subprocess, sys\n\
        pipes = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n\
        child = subprocess.Popen(sys.argv[1:], **pipes)\n\
        print(child.stdout.readline().decode(), end='', flush=True)\n\
        sys.stdin.read()\n";
    let mut command = Command::new(python());
    command.args(["-c", program, BINARY]).args(EPHEMERAL).current_dir(project.path());
    let mut parent = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let ready = ready(&mut parent);
    deliver(&ready);
    assert!(project.processes().len() >= 3, "the parent, hydrant and its function run");
    parent.kill().unwrap();
    parent.wait().unwrap();
    leaves_nothing(&project, &ready);
}

/// What stands in a fence of the documentation.
fn example(language: &str) -> String {
    let page = include_str!("../../docs/testing.md");
    let fence = page.split(&format!("```{language}\n")).nth(1).expect("the page has it");
    fence.split("```").next().unwrap().to_owned()
}

fn passes(program: &str, file: &str, language: &str) {
    let project = Project::new("");
    project.function("bill.sh", example("sh"));
    project.write(file, &example(language));
    let folder = PathBuf::from(BINARY).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.arg(file).current_dir(project.path()).env("PATH", path);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    wait_until("nothing runs there", || project.processes().is_empty());
}

fn written_in_python() {
    passes(python(), "test_bill.py", "python");
}

fn written_in_node() {
    passes("node", "bill.test.mjs", "js");
}
