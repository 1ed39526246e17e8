//! A program that binds `$PORT` by itself, while we hold the number for it: however it does that (failure scenario 48).

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "held port",
        &[
            ("a_program_with_reuseaddr_binds_it", || binds("SO_REUSEADDR,")),
            ("a_program_with_reuseport_binds_it", || binds("SO_REUSEPORT,")),
            ("a_program_with_both_binds_it", || binds("SO_REUSEADDR, SO_REUSEPORT,")),
            ("a_program_with_neither_is_started_again_and_binds_it", || binds("")),
        ],
    )
}

/// Two starts, each for an event, which is delivered with its first attempt. Without isolation, since otherwise its
/// listener is replaced by ours.
fn binds(options: &str) {
    let project = Project::new("[function.serve]\nisolation = \"none\"\n");
    let server = format!(
        r#"#!{}
import os
from socket import *
with open("starts", "a") as starts: starts.write("one\n")
listener = socket()
for option in [{options}]: listener.setsockopt(SOL_SOCKET, option, 1)
listener.bind(("127.0.0.1", int(os.environ["PORT"])))
listener.listen()
while True:
    connection, _ = listener.accept()
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
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
        runtime.admin("POST", "/api/v1/functions/serve/reap");
        runtime.wait_zero("serve");
    }
    let starts = if options.is_empty() { 3 } else { 2 };
    assert_eq!(project.lines("starts").len(), starts, "what was found out is remembered");
    assert_eq!(runtime.function("serve")["failed"], 0);
}
