//! Zero is zero: a function that sleeps costs no process, socket, file or thread.

use std::collections::BTreeSet;
use std::fs;

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server, python};
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "zero",
        &[
            ("after_idling_nothing_is_left", after_idling_nothing_is_left),
            ("a_reaped_function_wakes_again", a_reaped_function_wakes_again),
            ("a_thousand_sleeping_functions_cost_memory_only", a_thousand_sleeping_functions),
            ("a_function_inherits_nothing", a_function_inherits_nothing),
        ],
    )
}

/// What the runtime holds in the system: open files and threads.
fn holdings(runtime: &Runtime<'_>) -> (usize, usize) {
    let count = |what: &str| fs::read_dir(format!("/proc/{}/{what}", runtime.pid())).unwrap().count();
    (count("fd"), count("task"))
}

/// How many of its sockets listen, by the kernel's own list.
fn listening(runtime: &Runtime<'_>) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", runtime.pid())).unwrap().flatten();
    let links: BTreeSet<String> =
        files.filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.to_str()?.to_owned())).collect();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // Field 3 is the state, 0A is LISTEN; field 9 is the inode.
    sockets.filter(|s| s[3] == "0A" && links.contains(&format!("socket:[{}]", s[9]))).count()
}

fn resident_kib(runtime: &Runtime<'_>) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", runtime.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn only_the_runtime_lives(project: &Project, runtime: &Runtime<'_>) -> bool {
    project.processes() == [runtime.pid()]
}

fn after_idling_nothing_is_left() {
    let project = Project::new("[defaults]\nidle = \"50ms\"\n");
    project.function("script", noting_script(r#", on = { type = "order" }"#, ""));
    project.function("server", noting_server(r#"on = { type = "order" }"#, ""));
    let runtime = Runtime::start(&project);
    // An event that nobody wants, so that the channel's own files are open.
    runtime.send("0", "nobody.wants.this");
    runtime.verdicts("0");
    let before = (holdings(&runtime).0, listening(&runtime));
    assert_eq!(before.1, 2, "the ingress and the admin API");
    let round = |id: &str| {
        runtime.send(id, "order");
        runtime.verdicts(id);
        runtime.wait_zero("script");
        runtime.wait_zero("server");
        wait_until("no process is left", || only_the_runtime_lives(&project, &runtime));
    };
    for id in ["1", "2", "3", "4", "5"] {
        round(id);
    }
    wait_until("every file and socket is closed again", || {
        holdings(&runtime).0 <= before.0 && listening(&runtime) == before.1
    });
}

fn a_reaped_function_wakes_again() {
    let project = Project::new("");
    project.function("server", noting_server("", ""));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "server");
        assert_eq!(runtime.verdicts(id)["server"]["outcome"], "delivered");
        let zero = runtime.admin("POST", "/api/v1/functions/server/reap?wait=30s");
        assert!((200..300).contains(&zero.status), "{}", zero.body);
        wait_until("no process is left", || only_the_runtime_lives(&project, &runtime));
        wait_until("nothing listens for it", || listening(&runtime) == 2);
    }
    assert_eq!(runtime.function("server")["cold_starts"], 3);
}

fn a_thousand_sleeping_functions() {
    let few = Project::new("");
    let many = Project::new("");
    few.function("f0", noting_script("", ""));
    for number in 0..1000 {
        many.function(&format!("f{number}"), noting_script("", ""));
    }
    let (one, thousand) = (Runtime::start(&few), Runtime::start(&many));
    assert_eq!(thousand.admin("GET", "/api/v1/functions").json().as_array().unwrap().len(), 1000);
    one.admin("GET", "/api/v1/functions");
    assert!(only_the_runtime_lives(&many, &thousand));
    // One more file may be open for a connection that is just being closed.
    assert!(holdings(&thousand).0 <= holdings(&one).0 + 1, "files");
    assert!(holdings(&thousand).1 <= holdings(&one).1 + 1, "threads");
    let more = resident_kib(&thousand).saturating_sub(resident_kib(&one));
    println!("1,000 sleeping functions: {more} KiB more than one");
    assert!(more < 10 * 1024, "{more} KiB");
}

fn a_function_inherits_nothing() {
    let project = Project::new("[function.look]\nenv = { MINE = \"yes\" }\n");
    let python = python();
    let look = format!(
        r#"#!{python}
# hydrant: on = {{ type = "look" }}
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
descriptors = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        # The listing itself is open while it is made, at the lowest free number.
        self.wfile.write(json.dumps([descriptors[:-1], sorted(os.environ)]).encode())
    def log_message(self, *arguments): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#
    );
    project.function("look", look);
    let runtime = Runtime::start(&project);
    let seen = runtime.get("/fn/look").json();
    assert_eq!(seen[0], serde_json::json!([0, 1, 2, 3]));
    let allowed = [
        "HOME",
        "K_CONFIGURATION",
        "K_REVISION",
        "K_SERVICE",
        "LANG",
        "LC_CTYPE",
        "LISTEN_FDS",
        "LISTEN_PID",
        "MINE",
        "PATH",
        "PORT",
        "TMPDIR",
        "TZ",
    ];
    for name in seen[1].as_array().unwrap() {
        // Python sets LC_CTYPE itself.
        assert!(allowed.contains(&name.as_str().unwrap()), "{name}");
    }
    for name in ["K_CONFIGURATION", "K_REVISION", "K_SERVICE", "LISTEN_FDS", "MINE", "PATH", "PORT"] {
        assert!(seen[1].as_array().unwrap().contains(&name.into()), "{name}");
    }
}
