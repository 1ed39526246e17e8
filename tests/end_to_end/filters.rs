//! Filters, as a person or a script tries them: an expression on an event, every trigger on an event, and what is
//! wrong with a filter when it is loaded.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_script;
use crate::support::runtime::{asked, spawn, verb, verb_reading};
use crate::support::wait::wait_for;
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "filters",
        &[
            ("cesql_tells_the_value_and_what_each_part_gave", cesql_tells),
            ("cesql_exits_by_whether_there_is_a_value", cesql_exits),
            ("cesql_batch_answers_line_by_line", cesql_batch),
            ("cesql_batch_answers_before_the_next_question", cesql_batch_is_not_held_back),
            ("explain_tries_an_event_on_the_project", explain_tries),
            ("explain_gives_scripts_the_clause_in_data", explain_gives_data),
            ("explain_refuses_with_the_place", explain_refuses),
            ("explain_tells_what_became_of_an_event", explain_tells),
            ("help_has_a_page_on_filters_and_one_on_the_language", help_has_pages),
            ("a_broken_filter_at_the_start_exits_3", broken_at_the_start),
            ("a_broken_filter_at_reload_leaves_the_last_good_one", broken_at_reload),
        ],
    )
}

const ORDER: &str =
    r#"{"specversion":"1.0","id":"o-17","source":"/shop","type":"order.created","total":"840"}"#;

const TRIGGERS: &str = r#"
[channel.orders]
[trigger.bill]
filter = "type = 'order.created' AND INT(total) > 500"
to = "fn/order"
[trigger.audit]
filters = [ { exact = { source = "/shop" } }, { prefix = { type = "audit." } } ]
to = "fn/order"
[trigger.vat]
filter = "region IN ('eu', 'uk')"
to = "fn/order"
[subscription.all]
channel = "orders"
to = "fn/order"
"#;

fn project() -> Project {
    let project = Project::new(TRIGGERS);
    project.function("order", noting_script("", ""));
    project.write("order.json", ORDER);
    project
}

fn json(output: &str) -> Value {
    serde_json::from_str(output.trim()).unwrap_or_else(|e| panic!("{e}: {output}"))
}

fn cesql_tells() {
    let project = project();
    let expression = "type LIKE 'order.%' AND (INT(total) > 500 OR gone = 'x')";
    let (code, out, talk) = verb(&project, &["cesql", expression, "@order.json"]);
    assert_eq!((code, &*talk), (0, ""), "{out}");
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split("  ").collect()).collect();
    assert_eq!(out.lines().next(), Some("true (boolean)"));
    assert!(lines.iter().any(|line| line.contains(&"INT(total) > 500") && line.last() == Some(&"true")));
    assert!(!out.contains("\n    gone"), "what was not evaluated is not told: {out}");
    let (code, out, _) = verb(&project, &["cesql", "region = 'eu' OR 5 / 0 = 1", "@order.json"]);
    assert_eq!(code, 0, "errors come with a value");
    for wanted in
        ["false (boolean)", "EXPR:1:1", "^^^^^^ here", "EXISTS region AND", "EXPR:1:18", "divides by zero"]
    {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    let (_, out, talk) = verb(&project, &["cesql", "LENGTH(type)"]);
    assert!(out.starts_with("18 (integer)"), "the sample event: {out}");
    assert!(talk.contains("no event given") && talk.contains("warning[H033]"), "{talk}");
}

