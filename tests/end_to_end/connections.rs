//! Connections that end, or do not, at the worst moment (failure scenarios 44 and 45).

use std::time::Duration;

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, group_needing, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let tests = [
        ("a_process_killed_after_it_accepted_costs_no_event", killed_after_accept as fn()),
        ("a_server_of_one_connection_answers_the_second_request", one_connection),
        ("that_it_serves_one_connection_is_learnt", one_connection_is_learnt),
    ];
    let mut trials = group("connections", &tests);
    let node = runtime::output("node", &["--version"]).is_none().then(|| "no node".to_owned());
    let tests = [
        ("a_kept_alive_connection_that_expires_costs_no_attempt", kept_alive_expires as fn()),
        ("nor_does_one_that_expires_with_a_request_in_it", expires_with_a_request),
    ];
    trials.extend(group_needing("connections of node", node, &tests));
    trials
}

/// Node's own five seconds, made short; the events come around the moment when they are over.
fn kept_alive_expires() {
    const KEPT: Duration = Duration::from_millis(20);
    let project = Project::new("");
    let server = format!(
        r#"#!/usr/bin/env node
// What Node does after its five seconds, and the one that it adds to whatever is said in their place.
const server = require("node:http").createServer((request, response) => {{
  response.on("finish", () => setImmediate(() => request.socket.setTimeout({})));
  request.resume().on("end", () => response.end("ok"));
}});
server.on("connection", () => require("node:fs").appendFileSync("connections", "one\n"));
server.listen(process.env.PORT);
"#,
        KEPT.as_millis()
    );
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    let connections = || project.lines("connections").len();
    let (mut pause, mut before) = (KEPT, 0);
    for number in 0..60 {
        let id = number.to_string();
        runtime.send(&id, "serve");
        let verdict = &runtime.verdicts(&id)["serve"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
        // Shorter after one that came too late for the connection, and else longer.
        pause = if connections() > before { pause * 9 / 10 } else { pause * 11 / 10 };
        before = connections();
        std::thread::sleep(pause);
    }
    let function = runtime.function("serve");
    assert_eq!((&function["failed"], &function["cold_starts"]), (&0.into(), &1.into()), "{function}");
    assert!(connections() > 2, "they did expire");
}

/// The worst moment, each time: the second request of a connection is on its way when that goes.
fn expires_with_a_request() {
    let project = Project::new("");
    let server = r#"#!/usr/bin/env node
require("node:http").createServer((request, response) => {
  if (request.socket.served) return request.socket.destroy();
  request.socket.served = true;
  request.resume().on("end", () => response.end("ok"));
}).listen(process.env.PORT);
"#;
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3", "4", "5"] {
        runtime.send(id, "serve");
        let verdict = &runtime.verdicts(id)["serve"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    }
    assert_eq!(runtime.function("serve")["failed"], 0);
}

fn killed_after_accept() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 2, delay = \"5ms\" }\n");
    let server = format!(
        r#"#!{}
import os, signal, socket
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    connection, _ = listener.accept()
    with open("accepted", "a") as accepted: accepted.write("one\n")
    if len(open("accepted").readlines()) == 1: os.kill(os.getpid(), signal.SIGKILL)
    if connection.recv(65536): connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    connection.close()
"#,
        python()
    );
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    for id in ["1", "2"] {
        runtime.send(id, "serve");
        let verdict = &runtime.verdicts(id)["serve"];
        assert_eq!(verdict["outcome"], "delivered", "{verdict}");
    }
    assert!(project.lines("accepted").len() >= 3);
}

/// Python's own server of one thread, which stays with a connection for as long as that is kept.
fn one_connection() {
    let project = Project::new("");
    let server = format!(
        r#"#!{}
import os, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        while not os.path.exists("go"): time.sleep(0.005)
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *arguments): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#,
        python()
    );
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    let round = |round: u32| {
        let ids: Vec<String> = (0..4).map(|n| format!("{round}-{n}")).collect();
        ids.iter().for_each(|id| runtime.send(id, "serve"));
        wait_until("all of them are in flight", || {
            project.file("go").exists() || runtime.function("serve")["in_flight"] == 4
        });
        project.write("go", "");
        for id in &ids {
            let verdict = &runtime.verdicts(id)["serve"];
            assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
        }
    };
    round(1);
    round(2);
    assert_eq!(runtime.function("serve")["failed"], 0);
}

/// Once its second connection was seen to wait for the first, the calls take turns on one.
fn one_connection_is_learnt() {
    let project = Project::new("[defaults]\nidle = \"10m\"\n");
    let server = format!(
        r#"#!{}
import os, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def setup(self):
        super().setup()
        with open("connections", "a") as connections: connections.write("one\n")
    def do_GET(self):
        time.sleep(0.005)
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *arguments): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#,
        python()
    );
    project.function("serve", server);
    let runtime = Runtime::start(&project);
    // Those that a round of calls at once opened.
    let round = || {
        let before = project.lines("connections").len();
        std::thread::scope(|scope| {
            let call = || assert_eq!(runtime.get("/fn/serve").status, 200);
            (0..4).for_each(|_| drop(scope.spawn(call)));
        });
        project.lines("connections").len() - before
    };
    assert!(round() > 1, "nothing is known of it yet");
    wait_until("it is learnt", || round() <= 1);
    round();
    assert_eq!([round(), round(), round()], [0, 0, 0], "all of them go over the one that is kept");
    runtime.admin("POST", "/api/v1/functions/serve/reap");
    runtime.wait_zero("serve");
    assert_eq!(round(), 1, "its next process is known, too");
    assert_eq!(runtime.function("serve")["failed"], 0);
}
