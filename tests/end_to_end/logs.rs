//! What functions print, asked for: whose line it is, about which event, and as it comes.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_for, wait_until};
use crate::tail::Tail;

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "logs",
        &[
            ("a_line_has_its_function_its_instance_and_its_event", whose_it_is),
            ("only_lines_that_are_asked_for_are_shown", only_what_is_asked_for),
            ("who_follows_sees_what_is_printed_and_ends_by_ctrl_c", followed),
            ("what_is_secret_is_not_in_the_logs", secrets),
        ],
    )
}

/// Prints a line on stdout and one on stderr for an event, and one at its start.
fn printing(header: &str) -> String {
    let more = "        print('got ' + self.headers['ce-id'], flush=True)
        os.write(2, ('total: %d\\n' % len(self.body)).encode())";
    noting_server(header, more).replace("class Server(", "print('begins', flush=True)\nclass Server(")
}

fn lines(project: &Project, flags: &[&str]) -> Vec<Value> {
    let (code, data, talk) = verb(project, &[&["logs", "-o", "json"][..], flags].concat());
    assert_eq!(code, 0, "{talk}");
    data.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts(project: &Project, flags: &[&str]) -> Vec<String> {
    lines(project, flags).iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

/// Sends events one after the other, so that each line is about one of them.
fn send_all<'p>(project: &'p Project, ids: &[&str]) -> Runtime<'p> {
    let runtime = Runtime::start(project);
    for id in ids {
        runtime.send(id, "order");
        runtime.verdicts(id);
        let printed = || texts(project, &["order", "--grep", "^(got|total)"]).len();
        let wanted = 2 * (1 + ids.iter().position(|other| other == id).unwrap());
        wait_until("its lines were read", || printed() == wanted);
    }
    runtime
}

fn whose_it_is() {
    let project = Project::new("");
    project.function("order", printing(""));
    let runtime = send_all(&project, &["1", "2"]);
    let first = wait_for("it is there", || {
        lines(&project, &["order"]).into_iter().find(|line| line["text"] == "got 1")
    });
    assert_eq!(
        (&first["function"], &first["instance"], &first["revision"]),
        (&"order".into(), &0.into(), &"r1".into())
    );
    assert_eq!((&first["event"], &first["stream"]), (&"1".into(), &"stdout".into()), "{first}");
    assert!(first["at"].as_str().unwrap().ends_with('Z'), "{first}");
    let (_, text, _) = verb(&project, &["logs", "order", "--id", "2", "--err"]);
    assert!(text.contains("Z  order#0  2  ! total: 4\n"), "{text}");
    assert_eq!(runtime.admin("GET", "/api/v1/logs?fn=order&id=2&err=true").json()[0]["text"], "total: 4");
}

fn only_what_is_asked_for() {
    let project = Project::new("");
    project.function("order", printing(""));
    project.function("other", printing(""));
    let _runtime = send_all(&project, &["1", "2", "3"]);
    for (flags, expected) in [
        (&["order", "-n", "4", "--grep", "^got"][..], &["got 1", "got 2", "got 3"][..]),
        (&["--id", "2", "--grep", "got [0-9]"], &["got 2"]),
        (&["order", "--err"], &["total: 4"; 3]),
        (&["order", "--err", "-n", "2"], &["total: 4"; 2]),
        (&["--grep", "begins"], &["begins"]),
        (&["other"], &[]),
        (&["--since", "2100-01-01T00:00:00Z"], &[]),
        (&["order", "--since", "1h", "-n", "1", "--grep", "got"], &["got 3"]),
    ] {
        assert_eq!(texts(&project, flags), expected, "{flags:?}");
    }
    for (flags, message) in
        [(&["ordr"][..], "did you mean `order`?"), (&["--grep", "(a"], "is no regular expression")]
    {
        let (code, _, talk) = verb(&project, &[&["logs"], flags].concat());
        assert_eq!(code, 1, "{talk}");
        assert!(talk.contains(message), "{talk}");
    }
}

fn followed() {
    let project = Project::new("");
    project.function("order", printing(""));
    let runtime = send_all(&project, &["1"]);
    let mut all = Tail::start(&project, &["logs", "-f", "--grep", "^got"]);
    let mut one = Tail::start(&project, &["logs", "order", "-f", "-n", "0", "--id", "3", "-o", "json"]);
    for id in ["2", "3"] {
        runtime.send(id, "order");
        runtime.verdicts(id);
        wait_until("it is printed", || texts(&project, &["--grep", &format!("^got {id}")]).len() == 1);
    }
    for id in 1..=3 {
        let line = all.line();
        assert!(line.ends_with(&format!("| got {id}")), "{line}");
    }
    let mut of_three = [one.json()["text"].to_string(), one.json()["text"].to_string()];
    of_three.sort();
    assert_eq!(of_three, ["\"got 3\"", "\"total: 4\""]);
    all.interrupt();
    assert_eq!(all.exit(), Some(130));
    one.unread();
    assert_eq!(one.exit(), Some(0), "nobody reads it, as behind `| head`");
}

fn secrets() {
    let project = Project::new("[function.order]\nsecrets = { KEY = { file = \"key\" } }\n");
    project.write("key", "very-secret-indeed\n");
    let more = "        print('key ' + os.environ['KEY'], flush=True)";
    project.function("order", noting_server("", more));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.verdicts("1");
    let line = wait_for("it is printed", || texts(&project, &["--grep", "^key"]).pop());
    assert!(!line.contains("very-secret-indeed"), "{line}");
}
