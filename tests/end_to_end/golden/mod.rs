//! Golden tables of delivery: who sees which event how often, and what becomes of it, for brokers and channels. The rows
//! are Knative's own topology and redelivery tests, told anew, and every combination of what they vary.
//!
//! All rows of a table run in one runtime. What a function does with an event is written in the event.

mod brokers;
mod channels;
mod row;

use std::cell::RefCell;
use std::collections::BTreeMap;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, http, wait_until};
use row::{Kind, Row};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "golden",
        &[
            ("brokers_deliver_as_their_table_says", || check_table(Kind::Broker, brokers::rows())),
            ("channels_deliver_as_their_table_says", || check_table(Kind::Channel, channels::rows())),
            ("brokers_deliver_as_failures_retries_dead_letters_and_replies_combine", || {
                check_table(Kind::Broker, channels::combinations(Kind::Broker));
            }),
            ("channels_deliver_as_failures_retries_dead_letters_and_replies_combine", || {
                check_table(Kind::Channel, channels::combinations(Kind::Channel));
            }),
        ],
    )
}

/// Whoever may get an event, a reply or a dead letter.
const FUNCTIONS: [&str; 10] =
    ["t0", "t1", "t2", "t0dlq", "t1dlq", "brokerdlq", "chdlq", "graves", "replies", "answers"];
/// Where some of it goes in every row.
const COMMON: &str = "\
    [channel.letters]\n[subscription.letters]\nchannel = \"letters\"\nto = \"fn/chdlq\"\n\
    [broker.graves]\n[trigger.graves]\nbroker = \"graves\"\nto = \"fn/graves\"\n\
    [channel.replies]\ndelivery = { retry = 2, delay = \"1ms\" }\n\
    [subscription.replies]\nchannel = \"replies\"\nto = \"fn/replies\"\n\
    [broker.answers]\n[trigger.answers]\nbroker = \"answers\"\nto = \"fn/answers\"\n";

/// Does with an event what is written in it, and notes whose event it was, what it was, and whether it was taken.
/// Not more than one process of each: it counts attempts in memory.
fn obedient_function() -> String {
    let more = r#"        me, h = os.environ["K_SERVICE"], self.headers
        code = h.get("ce-knativeerrorcode")
        what = "letter(%s)" % code if code else h["ce-type"]
        plan = h.get("ce-replyfails" if what != "event" else "ce-%sfails" % me, "")
        if code and me != "t0dlq": plan = ""
        attempts[h["ce-id"]] = nth = attempts.get(h["ce-id"], 0) + 1
        statuses = plan.rstrip("*").split(",") if plan else []
        is_failure = plan.endswith("*") or nth <= len(statuses)
        replies = h.get("ce-%sreplies" % me) if what == "event" else None
        status = int(statuses[min(nth, len(statuses)) - 1] if is_failure else replies or 200)
        note("%s %s %s %s" % (h["ce-id"], me, what, "x" if is_failure else "o"), "seen")
        if replies:
            self.send_response(status)
            for name in ("specversion", "source", "replyfails"):
                if h.get("ce-" + name): self.send_header("ce-" + name, h["ce-" + name])
            self.send_header("ce-id", "%s.%s" % (h["ce-id"], me))
            self.send_header("ce-type", "reply")
            if status != 204: self.send_header("content-length", "0")
            self.end_headers()
            return"#;
    let server = noting_server("max = 1, concurrency = 16", more);
    server.replace("class Handler", "attempts = {}\nclass Handler")
}

fn check_table(kind: Kind, rows: Vec<Row>) {
    let rows: Vec<(String, Row)> =
        rows.into_iter().enumerate().map(|(n, row)| (format!("r{n}"), row)).collect();
    let sections: String = rows.iter().map(|(name, row)| row.config(kind, name)).collect();
    let functions: String = FUNCTIONS.iter().map(|name| format!("[function.{name}]\n")).collect();
    let project = Project::new(&format!("state = \"memory\"\n{functions}{COMMON}{sections}"));
    for name in FUNCTIONS {
        project.function(name, obedient_function());
    }
    let runtime = Runtime::start(&project);
    for (name, row) in &rows {
        send(&runtime, kind, name, row);
    }
    let ends: Vec<Ends> = rows.iter().map(|(name, _)| ends(&runtime, name)).collect();
    let told = Told::default();
    wait_until("the table is as it says", || told.is_as_expected(&project, &rows, &ends));
    assert!(runtime.stop().success());
    assert!(told.is_as_expected(&project, &rows, &ends), "more came when all had come");
}

