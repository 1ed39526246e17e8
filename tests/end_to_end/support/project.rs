//! A project in a temporary folder. Nothing that runs in it outlives it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

pub(crate) struct Project {
    dir: TempDir,
}

impl Project {
    /// A project whose runtime chooses its ports, with this configuration beside.
    pub(crate) fn new(config: &str) -> Self {
        Self::within(&std::env::temp_dir(), config)
    }

    /// The same in another folder than that for temporary files.
    pub(crate) fn within(folder: &Path, config: &str) -> Self {
        let project = Self::bare_within(folder);
        fs::create_dir(project.file("functions")).unwrap();
        project.configure(config);
        project
    }

    /// A folder with nothing in it.
    pub(crate) fn bare() -> Self {
        Self::bare_within(&std::env::temp_dir())
    }

    fn bare_within(folder: &Path) -> Self {
        Self { dir: tempfile::Builder::new().prefix("hydrant-e2e").tempdir_in(folder).unwrap() }
    }

    /// Writes `runtime.toml`.
    pub(crate) fn configure(&self, config: &str) {
        let ports = "[runtime]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
        self.write("runtime.toml", &format!("{ports}{config}"));
    }

    /// Where we are root, it becomes a plain user's, who runs it from now on: one of whom nothing else runs.
    pub(crate) fn give_to(&self, user: u32) {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let mut left = vec![self.path().to_owned()];
        while let Some(path) = left.pop() {
            chown(&path, Some(user), Some(user)).unwrap();
            left.extend(fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path()));
        }
    }

    /// The plain user whose it is, where we are root.
    pub(crate) fn user(&self) -> Option<u32> {
        let owner = fs::metadata(self.path()).unwrap().uid();
        (owner != nix::unistd::geteuid().as_raw()).then_some(owner)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.file(name), content).unwrap();
    }

    /// Puts an executable into the functions folder as a build would: complete, by a rename.
    pub(crate) fn function(&self, name: &str, content: impl AsRef<[u8]>) {
        let made = self.file(&format!(".{name}.new"));
        fs::write(&made, content).unwrap();
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(made, self.file(&format!("functions/{name}"))).unwrap();
    }

    /// The lines of a file that functions append to.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How often each line stands in a file.
    pub(crate) fn counts(&self, name: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in self.lines(name) {
            *counts.entry(line).or_default() += 1;
        }
        counts
    }

    /// Processes that run in the project's folder: the functions, and the runtime.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let here = fs::canonicalize(self.path()).unwrap();
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&here)))
            .collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        for pid in self.processes() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).ok();
        }
    }
}

/// The interpreter itself: a launcher in front of it would take longer than the function.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let printed = super::runtime::output("python3", &["-c", "import sys; print(sys.executable)"]);
        printed.expect("python3 is needed").trim().to_owned()
    })
}

/// A oneshot function that notes the event's id in `delivered` and goes on with `more`.
pub(crate) fn noting_script(header: &str, more: &str) -> String {
    format!("#!/bin/sh\n# hydrant: protocol = \"oneshot\"{header}\necho \"$CE_ID\" >> delivered\n{more}\n")
}

/// A server on `$PORT` that notes each event's id in `delivered`, then does `more` (Python, indented by 8; `self`
/// is the request) and answers 200.
pub(crate) fn noting_server(header: &str, more: &str) -> String {
    let python = python();
    format!(
        r#"#!{python}
# hydrant: {header}
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = 200
        answer = b""
        note(self.headers.get("ce-id", "-"))
{more}
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    do_GET = do_POST
    def log_message(self, *arguments): pass
def note(text, name="delivered"):
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, (text + "\n").encode())
    os.close(fd)
class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#
    )
}