fn cesql_exits() {
    let project = project();
    let answer = |arguments: &[&str]| {
        let (code, out, talk) = verb(&project, arguments);
        (code, out.is_empty().then(Value::default).unwrap_or_else(|| json(&out)), talk)
    };
    let (code, answered, _) = answer(&["cesql", "INT(total) * 2", "@order.json", "-o", "json"]);
    assert_eq!((code, answered), (0, json(r#"{"value":1680,"type":"integer","errors":[]}"#)));
    let (code, answered, talk) = answer(&["cesql", "'ä' = gone", ORDER, "-o", "json"]);
    assert_eq!((code, &answered["value"], &*talk), (0, &false.into(), ""), "no hints for scripts");
    let error = &answered["errors"][0];
    assert_eq!(
        (&error["kind"], &error["start"], &error["end"]),
        (&"missing_attribute".into(), &6.into(), &10.into())
    );
    let (code, answered, _) = answer(&["cesql", "5 5", ORDER, "-o", "json"]);
    assert_eq!((code, &answered["value"], &answered["type"]), (1, &Value::Null, &Value::Null));
    assert_eq!(answered["errors"][0]["kind"], "parse");
    let (code, _, talk) = answer(&["cesql", "type = 'x' AND", ORDER]);
    assert_eq!(code, 1);
    assert!(talk.contains("error[H030]") && talk.contains("EXPR:1:15"), "{talk}");
    for arguments in [
        &["cesql"][..],
        &["cesql", "1", "@gone.json"],
        &["cesql", "1", "{}"],
        &["cesql", "1", "order.json"],
        &["cesql", "1", "--batch"],
    ] {
        assert_eq!(verb(&project, arguments).0, 2, "{arguments:?}");
    }
}

fn cesql_batch() {
    let project = project();
    let questions = format!(
        "{{\"expression\":\"INT(total) + 1\",\"event\":{ORDER}}}\n\n{{\"expression\":\"id\"}}\n{{\"expression\":\"(\"}}\n"
    );
    let (code, out, talk) = verb_reading(&project, &["cesql", "--batch"], &questions);
    let answers: Vec<Value> = out.lines().map(json).collect();
    assert_eq!((code, answers.len(), &*talk), (0, 3, ""), "{out}");
    assert_eq!((&answers[0]["value"], &answers[1]["value"]), (&841.into(), &"1".into()));
    assert_eq!(answers[2]["errors"][0]["kind"], "parse");
    let bad = format!("nonsense\n{{\"expression\":\"1\",\"event\":{{\"id\":\"1\"}}}}\n{questions}");
    let (code, out, _) = verb_reading(&project, &["cesql", "--batch"], &bad);
    let answers: Vec<Value> = out.lines().map(json).collect();
    assert_eq!((code, answers.len()), (1, 5), "every line is answered");
    for answer in &answers[..2] {
        assert_eq!((&answer["value"], &answer["errors"][0]["kind"]), (&Value::Null, &"generic".into()));
    }
}

fn cesql_batch_is_not_held_back() {
    let project = project();
    let mut child =
        asked(&project, &["cesql", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for number in 0..3 {
        writeln!(questions, "{{\"expression\":\"{number} + 1\"}}").unwrap();
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert_eq!(json(&line)["value"], number + 1);
    }
    // Who reads no more is not written to: it ends, and quietly, though more questions could come.
    drop(answers);
    let line = "{\"expression\":\"1\"}\n";
    wait_until("it ends", || {
        let _ = questions.write_all(line.as_bytes());
        child.try_wait().unwrap().is_some()
    });
    assert!(child.wait().unwrap().success());
}

fn explain_tries() {
    let project = project();
    let (code, out, talk) = verb(&project, &["explain", "@order.json"]);
    assert_eq!((code, &*talk), (0, ""), "{out}");
    let expected = "\
order.created  id=o-17 source=/shop total=840  (nothing was sent)
 broker default
  bill   MATCH  type = 'order.created' AND INT(total) > 500 (event has type \"order.created\", total \"840\")  -> fn/order
  audit  no     all[1]: type = \"audit.*\" (event has \"order.created\")
  vat    ERROR  region failed at 1: the event has no region
 channel orders
  all    MATCH  every event  -> fn/order
";
    assert_eq!(out, expected);
    let (_, out, _) = verb(&project, &["explain", ORDER, "--to", "channel/orders"]);
    assert!(out.contains("all  MATCH") && !out.contains("bill"), "{out}");
    let (_, out, _) = verb(&project, &["explain", ORDER, "--trigger", "vat", "--filter", "total LIKE '8%'"]);
    assert!(out.contains("vat ") && out.contains("--filter  MATCH  total LIKE '8%'"), "{out}");
    assert!(!out.contains("audit"), "{out}");
    let two = format!("{ORDER}\n{}", ORDER.replace("o-17", "o-18"));
    let (_, out, _) = verb_reading(&project, &["explain", "-", "-o", "json"], &two);
    assert_eq!(out.lines().map(|line| json(line)["id"].clone()).collect::<Vec<_>>(), ["o-17", "o-18"]);
    assert_eq!(project.lines("delivered").len(), 0, "nothing ran");
}

fn explain_gives_data() {
    let project = project();
    let (code, out, _) = verb(&project, &["explain", "@order.json", "-o", "json", "--filter", "'ä' = gone"]);
    let explained = json(&out);
    assert_eq!((code, &explained["id"]), (0, &"o-17".into()));
    let verdicts = explained["verdicts"].as_array().unwrap();
    let verdict =
        |name: &str| verdicts.iter().find(|v| v["trigger"] == name).unwrap_or_else(|| panic!("{out}"));
    assert_eq!(verdicts.len(), 5);
    let bill = verdict("bill");
    assert_eq!(
        (&bill["kind"], &bill["matched"], &bill["decision"]),
        (&"trigger".into(), &true.into(), &"match".into())
    );
    assert_eq!((&bill["function"], &bill["to"]), (&"order".into(), &"fn/order".into()));
    let audit = verdict("audit");
    assert_eq!((&audit["matched"], &audit["decision"]), (&false.into(), &"no_match".into()));
    assert_eq!(audit["path"], "all[1].prefix");
    assert_eq!(audit["attributes"], json(r#"{"type":"order.created"}"#));
    assert_eq!((&audit["span"], &audit["failure"]), (&Value::Null, &Value::Null));
    let given = verdict("--filter");
    assert_eq!((&given["kind"], &given["decision"]), (&"filter".into(), &"error".into()));
    assert_eq!(given["span"], json(r#"{"start":6,"end":10}"#), "characters");
    assert_eq!(given["attributes"], json(r#"{"gone":null}"#));
    assert_eq!(given["failure"], "the event has no gone");
}

fn explain_refuses() {
    let project = project();
    let (code, _, talk) = verb(&project, &["explain", ORDER, "--filter", "type =="]);
    assert_eq!(code, 1);
    assert!(talk.contains("--filter:1:6") && talk.contains("^^"), "{talk}");
    let (code, _, talk) = verb(&project, &["explain", ORDER, "--trigger", "bil"]);
    assert!(code == 1 && talk.contains("did you mean bill?"), "{code}: {talk}");
    let (code, _, talk) = verb(&project, &["explain", ORDER, "--to", "channel/gone"]);
    assert!(code == 1 && talk.contains("channel/orders"), "{code}: {talk}");
    assert_eq!(verb(&project, &["explain", ORDER, "--to", "orders"]).0, 2);
    assert_eq!(verb(&project, &["explain", "@gone.json"]).0, 2);
    assert_eq!(verb(&project, &["explain", "o-17"]).0, 4, "an id asks a runtime");
    project.configure("[trigger.bill]\nfilter = \"type ==\"\nto = \"fn/order\"\n");
    let (code, out, talk) = verb(&project, &["explain", ORDER]);
    assert_eq!((code, &*out), (3, ""));
    assert!(talk.contains("runtime.toml:5:16") && talk.contains("hydrant check"), "{talk}");
}

fn explain_tells() {
    let project = project();
    let runtime = Runtime::start(&project);
    let order = |source: &str| {
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", source),
            ("ce-type", "order.created"),
            ("ce-total", "840"),
        ];
        assert_eq!(http::request(runtime.listen, "POST", "/", &headers, b"").unwrap().status, 202);
    };
    order("/shop");
    runtime.verdicts("1");
    let (code, out, talk) = verb(&project, &["explain", "1"]);
    assert_eq!(code, 0, "{talk}");
    for wanted in [
        "order.created  id=1 source=/shop total=840  (arrived ",
        "  bill   MATCH  -> fn/order  delivered exit 0, 1 attempt\n",
        "  audit  no     all[1]: type = \"audit.*\" (event has \"order.created\")\n",
        "  vat    ERROR  region failed at 1: the event has no region\n",
    ] {
        assert!(out.contains(wanted), "{wanted}\n{out}");
    }
    let (_, out, _) = verb(&project, &["explain", "1", "-o", "json", "--trigger", "bill"]);
    let explained = json(&out);
    let [bill] = &explained["verdicts"].as_array().unwrap()[..] else { panic!("{out}") };
    assert_eq!(
        (&explained["id"], &bill["outcome"], &bill["decision"]),
        (&"1".into(), &"delivered".into(), &"match".into())
    );
    let (_, out, _) = verb(&project, &["explain", "1", "--filter", "INT(total) > 5000"]);
    assert!(out.contains("--filter  no     INT(total) > 5000 (event has total \"840\")"), "{out}");
    order("/cafe");
    wait_until("both are known", || runtime.admin("GET", "/api/v1/events/1").status == 409);
    let (code, _, talk) = verb(&project, &["explain", "1"]);
    assert_eq!(code, 1);
    for wanted in ["2 events have the id", "--source \"/shop\"", "--source \"/cafe\""] {
        assert!(talk.contains(wanted), "{wanted}\n{talk}");
    }
    let (code, out, _) = verb(&project, &["explain", "1", "--source", "/cafe"]);
    assert!(code == 0 && out.contains("source=/cafe"), "{code}: {out}");
    let (code, _, talk) = verb(&project, &["explain", "none"]);
    assert!(code == 1 && talk.contains("hydrant explain @FILE"), "{code}: {talk}");
}

fn help_has_pages() {
    let project = project();
    for (topic, wanted) in [("cesql", "# CESQL\n"), ("filters", "# Filters\n"), ("config", "[runtime]")] {
        let (code, out, _) = verb(&project, &["help", topic]);
        assert!(code == 0 && out.contains(wanted), "{topic}: {out}");
    }
    let (code, _, talk) = verb(&project, &["help", "nothing"]);
    assert!(code == 2 && talk.contains("`cesql`, `filters`, `config`"), "{talk}");
}

fn broken_at_the_start() {
    let project = project();
    project.configure("[trigger.bill]\nfilter = \"type LIEK 'order.%'\"\nto = \"fn/order\"\n");
    let refused = |verb: &str| {
        let mut child = spawn(&project, &[verb]);
        wait_for("it refuses to start", || child.try_wait().unwrap()).code()
    };
    assert_eq!(refused("dev"), Some(3));
    let said = std::fs::read_to_string(project.file("said")).unwrap();
    for wanted in ["error[H030]", "runtime.toml:5:16", "^^^^ here", "did you mean LIKE?", "1 error"] {
        assert!(said.contains(wanted), "{wanted}:\n{said}");
    }
    project.configure("[trigger.bill]\nfilter = \"LENGTH(type)\"\nto = \"fn/order\"\n");
    assert_eq!(refused("run"), Some(3), "what can never be true is no filter");
}

fn broken_at_reload() {
    let project = Project::new("[trigger.bill]\nfilter = \"type = 'order'\"\nto = \"fn/order\"\n");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    project.configure("[trigger.bill]\nfilter = \"type = 'other' AND\"\nto = \"fn/order\"\n");
    wait_until("it is told", || runtime.log().contains("still running the last good configuration"));
    assert!(runtime.log().contains("runtime.toml:5:29"), "with its place: {}", runtime.log());
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["bill"]["outcome"], "delivered");
    runtime.send("2", "other");
    assert_eq!(runtime.verdicts("2")["bill"]["matched"], false);
    project.configure("[trigger.bill]\nfilter = \"type IN ('order', 'other')\"\nto = \"fn/order\"\n");
    let mut sent = 2;
    wait_until("the mended one takes over", || {
        sent += 1;
        runtime.send(&sent.to_string(), "other");
        runtime.verdicts(&sent.to_string())["bill"]["matched"] == true
    });
}
