//! Functions that cannot run, or run badly: each is told, none loses an event, and none stops the others.

use std::fs::{self, File};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_script, noting_server, python};
use crate::support::runtime::{of_user, verb};
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "bad functions",
        &[
            ("not_executable", not_executable),
            ("built_for_another_machine", built_for_another_machine),
            ("missing_interpreter", missing_interpreter),
            ("still_being_written", still_being_written),
            ("exits_before_it_listens", exits_before_it_listens),
            ("crashes_in_a_loop_at_start", crashes_in_a_loop),
            ("listens_on_another_port", listens_on_another_port),
            ("never_answers", never_answers),
            ("answers_500", answers_500),
            ("dies_in_mid_response", dies_in_mid_response),
            ("dies_of_every_event", dies_of_every_event),
            ("a_call_the_function_broke_off_is_not_made_twice", a_broken_call_is_not_made_twice),
            ("a_start_for_which_the_user_has_no_process_left_waits_and_costs_no_attempt", no_process_left),
            ("a_bad_neighbour_hurts_nobody", a_bad_neighbour_hurts_nobody),
        ],
    )
}

const QUICK: &str = "[broker.default]\ndelivery = { retry = 2, delay = \"5ms\", timeout = \"500ms\" }\n";

/// The event waits while the file is broken, the reason is told, and the mended file takes it.
fn waits_until_mended(break_it: impl FnOnce(&Project), reason: &str) {
    let project = Project::new("[function.order]\ntimeout = { start = \"1s\" }\n");
    break_it(&project);
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the reason is told", || told(&runtime, "order").contains(reason));
    assert!(runtime.log().contains(reason), "the log tells it, too: {}", runtime.log());
    assert_eq!(project.lines("delivered"), [""; 0]);
    project.function("order", noting_server("", ""));
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("delivered"), ["1"]);
}

fn told(runtime: &Runtime<'_>, function: &str) -> String {
    let function = runtime.function(function);
    function["reason"].as_str().unwrap_or_default().to_owned()
}

fn not_executable() {
    let break_it = |project: &Project| project.write("functions/order", &noting_script("", ""));
    waits_until_mended(break_it, "not executable");
}

fn built_for_another_machine() {
    let break_it = |project: &Project| {
        let mut elf = fs::read("/bin/true").unwrap();
        // e_machine of the ELF header: RISC-V.
        elf[18..20].copy_from_slice(&243u16.to_le_bytes());
        project.function("order", elf);
    };
    waits_until_mended(break_it, "built for riscv");
}

fn missing_interpreter() {
    waits_until_mended(|p| p.function("order", "#!/usr/bin/no-such-thing\n"), "no such interpreter");
}

fn exits_before_it_listens() {
    waits_until_mended(
        |p| p.function("order", "#!/bin/sh\necho no database >&2\nexit 9\n"),
        "exit 9 before it accepted a request | no database",
    );
}

