//! Triggers that are paused: nothing is delivered to them, over a restart as well, and nothing is lost.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "pause",
        &[
            ("a_paused_trigger_gets_nothing_until_it_is_resumed", gets_nothing),
            ("what_is_in_flight_ends_while_it_is_paused", what_is_in_flight_ends),
            ("it_is_paused_after_a_kill_as_well", after_a_kill),
            ("ps_and_explain_tell_what_is_paused", told),
            ("only_what_there_is_can_be_paused", refused),
        ],
    )
}

fn project() -> Project {
    let project =
        Project::new("[trigger.audit]\nto = \"fn/audit\"\nfilter = { exact = { type = \"order\" } }\n");
    project.function("order", noting_server("", ""));
    project.function("audit", noting_server("", "").replace("\"delivered\"", "\"audited\""));
    project
}

fn ok(project: &Project, arguments: &[&str]) -> String {
    let (code, data, talk) = verb(project, arguments);
    assert_eq!(code, 0, "{talk}");
    data + &talk
}

fn send_all(runtime: &Runtime<'_>, ids: std::ops::Range<u32>) {
    ids.for_each(|id| runtime.send(&id.to_string(), "order"));
}

fn explained(runtime: &Runtime<'_>, id: &str, trigger: &str) -> Value {
    let event = runtime.admin("GET", &format!("/api/v1/events/{id}")).json();
    event["verdicts"].as_array().unwrap().iter().find(|v| v["trigger"] == trigger).unwrap().clone()
}

fn gets_nothing() {
    let project = project();
    let runtime = Runtime::start(&project);
    let talk = ok(&project, &["pause", "order"]);
    assert!(talk.contains("trigger order is paused: its events wait for `hydrant resume order`"), "{talk}");
    send_all(&runtime, 0..50);
    wait_until("the other has all", || project.lines("audited").len() == 50);
    assert_eq!(project.lines("delivered"), [""; 0]);
    assert_eq!(runtime.function("order")["instances"], 0, "nothing was started for it");
    let talk = ok(&project, &["resume", "order"]);
    assert!(talk.contains("trigger order goes on: its events go to fn/order"), "{talk}");
    wait_until("it has all, too", || project.lines("delivered").len() == 50);
    for id in 0..50 {
        let verdicts = runtime.verdicts(&id.to_string());
        assert_eq!(verdicts["order"]["outcome"], "delivered");
        assert_eq!(verdicts["order"]["attempt_count"], 1);
    }
    assert!(project.counts("delivered").values().all(|times| *times == 1));
}

fn what_is_in_flight_ends() {
    let project = Project::new("[function.order]\nconcurrency = 1\nmax = 1\n");
    let more = "        while not os.path.exists('go'): time.sleep(0.005)\n        note(self.headers['ce-id'], 'ended')";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    send_all(&runtime, 0..3);
    wait_until("the first is in flight", || project.lines("delivered") == ["0"]);
    ok(&project, &["pause", "order"]);
    project.write("go", "");
    wait_until("it has ended", || explained(&runtime, "0", "order")["outcome"] == "delivered");
    runtime.send("3", "order");
    wait_until("the last is read", || runtime.admin("GET", "/api/v1/events/3").status == 200);
    assert_eq!(project.lines("ended"), ["0"]);
    ok(&project, &["resume", "order"]);
    // Events of several partitions come in any order.
    wait_until("all have ended", || {
        project.counts("ended").into_keys().collect::<Vec<_>>() == ["0", "1", "2", "3"]
    });
    assert_eq!(project.lines("ended").len(), 4, "each once");
}

fn after_a_kill() {
    let project = project();
    let runtime = Runtime::start(&project);
    send_all(&runtime, 0..3);
    (0..3).for_each(|id| drop(runtime.verdicts(&id.to_string())));
    ok(&project, &["pause", "trigger/order"]);
    send_all(&runtime, 3..10);
    wait_until("the other has all", || project.lines("audited").len() == 10);
    runtime.kill9();
    let runtime = Runtime::start(&project);
    send_all(&runtime, 10..12);
    wait_until("the other has these as well", || project.counts("audited").len() == 12);
    assert_eq!(project.counts("delivered").len(), 3);
    assert!(runtime.log().contains("trigger/order is paused since before"));
    ok(&project, &["resume", "order"]);
    wait_until("all is delivered", || project.counts("delivered").len() == 12);
    assert!(runtime.stop().success());
    let runtime = Runtime::start(&project);
    runtime.send("12", "order");
    assert_eq!(runtime.verdicts("12")["order"]["outcome"], "delivered", "it is resumed after a restart, too");
}

fn told() {
    let project = project();
    let runtime = Runtime::start(&project);
    ok(&project, &["pause", "order"]);
    send_all(&runtime, 0..3);
    wait_until("the other has all", || project.lines("audited").len() == 3);
    let text = ok(&project, &["ps"]);
    let row = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("order"), "order paused", "{text}");
    assert!(text.contains("\n  order   paused\n"), "{text}");
    assert_eq!(runtime.function("order")["paused"], serde_json::json!(["order"]));
    assert_eq!(runtime.function("audit")["paused"], serde_json::json!([]));
    for id in ["0", "2"] {
        let verdict = explained(&runtime, id, "order");
        assert_eq!((&verdict["outcome"], &verdict["paused"]), (&"pending".into(), &true.into()), "{verdict}");
        assert_eq!(explained(&runtime, id, "audit")["paused"], false);
        let text = ok(&project, &["explain", id]);
        assert!(text.contains("MATCH  -> fn/order  paused: it waits for hydrant resume order\n"), "{text}");
    }
    let (code, data, _) = verb(&project, &["send", "order", "--wait=1ms"]);
    assert_eq!(code, 5, "it is not over: {data}");
    ok(&project, &["resume", "order"]);
    runtime.verdicts("2");
    assert_eq!(explained(&runtime, "2", "order")["paused"], false);
    assert!(!ok(&project, &["ps"]).contains("paused"));
}

fn refused() {
    let project = project();
    let runtime = Runtime::start(&project);
    let (code, _, talk) = verb(&project, &["pause", "ordr"]);
    assert_eq!(code, 1);
    assert!(
        talk.contains("there is no trigger, subscription or source \"ordr\"")
            && talk.contains("did you mean `order`?"),
        "{talk}"
    );
    let all = runtime.admin("GET", "/api/v1/triggers").json();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|one| one["trigger"].as_str().unwrap()).collect();
    assert_eq!(names, ["audit", "order"]);
    let paused: Value = serde_json::from_str(&ok(&project, &["pause", "audit", "-o", "json"])).unwrap();
    assert_eq!(
        (&paused["trigger"], &paused["paused"], &paused["kept"]),
        (&"audit".into(), &true.into(), &true.into())
    );
}
