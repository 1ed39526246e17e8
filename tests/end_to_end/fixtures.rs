//! Fixtures: what is recorded of a running hydrant, and what a test of it says when functions change.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group};
use crate::tail::Tail;

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "fixtures",
        &[
            ("what_is_recorded_passes_until_a_function_changes", recorded_and_tested),
            ("a_record_overwrites_nothing_and_reaches_into_the_past", overwrites_nothing),
            ("what_fails_and_what_nobody_takes_is_expected_as_well", failures),
            ("fixtures_that_cannot_be_run_are_told_with_their_place", mistakes),
            ("a_fixture_by_hand_is_filled_in_by_an_update", by_hand),
            ("without_kafka_its_channels_and_sources_are_tried_in_memory", without_kafka),
            ("a_test_is_refused_with_the_codes_that_scripts_know", exit_codes),
        ],
    )
}

/// Answers with twice as many characters as the data has, in a reply that is never the same.
fn bill(factor: &str) -> String {
    format!(
        "#!/bin/sh\n# hydrant: protocol = \"oneshot\", on = {{ type = \"order\" }}\nread -r data\n\
         [ \"$data\" = bad ] && echo broken >&2 && exit 3\n\
         echo '{{\"specversion\":\"1.0\",\"id\":\"'$$'\",\"source\":\"/bill\",\"type\":\"billed\",\"data\":\
         {{\"lines\":[{{\"total\":'$((${{#data}} * {factor}))'}}],\"pid\":'$$'}}}}'\n"
    )
}

fn project() -> Project {
    let project = Project::new("[broker.default]\ndelivery = { retry = 2, delay = \"20s\" }\n");
    project.function("bill", bill("2"));
    project
}

fn fixture(project: &Project, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(project.file(name)).unwrap()).unwrap()
}

fn write(project: &Project, name: &str, fixture: &Value) {
    std::fs::create_dir_all(project.file("fixtures")).unwrap();
    project.write(&format!("fixtures/{name}"), &fixture.to_string());
}

/// What `test` says, which must end so.
fn tested(project: &Project, arguments: &[&str], code: i32) -> String {
    let (exit, said, talk) = verb(project, &[&["test"], arguments].concat());
    assert_eq!(exit, code, "{said}{talk}");
    said
}

fn recorded_and_tested() {
    let project = project();
    let runtime = Runtime::start(&project);
    let mut record = Tail::start(&project, &["record", "--trigger", "bill", "--count", "1"]);
    runtime.post("/", "1", "order", "four");
    let path = record.line();
    assert_eq!((&*path, record.exit()), ("fixtures/bill/01-order.json", Some(0)));
    let mut kept = fixture(&project, &path);
    assert_eq!((&kept["trigger"], &kept["function"]), (&"bill".into(), &"bill".into()), "{kept}");
    assert_eq!((&kept["event"]["id"], &kept["event"]["data"]), (&"1".into(), &"four".into()), "{kept}");
    assert_eq!((&kept["matched"], &kept["outcome"]), (&json!(["bill"]), &"delivered".into()), "{kept}");
    assert_eq!(
        (&kept["reply"]["type"], &kept["reply"]["data"]["lines"]),
        (&"billed".into(), &json!([{"total": 8}]))
    );

    let differs = tested(&project, &[], 1);
    assert!(differs.contains("reply.data.pid") && !differs.contains("lines"), "{differs}");
    kept["ignore"] = json!(["data.pid"]);
    project.write(&path, &kept.to_string());
    assert!(tested(&project, &[], 0).ends_with("1 ok, 0 FAILED\n"));

    project.function("bill", bill("3"));
    let differs = tested(&project, &[], 1);
    let expected = "  reply.data.lines[0].total\n    expected  8\n    got       12\n";
    assert!(
        differs.starts_with("FAILED   fixtures/bill/01-order.json") && differs.contains(expected),
        "{differs}"
    );
    assert!(tested(&project, &["--ignore", "data.lines"], 0).starts_with("ok "));
    let line: Value = serde_json::from_str(&tested(&project, &["-o", "json"], 1)).unwrap();
    assert_eq!((&line["result"], &line["id"]), (&"failed".into(), &"1".into()), "{line}");
    assert_eq!(line["differences"], json!([{"path": "reply.data.lines[0].total", "expected": 8, "got": 12}]));

    assert!(tested(&project, &["--update"], 0).ends_with("0 ok, 0 FAILED, 1 updated\n"));
    assert!(tested(&project, &[], 0).ends_with("1 ok, 0 FAILED\n"));
    let updated = fixture(&project, &path);
    assert_eq!(
        (&updated["reply"]["data"]["lines"], &updated["ignore"]),
        (&json!([{"total": 12}]), &json!(["data.pid"]))
    );
    assert_eq!(updated["event"], kept["event"]);
    assert_eq!(runtime.function("bill")["events"], 1, "the one that runs has nothing to do with it");
}

