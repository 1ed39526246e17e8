//! `hydrant attach`: a person starts a function's process himself.

#![expect(clippy::disallowed_methods, reason = "the test is the person who starts processes")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::project::{noting_script, noting_server, python};
use crate::support::runtime::{asked, output, verb};
use crate::support::{Project, Runtime, group, group_needing, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = group(
        "attach",
        &[
            ("a_process_that_a_person_starts_is_given_the_event_that_waited", started_by_hand),
            ("what_is_attached_has_all_the_time_it_wants", slower_than_its_timeout),
            ("when_the_attach_ends_the_function_starts_its_own_process", ends_with_the_client),
            ("when_the_process_ends_the_attach_does", ends_with_the_process),
            ("a_prefix_runs_the_command_with_the_listener_and_ends_with_it", runs_a_prefix),
            ("a_stock_server_behind_a_prefix_is_found_at_its_port", stock_behind_a_prefix),
            ("a_second_attach_and_what_cannot_be_attached_is_refused", refusals),
            ("a_runtime_that_stops_takes_the_place_back", runtime_stops),
        ],
    );
    let missing = output("gdb", &["--version"]).is_none().then(|| "no gdb".to_owned());
    let gdb = [("a_program_at_a_breakpoint_is_given_the_event", breakpoint as fn())];
    trials.extend(group_needing("attach with gdb", missing, &gdb));
    let missing = output("node", &["--version"]).is_none().then(|| "no node".to_owned());
    let node =
        [("what_an_editor_starts_for_node_is_the_process_and_has_its_debugger", from_an_editor as fn())];
    trials.extend(group_needing("attach with node", missing, &node));
    trials
}

/// A process that a person started; all of its group ends with the test.
struct Started(Child);

impl Started {
    fn new(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }

    fn end(&mut self, signal: Signal) {
        killpg(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), signal).ok();
        self.0.wait().unwrap();
    }

    /// Its exit code, once it ended by itself.
    fn ended(&mut self) -> Option<i32> {
        wait_for("it ends", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.end(Signal::SIGKILL);
    }
}

/// `hydrant attach serve`, and the lines that it printed.
fn attach(project: &Project) -> (Started, String) {
    let mut command = asked(project, &["attach", "serve"]);
    let mut client = Started::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(client.0.stdout.take().unwrap()).lines();
    let mut text = String::new();
    loop {
        let line = lines.next().expect("a command at the end").unwrap();
        let goes_on = line.ends_with(['\\', '&']);
        text.push_str(&line);
        text.push('\n');
        if !goes_on {
            return (client, text);
        }
    }
}

/// The person pastes the lines into a shell.
fn paste(project: &Project, lines: &str) -> Started {
    Started::new(Command::new("sh").args(["-c", lines]).current_dir(project.path()).stdin(Stdio::null()))
}

fn said(client: &mut Started) -> String {
    let mut talk = String::new();
    client.0.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    talk
}

/// A server that notes who it is: ours says nothing, the person's says what he set.
fn project() -> Project {
    let project = Project::new("");
    let note = "        note(self.headers['ce-id'] + ' ' + os.environ.get('WHOSE', 'own') + ' ' + os.environ['GREETING'], 'seen')";
    project.function("serve", noting_server("env = { GREETING = \"it's me\" }", note));
    project
}

fn state(runtime: &Runtime<'_>) -> String {
    runtime.function("serve")["state"].as_str().unwrap().to_owned()
}

fn started_by_hand() {
    let project = project();
    let runtime = Runtime::start(&project);
    let (_client, lines) = attach(&project);
    assert_eq!(state(&runtime), "attached");
    runtime.send("1", "serve");
    wait_until("it waits in its place", || runtime.function("serve")["in_flight"] == 1);
    assert_eq!(project.processes().len(), 2, "the runtime, the attach, and nothing of its own");
    let _process = paste(&project, &format!("export WHOSE=mine\n{lines}"));
    let verdict = &runtime.verdicts("1")["serve"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
    assert_eq!(project.lines("seen"), ["1 mine it's me"]);
    runtime.send("2", "serve");
    runtime.verdicts("2");
    assert_eq!(project.lines("seen"), ["1 mine it's me", "2 mine it's me"]);
}

fn slower_than_its_timeout() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0, timeout = \"200ms\" }\n");
    // Slower than that by its own clock, and until the test says so.
    let slow = "        time.sleep(0.5)\n        while not os.path.exists('go'): time.sleep(0.005)";
    project.function("serve", noting_server("timeout = { request = \"200ms\", start = \"200ms\" }", slow));
    let runtime = Runtime::start(&project);
    let (_client, lines) = attach(&project);
    let _process = paste(&project, &lines);
    runtime.send("1", "serve");
    wait_until("it looks at the event", || !project.lines("delivered").is_empty());
    project.write("go", "");
    let verdict = &runtime.verdicts("1")["serve"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
    assert!(verdict["total_ms"].as_f64().unwrap() > 500.0, "{verdict}");
}

