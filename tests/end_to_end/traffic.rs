//! Old revisions that still run: shares of traffic, tags, and the way back.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::support::http::{self, Answer};
use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "traffic",
        &[
            ("a_rollback_runs_what_was_replaced_and_holds", a_rollback),
            ("events_are_shared_out_and_retried_where_they_were", events_are_shared_out),
            ("calls_are_shared_out_to_the_percent", calls_are_shared_out),
            ("a_tag_calls_its_revision", a_tag_calls_its_revision),
            ("a_revision_overwritten_in_place_gives_way_to_the_latest", overwritten_in_place),
            ("a_kept_file_overwritten_behind_our_back_is_not_started", overwritten_behind_our_back),
            ("a_revision_outlives_a_restart", a_revision_outlives_a_restart),
        ],
    )
}

/// A server that answers with its version, and notes it with each event's id; `more` as in `noting_server`.
fn version(number: u32, more: &str) -> String {
    let tells = "        answer = (VERSION + \" \" + os.environ[\"K_REVISION\"]).encode()\n        \
                 note(VERSION + \" \" + self.headers.get(\"ce-id\", \"-\"), \"versions\")\n";
    let server = noting_server("on = { type = \"order\" }", &format!("{tells}{more}"));
    server.replace("import os, time", &format!("import os, time\nVERSION = \"v{number}\""))
}

fn kept(project: &Project, number: u32) -> bool {
    project.file(&format!(".hydrant/revisions/order/r{number}/order")).exists()
}

fn save(project: &Project, runtime: &Runtime<'_>, number: u32, more: &str) {
    project.function("order", version(number, more));
    let revision = format!("r{number}");
    wait_until("the save is live", || runtime.function("order")["revision"] == *revision);
    wait_until("it is kept", || kept(project, number));
}

/// A runtime that has seen revisions 1 and 2.
fn started<'p>(project: &'p Project, more: &str) -> Runtime<'p> {
    project.function("order", version(1, more));
    let runtime = Runtime::start(project);
    wait_until("the first is kept", || kept(project, 1));
    save(project, &runtime, 2, more);
    runtime
}

/// Writes the function's settings, and waits until they are in force.
fn settle(project: &Project, runtime: &Runtime<'_>, settings: &str) {
    project.configure(&format!("[function.order]\n{settings}\n"));
    wait_until("the settings are in force", || {
        let traffic = runtime.function("order")["traffic"].clone();
        traffic.as_array().is_some_and(|shares| shares.is_empty() == settings.is_empty())
    });
}

fn called(runtime: &Runtime<'_>, path: &str) -> String {
    let answer = runtime.get(path);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn a_rollback() {
    let project = Project::new("");
    let runtime = started(&project, "");
    assert_eq!(called(&runtime, "/fn/order"), "v2 order-00002");
    settle(&project, &runtime, "traffic = { r1 = 100 }");
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempts"][0]["revision"]),
        (&"delivered".into(), &"r1".into())
    );
    assert_eq!(project.lines("versions").last().unwrap(), "v1 1");
    // What is saved now takes no traffic by itself.
    project.function("order", version(3, ""));
    wait_until("the save is live", || runtime.function("order")["revision"] == "r3");
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
    let told = "which gets no traffic: `traffic` is r1 100 %";
    wait_until("it is told", || runtime.log().contains(told));
    let function = runtime.function("order");
    assert_eq!(function["traffic"][0]["revision"], "r1", "{function}");
    assert_eq!(
        (&function["traffic"][0]["percent"], &function["traffic"][0]["latest"]),
        (&100.into(), &false.into())
    );
    let (_, table, _) = verb(&project, &["ps"]);
    assert!(table.contains("\n  100 %"), "{table}");
    settle(&project, &runtime, "");
    assert_eq!(called(&runtime, "/fn/order"), "v3 order-00003");
}

fn events_are_shared_out() {
    const EVENTS: usize = 300;
    let project = Project::new("");
    // Every third event fails at first.
    let fails = "        if note_first(self.headers.get(\"ce-id\", \"-\")): status = 503\n";
    let with = |text: String| {
        text.replace(
            "class Server",
            "import threading\nlock = threading.Lock()\n\
             def note_first(id):\n    if not id.isdigit() or int(id) % 3: return False\n    \
             with lock:\n        first = not os.path.exists(\"failed-\" + id)\n        \
             open(\"failed-\" + id, \"w\").close()\n    return first\nclass Server",
        )
    };
    project.function("order", with(version(1, fails)));
    let runtime = Runtime::start(&project);
    wait_until("the first is kept", || kept(&project, 1));
    project.function("order", with(version(2, fails)));
    wait_until("the second is live", || runtime.function("order")["revision"] == "r2");
    settle(&project, &runtime, "traffic = { r1 = 50, latest = 50 }");
    for id in 0..EVENTS {
        runtime.send(&id.to_string(), "order");
    }
    let expected = EVENTS + EVENTS / 3;
    wait_until("all are delivered", || project.lines("versions").len() >= expected);
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in project.lines("versions") {
        let (version, id) = line.split_once(' ').unwrap();
        seen.entry(id.to_owned()).or_default().push(version.to_owned());
    }
    assert_eq!(seen.len(), EVENTS, "none is lost");
    for (id, versions) in &seen {
        let attempts = if id.parse::<usize>().unwrap() % 3 == 0 { 2 } else { 1 };
        assert_eq!(versions.len(), attempts, "{id}: {versions:?}");
        assert!(versions.iter().all(|version| *version == versions[0]), "{id} moved: {versions:?}");
    }
    let old = seen.values().filter(|versions| versions[0] == "v1").count();
    assert!(old.abs_diff(EVENTS / 2) < EVENTS / 8, "{old} of {EVENTS} went to r1");
}

