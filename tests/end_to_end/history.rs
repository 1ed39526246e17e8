//! What became of events, told after a restart and after a kill, listed, and led on to what came of them.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "history",
        &[
            ("explain_says_the_same_after_a_restart", the_same_after_a_restart),
            ("what_was_written_is_known_after_a_kill", known_after_a_kill),
            ("what_goes_on_after_a_restart_is_one_story", one_story),
            ("events_are_listed_by_what_they_are_and_when_they_came", listed),
            ("what_failed_before_a_restart_goes_again", failed_goes_again),
            ("an_answer_knows_what_it_came_of_and_that_knows_the_answer", parents_and_children),
            ("the_history_keeps_to_its_bounds", bounds),
            ("data_comes_from_the_channel_after_a_restart_too", data_comes_from_the_channel),
        ],
    )
}

/// Of two attempts, for trigger `order`; what `audit` refuses.
const CONFIG: &str = "[broker.default]\ndelivery = { retry = 1, delay = \"1ms\" }\n\
    [trigger.audit]\nto = \"fn/audit\"\nfilter = { exact = { type = \"audit\" } }\n";

/// A server that cannot take events whose id ends with an x.
fn picky() -> String {
    noting_server("", "        if self.headers['ce-id'].endswith('x'): status = 500")
}

fn picky_project() -> Project {
    let project = Project::new(CONFIG);
    project.function("order", picky());
    project.function("audit", picky());
    project
}

