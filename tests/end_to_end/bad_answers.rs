//! Functions that answer too late, or what they must not (failure scenarios 13 to 15).

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::{noting_server, python};
use crate::support::{Project, Runtime, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "bad answers",
        &[
            ("a_process_that_never_answers_is_replaced_after_three_timeouts", a_silent_process_is_replaced),
            ("one_that_is_deaf_to_all_is_killed_and_hurts_nobody_else", a_deaf_process),
            ("an_answer_that_does_not_begin_in_time_is_a_timeout_of_its_own", an_answer_that_does_not_begin),
            ("one_that_begins_in_time_may_take_longer_to_be_complete", an_answer_that_takes_long),
            ("an_answer_after_the_timeout_counts_for_nothing", a_late_answer_counts_for_nothing),
            ("a_redirect_is_not_followed_and_not_tried_again", a_redirect_is_not_followed),
            ("an_event_in_a_202_is_not_routed", an_event_in_a_202_is_not_routed),
            ("a_reply_that_is_no_event_is_a_failed_delivery", a_reply_that_is_no_event),
            ("an_event_that_is_answered_with_101_fails", an_event_answered_with_101),
        ],
    )
}

fn a_silent_process_is_replaced() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 5, delay = \"5ms\", timeout = \"300ms\" }\n");
    let more = "        note(str(os.getpid()), \"pids\")
        if open(\"pids\").readline().strip() == str(os.getpid()): time.sleep(3600)";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(verdict["outcome"], "delivered", "{verdict}");
    let statuses: Vec<_> = verdict["attempts"].as_array().unwrap().iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, ["timeout", "timeout", "timeout", "200"]);
    assert_eq!(project.counts("pids").len(), 2);
}

/// Says when it sends its head, and when the rest.
fn slow_server(before_head: &str, before_body: &str) -> String {
    format!(
        r#"#!{}
# hydrant: on = {{ type = "order" }}, timeout = {{ response = "1s" }}
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        with open("requests", "a") as requests: requests.write("one\n")
        is_first = len(open("requests").readlines()) == 1
        {before_head}
        self.send_response(200); self.send_header("content-length", "2"); self.end_headers()
        {before_body}
        self.wfile.write(b"ok")
    do_GET = do_POST
    def log_message(self, *arguments): pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#,
        python()
    )
}