fn overwrites_nothing() {
    let project = project();
    let runtime = Runtime::start(&project);
    for id in ["1", "2"] {
        runtime.post("/", id, "order", "x");
        runtime.verdicts(id);
    }
    let last = ["record", "-o", "kept", "--trigger", "bill", "-n", "1", "--count", "1"];
    assert_eq!(verb(&project, &last).1, "kept/bill/01-order.json\n");
    let both = ["-o", "json", "record", "-n", "2", "--count", "2", "source = '/test'"];
    let (code, lines, talk) = verb(&project, &both);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |line: &Value| (line["fixture"].clone(), line["id"].clone());
    assert_eq!(
        lines.iter().map(of).collect::<Vec<_>>(),
        [
            ("fixtures/bill/01-order.json".into(), "1".into()),
            ("fixtures/bill/02-order.json".into(), "2".into()),
        ]
    );
    assert_eq!(code, 0, "{talk}");
    assert_eq!(verb(&project, &last).1, "kept/bill/02-order.json\n");
    assert_eq!(fixture(&project, "kept/bill/01-order.json"), fixture(&project, "kept/bill/02-order.json"));
    let (code, _, talk) = verb(&project, &["record", "-o", "json"]);
    assert!(code == 2 && talk.contains("it names a folder here"), "{talk}");
}

fn failures() {
    let project = project();
    let runtime = Runtime::start_as(&project, &["dev", "--state", "mem"]);
    let mut record = Tail::start(&project, &["record", "--count", "1"]);
    runtime.post("/", "2", "unheard.of", "x");
    assert_eq!(record.line(), "fixtures/unmatched/01-unheard.of.json");
    let event = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "order",
        "datacontenttype": "text/plain", "data": "bad"});
    write(
        &project,
        "bad.json",
        &json!({"trigger": "bill", "event": event, "outcome": "dead_letter", "reply": null}),
    );
    // Attempts follow one another at once, or this would take as long as its delay says.
    assert!(tested(&project, &["--wait", "15s"], 0).ends_with("2 ok, 0 FAILED\n"));
    write(
        &project,
        "bad.json",
        &json!({"event": event, "trigger": "bill", "matched": ["audit"], "outcome": "delivered"}),
    );
    let differs = tested(&project, &["--filter", "bad"], 1);
    for part in [
        "  matched\n    expected  [\"audit\"]\n    got       [\"bill\"]\n",
        "  outcome\n    expected  \"delivered\"\n    got       \"dead_letter\"\n    because   exit 3\n",
        "  bill ! broken\n",
        "0 ok, 1 FAILED",
    ] {
        assert!(differs.contains(part), "{part}\n{differs}");
    }
}

