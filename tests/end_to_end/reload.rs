//! Save = live: the next event runs the new file, the old one finishes what it holds, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::runtime::{output as printed_by, verb};
use crate::support::{Ends, Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "reload",
        &[
            ("the_next_event_runs_what_was_saved", the_next_event_runs_what_was_saved),
            (
                "a_large_program_that_is_written_in_place_is_taken_every_time",
                a_large_program_written_in_place,
            ),
            ("a_broken_version_leaves_the_working_one", a_broken_version_leaves_the_working_one),
            ("a_removed_function_waits_and_comes_back", a_removed_function_waits),
            ("a_renamed_function_leaves_its_events_to_whoever_bears_the_name", a_renamed_function),
            ("a_function_gone_between_two_saves_loses_nothing", a_function_gone_between_two_saves),
            ("a_save_without_a_change_is_no_revision", a_save_without_a_change),
            ("what_is_in_flight_finishes_on_the_old_one", what_is_in_flight),
            ("an_edited_setting_restarts_its_function_alone", an_edited_setting),
            ("fifty_reloads_under_load_fail_and_lose_nothing", fifty_reloads_under_load),
            ("a_changed_class_leaves_no_event_behind_unasked", a_changed_class),
        ],
    )
}

fn version(number: u32) -> String {
    noting_script("", &format!("echo {number} >> versions"))
}

/// Sends an event and waits until it was handled; gives the version that handled it.
fn handled_by(project: &Project, runtime: &Runtime<'_>, id: &str) -> String {
    runtime.send(id, "order");
    assert_eq!(runtime.verdicts(id)["order"]["outcome"], "delivered");
    project.lines("versions").last().unwrap().clone()
}

/// Waits until a save was seen: its revision is told.
fn wait_revision(runtime: &Runtime<'_>, wanted: &str) {
    wait_until("the save is seen", || runtime.function("order")["revision"] == wanted);
}

fn the_next_event_runs_what_was_saved() {
    let project = Project::new("");
    project.function("order", version(1));
    let runtime = Runtime::start(&project);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    // Moved into its place.
    project.function("order", version(2));
    wait_revision(&runtime, "r2");
    assert_eq!(handled_by(&project, &runtime, "2"), "2");
    // Copied over.
    project.write("functions/order", &version(3));
    wait_until("the third is seen", || runtime.function("order")["revision"] != "r2");
    assert_eq!(handled_by(&project, &runtime, "3"), "3");
    // As cargo does it: removed, and a hard link put in its place.
    project.write("built", &version(4));
    fs::set_permissions(project.file("built"), fs::Permissions::from_mode(0o755)).unwrap();
    let before = runtime.function("order")["revision"].clone();
    fs::remove_file(project.file("functions/order")).unwrap();
    fs::hard_link(project.file("built"), project.file("functions/order")).unwrap();
    wait_until("the fourth is seen", || {
        let now = runtime.function("order");
        now["revision"] != before && now["reason"].is_null()
    });
    assert_eq!(handled_by(&project, &runtime, "4"), "4");
}

/// Its close is told before the file system is done with it, which then still says that somebody writes.
fn a_large_program_written_in_place() {
    let project = Project::new("");
    project.function("order", version(0));
    let runtime = Runtime::start(&project);
    let filling = format!("exit\n{}", "#".repeat(20 << 20));
    for number in 1..=20 {
        let before = runtime.function("order")["revision"].clone();
        project.write("functions/order", &format!("{}\n{filling}", version(number)));
        wait_until("the save is seen", || runtime.function("order")["revision"] != before);
    }
    assert_eq!(handled_by(&project, &runtime, "1"), "20");
}

fn a_broken_version_leaves_the_working_one() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    project.function("order", "#!/bin/sh\necho broken >&2\nexit 1\n");
    wait_revision(&runtime, "r2");
    for id in ["2", "3"] {
        runtime.send(id, "order");
        let verdict = &runtime.verdicts(id)["order"];
        assert_eq!(verdict["outcome"], "delivered", "by the old one");
    }
    assert!(runtime.function("order")["reason"].as_str().unwrap().contains("exit 1"));
    assert_eq!(project.lines("delivered"), ["1", "2", "3"]);
}

