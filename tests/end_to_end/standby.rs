//! One process of a changed function stands by: started ahead, paused, and warm for the first event.

use std::fs;

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "standby",
        &[
            ("after_a_save_the_first_event_finds_a_paused_process_warm", the_first_event_is_warm),
            ("the_whole_group_of_what_stands_by_is_paused", the_whole_group),
            ("what_stands_by_ends_when_it_was_idle_for_long_enough", it_ends_when_idle),
            ("a_paused_process_ends_when_it_is_reaped_or_replaced", it_ends_when_reaped),
            ("a_save_of_what_was_never_called_starts_nothing", never_called),
            ("without_standby_a_save_starts_nothing", without),
        ],
    )
}

/// A server that tells its process, and sees to a child of its own if there is one.
fn server(header: &str, version: u32) -> String {
    let child =
        if header.is_empty() { "" } else { "\nimport subprocess; subprocess.Popen(['sleep', '1000'])" };
    let python = noting_server("", "        answer = str(os.getpid()).encode()");
    python.replacen("import os, time", &format!("import os, time{child} # {version}"), 1)
}

/// The functions' processes, each with the letter that the kernel has for what it does; T is for stopped.
fn processes(project: &Project, runtime: &Runtime<'_>) -> Vec<(u32, char)> {
    let pids = project.processes().into_iter().filter(|pid| *pid != runtime.pid());
    let state = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, stat.rsplit_once(") ")?.1.chars().next()?))
    };
    pids.filter_map(state).collect()
}

/// Calls it, saves another version, and waits until so many processes are there and all are stopped; gives the first.
fn stands_by(project: &Project, runtime: &Runtime<'_>, new: &str, count: usize) -> u32 {
    let old = runtime.get("/fn/server").body;
    project.function("server", new);
    let mut found = Vec::new();
    wait_until("one stands by, and the old one is gone", || {
        found = processes(project, runtime);
        found.len() == count && found.iter().all(|(pid, state)| *state == 'T' && pid.to_string() != old)
    });
    found[0].0
}

fn the_first_event_is_warm() {
    let project = Project::new("[function.server]\nmax = 1\n");
    project.function("server", server("", 1));
    let runtime = Runtime::start(&project);
    let pid = stands_by(&project, &runtime, &server("", 2), 1);
    let function = runtime.function("server");
    assert_eq!((&function["state"], &function["revision"]), (&"warm".into(), &"r2".into()));
    runtime.send("1", "server");
    let attempt = &runtime.verdicts("1")["server"]["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["cold"]), (&"200".into(), &false.into()), "{attempt}");
    assert_eq!(runtime.get("/fn/server").body, pid.to_string(), "it goes on");
    assert_eq!(runtime.function("server")["cold_starts"], 1, "that of the first version");
}

fn the_whole_group() {
    let project = Project::new("");
    project.function("server", server("with a child", 1));
    let runtime = Runtime::start(&project);
    stands_by(&project, &runtime, &server("with a child", 2), 2);
    runtime.send("1", "server");
    assert_eq!(runtime.verdicts("1")["server"]["attempts"][0]["cold"], false);
    assert!(processes(&project, &runtime).iter().all(|(_, state)| *state != 'T'), "both go on");
}

fn it_ends_when_idle() {
    // With such a grace, it would be there for an hour if it did not hear that it is to end.
    let project = Project::new("[function.server]\nidle = \"700ms\"\ntimeout = { drain = \"1h\" }\n");
    project.function("server", server("", 1));
    let runtime = Runtime::start(&project);
    stands_by(&project, &runtime, &server("", 2), 1);
    runtime.wait_zero("server");
    wait_until("zero is zero", || processes(&project, &runtime).is_empty());
    runtime.send("1", "server");
    assert_eq!(runtime.verdicts("1")["server"]["attempts"][0]["cold"], true);
}

fn it_ends_when_reaped() {
    let project = Project::new("");
    project.function("server", server("", 1));
    let runtime = Runtime::start(&project);
    let first = stands_by(&project, &runtime, &server("", 2), 1);
    project.function("server", server("", 3));
    wait_until(
        "the next version stands by in its place",
        || matches!(processes(&project, &runtime)[..], [(pid, 'T')] if pid != first),
    );
    runtime.admin("POST", "/api/v1/functions/server/reap");
    wait_until("zero is zero", || processes(&project, &runtime).is_empty());
    assert!(runtime.stop().success());
}

/// What a save started would be there before another function was seen, woken and had answered.
fn starts_nothing(project: &Project, runtime: &Runtime<'_>) {
    wait_until("the save is seen", || runtime.function("server")["revision"] == "r2");
    runtime.send("other", "other");
    assert_eq!(runtime.verdicts("other")["other"]["outcome"], "delivered");
    runtime.wait_zero("other");
    let function = runtime.function("server");
    let old = u64::from(function["cold_starts"] == 1);
    assert_eq!(function["instances"], old, "{function}");
    assert!(processes(project, runtime).iter().all(|(_, state)| *state != 'T'));
}

fn never_called() {
    let project = Project::new("");
    project.function("server", server("", 1));
    project.function("other", noting_script("", ""));
    let runtime = Runtime::start(&project);
    project.function("server", server("", 2));
    starts_nothing(&project, &runtime);
}

fn without() {
    let project = Project::new("[function.server]\nstandby = false\n");
    project.function("server", server("", 1));
    project.function("other", noting_script("", ""));
    let runtime = Runtime::start(&project);
    runtime.get("/fn/server");
    project.function("server", server("", 2));
    starts_nothing(&project, &runtime);
}
