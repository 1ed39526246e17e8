//! Dead letters, as a person looks at them, drops and exports them. Those that are sent again are in `redriven`.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "dead letters",
        &[
            ("a_dead_letter_survives_a_kill_and_is_listed", survives_a_kill),
            ("a_letter_is_shown_with_what_to_do", is_shown),
            ("where_there_are_none_that_is_said", none_are_told),
            ("dropped_letters_are_gone_and_the_others_stay", dropped),
            ("exported_letters_are_events_with_their_extensions", exported),
            ("a_page_of_another_site_can_retry_and_drop_nothing", foreign_pages),
        ],
    )
}

/// Fails until there is a file `mended`.
pub(crate) const BILL: &str = "#!/bin/sh
# hydrant: protocol = \"oneshot\"
test -e mended || { echo \"no field total\"; exit 3; }
echo \"$CE_ID $(cat)\" >> delivered
";
pub(crate) const CONFIG: &str = "[broker.default]\ndelivery = { retry = 1, delay = \"1ms\" }\n";

pub(crate) fn project() -> Project {
    let project = Project::new(CONFIG);
    project.function("bill", BILL);
    project
}

/// An event that nobody could take.
pub(crate) fn dies(runtime: &Runtime<'_>, id: &str, ty: &str) {
    runtime.send(id, ty);
    assert_eq!(runtime.verdicts(id)[ty]["outcome"], "dead_letter");
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

pub(crate) fn listed(project: &Project) -> Vec<Value> {
    let (code, out, talk) = verb(project, &["dlq", "ls", "-o", "json"]);
    assert_eq!(code, 0, "{talk}");
    json_lines(&out)
}

/// The ids of the events that are dead letters.
pub(crate) fn dead(project: &Project) -> Vec<String> {
    listed(project).iter().map(|letter| letter["event"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Runs a verb that must succeed, and gives what it printed.
pub(crate) fn ok(project: &Project, arguments: &[&str]) -> String {
    let (code, out, talk) = verb(project, arguments);
    assert_eq!(code, 0, "{arguments:?}: {out}{talk}");
    out
}

fn survives_a_kill() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    let before = listed(&project);
    let [letter] = before.as_slice() else { panic!("{before:?}") };
    for (name, expected) in [
        ("id", Value::from("d0")),
        ("trigger", "bill".into()),
        ("kind", "trigger".into()),
        ("function", "bill".into()),
        ("reason", "exit 3".into()),
        ("error", "no field total".into()),
        ("code", 3.into()),
        ("attempts", 2.into()),
        ("redrives", 0.into()),
    ] {
        assert_eq!(letter[name], expected, "{name}: {letter}");
    }
    assert_eq!((&letter["event"]["type"], &letter["event"]["source"]), (&"bill".into(), &"/test".into()));
    assert!(letter["event"].get("data").is_none(), "a list has no data: {letter}");
    assert!(letter["dead_since"].as_str().unwrap().ends_with('Z'), "{letter}");
    let ready = runtime.admin("GET", "/readyz").json();
    assert_eq!(ready["dead_letters"], 1, "{ready}");

    runtime.kill9();
    let runtime = Runtime::start(&project);
    assert_eq!(listed(&project), before);
    wait_until("it is told at the start", || runtime.log().contains("1 dead letter waits for you"));
    let table = ok(&project, &["dlq", "ls"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("LETTER") && lines[1].starts_with("d0 "), "{table}");
    let [group] = json_lines(&ok(&project, &["dlq", "ls", "--group", "-o", "json"])).try_into().unwrap();
    assert_eq!(
        (&group["trigger"], &group["reason"], &group["count"]),
        (&"bill".into(), &"exit 3".into(), &1.into())
    );
}

fn is_shown() {
    let project = project();
    let runtime = Runtime::start(&project);
    runtime.post("/", "o-1", "bill", "forty-two");
    runtime.verdicts("o-1");
    for name in ["d0", "o-1"] {
        let told = ok(&project, &["dlq", "show", name]);
        for part in [
            "trigger bill -> fn/bill",
            "exit 3 after 2 attempts",
            "no field total",
            "forty-two",
            "hydrant dlq retry d0",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let shown: Value = serde_json::from_str(&ok(&project, &["dlq", "show", "d0", "-o", "json"])).unwrap();
    assert_eq!(shown["event"]["data"], "forty-two");
    let (code, _, talk) = verb(&project, &["dlq", "show", "d7"]);
    assert!(
        code == 1 && talk.contains("no dead letter \"d7\"") && talk.contains("hydrant dlq ls"),
        "{code} {talk}"
    );
}

fn none_are_told() {
    let project = project();
    assert_eq!(verb(&project, &["dlq", "ls"]).0, 4, "nobody runs");
    let _runtime = Runtime::start(&project);
    for arguments in
        [&["dlq", "ls"][..], &["dlq", "ls", "--group"], &["dlq", "retry", "--all"], &["dlq", "drop", "--all"]]
    {
        let (code, out, talk) = verb(&project, arguments);
        assert_eq!((code, out.as_str(), talk.as_str()), (0, "", "no dead letters\n"), "{arguments:?}");
    }
    assert_eq!(listed(&project), Vec::<Value>::new());
    let (code, _, talk) = verb(&project, &["dlq", "retry"]);
    assert!(code == 2 && talk.contains("which dead letters?"), "{code} {talk}");
    assert_eq!(verb(&project, &["dlq", "drop", "d1", "--all", "--yes"]).0, 2);
}

fn dropped() {
    let project = project();
    let runtime = Runtime::start(&project);
    for id in ["o-1", "o-2", "o-3"] {
        dies(&runtime, id, "bill");
    }
    let (code, _, talk) = verb(&project, &["dlq", "drop", "d1"]);
    assert!(code == 2 && talk.contains("--yes"), "{code} {talk}");
    assert_eq!(dead(&project).len(), 3);
    assert_eq!(ok(&project, &["dlq", "drop", "o-2", "--yes"]), "1 dead letter dropped\n");
    assert_eq!(dead(&project), ["o-1", "o-3"]);
    runtime.kill9();
    let runtime = Runtime::start(&project);
    assert_eq!(dead(&project), ["o-1", "o-3"]);
    assert_eq!(ok(&project, &["dlq", "drop", "--all", "--yes"]), "2 dead letters dropped\n");
    runtime.kill9();
    let runtime = Runtime::start(&project);
    assert_eq!(dead(&project), [""; 0]);
    dies(&runtime, "o-4", "bill");
    assert_eq!(listed(&project)[0]["id"], "d3", "no name is used twice");
}

fn exported() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    dies(&runtime, "o-2", "bill");
    let events = json_lines(&ok(&project, &["dlq", "export"]));
    assert_eq!(events.len(), 2);
    for (event, id) in events.iter().zip(["o-1", "o-2"]) {
        for (name, value) in [
            ("specversion", "1.0"),
            ("id", id),
            ("source", "/test"),
            ("data", "data"),
            ("knativeerrordest", "fn/bill"),
            ("knativeerrorcode", "3"),
            ("hydrantsubscription", "trigger/bill"),
        ] {
            assert_eq!(event[name], value, "{name}: {event}");
        }
    }
    let documents = ok(&project, &["dlq", "export", "-o", "yaml"]);
    let ids: Vec<&str> = documents.lines().filter(|line| line.starts_with("id: ")).collect();
    assert_eq!(
        (documents.matches("---\n").count(), &ids[..]),
        (2, &["id: o-1", "id: o-2"][..]),
        "{documents}"
    );
    let file = project.file("letters.jsonl");
    ok(&project, &["dlq", "export", "d1", "--file", file.to_str().unwrap()]);
    assert_eq!(json_lines(&fs::read_to_string(&file).unwrap()), events[1..]);
    let (code, _, talk) = verb(&project, &["dlq", "export", "--file", file.to_str().unwrap()]);
    assert!(code == 1 && talk.contains("cannot make"), "it writes over nothing: {talk}");
    assert_eq!(dead(&project), ["o-1", "o-2"], "they are still there");
}

fn foreign_pages() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    for path in ["/api/v1/dlq/d0/retry", "/api/v1/dlq/d0/drop"] {
        let foreign = [("origin", "http://evil.example")];
        let answer = http::request(runtime.admin, "POST", path, &foreign, b"").unwrap();
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
        assert_eq!(runtime.admin("GET", path).status, 405, "to look changes nothing: {path}");
    }
    for body in ["{}", "{\"all\":true,\"triger\":\"bill\"}", "nonsense"] {
        let json = [("content-type", "application/json")];
        let answer =
            http::request(runtime.admin, "POST", "/api/v1/dlq/drop", &json, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    assert_eq!(dead(&project), ["o-1"]);
    let page = runtime.admin("GET", "/api/v1/dlq");
    assert_eq!((page.header("hydrant-total"), page.json().as_array().unwrap().len()), (Some("1"), 1));
}
