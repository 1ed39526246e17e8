//! A terminal of the test's own, and a person at it.

#![expect(clippy::disallowed_methods, reason = "the test starts the binary on a terminal of its own")]

use std::process::Command;

use serde_json::{Value, json};

use super::Project;
use super::project::python;
use super::runtime::BINARY;

/// Does one step after the other: waits until something is shown that was not before, or until there is a file of so many lines;
/// presses a key; runs the binary elsewhere; sends a signal.
const TERMINAL: &str = r#"
import fcntl, json, os, pty, select, struct, subprocess, sys, termios, time
asked = json.loads(sys.argv[1])
binary, columns = asked["binary"], asked["columns"]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
before = termios.tcgetattr(theirs)
def own():
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
env = dict(os.environ, NO_COLOR="1")
child = subprocess.Popen([binary] + asked["arguments"], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own, env=env)
seen, mark = b"", 0
def look():
    global seen
    while select.select([ours], [], [], 0.02)[0]:
        seen += os.read(ours, 65536)
def until(what, so):
    limit = time.monotonic() + 60
    while not so():
        look()
        if time.monotonic() > limit:
            child.kill()
            sys.exit(f"waited in vain for {what}: {seen}")
def shown(text):
    global mark
    at = seen.find(text.encode(), mark)
    if at >= 0: mark = at + len(text)
    return at >= 0
def lines(file, number):
    return os.path.exists(file) and len(open(file).readlines()) >= number
during = before
for what, value in asked["steps"]:
    if what == "shown": until(value, lambda: shown(value))
    elif what == "lines": until(value, lambda: lines(*value))
    elif what == "key":
        during = termios.tcgetattr(theirs)
        os.write(ours, value.encode())
    elif what == "signal":
        during = termios.tcgetattr(theirs)
        child.send_signal(value)
    elif what == "run": subprocess.run([binary] + value, check=True, stdin=subprocess.DEVNULL, capture_output=True)
until("its end", lambda: child.poll() is not None)
look()
after = termios.tcgetattr(theirs)
print(json.dumps({"code": child.returncode, "same": before == after, "changed": before != during, "seen": seen.decode()}))
"#;

/// What is done at the terminal.
pub(crate) enum Step<'a> {
    /// Waits until this is shown, behind what was waited for before.
    Shown(&'a str),
    /// Waits until a file has so many lines.
    Lines(&'a str, usize),
    Key(&'a str),
    Signal(i32),
    /// Another verb, elsewhere.
    Run(&'a [&'a str]),
}

/// What came of it.
pub(crate) struct Seen {
    pub(crate) code: Option<i64>,
    /// Whether the terminal is as it was before.
    pub(crate) same: bool,
    /// Whether it was another one when a key was pressed.
    pub(crate) changed: bool,
    pub(crate) text: String,
}

/// Runs the binary on a terminal of so many columns to its end.
pub(crate) fn on_a_terminal(
    project: &Project,
    columns: usize,
    arguments: &[&str],
    steps: &[Step<'_>],
) -> Seen {
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| match step {
            Step::Shown(text) => json!(["shown", text]),
            Step::Lines(file, number) => json!(["lines", [file, number]]),
            Step::Key(key) => json!(["key", key]),
            Step::Signal(number) => json!(["signal", number]),
            Step::Run(arguments) => json!(["run", arguments]),
        })
        .collect();
    let asked = json!({"binary": BINARY, "columns": columns, "arguments": arguments, "steps": steps});
    let mut command = Command::new(python());
    command.args(["-c", TERMINAL, &asked.to_string()]).current_dir(project.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let seen: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let is = |key: &str| seen[key].as_bool().unwrap();
    let text = seen["seen"].as_str().unwrap().to_owned();
    Seen { code: seen["code"].as_i64(), same: is("same"), changed: is("changed"), text }
}