fn ends_with_the_client() {
    let project = project();
    let runtime = Runtime::start(&project);
    let (mut client, lines) = attach(&project);
    let mut process = paste(&project, &format!("export WHOSE=mine\n{lines}"));
    runtime.send("1", "serve");
    runtime.verdicts("1");
    client.end(Signal::SIGINT);
    wait_until("it is not attached any more", || state(&runtime) == "zero");
    runtime.send("2", "serve");
    runtime.verdicts("2");
    assert_eq!(project.lines("seen"), ["1 mine it's me", "2 own it's me"]);
    assert!(process.0.try_wait().unwrap().is_none(), "the person's process is his");
    process.end(Signal::SIGTERM);
}

fn ends_with_the_process() {
    let project = project();
    let runtime = Runtime::start(&project);
    let (mut client, lines) = attach(&project);
    let mut process = paste(&project, &format!("export WHOSE=mine\n{lines}"));
    runtime.send("1", "serve");
    runtime.verdicts("1");
    process.end(Signal::SIGTERM);
    assert_eq!(client.ended(), Some(0));
    let talk = said(&mut client);
    assert!(talk.contains("its process ended"), "{talk}");
    runtime.send("2", "serve");
    runtime.verdicts("2");
    assert_eq!(project.lines("seen"), ["1 mine it's me", "2 own it's me"]);
}

/// A server at fd 3 that demands to be the one who was meant.
fn activated() -> String {
    let python = python();
    format!(
        r#"#!{python}
import os, socket
from http.server import BaseHTTPRequestHandler, HTTPServer
assert os.environ["LISTEN_PID"] == str(os.getpid()), (os.environ["LISTEN_PID"], os.getpid())
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        with open("seen", "a") as file: file.write(self.headers["ce-id"] + " " + os.environ.get("WHOSE", "own") + "\n")
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
        if self.headers["ce-id"] == "last": self.wfile.flush(); os._exit(7)
    def log_message(self, *arguments): pass
server = HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=3)
server.serve_forever()
"#
    )
}

fn runs_a_prefix() {
    let project = Project::new("");
    project.function("serve", activated());
    let runtime = Runtime::start(&project);
    runtime.send("0", "serve");
    runtime.verdicts("0");
    let mut client = Started::new(&mut asked(&project, &["attach", "serve", "--exec", "env WHOSE=mine"]));
    wait_until("it is attached", || state(&runtime) == "attached");
    for id in ["1", "last"] {
        runtime.send(id, "serve");
        runtime.verdicts(id);
    }
    assert_eq!(client.ended(), Some(7), "it is the program");
    wait_until("it is not attached any more", || state(&runtime) != "attached");
    runtime.send("2", "serve");
    runtime.verdicts("2");
    assert_eq!(project.lines("seen"), ["0 own", "1 mine", "last mine", "2 own"]);
}

fn stock_behind_a_prefix() {
    let project = project();
    let runtime = Runtime::start(&project);
    let _client = Started::new(&mut asked(&project, &["attach", "serve", "--exec", "env WHOSE=mine"]));
    wait_until("it is attached", || state(&runtime) == "attached");
    runtime.send("1", "serve");
    runtime.verdicts("1");
    assert_eq!(project.lines("seen"), ["1 mine it's me"]);
}

fn refusals() {
    let project = project();
    project.function("once", noting_script("", ""));
    project.function("lines", "#!/bin/sh\n# hydrant: protocol = \"stdio\"\ncat\n");
    let runtime = Runtime::start(&project);
    let (_client, _) = attach(&project);
    let refused = |arguments: &[&str], expected: &str| {
        let (code, out, talk) = verb(&project, arguments);
        assert_eq!((code, &*out), (1, ""), "{talk}");
        assert!(talk.contains(expected), "{expected}: {talk}");
    };
    refused(&["attach", "serve"], "serve is attached already");
    refused(&["attach", "srve"], "did you mean `serve`?");
    refused(&["attach", "once"], "protocol = \"oneshot\"");
    refused(&["attach", "lines", "--exec", "env"], "protocol = \"stdio\"");
    assert_eq!(state(&runtime), "attached", "the first one has its place still");
    let over_tcp = runtime.admin("POST", "/api/v1/functions/serve/attach").json();
    assert_eq!(over_tcp["message"], "a process is attached over the Unix socket only");
}