fn calls_are_shared_out() {
    let project = Project::new("");
    let runtime = started(&project, "");
    settle(&project, &runtime, "traffic = { r1 = 10, latest = 90 }");
    let answers: Vec<String> = (0..100).map(|_| called(&runtime, "/fn/order")).collect();
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("v1")).count(), 10);
    let shares = runtime.function("order")["traffic"].clone();
    let events: Vec<_> = shares.as_array().unwrap().iter().map(|s| s["events"].as_u64().unwrap()).collect();
    assert_eq!(events[0], 10, "{shares}");
    assert!(shares.as_array().unwrap().iter().all(|share| share["instances"] == 1), "side by side: {shares}");
}

fn by_host(runtime: &Runtime<'_>, host: &str) -> Answer {
    http::request(runtime.listen, "GET", "/", &[("host", host)], b"").unwrap()
}

fn a_tag_calls_its_revision() {
    let project = Project::new("");
    let runtime = started(&project, "");
    settle(&project, &runtime, "tags = { stable = \"r1\", next = \"latest\" }\ntraffic = { r1 = 100 }");
    assert_eq!(called(&runtime, "/fn/order@stable/some/path"), "v1 order-00001");
    assert_eq!(by_host(&runtime, "stable-order.localhost").body, "v1 order-00001");
    assert_eq!(called(&runtime, "/fn/order@next"), "v2 order-00002", "whatever its share");
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
    assert_eq!(runtime.get("/fn/order@other").status, 404);
    assert_eq!(by_host(&runtime, "other-order.localhost").status, 404);
    assert_eq!(runtime.get("/fn/order@r1").status, 404, "a revision has a name only by a tag");
}

fn overwritten_in_place() {
    let project = Project::new("[function.order]\ntraffic = { r1 = 100 }\ntags = { old = \"r1\" }\n");
    project.function("order", version(1, ""));
    let runtime = Runtime::start(&project);
    wait_until("it is kept", || kept(&project, 1));
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
    project.write("functions/order", &version(2, ""));
    wait_until("it is told", || runtime.log().contains("its file was overwritten in place"));
    wait_until("the latest takes over", || runtime.get("/fn/order").body == "v2 order-00002");
    assert!(runtime.log().contains("warning[H061]"), "{}", runtime.log());
    assert!(runtime.log().contains("its share of traffic goes to the latest revision"), "{}", runtime.log());
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("versions").last().unwrap(), "v2 1");
    // The process that was there is still what it was; another one cannot be.
    runtime.admin("POST", "/api/v1/functions/order/reap?wait=60s");
    let refused = runtime.get("/fn/order@old");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("r1 cannot run"), "{}", refused.body);
    let share = runtime.function("order")["traffic"][0].clone();
    assert!(share["reason"].as_str().unwrap().contains("overwritten in place"), "{share}");
}

/// Nobody tells of a change of a file that has only the name we gave it.
fn overwritten_behind_our_back() {
    let project = Project::new("");
    let runtime = started(&project, "");
    settle(&project, &runtime, "traffic = { r1 = 100 }");
    project.write(".hydrant/revisions/order/r1/order", &version(7, ""));
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    assert_eq!(project.lines("versions"), ["v2 1"], "by the latest");
    assert!(runtime.log().contains("is not the file that was kept"), "{}", runtime.log());
}

fn a_revision_outlives_a_restart() {
    let project = Project::new("");
    let runtime = started(&project, "");
    settle(&project, &runtime, "traffic = { r1 = 100 }");
    wait_until("it is written down", || {
        std::fs::read_to_string(project.file(".hydrant/revisions/index"))
            .unwrap_or_default()
            .contains("\"revision\":2")
    });
    runtime.kill9();
    let runtime = Runtime::start(&project);
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
    assert_eq!(runtime.function("order")["revision"], "r2", "the same file is the same revision");
    save(&project, &runtime, 3, "");
    assert_eq!(called(&runtime, "/fn/order"), "v1 order-00001");
}
