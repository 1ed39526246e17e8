//! Processes in cgroups of their own: whatever a function starts ends with it.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::project::{noting_script, python};
use crate::support::{Project, Runtime, group::group_needing, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    // A kernel without is no failure, even where nothing may be skipped.
    let has = fs::read_to_string("/proc/filesystems").is_ok_and(|all| all.contains("cgroup2"));
    if !has {
        return Vec::new();
    }
    group_needing(
        "cgroups",
        Base::new("tried").err(),
        &[
            ("a_daemon_that_hides_ends_with_its_function", daemon),
            ("what_a_killed_runtime_left_ends_with_the_next_one", left_over),
            ("a_folder_that_is_no_cgroup_is_refused", refused),
        ],
    )
}

/// A folder of cgroup v2.
struct Base(PathBuf);

impl Base {
    fn new(name: &str) -> Result<Self, String> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mut mounts = mounts.lines().filter(|line| line.contains(" - cgroup2 "));
        let mount = mounts.next().and_then(|line| line.split(' ').nth(4)).ok_or("no cgroup v2 is mounted")?;
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        let own = own.lines().find_map(|line| line.strip_prefix("0::/")).ok_or("we are in no cgroup v2")?;
        let base = Path::new(mount).join(own).join(format!("hydrant_e2e_{name}_{}", std::process::id()));
        fs::create_dir(&base).map_err(|error| format!("cannot make {}: {error}", base.display()))?;
        Ok(Self(base))
    }

    fn project(&self) -> Project {
        let project = Project::new(&format!("cgroup = {:?}\n[defaults]\nidle = \"10m\"\n", self.0));
        project.function("serve", format!("#!{}\n{}", python(), SERVER));
        project.function("other", noting_script("", ""));
        project
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().flatten().all(|entry| !entry.path().is_dir())
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        let _ = fs::remove_dir(&self.0);
    }
}

/// With a daemon that nothing tells of: another session, no environment; and soon no parent.
const SERVER: &str = r#"
import os, subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
subprocess.Popen(["setsid", "env", "-i", "/bin/sh", "-c", "echo $$ >> daemons; exec sleep 1000"])
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get('content-length', 0)))
        answer = open("/proc/self/cgroup").read().encode()
        self.send_response(200); self.send_header('content-length', str(len(answer))); self.end_headers()
        self.wfile.write(answer)
    do_GET = do_POST
HTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
"#;

/// The daemon that the function started.
fn daemon_of(project: &Project, runtime: &Runtime<'_>, base: &Base) -> String {
    let before = project.lines("daemons").len();
    let group = runtime.get("/fn/serve").body;
    let ours = base.0.file_name().unwrap().to_str().unwrap();
    assert!(group.lines().any(|line| line.starts_with("0::") && line.contains(ours)), "{group}");
    wait_until("its daemon is there", || project.lines("daemons").len() == before + 1);
    project.lines("daemons").pop().unwrap()
}

fn daemon() {
    let base = Base::new("daemon").unwrap();
    let project = base.project();
    project.function("stays", format!("#!{}\n{}", python(), SERVER.replace("daemons", "others")));
    let runtime = Runtime::start(&project);
    assert_eq!(runtime.get("/fn/stays").status, 200);
    wait_until("the other has one, too", || !project.lines("others").is_empty());
    let daemon = daemon_of(&project, &runtime, &base);
    runtime.admin("POST", "/api/v1/functions/serve/reap");
    wait_until("its daemon ends with it", || is_gone(&daemon));
    assert!(!is_gone(&project.lines("others")[0]), "and the other's does not");
    assert!(runtime.stop().success());
    assert!(is_gone(&project.lines("others")[0]));
    assert!(base.is_empty(), "nothing is left");
}

fn left_over() {
    let base = Base::new("left").unwrap();
    let project = base.project();
    let runtime = Runtime::start(&project);
    let daemon = daemon_of(&project, &runtime, &base);
    runtime.kill9();
    assert!(!is_gone(&daemon), "nobody could end it");
    let next = Runtime::start(&project);
    assert!(is_gone(&daemon), "it is gone before the next one is ready");
    assert!(next.stop().success());
    assert!(base.is_empty(), "nothing is left");
}

fn refused() {
    let project = Project::new("cgroup = \"/tmp\"\n");
    let (code, _, says) = crate::support::runtime::verb(&project, &["run"]);
    assert_eq!(code, 1, "{says}");
    assert!(says.contains("`cgroup` in [runtime]: /tmp is no folder of cgroup v2"), "{says}");
}

fn is_gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with(['Z', 'X']))
}
