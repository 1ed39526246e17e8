//! Sources that are programs: they find where to send, are started again, and end with the runtime.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_script, python};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "containers",
        &[
            ("a_program_sends_to_where_it_is_told", sends),
            ("one_that_ends_is_started_again", restarts),
            ("what_it_sends_at_its_end_is_taken", last_words),
            ("another_program_takes_its_place_and_none_ends_it", replaced),
            ("what_is_sent_again_after_a_kill_is_delivered_once", over_kills),
        ],
    )
}

fn source(more: &str) -> String {
    format!("[source.clock]\ntype = \"container\"\nexec = \"clock.py\"\nto = \"fn/bill\"\n{more}\n")
}

/// A program that can `send(id)`, and does what is said.
fn program(project: &Project, what: &str) {
    let text = format!(
        r#"#!{}
import json, os, signal, sys, time, urllib.request
def send(id):
    headers = {{"ce-specversion": "1.0", "ce-id": id, "ce-source": "/clock", "ce-type": "tick"}}
    headers |= {{"ce-" + k: v for k, v in json.loads(os.environ["K_CE_OVERRIDES"])["extensions"].items()}}
    request = urllib.request.Request(os.environ["K_SINK"], b"data", headers)
    assert urllib.request.urlopen(request).status == 202
{what}
"#,
        python()
    );
    fs::write(project.file(".clock.new"), text).unwrap();
    fs::set_permissions(project.file(".clock.new"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(project.file(".clock.new"), project.file("clock.py")).unwrap();
}

fn project(config: &str, what: &str) -> Project {
    let project = Project::new(config);
    project.function("bill", noting_script("", "echo \"$CE_REGION\" >> regions"));
    program(&project, what);
    project
}

fn standing(runtime: &Runtime<'_>) -> Value {
    runtime.admin("GET", "/api/v1/sources").json()[0].clone()
}

fn sends() {
    let what = "print('hello from', os.environ['NAME'], flush=True)\nsend('one')\nsignal.pause()";
    let project = project(&source("extensions = { region = \"eu\" }"), what);
    let runtime = Runtime::start(&project);
    wait_until("its event came", || project.lines("regions") == ["eu"]);
    assert_eq!(runtime.verdicts("one")["clock"]["channel"], "source/clock");
    let seen = standing(&runtime);
    assert_eq!(
        (&seen["type"], &seen["state"], &seen["restarts"]),
        (&"container".into(), &"running".into(), &0.into())
    );
    assert!(seen["since"].is_string() && seen["pid"].is_u64(), "{seen}");
    let (_, ps, _) = verb(&project, &["ps"]);
    assert!(ps.contains("SOURCE") && ps.contains("container  fn/bill  running"), "{ps}");
    let (_, objects, _) = verb(&project, &["ps", "--sources", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&objects).unwrap()["source"], "clock");
    let (_, logs, _) = verb(&project, &["logs", "clock"]);
    assert!(logs.contains("hello from clock"), "{logs}");
    let (code, _, talk) = verb(&project, &["fire", "clock"]);
    assert!(code == 1 && talk.contains("is a program"), "{talk}");
}

fn restarts() {
    let project = project(&source(""), "send(str(time.time_ns()))\nprint('enough', flush=True)\nsys.exit(3)");
    let runtime = Runtime::start(&project);
    wait_until("it was started again and again", || standing(&runtime)["restarts"].as_u64() >= Some(2));
    assert_eq!(standing(&runtime)["error"], "exit 3 | enough");
    wait_until("each sent", || project.lines("delivered").len() >= 3);
}

fn last_words() {
    let what = "def end(*_):\n    send('last')\n    sys.exit(0)\nsignal.signal(signal.SIGTERM, end)\nsend('first')\n\
                while True:\n    signal.pause()";
    let project = project(&source(""), what);
    let runtime = Runtime::start(&project);
    wait_until("it runs", || project.lines("delivered") == ["first"]);
    assert!(runtime.stop().success());
    assert_eq!(project.processes(), [0; 0]);
    let _runtime = Runtime::start(&project);
    wait_until("the last came, too", || project.lines("delivered").contains(&"last".to_owned()));
}

fn replaced() {
    let project = project(&source(""), "send('old')\nsignal.pause()");
    let runtime = Runtime::start(&project);
    wait_until("the old runs", || project.lines("delivered") == ["old"]);
    let old = standing(&runtime)["pid"].as_u64();
    program(&project, "send('new')\nsignal.pause()");
    wait_until("the new runs", || project.lines("delivered") == ["old", "new"]);
    assert_ne!(standing(&runtime)["pid"].as_u64(), old);
    fs::remove_file(project.file("clock.py")).unwrap();
    wait_until("it is told", || standing(&runtime)["error"] == "its program is not there");
    assert_eq!(standing(&runtime)["state"], "running", "what is gone takes no place of what runs");
    let pid = u32::try_from(standing(&runtime)["pid"].as_u64().unwrap()).unwrap();
    project.configure("");
    wait_until("nobody wants it", || !project.processes().contains(&pid));
}

fn over_kills() {
    let what = "for at in range(10 ** 6):\n    send(str(at))\n    time.sleep(0.005)";
    let project = project(&source(""), what);
    for kills in 1..=3 {
        let runtime = Runtime::start(&project);
        wait_until("it sends", || project.counts("delivered").len() >= 5 * kills);
        let pid = wait_for("it runs", || standing(&runtime)["pid"].as_u64());
        runtime.kill9();
        wait_until("its program is gone", || !project.processes().contains(&u32::try_from(pid).unwrap()));
    }
    let counts = project.counts("delivered");
    for at in 0..counts.len() {
        assert!(counts.contains_key(&at.to_string()), "{at} is lost: {counts:?}");
    }
    // What was being delivered at a kill is delivered again; what was done is not, though it was sent three times.
    assert!(counts.values().filter(|times| **times > 1).count() <= 30, "{counts:?}");
    assert!(counts["0"] <= 2, "{counts:?}");
}
