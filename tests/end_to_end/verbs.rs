//! The verbs, as a person or a script uses them.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_script, noting_server};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "verbs",
        &[
            ("send_waits_and_tells_every_verdict", send_waits),
            ("send_exits_by_what_became_of_the_event", send_exits_by_the_end),
            ("ps_lists_functions", ps_lists_functions),
            ("invoke_calls_a_function", invoke_calls_a_function),
            ("invoke_tells_how_many_calls_a_function_takes", invoke_again_and_again),
            ("check_tells_all_that_is_wrong", check_tells_all),
            ("check_explains_where_a_setting_comes_from", check_explains),
            ("check_explains_flags_and_no_key_that_there_is_not", check_explains_no_more_than_there_is),
            ("check_is_strict_when_it_is_told", check_is_strict),
            ("without_a_runtime_verbs_exit_4", without_a_runtime),
            ("version_tells_the_running_one", version_tells),
        ],
    )
}

/// The one object a verb prints as JSON.
fn json(output: &str) -> Value {
    serde_json::from_str(output.trim()).unwrap_or_else(|e| panic!("{e}: {output}"))
}

fn project() -> Project {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0 }\n");
    project.function("greet", noting_script("", "cat >> data"));
    project.function("fail", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\nexit 1\n");
    project.function("echo", noting_server("", "        answer = self.body"));
    project
}

fn send_waits() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let (code, out, talk) = verb(&project, &["send", "greet", "Ada", "--wait", "--id", "7"]);
    assert_eq!(code, 0, "{talk}");
    for wanted in ["7", "trigger greet", "matched", "delivered", "trigger fail", "not matched"] {
        assert!(out.contains(wanted), "{wanted}:\n{out}");
    }
    assert_eq!(project.lines("data"), ["Ada"]);
    let (code, out, _) =
        verb(&project, &["send", "greet", "{\"n\":1}", "--wait", "-o", "json", "-e", "tenant=eu"]);
    assert_eq!(code, 0);
    let sent = json(&out);
    assert_eq!(
        (&sent["channel"], &sent["partition"], &sent["offset"]),
        (&"broker/default".into(), &0.into(), &1.into())
    );
    assert_eq!(sent["verdicts"].as_array().unwrap().len(), 3);
}

fn send_exits_by_the_end() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let code = |ty: &str| verb(&project, &["send", ty, "--wait"]).0;
    assert_eq!(code("greet"), 0);
    assert_eq!(code("nobody.wants.this"), 0, "unmatched is no failure");
    assert_eq!(code("fail"), 6, "a dead letter is");
    assert_eq!(verb(&project, &["send", "greet", "--to", "broker/none"]).0, 1);
    assert_eq!(verb(&project, &["send"]).0, 2);
}

fn ps_lists_functions() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let (code, out, _) = verb(&project, &["ps"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("FUNCTION") && out.contains("greet") && out.contains("zero"), "{out}");
    let (_, out, _) = verb(&project, &["ps", "-o", "json"]);
    let lines: Vec<Value> = out.lines().map(json).collect();
    assert_eq!(lines.len(), 3);
    for key in [
        "function",
        "state",
        "instances",
        "in_flight",
        "queued",
        "events",
        "failed",
        "cold_starts",
        "cold_p50_ms",
        "cold_p99_ms",
        "revision",
        "idle_ms",
    ] {
        assert!(lines[0].get(key).is_some(), "{key}: {}", lines[0]);
    }
}

fn invoke_calls_a_function() {
    let project = project();
    let _runtime = Runtime::start(&project);
    let (code, out, talk) = verb(&project, &["invoke", "echo", "hello"]);
    assert_eq!((code, out.trim()), (0, "hello"), "{talk}");
    let (_, out, _) = verb(&project, &["invoke", "echo", "again", "--cold", "-o", "json"]);
    let answer = json(&out);
    assert_eq!(
        (&answer["status"], &answer["body"], &answer["cold"]),
        (&200.into(), &"again".into(), &true.into())
    );
    for key in ["headers", "queue_ms", "spawn_ms", "first_byte_ms", "total_ms", "revision"] {
        assert!(answer.get(key).is_some(), "{key}: {answer}");
    }
    let (code, out, talk) = verb(&project, &["invoke", "none"]);
    assert_eq!((code, &*out), (1, ""));
    assert!(talk.contains("404 Not Found: there is no function `none`"), "{talk}");
}

fn invoke_again_and_again() {
    let project = Project::new("");
    project.function("echo", noting_server("", "        if self.body == b'bad': status = 500"));
    let _runtime = Runtime::start(&project);
    let again = ["--bench", "300ms", "--concurrency", "4", "-o", "json"];
    let (code, out, talk) = verb(&project, &[&["invoke", "echo", "x"], &again[..]].concat());
    let good = json(&out);
    assert_eq!((code, &good["errors"]), (0, &serde_json::json!({})), "{out}{talk}");
    assert_eq!(good["requests"], project.lines("delivered").len(), "each call came once");
    assert!(
        good["cold"].as_u64().unwrap() >= 1 && good["p50_ms"].as_f64() <= good["max_ms"].as_f64(),
        "{good}"
    );
    let (code, out, _) = verb(&project, &[&["invoke", "echo", "bad"], &again[..]].concat());
    let bad = json(&out);
    assert_eq!(code, 1);
    assert_eq!((&bad["errors"]["500"], &bad["p50_ms"]), (&bad["requests"], &Value::Null), "{bad}");
    let (code, _, talk) = verb(&project, &["invoke", "echo", "--bench", "1s", "-c", "4"]);
    assert_eq!(code, 2);
    assert!(talk.contains("--concurrency 4"), "{talk}");
}

