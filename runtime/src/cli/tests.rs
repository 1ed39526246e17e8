//! Snapshots of what people read, and what scripts branch on.

use std::collections::BTreeMap;

use clap::{CommandFactory, Parser};

use super::tree::{branches, head};
use super::{Cli, Verb, ps};
use crate::admin::{FunctionView, ShareView};
use crate::history::view::{AttemptView, Decision, Explained, Outcome, Verdict};

fn verdict(trigger: &str) -> Verdict {
    Verdict {
        trigger: trigger.into(),
        kind: "trigger".into(),
        channel: "broker/default".into(),
        partition: 0,
        offset: 7,
        filter_revision: 1,
        matched: true,
        decision: Decision::Match,
        clause: None,
        to: Some(format!("fn/{trigger}")),
        function: Some(trigger.into()),
        attempts: Vec::new(),
        attempt_count: 0,
        outcome: Outcome::Pending,
        status: None,
        answer: None,
        reply_id: None,
        total_ms: None,
        paused: false,
    }
}

fn refused(trigger: &str, clause: &str) -> Verdict {
    Verdict {
        matched: false,
        decision: Decision::NoMatch,
        clause: Some(clause.into()),
        outcome: Outcome::Unmatched,
        ..verdict(trigger)
    }
}

fn attempt(status: &str, after_ms: f64, ms: f64) -> AttemptView {
    AttemptView {
        status: status.into(),
        error: None,
        started: "2026-11-23T14:02:11.204000Z".into(),
        after_ms,
        ms,
        start_ms: None,
        revision: Some("r2".into()),
        cold: false,
    }
}

fn event(id: &str, ty: &str, verdicts: Vec<Verdict>) -> Explained {
    Explained {
        id: id.into(),
        source: "/shop".into(),
        ty: ty.into(),
        channel: "broker/default".into(),
        partition: 0,
        offset: 7,
        arrived: "2026-11-23T14:02:11.200000Z".into(),
        settled: true,
        event: serde_json::Map::new(),
        data_bytes: 0,
        verdicts,
        parents: Vec::new(),
        children: Vec::new(),
    }
}

#[test]
fn the_way_of_an_event_is_a_tree() {
    let cold = AttemptView { start_ms: Some(6.0), cold: true, ..attempt("200", 0.1, 8.3) };
    let hello = Verdict {
        attempts: vec![cold],
        attempt_count: 1,
        outcome: Outcome::Delivered,
        reply_id: Some("01JD4".into()),
        ..verdict("hello")
    };
    let audit = refused("audit", "type = \"com.example.audit\" (event has \"com.example.hello\")");
    let sent = event("01JD3", "com.example.hello", vec![hello, audit]);
    let reply = event("01JD4", "com.example.hello.reply", vec![refused("hello", "")]);
    let replies = BTreeMap::from([("01JD4".to_string(), reply)]);
    let expected = "\
01JD3 accepted by broker default                         0.0 ms
 +- trigger hello      matched  -> hello   cold start    6.1 ms
 |   delivered 200     attempt 1                        +2.3 ms
 |   reply com.example.hello.reply 01JD4 -> broker default: no trigger matched (kept in history)
 +- trigger audit      not matched: type = \"com.example.audit\" (event has \"com.example.hello\")
";
    assert_eq!(head("01JD3", "broker/default") + &branches(&sent, &replies), expected);
}

#[test]
fn failures_say_how_often_and_why() {
    let broken =
        AttemptView { error: Some("connection reset".into()), ..attempt("connection lost", 1.0, 1.5) };
    let bill = Verdict {
        attempts: vec![broken, attempt("exit 101", 201.5, 2000.0)],
        attempt_count: 2,
        outcome: Outcome::DeadLetter,
        status: Some("exit 101".into()),
        answer: Some("thread 'main' panicked\nat src/main.rs:14".into()),
        ..verdict("bill")
    };
    // The first ones of many attempts are not kept.
    let slow = Verdict { attempts: vec![attempt("500", 9000.0, 3.0)], attempt_count: 40, ..verdict("slow") };
    let gone = Verdict { outcome: Outcome::Dropped, ..verdict("gone") };
    let to = Some("channel/orders".into());
    let forward = Verdict {
        outcome: Outcome::Delivered,
        function: None,
        to,
        total_ms: Some(0.4),
        ..verdict("forward")
    };
    let expected = "\x20\
+- trigger bill       matched  -> bill                  1.0 ms
 |   failed connection lost attempt 1                   +1.5 ms
 |     connection reset
 |   failed exit 101   attempt 2                        +2.00 s
 |   dead letter       exit 101 after 2 attempts
 |   answer thread 'main' panicked..
 +- trigger slow       matched  -> slow
 |   failed 500        attempt 40                       +3.0 ms
 |   pending           another attempt follows
 +- trigger gone       matched  -> gone
 |   dropped           its channel does not hold it any more (retention)
 +- trigger forward    matched  -> channel/orders
     delivered                                           0.4 ms
";
    assert_eq!(branches(&event("1", "t", vec![bill, slow, gone, forward]), &BTreeMap::new()), expected);
}

#[test]
fn an_event_for_nobody_says_so() {
    let text = branches(&event("1", "t", Vec::new()), &BTreeMap::new());
    assert_eq!(text, " +- nobody subscribes to broker default\n");
}

