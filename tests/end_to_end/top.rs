//! The functions and what they do at the moment: redrawn on a terminal, and one table where there is none.

#![expect(clippy::disallowed_methods, reason = "the test starts the verb on a terminal of its own")]

use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_server, python};
use crate::support::runtime::{BINARY, verb};
use crate::support::{Project, Runtime, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "top",
        &[
            ("on_a_pipe_it_is_one_table_with_rates", on_a_pipe),
            ("on_a_terminal_it_is_redrawn_and_leaves_it_as_it_was", on_a_terminal),
            ("a_narrow_terminal_cuts_columns_and_wraps_nothing", on_a_narrow_terminal),
        ],
    )
}

/// Starts the verb on a terminal of this size, waits for some redrawings, and presses a key.
const TERMINAL: &str = r#"
import fcntl, json, os, pty, select, struct, subprocess, sys, termios
binary, columns, rows, key = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), bytes([int(sys.argv[4])])
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
before = termios.tcgetattr(theirs)
def own():
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
child = subprocess.Popen([binary, "top", "--every", "20ms"], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own)
seen, pressed = b"", False
while True:
    ready, _, _ = select.select([ours], [], [], 0.05)
    if ready:
        seen += os.read(ours, 65536)
    if seen.count(b"\x1b[H") >= 3 and not pressed:
        during = termios.tcgetattr(theirs)
        os.write(ours, key)
        pressed = True
    if child.poll() is not None and not select.select([ours], [], [], 0)[0]:
        break
after = termios.tcgetattr(theirs)
print(json.dumps({"code": child.returncode, "same": before == after, "changed": before != during, "seen": seen.decode()}))
"#;

/// What was seen on a terminal of this size until the key was pressed.
fn shown(project: &Project, (columns, rows): (usize, usize), key: u8) -> Value {
    let sizes = [columns.to_string(), rows.to_string(), key.to_string()];
    let mut command = Command::new(python());
    command.args(["-c", TERMINAL, BINARY]).args(sizes).current_dir(project.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The lines of each time it was drawn.
fn pages(shown: &Value) -> Vec<Vec<String>> {
    let text = shown["seen"].as_str().unwrap();
    let page = |page: &str| {
        let lines = page.split("\x1b[J").next().unwrap().split("\r\n");
        // The terminal adds a \r of its own.
        lines.map(|line| line.trim_end_matches('\r').trim_end_matches("\x1b[K").to_owned()).collect()
    };
    text.split("\x1b[H").skip(1).map(page).collect()
}

fn project() -> Project {
    let project = Project::new("");
    for name in ["order", "audit", "mail"] {
        project.function(name, noting_server("", ""));
    }
    project
}

fn on_a_pipe() {
    let project = project();
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    let (code, data, talk) = verb(&project, &["top", "--every", "1ms"]);
    assert_eq!((code, &*talk), (0, ""), "{data}");
    let lines: Vec<Vec<&str>> = data.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..5], ["FUNCTION", "STATE", "EVENTS/s", "FAIL/s", "INST"]);
    assert_eq!(lines.len(), 4, "{data}");
    assert_eq!(lines[1][..4], ["audit", "zero", "0.0", "0.0"]);
    let (_, data, _) = verb(&project, &["top", "--every", "1ms", "-o", "json"]);
    let order: Value = data
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|f: &Value| f["function"] == "order")
        .unwrap();
    assert_eq!((&order["events"], &order["events_per_s"]), (&1.into(), &0.0.into()), "{order}");
}

fn on_a_terminal() {
    let project = project();
    let _runtime = Runtime::start(&project);
    for (key, code) in [(b'q', 0), (3, 130)] {
        let shown = shown(&project, (120, 30), key);
        assert_eq!(
            (&shown["code"], &shown["same"], &shown["changed"]),
            (&code.into(), &true.into(), &true.into())
        );
        let text = shown["seen"].as_str().unwrap();
        assert!(
            text.starts_with("\x1b[?1049h\x1b[?25l") && text.contains("\x1b[?25h\x1b[?1049l"),
            "{text:?}"
        );
        for page in pages(&shown) {
            assert!(page[0].starts_with("hydrant top  3 functions"), "{page:?}");
            assert_eq!(page.len(), 6, "{page:?}");
            assert!(page[2].starts_with("FUNCTION  STATE  EVENTS/s") && page[2].contains("IDLE"), "{page:?}");
        }
    }
}

fn on_a_narrow_terminal() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let shown = shown(&project, (40, 4), b'q');
    assert_eq!(shown["code"], 0);
    for page in pages(&shown) {
        assert_eq!(page.len(), 4, "{page:?}");
        assert!(page.iter().all(|line| line.chars().count() <= 40), "{page:?}");
        assert_eq!(page[2], "FUNCTION  STATE  EVENTS/s  FAIL/s  INST");
    }
}