fn check_tells_all() {
    let project = project();
    assert_eq!(verb(&project, &["check"]).0, 0);
    project.configure("[trigger.x]\nto = \"fn/gret\"\nfiltr = 1\n");
    let (code, out, _) = verb(&project, &["check", "-o", "json"]);
    assert_eq!(code, 3);
    let findings: Vec<Value> = out.lines().map(json).collect();
    let codes: Vec<&str> = findings.iter().filter_map(|f| f["code"].as_str()).collect();
    assert!(codes.contains(&"H004") && codes.contains(&"H012"), "{out}");
    let unknown = findings.iter().find(|f| f["code"] == "H012").unwrap();
    assert_eq!((&unknown["line"], &unknown["file"]), (&5.into(), &"runtime.toml".into()));
    assert!(unknown["help"].as_str().unwrap().contains("greet"), "{unknown}");
}

fn layered() -> Project {
    let project = Project::new(
        "\n[defaults]\ntimeout = \"60s\"\nmax = 4\nconcurrency = 7\n[function.bill]\ntimeout = { request = \"5s\" }\n[trigger.x]\nto = \"fn/bill\"\n[broker.default]\ndelivery = { retry = 2 }\n[trigger.y]\nto = \"fn/bill\"\ndelivery = { delay = \"1s\" }\n",
    );
    project.function("bill", "#!/bin/sh\n# hydrant: timeout = \"20s\", min = 1\n");
    project.write("functions/bill.toml", "# of its own\ntimeout = { start = \"1s\", request = \"10s\" }\n");
    project
}

fn check_explains() {
    let project = layered();
    let explained = |key: &str| {
        let (code, out, talk) = verb(&project, &["check", "--explain", key, "-o", "json"]);
        assert_eq!(code, 0, "{talk}");
        let explained = json(&out);
        let place = |said: &Value| {
            format!("{} {}:{}", said["value"], said["file"].as_str().unwrap_or("-"), said["line"])
        };
        let beaten: Vec<String> = explained["beaten"].as_array().unwrap().iter().map(place).collect();
        (place(&explained), beaten)
    };
    let beaten = [
        "\"10s\" functions/bill.toml:2",
        "\"20s\" functions/bill:2",
        "\"60s\" runtime.toml:6",
        "\"300s\" -:null",
    ];
    let (won, below) = explained("function.bill.timeout.request");
    assert_eq!((&*won, below), ("\"5s\" runtime.toml:10", beaten.map(str::to_owned).into()));
    // Who says a key says all of it.
    assert_eq!(explained("function.bill.timeout.start").0, "\"10s\" runtime.toml:10");
    assert_eq!(explained("function.bill.min").0, "1 functions/bill:2");
    assert_eq!(explained("function.bill.max"), ("4 runtime.toml:7".into(), vec!["10 -:null".into()]));
    assert_eq!(explained("function.bill.concurrency").0, "7 runtime.toml:8");
    project.function("lines", "#!/bin/sh\n# hydrant: protocol = \"stdio\"\n");
    assert_eq!(
        explained("function.lines.concurrency"),
        ("1 -:null".into(), vec![]),
        "[defaults] is for servers"
    );
    assert_eq!(explained("trigger.x.delivery.retry").0, "2 runtime.toml:14");
    // So does a trigger of its `delivery`, beside its broker.
    assert_eq!(explained("trigger.y.delivery.retry").0, "10 runtime.toml:17");
    assert_eq!(explained("runtime.drain").0, "\"10s\" -:null");
}

fn check_explains_no_more_than_there_is() {
    let project = layered();
    let (code, out, _) = verb(&project, &["check", "--explain", "runtime.admin", "--admin", "127.0.0.1:9"]);
    assert_eq!(code, 0);
    for wanted in ["runtime.admin = \"127.0.0.1:9\"\n", "  won   flag --admin ", "  beat  runtime.toml:3 "] {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    for (key, wanted) in [
        ("function.bill.timout", "did you mean `timeout`?"),
        ("function.bil.timeout", "did you mean `bill`?"),
        ("function.bill.max.more", "it holds no further keys"),
        ("trigger.z.to", "did you mean `x`?"),
    ] {
        let (code, _, talk) = verb(&project, &["check", "--explain", key]);
        assert_eq!(code, 2, "{talk}");
        assert!(talk.contains(wanted), "{talk}");
    }
}

fn check_is_strict() {
    let project = project();
    assert_eq!(verb(&project, &["check", "--strict"]).0, 0);
    project.function("old", "");
    std::fs::set_permissions(
        project.file("functions/old"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    assert_eq!(verb(&project, &["check"]).0, 0);
    let (code, out, _) = verb(&project, &["check", "--strict"]);
    assert_eq!(code, 3, "{out}");
}

fn without_a_runtime() {
    let project = project();
    for arguments in [&["ps"][..], &["send", "greet"], &["invoke", "echo"]] {
        let (code, _, talk) = verb(&project, arguments);
        assert_eq!(code, 4, "{arguments:?}: {talk}");
        assert!(talk.contains("hydrant dev"), "what to do: {talk}");
    }
}

fn version_tells() {
    let project = project();
    let (code, out, _) = verb(&project, &["version"]);
    assert_eq!((code, out.contains(env!("CARGO_PKG_VERSION"))), (0, true), "{out}");
    let runtime = Runtime::start(&project);
    let (_, out, _) = verb(&project, &["version", "-v"]);
    assert!(out.contains(&runtime.listen.to_string()), "{out}");
}