pub(super) fn function(name: &str, state: &str) -> FunctionView {
    FunctionView {
        function: name.into(),
        state: state.into(),
        instances: 0,
        instances_max: Some(10),
        in_flight: 0,
        queued: 0,
        held: 0,
        events: 0,
        failed: 0,
        unanswered: 0,
        cold_starts: 0,
        cold_p50_ms: None,
        cold_p99_ms: None,
        run_p50_ms: None,
        run_p99_ms: None,
        revision: Some("r1".into()),
        content: None,
        idle_ms: None,
        reason: None,
        program: Some("/demo/functions/x".into()),
        traffic: Vec::new(),
        paused: Vec::new(),
        pinned: None,
    }
}

#[test]
fn functions_are_a_table() {
    let times = |cold: (f64, f64), run: (f64, f64), mut view: FunctionView| {
        (view.cold_p50_ms, view.cold_p99_ms) = (Some(cold.0), Some(cold.1));
        (view.run_p50_ms, view.run_p99_ms) = (Some(run.0), Some(run.1));
        view
    };
    let zero = FunctionView { events: 9, idle_ms: Some(12_900.0), ..function("hello", "zero") };
    let warm =
        FunctionView { instances: 2, in_flight: 3, queued: 14, events: 1204, ..function("bill", "busy") };
    let reason = Some("functions/old is not executable (chmod +x functions/old)".into());
    let broken = FunctionView { queued: 5, held: 2, reason, ..function("old", "broken") };
    let rows = [
        times((5.9, 8.1), (1.4, 2.2), zero),
        times((31.0, 70.0), (88.0, 240.0), warm),
        function("thumb", "starting"),
        broken,
    ];
    let expected = "\
FUNCTION  STATE     INST  IN-FLIGHT  QUEUED     EVENTS  FAIL  COLD p50/p99  RUN p50/p99  REV  IDLE
hello     zero      0     0          0          9       0     5.9/8.1 ms    1.4/2.2 ms   r1   12s
bill      busy      2/10  3          14         1 204   0     31/70 ms      88/240 ms    r1   -
thumb     starting  0     0          0          0       0     -             -            r1   -
old       broken    0     0          5, 2 held  0       0     functions/old is not executable (chmod +x functions/old)  r1   -
";
    assert_eq!(ps::text(&rows, false, None), expected);
    let wide = ps::text(&rows[..1], true, None);
    assert_eq!(wide.lines().nth(1).unwrap().split_whitespace().last(), Some("/demo/functions/x"));
}

#[test]
fn no_row_of_functions_is_wider_than_the_terminal() {
    let reason = Some("functions/old is not executable".into());
    let rows = [function("hello", "zero"), FunctionView { reason, ..function(&"o".repeat(63), "broken") }];
    for columns in [1, 5, 40, 80, 120, 300] {
        let text = ps::text(&rows, false, Some(columns));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}:\n{text}");
    }
    let narrow = ps::text(&rows[..1], false, Some(40));
    assert_eq!(narrow.lines().next(), Some("FUNCTION  STATE  INST  IN-FLIGHT  QUEUED"));
}

#[test]
fn revisions_that_have_traffic_stand_below_their_function() {
    let share = |revision: &str, percent, tags: &[&str]| ShareView {
        revision: revision.into(),
        latest: revision == "r4",
        percent,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        state: "warm".into(),
        instances: 1,
        in_flight: 0,
        queued: 2,
        events: 10,
        failed: 1,
        reason: None,
    };
    let traffic = vec![share("r3", 10, &["stable", "old"]), share("r4", 90, &[])];
    let function = FunctionView { revision: Some("r4".into()), traffic, ..function("hello", "warm") };
    let expected = "\
FUNCTION           STATE  INST  IN-FLIGHT  QUEUED  EVENTS  FAIL  COLD p50/p99  RUN p50/p99  REV  IDLE
hello              warm   0     0          0       0       0     -             -            r4   -
  10 % stable old  warm   1     0          2       10      1     -             -            r3   -
  90 %             warm   1     0          2       10      1     -             -            r4   -
";
    assert_eq!(ps::text(&[function], false, None), expected);
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn global_flags_come_before_or_after_the_verb() {
    for arguments in [["hydrant", "-o", "json", "ps"], ["hydrant", "ps", "-o", "json"]] {
        let cli = Cli::try_parse_from(arguments).unwrap();
        assert!(cli.global.is_json() && matches!(cli.verb, Some(Verb::Ps(_))));
    }
}

#[test]
fn the_folder_of_dev_is_seen_from_the_project() {
    let project = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(project.path().join("inner/functions")).unwrap();
    let root = project.path().to_str().unwrap();
    let folders = |arguments: &[&str]| {
        let Cli { global, verb } = Cli::try_parse_from(arguments).unwrap();
        let Some(Verb::Dev(dev)) = verb else { panic!("dev") };
        global.project(dev.dir.as_deref()).unwrap()
    };
    let inner = project.path().join("inner").canonicalize().unwrap();
    assert_eq!(folders(&["hydrant", "-C", root, "dev", "inner"]), inner);
    assert_eq!(folders(&["hydrant", "dev", inner.to_str().unwrap()]), inner);
    assert_eq!(folders(&["hydrant", "dev", "-C", inner.to_str().unwrap()]), inner);
}

#[test]
fn waiting_takes_a_time_or_none() {
    let wait = |flag: &[&str]| {
        let arguments = ["hydrant", "send", "com.example.hello", "{}"].iter().chain(flag);
        match Cli::try_parse_from(arguments).unwrap().verb {
            Some(Verb::Send(send)) => send.wait.map(|wait| wait.as_millis()),
            _ => panic!("send"),
        }
    };
    assert_eq!([wait(&[]), wait(&["--wait"]), wait(&["--wait=500ms"])], [None, Some(10_000), Some(500)]);
}
