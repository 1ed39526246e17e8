//! An event that comes in the very moment when its function falls idle (failure scenario 19), and a system that has no
//! room for a process (failure scenario 30): nothing fails that can be seen.

use std::fs;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::{Project, Runtime, group, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "races",
        &[
            ("an_event_in_the_moment_of_falling_idle_fails_no_attempt", around_the_idle_time),
            ("without_room_for_a_process_events_wait_and_fail_no_attempt", no_room),
        ],
    )
}

/// The pause between two events follows the moment: shorter after one that came too late for the process, and else longer.
fn around_the_idle_time() {
    const IDLE: Duration = Duration::from_millis(20);
    let project = Project::new(&format!("[function.server]\nidle = \"{}ms\"\n", IDLE.as_millis()));
    project.function("server", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let mut pause = IDLE;
    for number in 0..60 {
        let id = number.to_string();
        runtime.send(&id, "server");
        let verdict = &runtime.verdicts(&id)["server"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
        pause = if verdict["attempts"][0]["cold"] == true { pause * 9 / 10 } else { pause * 11 / 10 };
        std::thread::sleep(pause);
    }
    let function = runtime.function("server");
    assert_eq!(function["failed"], 0, "{function}");
    assert!(function["cold_starts"].as_u64() > Some(1), "it did fall idle");
    assert!(project.counts("delivered").values().all(|count| *count == 1));
}

fn no_room() {
    const EVENTS: usize = 40;
    let project = Project::new("[function.order]\nmax = 20\n");
    project.function("order", noting_script("", "while ! test -e go; do sleep 0.01; done"));
    let runtime = Runtime::start(&project);
    // The channel's own files are open from the first event on.
    runtime.send("first", "nobody.wants.this");
    runtime.verdicts("first");
    let open = fs::read_dir(format!("/proc/{}/fd", runtime.pid())).unwrap().count();
    limit_files(&runtime, open + 20);
    for id in 0..EVENTS {
        runtime.send(&id.to_string(), "order");
    }
    wait_until("the system has no room", || runtime.log().contains("no room for another process"));
    project.write("go", "");
    wait_until("all are delivered", || project.lines("delivered").len() >= EVENTS);
    // Who asks the API is looked up in files, too.
    limit_files(&runtime, open + 1000);
    for id in 0..EVENTS {
        let verdict = &runtime.verdicts(&id.to_string())["order"];
        assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    }
    assert_eq!((project.counts("delivered").len(), project.lines("delivered").len()), (EVENTS, EVENTS));
    assert_eq!(runtime.function("order")["failed"], 0);
}

/// From now on it may have so many files open.
fn limit_files(runtime: &Runtime<'_>, files: usize) {
    let (pid, limit) = (runtime.pid().to_string(), format!("--nofile={files}:"));
    runtime::output("prlimit", &["--pid", &pid, &limit]).expect("prlimit of util-linux is needed");
}