fn mistakes() {
    let project = project();
    let event = |id: &str, ty: &str| json!({"specversion": "1.0", "id": id, "source": "/s", "type": ty});
    write(&project, "a.json", &json!({"event": event("1", "order"), "matched": []}));
    write(&project, "b.json", &json!({"event": event("1", "other"), "matched": []}));
    write(&project, "c.json", &json!({"event": {"id": "1"}}));
    write(&project, "d.json", &json!({"event": event("2", "order"), "reply": null}));
    project.write("fixtures/e.json", "{\n  \"event\": }");
    project.write("fixtures/f.json", "{\"evnt\": {}}");
    let (code, said, talk) = verb(&project, &["test"]);
    assert_eq!((code, &*said), (1, ""), "{talk}");
    for part in [
        "error: fixtures/b.json: its event has the source and id of that in fixtures/a.json",
        "error: fixtures/c.json: its event is no CloudEvent: ",
        "error: fixtures/d.json: it has a reply and no trigger",
        "error: fixtures/e.json:2:12: is no JSON: expected value\n",
        "error: fixtures/f.json:1:7: is no fixture: unknown field `evnt`",
    ] {
        assert!(talk.contains(part), "{part}\n{talk}");
    }
}

fn by_hand() {
    let project = project();
    // More than the history keeps of data elsewhere.
    let long = "x".repeat(10_000);
    project.function(
        "bill",
        "#!/bin/sh\n# hydrant: protocol = \"oneshot\", on = { type = \"order\" }\n\
         printf '{\"specversion\":\"1.0\",\"source\":\"/bill\",\"type\":\"billed\",\"data\":%s}' \"$(cat)\"\n",
    );
    let event =
        json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "order", "data": {"long": long}});
    write(&project, "hand.json", &json!({"trigger": "bill", "event": event}));
    assert!(tested(&project, &[], 1).contains("it expects nothing: --update writes what comes of it"));
    tested(&project, &["--update"], 0);
    tested(&project, &[], 0);
    let updated = fixture(&project, "fixtures/hand.json");
    assert_eq!((&updated["reply"]["data"]["long"], &updated["outcome"]), (&long.into(), &"delivered".into()));
    assert_eq!(updated["event"], event);
    assert!(!project.file(".hydrant").exists(), "nothing is kept");
}

fn without_kafka() {
    let project = Project::new(
        "[kafka]\nbrokers = [\"127.0.0.1:9\"]\n[broker.default]\nclass = \"kafka\"\n\
         [source.in]\ntype = \"kafka\"\ntopics = [\"shop.orders\"]\nto = \"fn/bill\"\n\
         [sink.out]\ntype = \"kafka\"\ntopic = \"t\"\n[trigger.out]\nto = \"sink/out\"\nfilter = { exact = { type = \"out\" } }\n",
    );
    project.function("bill", bill("2"));
    let event = |id: &str, ty: &str| {
        json!({"specversion": "1.0", "id": id, "source": "/s", "type": ty,
            "datacontenttype": "text/plain", "data": "four"})
    };
    let of_source = json!({"channel": "source/in/shop.orders", "trigger": "in/shop.orders", "event": event("1", "any"),
        "outcome": "delivered"});
    write(&project, "in.json", &of_source);
    write(
        &project,
        "out.json",
        &json!({"trigger": "out", "event": event("2", "out"), "outcome": "delivered", "reply": null}),
    );
    let (code, said, talk) = verb(&project, &["test"]);
    assert_eq!(code, 0, "{said}{talk}");
    assert!(talk.contains("in memory instead of Kafka: broker/default, sink/out\n"), "{talk}");
    assert!(talk.contains("posted to instead: source/in/shop.orders\n"), "{talk}");
}

fn exit_codes() {
    let project = project();
    for arguments in [&["test"][..], &["test", "nowhere"]] {
        let (code, _, talk) = verb(&project, arguments);
        assert!(code == 1 && talk.contains("hydrant record keeps events"), "{talk}");
    }
    write(
        &project,
        "a.json",
        &json!({"event": {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}, "matched": []}),
    );
    assert!(verb(&project, &["test", "--filter", "bill"]).2.contains("there is no fixture in fixtures"));
    project.configure("wrong = 1\n");
    let (code, _, talk) = verb(&project, &["test"]);
    assert!(code == 3 && talk.contains("unknown key"), "{talk}");
}
