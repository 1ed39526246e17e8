//! How many processes there are: those kept warm, those that are started ahead, and what happens when all are full.

use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "scale",
        &[
            ("the_minimum_is_warm_before_any_event_and_after_a_kill", the_minimum_is_warm),
            ("a_saved_file_replaces_what_is_kept_warm", a_saved_file_replaces_what_is_kept_warm),
            ("the_initial_processes_start_at_once_and_fall_idle", the_initial_processes_start_at_once),
            ("a_soft_target_starts_more_before_one_is_full", a_soft_target_starts_more),
            ("a_call_is_refused_when_all_are_busy_and_an_event_waits", a_call_is_refused_when_all_are_busy),
            ("calls_wait_for_a_process_up_to_their_number", calls_wait_up_to_their_number),
        ],
    )
}

/// The processes of its functions.
fn functions(project: &Project, runtime: &Runtime<'_>) -> Vec<u32> {
    project.processes().into_iter().filter(|pid| *pid != runtime.pid()).collect()
}

/// Waits until so many processes of a function are there and accept requests, and gives all there are.
fn wait_warm(project: &Project, runtime: &Runtime<'_>, name: &str, wanted: u32) -> Vec<u32> {
    wait_until("its processes are warm", || {
        let function = runtime.function(name);
        function["state"] == "warm" && function["instances"] == wanted
    });
    functions(project, runtime)
}

fn the_minimum_is_warm() {
    let project = Project::new("[function.server]\nmin = 1\nidle = \"1ms\"\n");
    project.function("server", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let first = wait_warm(&project, &runtime, "server", 1);
    assert_eq!(first.len(), 1);
    runtime.send("1", "server");
    assert_eq!(runtime.verdicts("1")["server"]["attempts"][0]["cold"], false);
    kill(Pid::from_raw(i32::try_from(first[0]).unwrap()), Signal::SIGKILL).unwrap();
    let second = wait_for("another one is warm", || {
        let now = wait_warm(&project, &runtime, "server", 1);
        (now.len() == 1 && now != first).then_some(now)
    });
    runtime.send("2", "server");
    assert_eq!(runtime.verdicts("2")["server"]["outcome"], "delivered");
    assert_eq!(functions(&project, &runtime), second, "idle as it is, it stays");
    assert!(runtime.stop().success());
    wait_until("nothing outlives the runtime", || project.processes().is_empty());
}

fn a_saved_file_replaces_what_is_kept_warm() {
    let project = Project::new("[function.server]\nmin = 2\n");
    project.function("server", noting_server("", "        answer = b'old'"));
    let runtime = Runtime::start(&project);
    let old = wait_warm(&project, &runtime, "server", 2);
    project.function("server", noting_server("", "        answer = b'new'"));
    wait_until("none of the old ones is left, and two are there", || {
        let now = functions(&project, &runtime);
        now.len() == 2 && now.iter().all(|pid| !old.contains(pid))
    });
    wait_warm(&project, &runtime, "server", 2);
    assert_eq!(runtime.get("/fn/server").body, "new");
    assert_eq!(runtime.function("server")["cold_starts"], 0);
}

fn the_initial_processes_start_at_once() {
    let project = Project::new("[function.server]\ninitial = 2\nidle = \"300ms\"\n");
    project.function("server", noting_server("", "        note('x', 'asked')"));
    let runtime = Runtime::start(&project);
    wait_until("the log tells of two starts", || {
        functions(&project, &runtime).len() == 2 || runtime.function("server")["instances"] == 2
    });
    runtime.wait_zero("server");
    assert!(project.lines("asked").is_empty(), "no request was needed for that");
}

fn a_soft_target_starts_more() {
    let project = Project::new("[function.server]\ntarget = 1\nmax = 2\nidle = \"60s\"\n");
    let wait = "        while not os.path.exists('go'): time.sleep(0.005)";
    project.function("server", noting_server("", wait));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "server");
    }
    wait_until("all three are in two processes", || {
        let function = runtime.function("server");
        function["in_flight"] == 3 && function["instances"] == 2
    });
    project.write("go", "");
    for id in ["1", "2", "3"] {
        assert_eq!(runtime.verdicts(id)["server"]["outcome"], "delivered");
    }
}

/// A server that answers once there is a file `go`, one request at a time in one process.
fn one_at_a_time(overflow: &str) -> Project {
    let project = Project::new(&format!("[function.server]\nconcurrency = 1\nmax = 1\n{overflow}\n"));
    let wait = "        while not os.path.exists('go'): time.sleep(0.005)";
    project.function("server", noting_server("", wait));
    project
}

fn a_call_is_refused_when_all_are_busy() {
    let project = one_at_a_time("overflow = \"refuse\"");
    let runtime = Runtime::start(&project);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| runtime.get("/fn/server"));
        wait_until("the call is under way", || project.lines("delivered").len() == 1);
        runtime.send("event", "server");
        wait_until("the event waits", || runtime.function("server")["queued"] == 1);
        let refused = runtime.get("/fn/server");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
        project.write("go", "");
        assert_eq!(first.join().unwrap().status, 200, "it waited for its start");
    });
    assert_eq!(runtime.verdicts("event")["server"]["outcome"], "delivered");
    assert_eq!(project.lines("delivered"), ["-", "event"]);
}

fn calls_wait_up_to_their_number() {
    let project = one_at_a_time("waiting = 2");
    let runtime = Runtime::start(&project);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| runtime.get("/fn/server"));
        wait_until("the first is under way", || project.lines("delivered").len() == 1);
        let waiting = [0; 2].map(|_| scope.spawn(|| runtime.get("/fn/server")));
        wait_until("two wait", || runtime.function("server")["queued"] == 2);
        assert_eq!(runtime.get("/fn/server").status, 503);
        project.write("go", "");
        let answers = waiting.into_iter().chain([first]).map(|call| call.join().unwrap().status);
        assert_eq!(answers.collect::<Vec<_>>(), [200; 3]);
    });
}
