//! Headers that travel with an event, from the producer through functions and their replies.

use libtest_mimic::Trial;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, http, wait_for};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "headers",
        &[
            ("headers_travel_with_an_event_and_its_reply_over_a_kill", they_travel),
            ("headers_come_with_all_events_of_a_batch_and_none_is_an_attribute", of_a_batch),
            ("headers_travel_with_an_event_that_is_replayed", of_a_replay),
        ],
    )
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// Notes those of each request.
const NOTES: &str = "        names = ['traceparent', 'tracestate', 'x-request-id', 'x-b3-flags', 'knative-x', 'kn-namespace', 'cookie']
        note(' '.join(str(self.headers[name]) for name in names), 'headers-' + self.headers['ce-type'])";

fn send(runtime: &Runtime<'_>, media_type: &str, body: &str) {
    let headers = [
        ("content-type", media_type),
        ("traceparent", PARENT),
        ("tracestate", "shop=1"),
        ("X-Request-Id", "req-7"),
        ("x-b3-flags", "1"),
        ("Knative-X", "k"),
        ("cookie", "secret"),
    ];
    let answer = http::request(runtime.listen, "POST", "/", &headers, body.as_bytes()).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
}

fn noted(project: &Project, ty: &str, count: usize) -> Vec<String> {
    let file = format!("headers-{ty}");
    wait_for("they are delivered", || Some(project.lines(&file)).filter(|lines| lines.len() >= count))
}

/// The span that a line's `traceparent` names, when all else in it is what was sent.
fn span(line: &str) -> String {
    let (parent, rest) = line.split_once(' ').unwrap();
    assert_eq!(rest, "shop=1 req-7 1 k default None");
    assert_eq!((&parent[..36], &parent[52..]), (&PARENT[..36], &PARENT[52..]), "the same trace");
    parent[36..52].to_owned()
}

fn they_travel() {
    let project = Project::new("");
    let reply = format!(
        "{NOTES}
        while not os.path.exists('go'): time.sleep(0.01)
        self.send_response(200)
        for name, value in [('specversion', '1.0'), ('source', '/order'), ('type', 'billed')]:
            self.send_header('ce-' + name, value)
        self.send_header('content-length', '0')
        self.end_headers()
        return"
    );
    project.function("order", noting_server("", &reply));
    project.function("billed", noting_server("", NOTES));
    let event = r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order"}"#;
    let runtime = Runtime::start(&project);
    send(&runtime, "application/cloudevents+json", event);
    noted(&project, "order", 1);
    runtime.kill9();
    project.write("go", "");
    let runtime = Runtime::start(&project);
    let (orders, billed) = (noted(&project, "order", 2), noted(&project, "billed", 1));
    let spans: Vec<String> = orders.iter().chain(&billed).map(|line| span(line)).collect();
    let distinct: std::collections::BTreeSet<&String> = spans.iter().collect();
    assert_eq!(distinct.len(), spans.len(), "each hop is a span of its own: {spans:?}");
    assert!(!spans.contains(&PARENT[36..52].to_owned()));
    assert!(runtime.stop().success());
}

fn of_a_batch() {
    let project = Project::new(
        "[trigger.traced]\nto = \"fn/order\"\nfilter = { exact = { traceparent = \"x\" } }\n\
         [trigger.order]\nto = \"fn/order\"\nfilter = { cesql = \"NOT EXISTS traceparent AND NOT EXISTS tracestate\" }\n",
    );
    project.function("order", noting_server("", NOTES));
    let runtime = Runtime::start(&project);
    let event = |id: &str| format!(r#"{{"specversion":"1.0","id":"{id}","source":"/shop","type":"order"}}"#);
    send(&runtime, "application/cloudevents-batch+json", &format!("[{},{}]", event("1"), event("2")));
    noted(&project, "order", 2).iter().for_each(|line| drop(span(line)));
    let verdicts = runtime.verdicts("1");
    assert_eq!(
        (&verdicts["order"]["outcome"], &verdicts["traced"]["outcome"]),
        (&"delivered".into(), &"unmatched".into())
    );
}

fn of_a_replay() {
    let project = Project::new("");
    project.function("order", noting_server("", NOTES));
    let runtime = Runtime::start(&project);
    let event = r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order"}"#;
    send(&runtime, "application/cloudevents+json", event);
    runtime.verdicts("1");
    let (code, _, talk) = verb(&project, &["replay", "1"]);
    assert_eq!(code, 0, "{talk}");
    noted(&project, "order", 2).iter().for_each(|line| drop(span(line)));
}
