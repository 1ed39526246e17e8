//! Events that are sent twice, that wait for their time, and that are passed on in a circle.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_script;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "repeats",
        &[
            ("what_is_sent_twice_is_delivered_once_over_a_kill_too", once_over_a_kill),
            ("a_replay_and_a_redrive_are_no_repetition", on_purpose),
            ("an_event_waits_for_its_time_over_a_kill_too", it_waits),
            ("a_circle_ends_after_as_many_hops_as_its_broker_says", a_circle_ends),
        ],
    )
}

const DEDUPLICATE: &str = "[broker.default]\ndelivery = { deduplicate = \"1h\", retry = 0 }\n";

/// What became of each copy of an event, in the order they came, once all have an end.
fn outcomes(runtime: &Runtime<'_>, id: &str) -> Vec<String> {
    let answer = runtime.admin("GET", &format!("/api/v1/events/{id}?wait=60s"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let verdicts = answer.json()["verdicts"].as_array().unwrap().clone();
    let mut verdicts: Vec<Value> =
        verdicts.into_iter().filter(|v| v["channel"] == "broker/default").collect();
    verdicts.sort_by_key(|verdict| verdict["offset"].as_u64());
    verdicts.iter().map(|verdict| verdict["outcome"].as_str().unwrap().to_owned()).collect()
}

/// Waits until it is written that an event was delivered.
fn noted(project: &Project) {
    let noted = project.file(".hydrant/delivered/trigger.order");
    wait_until("it is written", || fs::metadata(&noted).is_ok_and(|noted| noted.len() == 24));
}

fn once_over_a_kill() {
    let project = Project::new(DEDUPLICATE);
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.send("1", "order");
    wait_until("both have an end", || outcomes(&runtime, "1") == ["delivered", "duplicate"]);
    let (code, text, _) = verb(&project, &["explain", "1"]);
    assert!(code == 0 && text.contains("duplicate: the same event was delivered before"), "{text}");
    noted(&project);
    runtime.kill9();

    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.send("2", "order");
    assert_eq!(outcomes(&runtime, "2"), ["delivered"]);
    wait_until("the copy has an end", || {
        outcomes(&runtime, "1").last().is_some_and(|last| last == "duplicate")
    });
    assert!(runtime.stop().success());
    assert_eq!(project.lines("delivered"), ["1", "2"]);
}

fn on_purpose() {
    let project = Project::new(DEDUPLICATE);
    project.function("order", noting_script("", "test -e mended"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    assert_eq!(outcomes(&runtime, "1"), ["dead_letter"]);
    project.write("mended", "");
    let run = |arguments: &[&str]| {
        let (code, _, talk) = verb(&project, arguments);
        assert_eq!(code, 0, "{talk}");
    };
    run(&["dlq", "retry", "--all"]);
    noted(&project);
    assert_eq!(project.lines("delivered").len(), 2);
    runtime.send("1", "order");
    wait_until("the copy has an end", || {
        outcomes(&runtime, "1").last().is_some_and(|last| last == "duplicate")
    });
    run(&["replay", "1"]);
    wait_until("it is delivered again", || project.lines("delivered").len() >= 3);
    assert!(runtime.stop().success());
    assert_eq!(project.counts("delivered")["1"], project.lines("delivered").len());
}

fn it_waits() {
    let project = Project::new("[broker.default]\ndelivery = { deliver_after = \"1s\" }\n");
    project.function("order", noting_script("", "date +%s%N >> times"));
    let runtime = Runtime::start(&project);
    let sent = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    runtime.send("1", "order");
    runtime.kill9();
    let runtime = Runtime::start(&project);
    wait_until("it is delivered", || project.lines("times").len() == 1);
    let waited = project.lines("times")[0].parse::<u128>().unwrap() - sent.as_nanos();
    assert!(waited >= 1_000_000_000, "it waited {waited} ns");
    assert!(runtime.stop().success());
    assert_eq!(project.lines("delivered"), ["1"]);
}

fn a_circle_ends() {
    let project = Project::new("[broker.default]\nhops = 2\n");
    let again = r#"echo '{"specversion":"1.0","source":"/order","type":"order"}'"#;
    project.function("order", noting_script("", again));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the last is a dead letter", || {
        runtime.admin("GET", "/api/v1/dlq").json().as_array().is_some_and(|letters| letters.len() == 1)
    });
    assert!(runtime.stop().success());
    assert_eq!(project.lines("delivered").len(), 3, "the first, and two that are passed on");
}
