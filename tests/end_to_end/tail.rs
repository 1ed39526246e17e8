//! The live stream of events with their verdicts: what it shows, what it leaves out, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::project::noting_server;
use crate::support::runtime::{asked, verb};
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "tail",
        &[
            ("an_event_is_shown_with_each_verdict_as_it_is_over", each_verdict),
            ("only_what_is_asked_for_is_shown", only_what_is_asked_for),
            ("the_past_comes_first_and_nothing_twice", the_past_comes_first),
            ("the_format_says_what_is_shown", the_format),
            ("of_a_flood_some_are_shown_and_all_are_counted", a_flood),
            ("tail_ends_when_it_is_told_or_nobody_reads", how_it_ends),
            ("a_stream_of_something_else_is_refused", refused),
        ],
    )
}

const CONFIG: &str = "[broker.default]\ndelivery = { retry = 1, delay = \"1ms\" }\n\
    [trigger.audit]\nto = \"fn/order\"\nfilter = { exact = { source = \"/test\" } }\n";

fn project() -> Project {
    let project = Project::new(CONFIG);
    // What ends with an x, it cannot take.
    project.function(
        "order",
        noting_server(
            "on = { type = \"order\" }",
            "        if self.headers['ce-id'].endswith('x'): status = 500",
        ),
    );
    project
}

/// `hydrant tail`, which is connected.
pub(crate) struct Tail {
    child: Child,
    /// Nothing when nobody reads.
    lines: Option<BufReader<ChildStdout>>,
    talk: std::path::PathBuf,
}

impl Tail {
    pub(crate) fn start(project: &Project, arguments: &[&str]) -> Self {
        let talk = project.file(&format!("talk-{}", arguments.join("-").replace('/', "")));
        let file = std::fs::File::create(&talk).unwrap();
        let mut child = asked(project, arguments).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        let tail = Self { child, lines, talk };
        wait_until("it is connected", || tail.talk().contains("from now on"));
        tail
    }