/// Failure scenario 12.
fn crashes_in_a_loop() {
    let project = Project::new("");
    project.function("order", "#!/bin/sh\necho start >> starts\necho out of paper >&2\nexit 3\n");
    let runtime = Runtime::start(&project);
    let ids = ["1", "2", "3"];
    ids.iter().for_each(|id| runtime.send(id, "order"));
    for wait in ["100ms", "200ms", "400ms", "800ms"] {
        wait_until("each wait is twice as long", || runtime.log().contains(&format!("(next try in {wait})")));
    }
    let starts = project.lines("starts").len();
    let failures = runtime.log().matches("(next try in").count();
    assert!(starts <= failures + 1, "one tries for all: {starts} starts, {failures} of them failed");
    let reason = "exit 3 before it accepted a request | out of paper";
    assert!(told(&runtime, "order").contains(reason), "{}", told(&runtime, "order"));
    let (_, ps, _) = verb(&project, &["ps"]);
    assert!(ps.contains(reason), "{ps}");
    assert_eq!(runtime.function("order")["queued"], 3, "they wait");
    project.function("order", noting_server("", ""));
    for id in ids {
        let verdict = &runtime.verdicts(id)["order"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    }
    assert!(told(&runtime, "order").is_empty(), "all is well again");
}

fn listens_on_another_port() {
    let python = python();
    let server = format!(
        "#!{python}\nfrom http.server import *\ns = HTTPServer((\"127.0.0.1\", 0), BaseHTTPRequestHandler)\ns.serve_forever()\n"
    );
    waits_until_mended(|p| p.function("order", server), "it listens on 127.0.0.1:");
}

fn still_being_written() {
    let project = Project::new("[function.order]\ntimeout = { start = \"500ms\" }\n");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    let writer = File::options().append(true).open(project.file("functions/order")).unwrap();
    runtime.send("1", "order");
    wait_until("its start waits", || runtime.function("order")["state"] == "starting");
    wait_until("it says why", || runtime.log().contains("functions/order is still being written"));
    wait_until("so does ps", || told(&runtime, "order").contains("functions/order is still being written"));
    assert_eq!(project.lines("delivered"), [""; 0]);
    drop(writer);
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
}

/// Delivers one event to a server that misbehaves, and gives the verdict.
fn verdict_of(more: &str) -> Value {
    let project = Project::new(QUICK);
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = runtime.verdicts("1")["order"].clone();
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    assert_eq!(verdict["attempt_count"], 3, "{verdict}");
    assert!(runtime.log().contains("stored as a dead letter"), "{}", runtime.log());
    project.function("order", noting_script("", ""));
    runtime.send("2", "order");
    assert_eq!(runtime.verdicts("2")["order"]["outcome"], "delivered", "the mended one works");
    assert_eq!(project.counts("delivered")["1"], 3, "a dead letter does not come again");
    verdict
}

fn never_answers() {
    assert_eq!(verdict_of("        time.sleep(3600)")["attempts"][0]["status"], "timeout");
}

fn answers_500() {
    assert_eq!(verdict_of("        status = 500")["attempts"][2]["status"], "500");
}

fn dies_in_mid_response() {
    let more = "        self.wfile.write(b'HTTP/1.1 200 OK\\r\\ncontent-length: 10\\r\\n\\r\\nhalf')\n        self.wfile.flush()\n        os._exit(1)";
    assert_eq!(verdict_of(more)["attempts"][0]["status"], "connection lost");
}

fn dies_of_every_event() {
    let verdict = verdict_of("        os.write(2, b'no field total\\n')\n        os._exit(3)");
    let attempt = &verdict["attempts"][0];
    assert_eq!(attempt["status"], "connection lost");
    let error = attempt["error"].as_str().unwrap();
    assert!(error.ends_with(": exit 3 | no field total"), "what it printed last says why: {error}");
}

/// The second request on a kept-alive connection is taken and never answered. Only what may be repeated is.
fn a_broken_call_is_not_made_twice() {
    let project = Project::new("");
    let python = python();
    let server = format!(
        r#"#!{python}
import os, socket
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    connection, _ = listener.accept()
    for answer in [b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""]:
        head = b""
        while b"\r\n\r\n" not in head and (part := connection.recv(65536)):
            head += part
        if head:
            with open("taken", "ab", 0) as taken:
                taken.write(head.split(b"\r\n")[0] + b"\n")
        connection.sendall(answer)
    connection.close()
"#
    );
    project.function("shaky", server);
    let runtime = Runtime::start(&project);
    let call = |method: &str, path: &str| {
        http::request(runtime.listen, method, &format!("/fn/shaky{path}"), &[], b"").unwrap().status
    };
    assert_eq!((call("POST", "/1"), call("POST", "/2")), (200, 502));
    assert_eq!((call("POST", "/3"), call("GET", "/4")), (200, 200), "a GET may be repeated");
    let taken = project.counts("taken");
    let count = |line: &str| taken.get(line).copied().unwrap_or_default();
    assert_eq!(count("POST /2 HTTP/1.1"), 1, "{taken:?}");
    assert_eq!(count("GET /4 HTTP/1.1"), 2, "{taken:?}");
}

/// RLIMIT_NPROC of the runtime, which its children inherit; gives what it was. Not even root may do so for others everywhere.
fn limit_processes(project: &Project, runtime: &Runtime<'_>, soft: &str) -> String {
    let pid = runtime.pid().to_string();
    let prlimit = |arguments: &[&str]| {
        let mut command = of_user(project, "prlimit");
        let output = command.args(["--pid", &pid]).args(arguments).output().expect("prlimit is needed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let was = prlimit(&["--nproc", "--output", "SOFT", "--noheadings", "--raw"]);
    prlimit(&[&format!("--nproc={soft}:")]);
    was
}

/// Failure scenario 30: the kernel answers every fork with EAGAIN. Root has no such limit.
fn no_process_left() {
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    // Python's interpreter may be nobody's but root's.
    let lines = "#!/bin/sh\n# hydrant: protocol = \"stdio\"\nwhile read -r line; do echo 3 >> delivered; echo {}; done\n";
    project.function("serve", lines);
    project.give_to(61_030);
    let runtime = Runtime::start(&project);
    let was = limit_processes(&project, &runtime, "0");
    let events = [("1", "order"), ("2", "order"), ("3", "serve")];
    events.iter().for_each(|(id, of)| runtime.send(id, of));
    wait_until("both wait for room", || {
        runtime.log().matches("the system has no room for another process").count() >= 2
    });
    assert_eq!(project.lines("delivered").len(), 0);
    limit_processes(&project, &runtime, &was);
    for (id, of) in events {
        let verdict = &runtime.verdicts(id)[of];
        assert_eq!(
            (&verdict["outcome"], &verdict["attempt_count"]),
            (&"delivered".into(), &1.into()),
            "{verdict}"
        );
    }
    assert_eq!(project.lines("delivered").len(), 3);
    assert!(runtime.stop().success());
}

fn a_bad_neighbour_hurts_nobody() {
    let project = Project::new("[function.slow]\ntimeout = \"1h\"\n");
    project.function("slow", noting_server(r#"on = { type = "order" }"#, "        time.sleep(3600)"));
    project.function("broken", "#!/bin/sh\n# hydrant: on = { type = \"order\" }\nexit 1\n");
    project.function("good", noting_script(r#", on = { type = "order" }"#, "echo \"$CE_ID\" >> good"));
    let runtime = Runtime::start(&project);
    for id in 0..20 {
        runtime.send(&id.to_string(), "order");
    }
    wait_until("the good one has them all", || project.lines("good").len() == 20);
}
