//! What a function leaves behind ends with it: daemons that hold its port and its output, orphans and zombies (failure
//! scenarios 16 and 17).

use libtest_mimic::Trial;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "descendants",
        &[
            ("a_daemon_with_the_port_and_the_output_ends_with_its_function", || daemon("standard")),
            ("so_it_does_without_isolation", || daemon("none")),
            ("a_stopped_runtime_leaves_no_descendant", a_stopped_runtime),
        ],
    )
}

/// It listens, and then makes three that end at once and stay zombies of nobody's, and one that stays: in a session of
/// its own, deaf to SIGTERM, with the listener and the output open.
fn daemonic(project: &Project) -> String {
    let daemons = project.file("daemons");
    format!(
        r#"#!{}
import os, signal, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *arguments): pass
server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
def orphan(then):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: then()
        os._exit(0)
    os.wait()
def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.set_inheritable(server.fileno(), True)
    open("{}", "a").write("%d\n" % os.getpid())
    print("still here", flush=True)
    while True: time.sleep(1)
orphan(stay)
for _ in range(3): orphan(lambda: os._exit(0))
server.serve_forever()
"#,
        python(),
        daemons.display(),
    )
}

/// Delivers an event, and waits until the daemon of that process is there, too.
fn serve(project: &Project, runtime: &Runtime<'_>, number: usize) {
    runtime.send(&number.to_string(), "serve");
    let verdict = &runtime.verdicts(&number.to_string())["serve"];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    wait_until("its daemon is there", || project.lines("daemons").len() == number);
}

fn daemon(level: &str) {
    let project = Project::new(&format!("[function.serve]\nisolation = \"{level}\"\n"));
    project.function("serve", daemonic(&project));
    let runtime = Runtime::start(&project);
    for number in [1, 2] {
        serve(&project, &runtime, number);
        runtime.admin("POST", "/api/v1/functions/serve/reap");
        runtime.wait_zero("serve");
        wait_until("nothing of it is left", || project.processes() == [runtime.pid()]);
    }
    assert_eq!(runtime.function("serve")["cold_starts"], 2, "the port was free again");
}

fn a_stopped_runtime() {
    let project = Project::new("");
    project.function("serve", daemonic(&project));
    let runtime = Runtime::start(&project);
    serve(&project, &runtime, 1);
    assert!(runtime.stop().success());
    assert_eq!(project.processes(), [0; 0], "not even for a moment");
}
