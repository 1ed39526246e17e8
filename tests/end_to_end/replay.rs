//! Events that are delivered again because somebody wants it.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "replay",
        &[
            ("an_event_goes_again_to_the_triggers_it_matched_and_is_marked", it_goes_to_whom_it_matched),
            ("what_failed_goes_again_once_the_function_is_mended", what_failed_goes_again),
            ("an_event_goes_to_a_trigger_that_did_not_want_it", to_one_that_did_not_want_it),
            ("a_dry_run_delivers_nothing", a_dry_run_delivers_nothing),
            ("a_stretch_of_a_channel_goes_again", a_stretch_goes_again),
            ("what_is_replayed_survives_a_kill", it_survives_a_kill),
            ("events_go_again_as_far_apart_as_they_came", as_far_apart_as_they_came),
            ("a_speed_is_no_rate_and_not_nothing", a_speed_is_no_rate),
            (
                "data_that_is_too_large_for_the_history_comes_from_the_channel",
                large_data_comes_from_the_channel,
            ),
        ],
    )
}

/// The objects of `hydrant replay -o json`.
fn replay(project: &Project, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let (code, data, talk) = verb(project, &[&["replay", "-o", "json"][..], arguments].concat());
    (code, data.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), talk)
}

/// A function that notes each event with the mark of its repetition.
fn marking(header: &str) -> String {
    noting_server(
        header,
        "        note(self.headers['ce-id'] + ' ' + str(self.headers['ce-hydrantreplay']), 'marks')",
    )
}

fn it_goes_to_whom_it_matched() {
    let project =
        Project::new("[trigger.audit]\nto = \"fn/audit\"\nfilter = { exact = { type = \"other\" } }\n");
    project.function("order", marking(""));
    project.function("audit", marking(""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    let (code, done, talk) = replay(&project, &["1"]);
    assert_eq!(code, 0, "{talk}");
    let told: Vec<_> = done.iter().map(|one| (one["id"].clone(), one["trigger"].clone())).collect();
    assert_eq!(told, [("1".into(), "order".into())]);
    wait_until("it came again", || project.lines("marks") == ["1 None", "1 trigger/order"]);
}

fn what_failed_goes_again() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0 }\n");
    project.function("order", noting_server("", "        if int(self.headers['ce-id']) % 2: status = 500"));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3"] {
        runtime.send(id, "order");
        runtime.verdicts(id);
    }
    project.function("order", marking(""));
    let (code, done, _) = replay(&project, &["--failed", "--filter", "type = 'order'"]);
    let ids: Vec<_> = done.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!((code, ids), (0, vec!["1", "3"]));
    wait_until("both came again", || {
        project.counts("marks").into_keys().collect::<Vec<_>>() == ["1 trigger/order", "3 trigger/order"]
    });
}