fn runtime_stops() {
    let project = project();
    let runtime = Runtime::start(&project);
    let (mut client, lines) = attach(&project);
    let mut process = paste(&project, &lines);
    runtime.send("1", "serve");
    runtime.verdicts("1");
    assert!(runtime.stop().success());
    assert_eq!(client.ended(), Some(0));
    assert!(said(&mut client).contains("took its place back"));
    assert!(process.0.try_wait().unwrap().is_none(), "the person's process is his");
}

/// An event reaches a program that gdb stops in the function that handles it, and goes on when gdb lets it.
fn breakpoint() {
    let source = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
void handle(int caller) {
    char request[65536];
    if (read(caller, request, sizeof request) <= 0) return;
    const char *answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    write(caller, answer, strlen(answer));
}
int main(void) {
    int on = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT"))) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 16)) return 1;
    for (;;) { int caller = accept(door, 0, 0); handle(caller); close(caller); }
}
"#;
    let project = Project::new("");
    project.write("serve.c", source);
    let (from, to) = (project.file("serve.c"), project.file("built"));
    output("gcc", &["-g", "-o", to.to_str().unwrap(), from.to_str().unwrap()]).expect("gcc builds it");
    project.function("serve", fs::read(to).unwrap());
    let runtime = Runtime::start(&project);
    project.write("script", "set pagination off\nbreak handle\nrun\nshell touch stopped\nshell while [ ! -e go ]; do sleep 0.01; done\ndelete\ncontinue\n");
    let prefix = "gdb -q -batch -x script --args";
    let mut gdb = asked(&project, &["attach", "serve", "--exec", prefix]);
    let _gdb = Started::new(gdb.stdout(Stdio::null()).stderr(Stdio::null()));
    wait_until("it is attached", || state(&runtime) == "attached");
    runtime.send("1", "serve");
    wait_until("it is at the breakpoint", || project.file("stopped").exists());
    assert_eq!(runtime.function("serve")["in_flight"], 1);
    project.write("go", "");
    let verdict: Value = runtime.verdicts("1")["serve"].clone();
    assert_eq!(verdict["outcome"], "delivered", "{verdict}");
    // gdb's own child leads a group of its own.
    for pid in project.processes().into_iter().filter(|pid| *pid != runtime.pid()) {
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).ok();
    }
}

/// The editor starts what `hydrant new` wrote for it; the debugger comes along in `NODE_OPTIONS`, as that of VS Code does.
fn from_an_editor() {
    let project = Project::new("");
    let (code, _, talk) = verb(&project, &["new", "serve", "--lang", "node", "--editor", "vscode"]);
    assert_eq!(code, 0, "{talk}");
    let lines = project.lines(".vscode/launch.json");
    let file: String = lines.into_iter().filter(|line| !line.starts_with("//")).collect();
    let launch = serde_json::from_str::<Value>(&file).unwrap()["configurations"][0].take();
    assert_eq!(
        (&launch["type"], &launch["runtimeExecutable"]),
        (&"node".into(), &"hydrant".into()),
        "{file}"
    );
    let arguments: Vec<&str> =
        launch["runtimeArgs"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    project.write("debugger.cjs", "require('fs').appendFileSync('debugged', process.pid + '\\n')");
    let runtime = Runtime::start(&project);
    let debugger = format!("--require {}", project.file("debugger.cjs").display());
    let mut started = asked(&project, &arguments);
    let editor = Started::new(started.env("NODE_OPTIONS", debugger).stdout(Stdio::null()));
    wait_until("it is attached", || state(&runtime) == "attached");
    let (code, out, talk) =
        verb(&project, &["send", "com.example.serve", "{\"name\":\"Ada\"}", "--wait=60s"]);
    assert_eq!(code, 0, "{out}{talk}");
    assert_eq!(project.lines("debugged"), [editor.0.id().to_string()], "the one process, and only that");
}
