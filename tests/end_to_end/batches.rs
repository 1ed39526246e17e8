//! Functions that take many events in one request.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::python;
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "batches",
        &[
            ("what_waits_while_a_batch_is_under_way_goes_in_the_next", what_waits_goes_in_the_next),
            ("one_that_may_wait_goes_when_it_is_full", goes_when_it_is_full),
            ("one_that_may_wait_goes_after_its_time", goes_after_its_time),
            ("only_those_of_a_batch_that_failed_come_again", only_those_that_failed_come_again),
            ("an_answer_about_other_events_fails_the_whole_batch", an_answer_about_others_fails_all),
            ("a_batch_that_is_answered_with_500_counts_for_each", a_500_counts_for_each),
            ("a_batch_whose_process_dies_counts_for_each", a_death_counts_for_each),
            ("a_batch_without_answer_counts_for_each", no_answer_counts_for_each),
            ("a_reply_to_a_batch_is_told_and_never_dropped", a_reply_is_told),
        ],
    )
}

/// A server that waits for `go`, notes how many events came together and which, and answers what `more` says: Python
/// that sees `ids` and may set `status`, `answer` and `media`.
fn server(more: &str) -> String {
    let python = python();
    format!(
        r#"#!{python}
# hydrant: on = {{ type = "order" }}, batch = 10, max = 1
import json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-type"] != "application/cloudevents-batch+json": os._exit(9)
        ids = [event["id"] for event in json.loads(body)]
        with open("sizes", "a") as sizes: sizes.write("%d\n" % len(ids))
        with open("delivered", "a") as delivered: delivered.write("".join(id + "\n" for id in ids))
        while not os.path.exists("go"): time.sleep(0.005)
        status, answer, media = 200, b"", "application/json"
{more}
        self.send_response(status)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *arguments): pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#
    )
}

const QUICK: &str = "[broker.default]\ndelivery = { retry = 1, delay = \"5ms\", timeout = \"30s\" }\n";

/// Sends 1 alone and 2 to 10 while it is under way, so that those are the second batch; gives all verdicts.
fn two_batches(config: &str, more: &str) -> (Project, BTreeMap<String, Value>) {
    let project = Project::new(config);
    project.function("order", server(more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the first is under way", || project.lines("delivered") == ["1"]);
    for id in 2..=10 {
        runtime.send(&id.to_string(), "order");
    }
    wait_until("the others wait", || runtime.function("order")["in_flight"] == 10);
    project.write("go", "");
    let verdict = |id: u32| (id.to_string(), runtime.verdicts(&id.to_string())["order"].clone());
    let verdicts = (1..=10).map(verdict).collect();
    drop(runtime);
    (project, verdicts)
}

fn attempts(verdict: &Value) -> (&str, u64) {
    (verdict["outcome"].as_str().unwrap(), verdict["attempt_count"].as_u64().unwrap())
}

fn what_waits_goes_in_the_next() {
    let project = Project::new("");
    project.function("order", server(""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("the first is under way", || project.lines("delivered") == ["1"]);
    for id in 2..=25 {
        runtime.send(&id.to_string(), "order");
    }
    wait_until("the process is full", || runtime.function("order")["in_flight"].as_u64() >= Some(10));
    project.write("go", "");
    for id in 1..=25 {
        assert_eq!(attempts(&runtime.verdicts(&id.to_string())["order"]), ("delivered", 1));
    }
    let sizes = project.lines("sizes");
    let sizes: Vec<usize> = sizes.iter().map(|size| size.parse().unwrap()).collect();
    assert!(sizes.iter().all(|&size| size <= 10), "{sizes:?}");
    assert!(sizes.len() <= 12, "most went together: {sizes:?}");
    assert_eq!(project.counts("delivered").len(), 25);
}

/// Sends so many events to a server whose batches may wait; gives the sizes of the batches that came.
fn sizes(batch: &str, ids: std::ops::RangeInclusive<u32>) -> Vec<String> {
    let project = Project::new("");
    project.function("order", server("").replace("batch = 10", &format!("batch = {batch}")));
    project.write("go", "");
    let runtime = Runtime::start(&project);
    ids.clone().for_each(|id| runtime.send(&id.to_string(), "order"));
    for id in ids {
        assert_eq!(attempts(&runtime.verdicts(&id.to_string())["order"]), ("delivered", 1));
    }
    project.lines("sizes")
}

fn goes_when_it_is_full() {
    assert_eq!(sizes("{ max = 3, wait = \"5m\" }", 1..=6), ["3", "3"]);
}

fn goes_after_its_time() {
    let sizes = sizes("{ max = 100, wait = \"700ms\" }", 1..=3);
    assert_eq!(sizes.iter().map(|size| size.parse::<u32>().unwrap()).sum::<u32>(), 3, "{sizes:?}");
    assert!(sizes.len() < 3, "they waited for one another: {sizes:?}");
}

fn only_those_that_failed_come_again() {
    let more = "        if len(ids) > 2: answer = json.dumps({'batchItemFailures': [{'itemIdentifier': '3'}, {'itemIdentifier': '5'}]}).encode()";
    let (project, verdicts) = two_batches(QUICK, more);
    for (id, verdict) in &verdicts {
        let failed_once = ["3", "5"].contains(&id.as_str());
        assert_eq!(attempts(verdict), ("delivered", if failed_once { 2 } else { 1 }), "{id}");
        assert_eq!(project.counts("delivered")[id], if failed_once { 2 } else { 1 }, "{id}");
    }
    assert_eq!(verdicts["3"]["attempts"][0]["error"], "named in batchItemFailures");
}

/// Every event of the second batch fails with this, twice, and becomes a dead letter.
fn all_fail(config: &str, more: &str) -> BTreeMap<String, Value> {
    let (_, verdicts) = two_batches(config, more);
    for (id, verdict) in verdicts.iter().filter(|(id, _)| *id != "1") {
        assert_eq!(attempts(verdict), ("dead_letter", 2), "{id}: {verdict}");
    }
    verdicts
}

fn an_answer_about_others_fails_all() {
    let more = "        answer = json.dumps({'batchItemFailures': [{'itemIdentifier': 'other'}]}).encode()";
    let verdicts = all_fail(QUICK, more);
    let attempt = &verdicts["2"]["attempts"][0];
    assert_eq!(attempt["status"], "malformed reply");
    assert!(attempt["error"].as_str().unwrap().contains("names `other`"), "{attempt}");
}

fn a_500_counts_for_each() {
    let verdicts = all_fail(QUICK, "        status = 500");
    assert_eq!(verdicts["2"]["attempts"][1]["status"], "500");
}

fn a_death_counts_for_each() {
    let verdicts = all_fail(QUICK, "        os._exit(1)");
    assert_eq!(verdicts["2"]["attempts"][0]["status"], "connection lost");
}

fn no_answer_counts_for_each() {
    let config = QUICK.replace("30s", "700ms");
    let verdicts = all_fail(&config, "        if '1' not in ids: time.sleep(3600)");
    assert_eq!(verdicts["2"]["attempts"][0]["status"], "timeout");
}

fn a_reply_is_told() {
    let more = "        media = 'application/cloudevents+json'
        answer = json.dumps({'specversion': '1.0', 'id': 'r', 'source': '/r', 'type': 'r'}).encode()";
    let verdicts = all_fail(QUICK, more);
    let error = verdicts["2"]["attempts"][0]["error"].as_str().unwrap();
    assert!(error.contains("nobody knows to which it replies"), "{error}");
}