fn to_one_that_did_not_want_it() {
    let project =
        Project::new("[trigger.audit]\nto = \"fn/audit\"\nfilter = { exact = { type = \"other\" } }\n");
    project.function("order", noting_server("", ""));
    project.function("audit", marking(""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    assert_eq!(replay(&project, &["1", "--trigger", "audit"]).0, 0);
    wait_until("it came", || project.lines("marks") == ["1 trigger/audit"]);
    let (code, _, talk) = replay(&project, &["1", "--trigger", "nobody"]);
    assert_eq!(code, 1);
    assert!(talk.contains("there is no trigger, subscription or source \"nobody\""), "{talk}");
}

fn a_dry_run_delivers_nothing() {
    let project = Project::new("");
    project.function("order", marking(""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    let (code, done, talk) = replay(&project, &["--last", "10", "--dry-run"]);
    assert_eq!((code, done.len()), (0, 1), "{talk}");
    assert!(talk.contains("1 of 1 would be delivered again"), "{talk}");
    let (code, _, talk) = replay(&project, &["2"]);
    assert_eq!(code, 1);
    assert!(talk.contains("no event that is remembered is meant"), "{talk}");
    runtime.send("3", "order");
    runtime.verdicts("3");
    assert_eq!(project.lines("marks"), ["1 None", "3 None"]);
}

fn a_stretch_goes_again() {
    let project = Project::new("");
    project.function("order", marking(""));
    let runtime = Runtime::start(&project);
    for id in ["1", "2", "3", "4"] {
        runtime.send(id, "order");
        runtime.verdicts(id);
    }
    let (code, done, talk) = replay(&project, &["--channel", "broker/default", "--offsets", "1-2"]);
    assert_eq!((code, done.len()), (0, 2), "{talk}");
    wait_until("the second and the third went again", || {
        let marks = project.lines("marks");
        ["2 trigger/order", "3 trigger/order"].iter().all(|again| marks.iter().any(|mark| mark == again))
    });
    let (code, _, talk) = replay(&project, &["--channel", "broker/default", "--offsets", "2-1"]);
    assert_eq!(code, 2, "{talk}");
    assert!(talk.contains("2 comes after 1"), "{talk}");
    assert_eq!(replay(&project, &["--offsets", "1"]).0, 2, "of which channel?");
}

fn it_survives_a_kill() {
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    // It comes to nobody before the kill.
    project.function("order", noting_server("", "        time.sleep(3600)"));
    assert_eq!(replay(&project, &["1"]).0, 0);
    runtime.kill9();
    project.function("order", marking(""));
    let _runtime = Runtime::start(&project);
    wait_until("it came again", || project.lines("marks") == ["1 trigger/order"]);
}

fn as_far_apart_as_they_came() {
    let project = Project::new("");
    project.function("order", marking("idle = \"1s\""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    let first = Instant::now();
    // A second at least.
    runtime.wait_zero("order");
    runtime.send("2", "order");
    runtime.verdicts("2");
    let apart = first.elapsed();
    assert!(apart >= Duration::from_secs(1), "{apart:?}");
    for (speed, least) in [("1x", Duration::from_secs(1)), ("2x", Duration::from_millis(500))] {
        let asked = Instant::now();
        let (code, done, talk) = replay(&project, &["--last", "2", "--speed", speed]);
        assert_eq!((code, done.len()), (0, 2), "{talk}");
        assert!(asked.elapsed() >= least, "{speed}: the second was not waited for");
    }
    assert_eq!(replay(&project, &["--last", "2", "--speed", "max"]).0, 0);
    wait_until("all came again", || {
        project.counts("marks").into_values().collect::<Vec<_>>() == [1, 3, 1, 3]
    });
}

fn a_speed_is_no_rate() {
    let project = Project::new("");
    project.function("order", marking(""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    for (speed, says) in [("0x", "write 1x, 10x, 0.5x or max"), ("fast", "write 1x, 10x, 0.5x or max")] {
        let (code, _, talk) = replay(&project, &["1", "--speed", speed]);
        assert_eq!(code, 2, "{talk}");
        assert!(talk.contains(says), "{talk}");
    }
    let (code, _, talk) = replay(&project, &["1", "--speed", "1x", "--rate", "5"]);
    assert_eq!(code, 2, "{talk}");
    assert!(talk.contains("cannot be used with"), "{talk}");
    let post = |body: &str| {
        let headers = [("content-type", "application/json")];
        http::request(runtime.admin, "POST", "/api/v1/replay", &headers, body.as_bytes()).unwrap()
    };
    let both = post(r#"{"id": "1", "rate": 5, "speed": 1}"#);
    assert_eq!(both.status, 400, "{}", both.body);
    assert!(both.body.contains("both `rate` and `speed` are said"), "{}", both.body);
    let none = post(r#"{"id": "1", "speed": -1}"#);
    assert_eq!(none.status, 400, "{}", none.body);
}

fn large_data_comes_from_the_channel() {
    let project = Project::new("");
    project.function("order", noting_server("", "        note(str(len(self.body)), 'sizes')"));
    let runtime = Runtime::start(&project);
    runtime.post("/broker/default", "1", "order", &"x".repeat(100_000));
    runtime.verdicts("1");
    assert_eq!(replay(&project, &["1"]).0, 0);
    wait_until("it came again, whole", || project.lines("sizes") == ["100000", "100000"]);
}