fn explained(runtime: &Runtime<'_>, id: &str) -> Value {
    let answer = runtime.admin("GET", &format!("/api/v1/events/{id}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The ids that `hydrant history` lists.
fn history(project: &Project, flags: &[&str]) -> Vec<String> {
    let (code, data, talk) = verb(project, &[&["history", "-o", "json"][..], flags].concat());
    assert_eq!(code, 0, "{talk}");
    let rows = data.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn send_all(runtime: &Runtime<'_>, ids: &[&str]) {
    for id in ids {
        runtime.send(id, "order");
        runtime.verdicts(id);
    }
}

/// Whether a file of the history holds this text.
fn is_on_disk(project: &Project, text: &str) -> bool {
    let files = fs::read_dir(project.file(".hydrant/history")).into_iter().flatten().flatten();
    files
        .filter_map(|file| fs::read(file.path()).ok())
        .any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

fn the_same_after_a_restart() {
    let project = picky_project();
    let runtime = Runtime::start(&project);
    send_all(&runtime, &["1", "2x"]);
    let before = ["1", "2x"].map(|id| explained(&runtime, id));
    assert_eq!(before[1]["verdicts"][0]["attempts"].as_array().unwrap().len(), 2, "{}", before[1]);
    assert!(runtime.stop().success());
    // Both go by what was in force when they met it.
    project.configure("[trigger.audit]\nto = \"fn/audit\"\nfilter = { exact = { type = \"other\" } }\n");
    let runtime = Runtime::start(&project);
    let after = ["1", "2x"].map(|id| explained(&runtime, id));
    assert_eq!(after, before);
    let refused = &after[0]["verdicts"][1];
    assert_eq!(refused["clause"], "type = \"audit\" (event has \"order\")");
    assert!(runtime.stop().success());
    fs::remove_dir_all(project.file(".hydrant/history")).unwrap();
    let runtime = Runtime::start(&project);
    assert_eq!(runtime.admin("GET", "/api/v1/events/1").status, 404, "only the files knew it");
}

fn known_after_a_kill() {
    let project = picky_project();
    let runtime = Runtime::start(&project);
    send_all(&runtime, &["known-x"]);
    let before = explained(&runtime, "known-x");
    wait_until("it is written", || is_on_disk(&project, "known-x"));
    runtime.kill9();
    let runtime = Runtime::start(&project);
    runtime.verdicts("known-x");
    let after = explained(&runtime, "known-x");
    let first = |event: &Value| event["verdicts"][0]["attempts"][0].clone();
    assert_eq!((&after["arrived"], first(&after)), (&before["arrived"], first(&before)));
    assert_eq!(after["verdicts"][0]["outcome"], "dead_letter");
}

fn one_story() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 3, delay = \"10m\", max_delay = \"10m\" }\n");
    project.function("order", picky());
    let runtime = Runtime::start(&project);
    runtime.send("1x", "order");
    let attempts = |runtime: &Runtime<'_>| {
        let answer = runtime.admin("GET", "/api/v1/events/1x?until=arrived&wait=60s").json();
        let attempts = answer["verdicts"][0]["attempts"].as_array().unwrap();
        attempts.iter().map(|attempt| attempt["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    wait_until("it failed once", || attempts(&runtime) == ["500"]);
    let before = explained(&runtime, "1x");
    assert!(runtime.stop().success());
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    wait_until("it is delivered", || attempts(&runtime) == ["500", "200"]);
    runtime.verdicts("1x");
    let after = explained(&runtime, "1x");
    let verdict = &after["verdicts"][0];
    assert_eq!((&verdict["outcome"], &verdict["attempt_count"]), (&"delivered".into(), &2.into()), "{after}");
    assert_eq!(after["arrived"], before["arrived"]);
    assert_eq!(history(&project, &[]), ["1x"], "one event");
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    assert_eq!(explained(&runtime, "1x"), after);
}

fn listed() {
    let project = picky_project();
    let runtime = Runtime::start(&project);
    send_all(&runtime, &["1", "2x", "3"]);
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    let between = explained(&runtime, "3")["arrived"].as_str().unwrap().to_owned();
    send_all(&runtime, &["4x", "5"]);
    runtime.post("/", "6", "audit", "data");
    runtime.post("/", "7", "unheard.of", "data");
    ["6", "7"].iter().for_each(|id| drop(runtime.verdicts(id)));
    for (flags, ids) in [
        (&[][..], &["7", "6", "5", "4x", "3", "2x", "1"][..]),
        (&["-n", "4"], &["7", "6", "5", "4x"]),
        (&["--failed"], &["4x", "2x"]),
        (&["--outcome", "unmatched"], &["7"]),
        (&["--outcome", "dead_letter", "-n", "1"], &["4x"]),
        (&["--filter", "id LIKE '%x' OR type = 'audit'"], &["6", "4x", "2x"]),
        (&["--trigger", "audit"], &["6"]),
        (&["--trigger", "trigger/order", "--failed"], &["4x", "2x"]),
        (&["--since", &between], &["7", "6", "5", "4x", "3"]),
        (&["--until", &between], &["2x", "1"]),
        (&["--source", "/other"], &[]),
        (&["2x"], &["2x"]),
    ] {
        assert_eq!(history(&project, flags), ids, "{flags:?}");
    }
    let (code, _, talk) = verb(&project, &["history", "--filter", "type ="]);
    assert_eq!(code, 1);
    assert!(talk.contains("the filter is no CESQL"), "{talk}");
    let (_, text, _) = verb(&project, &["history", "2x"]);
    let row =
        text.lines().nth(1).unwrap_or_default().split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    assert_eq!(row, "2x order /test broker/default dead letter order", "{text}");
}

fn failed_goes_again() {
    let project = picky_project();
    let runtime = Runtime::start(&project);
    send_all(&runtime, &["1", "2x"]);
    runtime.post("/", "3x", "order", &"x".repeat(100_000));
    runtime.verdicts("3x");
    assert!(runtime.stop().success());
    project.function(
        "order",
        noting_server("", "        note(self.headers['ce-id'] + ' ' + str(len(self.body)), 'again')"),
    );
    let runtime = Runtime::start(&project);
    let (code, data, talk) = verb(&project, &["replay", "--failed"]);
    assert_eq!(code, 0, "{data}{talk}");
    // Of the larger one the history has only the start, and its channel all.
    wait_until("what failed came again", || {
        project.counts("again").into_keys().collect::<Vec<_>>() == ["2x 4", "3x 100000"]
    });
    assert!(runtime.stop().success());
    // To a trigger that is there no more it does not go.
    fs::remove_file(project.file("functions/order")).unwrap();
    let _runtime = Runtime::start(&project);
    let (code, data, _) = verb(&project, &["replay", "2x"]);
    assert_eq!(code, 1);
    assert!(data.contains("there is no such trigger, subscription or source any more"), "{data}");
}

fn parents_and_children() {
    let project = Project::new("");
    let answer = "        self.send_response(200)
        for name, value in dict(specversion='1.0', id=self.headers['ce-id'] + '-done', source='/order', type='done').items():
            self.send_header('ce-' + name, value)
        self.send_header('content-length', '0')
        self.end_headers()
        return";
    project.function("order", noting_server("", answer));
    project.function("done", noting_server("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    runtime.verdicts("1-done");
    let kin = |runtime: &Runtime<'_>| {
        ["1", "1-done"].map(|id| {
            let event = explained(runtime, id);
            (event["parents"].to_string(), event["children"].to_string())
        })
    };
    let none = "[]".to_owned();
    let parent = r#"[{"id":"1","source":"/test","trigger":"order"}]"#.to_owned();
    let child = r#"[{"id":"1-done","source":"/order","trigger":"order"}]"#.to_owned();
    let wanted = [(none.clone(), child), (parent, none)];
    assert_eq!(kin(&runtime), wanted);
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    assert_eq!(kin(&runtime), wanted);
    assert!(verb(&project, &["explain", "1"]).1.contains("\n  led to 1-done (order)\n"));
    assert!(verb(&project, &["explain", "1-done"]).1.contains("\n  came of 1 (order)\n"));
}

fn bounds() {
    let project = Project::new("history = { events = 16 }\n");
    project.function("order", picky());
    let runtime = Runtime::start(&project);
    let ids: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    send_all(&runtime, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    let newest: Vec<_> = ids[34..].iter().rev().cloned().collect();
    assert_eq!(history(&project, &[]), newest);
    assert!(runtime.stop().success());

    let project = Project::new("history = { events = 0 }\n");
    project.function("order", picky());
    let runtime = Runtime::start(&project);
    send_all(&runtime, &["1"]);
    assert_eq!(history(&project, &[]), ["1"], "from memory");
    assert!(runtime.stop().success());
    assert!(!project.file(".hydrant/history").exists());
}

fn data_comes_from_the_channel() {
    let project = picky_project();
    let runtime = Runtime::start(&project);
    let data = "x".repeat(100_000);
    runtime.post("/broker/default", "1", "order", &data);
    runtime.verdicts("1");
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    let without = explained(&runtime, "1");
    assert_eq!((&without["data_bytes"], &without["event"]["data"]), (&100_000.into(), &Value::Null));
    let (code, event, talk) = verb(&project, &["explain", "1", "-o", "json"]);
    assert_eq!(code, 0, "{talk}");
    let event: Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["event"]["data"], data.as_str());
    assert!(!is_on_disk(&project, &data[..1000]), "it is kept once");
}