fn an_answer_that_does_not_begin() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 5, delay = \"5ms\" }\n");
    project.function("slow", slow_server("time.sleep(3600 if is_first else 0)", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["slow"];
    assert_eq!(verdict["outcome"], "delivered", "{verdict}");
    let attempts = verdict["attempts"].as_array().unwrap();
    let statuses: Vec<_> = attempts.iter().map(|attempt| &attempt["status"]).collect();
    assert_eq!(statuses, ["timeout", "200"]);
    assert_eq!(attempts[0]["error"], "no response began within 1s", "{verdict}");
    std::fs::remove_file(project.file("requests")).unwrap();
    let answer = runtime.get("/fn/slow");
    assert_eq!((answer.status, answer.body.contains("slow: no response began within 1s")), (504, true));
    assert!(answer.body.contains("raise timeout.response of the function"), "{}", answer.body);
}

fn an_answer_that_takes_long() {
    let project = Project::new("[broker.default]\ndelivery = { retry = 0 }\n");
    project.function("slow", slow_server("", "time.sleep(1.5)"));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["slow"];
    assert_eq!(
        (&verdict["outcome"], &verdict["attempt_count"]),
        (&"delivered".into(), &1.into()),
        "{verdict}"
    );
    let answer = runtime.get("/fn/slow");
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
}

/// It accepts and reads nothing, and does not end when it is asked to; so does not the one after it.
fn a_deaf_process() {
    let config = "[broker.default]\ndelivery = { retry = 5, delay = \"5ms\", timeout = \"300ms\" }\n\
                  [function.deaf]\ntimeout = { drain = \"100ms\" }\n";
    let project = Project::new(config);
    let server = format!(
        r#"#!{}
# hydrant: on = {{ type = "order" }}
import os, signal, socket
def note(name):
    with open(name, "a") as notes: notes.write("%d\n" % os.getpid())
is_deaf = not os.path.exists("started")
note("started")
signal.signal(signal.SIGTERM, lambda *_: note("asked"))
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
kept = []
while True:
    connection, _ = listener.accept()
    kept.append(connection)
    if not is_deaf and connection.recv(65536):
        connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        kept.pop().close()
"#,
        python()
    );
    project.function("deaf", server);
    project.function("good", noting_server(r#"on = { type = "order" }"#, ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdicts = runtime.verdicts("1");
    let statuses = |of: &str| -> Vec<String> {
        let attempts = verdicts[of]["attempts"].as_array().unwrap().iter();
        attempts.map(|attempt| attempt["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses("deaf"), ["timeout", "timeout", "timeout", "200"]);
    assert_eq!(statuses("good"), ["200"]);
    let first = project.lines("started")[0].clone();
    wait_until("it was asked to end", || project.lines("asked").contains(&first));
    wait_until("it was killed", || {
        let alive = project.processes();
        !alive.iter().any(|pid| pid.to_string() == first)
    });
}

fn a_late_answer_counts_for_nothing() {
    let project =
        Project::new("[broker.default]\ndelivery = { retry = 1, delay = \"5ms\", timeout = \"1s\" }\n");
    // The first attempt is answered with 200 while the second one is under way, and that with 500.
    let more = "        if len(open(\"delivered\").readlines()) == 1:
            while not os.path.exists(\"go\"): time.sleep(0.005)
            note(\"200\", \"late\")
        else:
            status = 500
            open(\"go\", \"w\").close()
            while not os.path.exists(\"late\"): time.sleep(0.005)";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = &runtime.verdicts("1")["order"];
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
    let statuses: Vec<_> = verdict["attempts"].as_array().unwrap().iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, ["timeout", "500"]);
    let function = runtime.function("order");
    assert_eq!(function["unanswered"], 1, "it may have been handled for all we know: {function}");
}

/// The verdict on an event that is answered with this status, these headers and this body.
fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> (Value, bool) {
    let project = Project::new("[broker.default]\ndelivery = { retry = 1, delay = \"5ms\" }\n");
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("        self.send_header('{name}', '{value}')\n"))
        .collect();
    let more = format!(
        "        self.send_response({status})\n{headers}        self.send_header('content-length', '{}')
        self.end_headers()\n        self.wfile.write(b'{body}')\n        return",
        body.len()
    );
    project.function("order", noting_server("", &more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    let verdict = runtime.verdicts("1")["order"].clone();
    let routed = runtime.admin("GET", "/api/v1/events/reply").status == 200;
    (verdict, routed)
}

const EVENT: [(&str, &str); 4] =
    [("ce-specversion", "1.0"), ("ce-id", "reply"), ("ce-source", "/order"), ("ce-type", "replied")];

fn a_redirect_is_not_followed() {
    let (verdict, _) = answered(307, &[("location", "/elsewhere")], "");
    let told = (&verdict["outcome"], &verdict["attempt_count"], &verdict["attempts"][0]["status"]);
    assert_eq!(told, (&"dead_letter".into(), &1.into(), &"307".into()));
}

fn an_event_in_a_202_is_not_routed() {
    let (verdict, routed) = answered(202, &EVENT, "data");
    assert_eq!(
        (&verdict["outcome"], &verdict["reply_id"], routed),
        (&"delivered".into(), &Value::Null, false)
    );
    let (verdict, routed) = answered(200, &EVENT, "data");
    assert_eq!((&verdict["reply_id"], routed), (&"reply".into(), true), "and that of a 200 is");
}

fn a_reply_that_is_no_event() {
    let (verdict, routed) = answered(200, &EVENT[..3], "data");
    let told = (&verdict["outcome"], &verdict["attempt_count"], &verdict["attempts"][0]["status"]);
    assert_eq!(told, (&"dead_letter".into(), &2.into(), &"malformed reply".into()), "{verdict}");
    assert!(!routed);
}

fn an_event_answered_with_101() {
    let (verdict, _) = answered(101, &[("connection", "upgrade"), ("upgrade", "other")], "");
    assert_eq!(verdict["outcome"], "dead_letter", "{verdict}");
}
