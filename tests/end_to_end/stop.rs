//! Stopping: what is in flight ends, what is not done comes again, and nothing is left behind.

use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "stop",
        &[
            ("sigterm_lets_what_is_in_flight_end", sigterm_lets_what_is_in_flight_end),
            ("what_is_in_flight_has_the_runtimes_time", what_is_in_flight_has_the_runtimes_time),
            ("a_service_that_watches_nothing_stops_too", a_service_stops),
            ("a_second_sigterm_leaves_at_once_and_safely", a_second_sigterm),
            ("sighup_reloads_and_interrupts_nothing", sighup_reloads),
            ("what_was_delivered_is_not_delivered_again_after_a_restart", not_again_after_a_restart),
        ],
    )
}

/// A server that answers once `go` exists.
fn waiting_server() -> String {
    noting_server(
        "",
        "        while not os.path.exists(\"go\"): time.sleep(0.01)\n        note(\"done\", \"done\")",
    )
}

fn sigterm_lets_what_is_in_flight_end() {
    let project = Project::new("");
    project.function("order", waiting_server());
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered").len() == 1);
    runtime.signal(Signal::SIGTERM);
    wait_until("it says so", || runtime.log().contains("stopping"));
    project.write("go", "");
    assert!(runtime.wait().success());
    assert_eq!(project.lines("done"), ["done"]);
    assert_eq!(project.processes(), [0; 0], "no process is left");
    let again = Runtime::start(&project);
    again.send("2", "order");
    again.verdicts("2");
    assert_eq!(project.lines("delivered"), ["1", "2"], "and it was committed");
}

/// What a function may take to make way for another revision is not what it has when everything stops.
fn what_is_in_flight_has_the_runtimes_time() {
    let project = Project::new("drain = \"1h\"\n[function.order]\ntimeout = { drain = \"50ms\" }\n");
    let more = "        while not os.path.exists(\"go\"): time.sleep(0.01)
        time.sleep(0.5)
        note(\"done\", \"done\")";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered").len() == 1);
    runtime.signal(Signal::SIGTERM);
    wait_until("it says so", || runtime.log().contains("stopping"));
    project.write("go", "");
    assert!(runtime.wait().success());
    assert_eq!(project.lines("done"), ["done"]);
}

/// Nor do clients that never say a word hold it up.
fn a_service_stops() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start_as(&project, &["run"]);
    let _silent = std::net::TcpStream::connect(runtime.listen).unwrap();
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    assert!(runtime.stop().success());
    assert_eq!(project.processes(), [0; 0], "no process is left");
}

fn a_second_sigterm() {
    // Nothing but the second signal can end it: what is in flight ends later than the test waits.
    let project = Project::new("drain = \"1h\"\n");
    project.function("order", waiting_server());
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered").len() == 1);
    runtime.signal(Signal::SIGTERM);
    wait_until("it says so", || runtime.log().contains("stopping"));
    runtime.signal(Signal::SIGTERM);
    assert!(runtime.wait().success());
    wait_until("no process is left", || project.processes().is_empty());
    project.write("go", "");
    let again = Runtime::start(&project);
    wait_until("it comes again", || project.lines("delivered").len() == 2);
    assert_eq!(project.lines("delivered"), ["1", "1"]);
    again.stop();
}

/// Of one that watches nothing, so that only the signal can have told it.
fn sighup_reloads() {
    let project = Project::new("[watch]\nenabled = false\n");
    project.function("order", waiting_server());
    let runtime = Runtime::start_as(&project, &["run"]);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered").len() == 1);
    project.configure("[watch]\nenabled = false\n[broker.second]\n[trigger.second]\nbroker = \"second\"\nto = \"fn/order\"\n");
    assert_eq!(runtime.post("/broker/second", "2", "x", "").status, 404, "nobody told it");
    runtime.signal(Signal::SIGHUP);
    wait_until("it is reloaded", || runtime.post("/broker/second", "2", "x", "").status == 202);
    project.write("go", "");
    for (id, trigger) in [("1", "order"), ("2", "second")] {
        let verdict = &runtime.verdicts(id)[trigger];
        assert_eq!(
            (&verdict["outcome"], &verdict["attempt_count"]),
            (&"delivered".into(), &1.into()),
            "{id}"
        );
    }
    assert!(runtime.stop().success());
}

fn not_again_after_a_restart() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    for round in 0..3 {
        let runtime = Runtime::start(&project);
        for id in 0..10 {
            let id = format!("{round}-{id}");
            runtime.send(&id, "order");
            runtime.verdicts(&id);
        }
        assert!(runtime.stop().success());
        assert_eq!(project.processes(), [0; 0]);
    }
    assert_eq!(project.lines("delivered").len(), 30);
}