    pub(crate) fn talk(&self) -> String {
        std::fs::read_to_string(&self.talk).unwrap()
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.lines.as_mut().unwrap().read_line(&mut line).unwrap() > 0, "it ended: {}", self.talk());
        line.trim_end().to_owned()
    }

    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Nobody reads what it prints any more.
    pub(crate) fn unread(&mut self) {
        self.lines = None;
    }

    pub(crate) fn interrupt(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).unwrap();
    }

    pub(crate) fn exit(mut self) -> Option<i32> {
        wait_for("it ends", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn ids(tail: &mut Tail, number: usize) -> Vec<String> {
    (0..number).map(|_| tail.json()["id"].as_str().unwrap().to_owned()).collect()
}

fn each_verdict() {
    let project = project();
    let runtime = Runtime::start(&project);
    let mut tail = Tail::start(&project, &["tail", "-o", "json"]);
    runtime.post("/", "1", "order", "data");
    let mut both = [tail.json(), tail.json()];
    both.sort_by_key(|line| line["trigger"].to_string());
    for (line, trigger) in both.iter().zip(["audit", "order"]) {
        assert_eq!(line["trigger"], trigger, "{line}");
        assert_eq!(
            (&line["id"], &line["type"], &line["source"]),
            (&"1".into(), &"order".into(), &"/test".into())
        );
        assert_eq!((&line["channel"], &line["offset"]), (&"broker/default".into(), &0.into()));
        assert_eq!((&line["function"], &line["attempt"]), (&"order".into(), &1.into()), "{line}");
        assert_eq!((&line["outcome"], &line["status"]), (&"delivered".into(), &"200".into()), "{line}");
        assert!(
            line["ms"].as_f64().unwrap() > 0.0 && line["at"].as_str() > line["arrived"].as_str(),
            "{line}"
        );
        assert!(line["subject"].is_null() && line["time"].is_null(), "{line}");
    }
    runtime.post("/", "2x", "order", "data");
    let failed = tail.json();
    assert_eq!((&failed["outcome"], &failed["status"]), (&"dead_letter".into(), &"500".into()), "{failed}");
    assert_eq!(failed["attempt"], 2, "{failed}");
    tail.json();
    let other = crate::support::http::request(
        runtime.listen,
        "POST",
        "/",
        &[("ce-specversion", "1.0"), ("ce-id", "3"), ("ce-source", "/else"), ("ce-type", "unheard.of")],
        b"",
    );
    assert_eq!(other.unwrap().status, 202);
    let untaken = tail.json();
    assert_eq!((&untaken["id"], &untaken["outcome"]), (&"3".into(), &"unmatched".into()), "{untaken}");
    assert!(untaken["trigger"].is_null(), "{untaken}");
}

fn only_what_is_asked_for() {
    let project = project();
    let runtime = Runtime::start(&project);
    let mut expected = [
        (
            Tail::start(&project, &["tail", "-o", "json", "id = '2' OR id = '3x'", "--trigger=order"]),
            ["2", "3x"],
        ),
        (
            Tail::start(&project, &["tail", "-o", "json", "--failed", "--trigger", "trigger/audit"]),
            ["1x", "3x"],
        ),
        (Tail::start(&project, &["tail", "-o", "json", "--id", "2"]), ["2", "2"]),
    ];
    for id in ["1x", "2", "3x", "4"] {
        runtime.post("/", id, "order", "data");
        runtime.verdicts(id);
    }
    for (tail, wanted) in &mut expected {
        assert_eq!(ids(tail, 2), *wanted);
    }
    let (code, _, talk) = verb(&project, &["tail", "type ="]);
    assert_eq!(code, 1);
    assert!(talk.contains("the filter is no CESQL"), "{talk}");
}

fn the_past_comes_first() {
    let project = project();
    let runtime = Runtime::start(&project);
    for id in ["1", "2x", "3", "4"] {
        runtime.post("/", id, "order", "data");
        runtime.verdicts(id);
    }
    let of_order = &["tail", "-o", "json", "--trigger", "order"][..];
    let mut newest = Tail::start(&project, &[of_order, &["-n", "2"]].concat());
    let mut failed = Tail::start(&project, &[of_order, &["--since", "1h", "--failed"]].concat());
    runtime.post("/", "5x", "order", "data");
    runtime.verdicts("5x");
    assert_eq!(ids(&mut newest, 3), ["3", "4", "5x"]);
    assert_eq!(ids(&mut failed, 2), ["2x", "5x"]);
    drop((newest, failed));
    assert!(runtime.stop().success());
    // What is on disk is the past as well.
    let _runtime = Runtime::start(&project);
    let mut tail = Tail::start(&project, &[of_order, &["-n", "3"]].concat());
    assert_eq!(ids(&mut tail, 3), ["3", "4", "5x"]);
}

fn the_format() {
    let project = project();
    let runtime = Runtime::start(&project);
    let mut tail = Tail::start(&project, &["tail", "--trigger", "order", "-f", "%i|%T|%g|%v|%r|%a\\n"]);
    let mut text = Tail::start(&project, &["tail", "--trigger", "order"]);
    runtime.post("/", "1x", "order", "data");
    assert_eq!(tail.line(), "1x|order|order|dead letter|500|2");
    let line = text.line();
    assert!(line.contains("Z  1x  order  order  dead letter 500, 2 attempts  "), "{line}");
    let (code, _, talk) = verb(&project, &["tail", "-f", "%y"]);
    assert_eq!(code, 2);
    assert!(talk.contains("there is no %y") && talk.contains("%i id"), "{talk}");
}

fn a_flood() {
    const ALL: usize = 300;
    let project = Project::new("");
    project.function("order", noting_server("", ""));
    let runtime = Runtime::start(&project);
    let mut tail = Tail::start(&project, &["tail", "-o", "json", "--rate", "5"]);
    let mut last = Tail::start(&project, &["tail", "--id", "last"]);
    for at in 0..ALL {
        runtime.post("/", &at.to_string(), "order", "data");
    }
    runtime.post("/", "last", "order", "data");
    last.line();
    let counted = |tail: &Tail| {
        let gaps = tail.talk();
        let gaps = gaps.lines().filter_map(|line| line.strip_suffix(" shown")?.split_once(" of "));
        let number = |text: &str| text.replace(' ', "").parse::<usize>().unwrap();
        gaps.fold((0, 0), |(shown, all), gap| (shown + number(gap.0), all + number(gap.1)))
    };
    // All but what was shown after the last of them that was not.
    let (shown, all) = wait_for("they are counted", || {
        let (shown, all) = counted(&tail);
        (all + 5 > ALL).then_some((shown, all))
    });
    assert!(shown >= 5 && shown < all, "{shown} of {all}");
    assert!(all <= ALL + 1, "{all}");
    ids(&mut tail, shown);
}

fn how_it_ends() {
    let project = project();
    let runtime = Runtime::start(&project);
    let tail = Tail::start(&project, &["tail"]);
    tail.interrupt();
    let talk = tail.talk();
    assert_eq!(tail.exit(), Some(130), "{talk}");

    // Like `| head -1`: nothing comes any more, and it notices all the same.
    let mut tail = Tail::start(&project, &["tail"]);
    runtime.post("/", "1", "order", "data");
    tail.line();
    tail.unread();
    let talk = tail.talk();
    assert_eq!(tail.exit(), Some(0), "{talk}");

    let mut tail = Tail::start(&project, &["tail"]);
    assert!(runtime.stop().success());
    let mut rest = String::new();
    tail.lines.as_mut().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(tail.talk().contains("the runtime is gone"), "{}", tail.talk());
    assert_eq!(tail.exit(), Some(4));
}

fn refused() {
    let project = project();
    let runtime = Runtime::start(&project);
    for (query, message) in [
        ("topics=events,news", "there is no topic"),
        ("since=yesterday", "yesterday"),
        ("filter=type%20%3D", "no CESQL"),
        ("color=red", "color"),
    ] {
        let answer = runtime.admin("GET", &format!("/api/v1/stream?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains(message), "{query}: {}", answer.body);
    }
}