fn a_removed_function_waits() {
    let project = Project::new("[trigger.order]\nto = \"fn/order\"\n[function.order]\n");
    project.function("order", version(1));
    let runtime = Runtime::start(&project);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    fs::remove_file(project.file("functions/order")).unwrap();
    wait_until("it is seen", || runtime.function("order")["reason"] == "its file is missing");
    runtime.send("2", "order");
    wait_until("the event waits", || runtime.function("order")["queued"] == 1);
    project.function("order", version(2));
    assert_eq!(runtime.verdicts("2")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("versions"), ["1", "2"]);
}

/// Failure scenario 46. Another file takes the name of the one that is gone; what waited for it is its.
fn a_renamed_function() {
    let trigger = "[trigger.orders]\nto = \"fn/order\"\nfilter = { exact = { type = \"order\" } }\n";
    let project = Project::new(&format!("[function.order]\n{trigger}"));
    project.function("order", version(1));
    let runtime = Runtime::start(&project);
    fs::rename(project.file("functions/order"), project.file("functions/bill")).unwrap();
    wait_until("it is seen", || runtime.function("order")["reason"] == "its file is missing");
    for id in ["1", "2"] {
        runtime.send(id, "order");
    }
    wait_until("the events wait", || runtime.function("order")["queued"] == 2);
    let (_, ps, _) = verb(&project, &["ps"]);
    assert!(ps.contains("its file is missing"), "{ps}");
    runtime.send("3", "bill");
    assert_eq!(runtime.verdicts("3")["bill"]["outcome"], "delivered", "under its new name it works");
    assert_eq!(project.lines("delivered"), ["3"]);
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    fs::rename(project.file("functions/bill"), project.file("functions/order")).unwrap();
    wait_until("none is lost", || project.counts("delivered").len() == 3);
    runtime.send("4", "order");
    assert_eq!(runtime.verdicts("4")["orders"]["outcome"], "delivered");
    assert!(project.counts("delivered").values().all(|count| *count == 1));
}

/// A build removes its output first. What comes meanwhile waits, even for a function that nothing else names, and
/// even over a restart.
fn a_function_gone_between_two_saves() {
    let project = Project::new("");
    project.function("order", version(1));
    let runtime = Runtime::start(&project);
    assert_eq!(handled_by(&project, &runtime, "1"), "1");
    fs::remove_file(project.file("functions/order")).unwrap();
    wait_until("it is seen", || runtime.function("order")["reason"] == "its file is missing");
    runtime.send("2", "order");
    wait_until("the event waits", || runtime.function("order")["queued"] == 1);
    assert!(runtime.stop().success());
    let again = Runtime::start(&project);
    project.function("order", version(2));
    wait_until("it is delivered", || project.lines("delivered").contains(&"2".to_owned()));
    again.send("3", "order");
    assert_eq!(again.verdicts("3")["order"]["outcome"], "delivered");
    assert_eq!(
        (project.lines("versions"), project.counts("delivered").len()),
        (vec!["1".into(), "2".into(), "2".into()], 3)
    );
}

fn a_save_without_a_change() {
    let project = Project::new("");
    let server = noting_server("", "        answer = str(os.getpid()).encode()");
    project.function("order", &server);
    project.function("other", version(1));
    let runtime = Runtime::start(&project);
    let pid = runtime.get("/fn/order").body;
    // A new inode, and then a new time.
    project.function("order", &server);
    project.write("functions/order", &server);
    project.function("other", version(2));
    wait_until("the other one is seen", || runtime.function("other")["revision"] == "r2");
    let order = runtime.function("order");
    assert_eq!(order["revision"], "r1");
    assert_eq!(runtime.get("/fn/order").body, pid, "the same process");
    let file = project.file("functions/order");
    let sum = printed_by("sha256sum", &[file.to_str().unwrap()]).unwrap();
    assert_eq!(order["content"].as_str(), sum.split_whitespace().next());
    project.function("order", format!("{server}# another\n"));
    wait_revision(&runtime, "r2");
    let content = runtime.function("order")["content"].as_str().unwrap().to_owned();
    let told = format!("functions/order changed -> r2 ({})", &content[..8]);
    assert!(runtime.log().contains(&told), "{told}: {}", runtime.log());
}