fn send(runtime: &Runtime<'_>, kind: Kind, name: &str, row: &Row) {
    let event = [("ce-specversion", "1.0"), ("ce-id", name), ("ce-source", "/golden"), ("ce-type", "event")];
    let plan = row.plan();
    let plan = plan.iter().map(|(header, value)| (header.as_str(), *value));
    let headers: Vec<(&str, &str)> = event.into_iter().chain(plan).collect();
    let path = format!("/{}/{name}", kind.words().0);
    let answer = http::request(runtime.listen, "POST", &path, &headers, b"").unwrap();
    assert_eq!(answer.status, 202, "{}: {}", row.says, answer.body);
}

/// What became of an event and of the replies to it, by id and reader.
type Ends = BTreeMap<(String, String), Value>;

/// Waits until the event has its verdicts, and each reply that was stored for it.
fn ends(runtime: &Runtime<'_>, name: &str) -> Ends {
    let mut ends = Ends::new();
    let mut ids = vec![name.to_owned()];
    while let Some(id) = ids.pop() {
        let verdicts = runtime.verdicts(&id);
        let matched: Vec<(&String, &Value)> = verdicts.iter().filter(|(_, v)| v["matched"] == true).collect();
        if matched.is_empty() && id != name {
            ends.insert((id.clone(), "stored".to_owned()), Value::Null);
        }
        for (trigger, verdict) in matched {
            let Some(reader) = trigger.strip_prefix(&format!("{name}-")) else { continue };
            ids.extend(verdict["reply_id"].as_str().map(str::to_owned));
            ends.insert((id.clone(), reader.to_owned()), verdict.clone());
        }
    }
    ends
}

/// Everybody who saw something of a row, in the order of their names: `x` is an attempt that failed, `o` one that took it,
/// `+` that it became a dead letter, `-` that it was dropped, `stored` a reply that nobody wanted.
fn seen(name: &str, notes: &[String], ends: &Ends) -> String {
    let mut attempts: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for note in notes {
        let [id, reader, what, took] = note.split(' ').collect::<Vec<_>>()[..] else { panic!("{note}") };
        if id.split('.').next() == Some(name) {
            attempts.entry((id.into(), reader.into(), what.into())).or_default().push_str(took);
        }
    }
    let stored = ends.keys().filter(|(_, reader)| reader == "stored").map(|_| "stored reply".to_owned());
    let mut all: Vec<String> =
        attempts.iter().map(|(key, took)| told(key, took, ends)).chain(stored).collect();
    all.sort();
    all.join(" | ")
}

fn told((id, reader, what): &(String, String, String), took: &str, ends: &Ends) -> String {
    let what = match what.as_str() {
        "event" => String::new(),
        "reply" => "reply ".to_owned(),
        letter => letter.to_owned(),
    };
    let Some(verdict) = ends.get(&(id.clone(), reader.clone())).filter(|_| !what.starts_with("letter"))
    else {
        return format!("{reader} {what}{took}");
    };
    assert_eq!(verdict["attempt_count"], took.len(), "{id} {reader}: {verdict}");
    let end = match verdict["outcome"].as_str() {
        Some("delivered") => "",
        Some("dead_letter") => "+",
        Some("dropped") => "-",
        other => panic!("{other:?}: {verdict}"),
    };
    format!("{reader} {what}{took}{end}")
}

/// What is not as expected, told when the test fails.
#[derive(Default)]
struct Told(RefCell<String>);

impl Told {
    fn is_as_expected(&self, project: &Project, rows: &[(String, Row)], ends: &[Ends]) -> bool {
        let notes = project.lines("seen");
        let mut wrong = String::new();
        for ((name, row), ends) in rows.iter().zip(ends) {
            let seen = seen(name, &notes, ends);
            if seen != row.expected {
                let Row { says, expected, .. } = row;
                wrong.push_str(&format!("{says} ({name})\n  expected {expected}\n  seen     {seen}\n"));
            }
        }
        self.0.replace(wrong).clear();
        self.0.borrow().is_empty()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0.borrow());
        }
    }
}