fn what_is_in_flight() {
    let project = Project::new("");
    let wait = "        while self.headers.get(\"ce-id\") == \"1\" and not os.path.exists(\"go\"): time.sleep(0.005)";
    project.function("order", noting_server("", wait));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it is in flight", || project.lines("delivered") == ["1"]);
    project.function("order", noting_server("", &format!("{wait}\n        note(\"new\", \"versions\")")));
    wait_revision(&runtime, "r2");
    runtime.send("2", "order");
    assert_eq!(runtime.verdicts("2")["order"]["attempts"][0]["revision"], "r2");
    assert_eq!(runtime.function("order")["in_flight"], 1, "the first is still in flight");
    project.write("go", "");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &1.into()));
    assert_eq!(verdict["attempts"][0]["revision"], "r1");
    assert_eq!(project.lines("delivered"), ["1", "2"]);
}

fn an_edited_setting() {
    let project = Project::new("");
    let server = |name: &str| {
        noting_server(
            &format!("on = {{ type = \"{name}\" }}"),
            "        answer = os.environ.get(\"MOOD\", \"-\").encode() + b\" \" + str(os.getpid()).encode()",
        )
    };
    project.function("one", server("one"));
    project.function("two", server("two"));
    let runtime = Runtime::start(&project);
    let (one, two) = (runtime.get("/fn/one").body, runtime.get("/fn/two").body);
    assert!(one.starts_with("- ") && two.starts_with("- "));
    project.configure("[function.one]\nenv = { MOOD = \"good\" }\n");
    wait_until("it takes over", || runtime.get("/fn/one").body.starts_with("good "));
    assert_eq!(runtime.get("/fn/two").body, two, "the other one is the same process");
}

fn fifty_reloads_under_load() {
    const RELOADS: u32 = 50;
    let project = Project::new("");
    let server = |number: u32| noting_server("", &format!("        note(\"{number}\", \"versions\")"));
    project.function("order", server(0));
    let runtime = Runtime::start(&project);
    let over = AtomicBool::new(false);
    let begin = Instant::now();
    let produce = |producer: usize| {
        let mut sent: u32 = 0;
        while !over.load(Ordering::Relaxed) {
            runtime.send(&format!("{producer}-{sent}"), "order");
            sent += 1;
            // 50 a second, by the clock: who is late catches up.
            let next = begin + sent * Duration::from_millis(20);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        sent as usize
    };
    let sent: usize = std::thread::scope(|scope| {
        let (produce, ends) = (&produce, Ends(&over));
        let producers: Vec<_> = (0..4).map(|producer| scope.spawn(move || produce(producer))).collect();
        for number in 1..=RELOADS {
            project.function("order", server(number));
            let number = number.to_string();
            wait_until("the new one works", || project.lines("versions").last() == Some(&number));
        }
        drop(ends);
        producers.into_iter().map(|producer| producer.join().unwrap()).sum()
    });
    let rate = sent as f64 / begin.elapsed().as_secs_f64();
    wait_until("all are delivered", || project.lines("delivered").len() >= sent);
    let counts = project.counts("delivered");
    assert_eq!(counts.len(), sent, "none is lost");
    assert!(counts.values().all(|count| *count == 1), "none comes twice");
    let function = runtime.function("order");
    assert_eq!(function["failed"], 0, "no attempt failed: {function}");
    println!("{RELOADS} reloads, {sent} events, {rate:.0} a second: none lost, none failed");
}

/// Failure scenario 47.
fn a_changed_class() {
    let project = Project::new("");
    let fails_without_go = noting_script("", "test -e go || exit 1");
    project.function("order", fails_without_go);
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("it was tried", || !project.lines("delivered").is_empty());
    project.configure("[broker.default]\nclass = \"memory\"\n");
    wait_until("the running one says so", || runtime.log().contains("takes a restart"));
    runtime.kill9();
    let (code, _, said) = verb(&project, &["run"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("[broker.default] was durable") && said.contains("1 event not delivered"),
        "{said}"
    );
    assert!(said.contains("--abandon"), "{said}");
    project.configure("");
    project.write("go", "");
    let runtime = Runtime::start(&project);
    wait_until("it is delivered", || runtime.verdicts("1")["order"]["outcome"] == "delivered");
    assert!(runtime.stop().success());
    project.configure("[broker.default]\nclass = \"memory\"\n");
    let runtime = Runtime::start_as(&project, &["run"]);
    runtime.send("2", "order");
    assert_eq!(
        runtime.verdicts("2")["order"]["outcome"],
        "delivered",
        "nothing was left, nothing is in the way"
    );
}
