//! Dead letters that are sent again: none is lost before it is done with, and it is done with once.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::letters::{BILL, CONFIG, dead, dies, json_lines, listed, ok, project};
use crate::support::runtime::{asked, verb, verb_reading};
use crate::support::{Project, Runtime, group, http, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "redriven letters",
        &[
            ("retried_once_mended_it_is_delivered_once_and_gone", retried_once_mended),
            ("those_of_one_trigger_are_retried_and_the_others_stay", retried_by_trigger),
            ("an_edited_letter_is_sent_as_it_was_edited", edited),
            ("what_an_editor_broke_is_not_sent_and_not_lost", edited_badly),
            ("a_letter_that_fails_again_is_a_new_one_and_counts", fails_again),
            ("what_was_sent_again_three_times_is_left_out", left_out),
            ("a_letter_of_a_trigger_that_is_gone_goes_nowhere_and_stays", trigger_is_gone),
            ("killed_while_it_retries_it_loses_no_letter", killed_while_it_retries),
        ],
    )
}

fn mend(project: &Project) {
    project.write("mended", "");
}

fn retried_once_mended() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    mend(&project);
    let out = ok(&project, &["dlq", "retry", "d0"]);
    assert_eq!(out, "1 dead letter sent again\n");
    assert_eq!(dead(&project), [""; 0]);
    wait_until("it is delivered", || !project.lines("delivered").is_empty());
    let (code, _, talk) = verb(&project, &["dlq", "retry", "d0"]);
    assert!(code == 1 && talk.contains("no dead letter \"d0\""), "{talk}");
    runtime.kill9();

    let runtime = Runtime::start(&project);
    assert_eq!(dead(&project), [""; 0]);
    // What was sent before it is over when this is.
    runtime.post("/", "o-2", "bill", "data");
    assert_eq!(runtime.verdicts("o-2")["bill"]["outcome"], "delivered");
    assert!(runtime.stop().success());
    assert_eq!(project.lines("delivered"), ["o-1 data", "o-2 data"]);
}

fn retried_by_trigger() {
    let project = project();
    project.function("ship", BILL);
    let runtime = Runtime::start(&project);
    for (id, ty) in [("b-1", "bill"), ("s-1", "ship"), ("b-2", "bill")] {
        dies(&runtime, id, ty);
    }
    mend(&project);
    assert_eq!(ok(&project, &["dlq", "retry", "--trigger", "nobody"]), "");
    let out = ok(
        &project,
        &["dlq", "retry", "--trigger", "bill", "--reason", "exit 3", "--since", "1h", "-o", "json"],
    );
    assert_eq!(json_lines(&out)[0]["retried"], 2, "{out}");
    assert_eq!(dead(&project), ["s-1"]);
    ok(&project, &["dlq", "retry", "--fn", "ship"]);
    assert_eq!(dead(&project), [""; 0]);
    wait_until("all are delivered", || project.lines("delivered").len() == 3);
}

fn edited() {
    let project = Project::new(CONFIG);
    let takes =
        "data=$(cat)\ntest \"$data\" = '{\"total\":1.10}' || exit 3\necho \"$CE_ID $data\" >> delivered\n";
    project.function("bill", format!("#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n{takes}"));
    let runtime = Runtime::start(&project);
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "o-1"),
        ("ce-source", "/test"),
        ("ce-type", "bill"),
        ("content-type", "application/json"),
    ];
    let answer = http::request(runtime.listen, "POST", "/", &headers, b"{\"totl\":1.10}").unwrap();
    assert_eq!(answer.status, 202);
    runtime.verdicts("o-1");
    project.write("editor", "cp \"$1\" seen\nsed -i 's/totl/total/' \"$1\"\n");
    let mut command = asked(&project, &["dlq", "edit", "d0"]);
    let output = command.env_remove("VISUAL").env("EDITOR", "sh editor").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wait_until("it is delivered", || project.lines("delivered") == ["o-1 {\"total\":1.10}"]);
    assert_eq!(dead(&project), [""; 0]);
    let seen = project.lines("seen").join("\n");
    assert!(seen.contains("\n  \"data\": {\n    \"totl\": 1.10\n  }"), "{seen}");
    assert!(!seen.contains("knativeerror"), "it is the event, not the letter: {seen}");
}

fn edited_badly() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    mend(&project);
    let edit = |script: &str| {
        let mut command = asked(&project, &["dlq", "edit", "d0"]);
        let output = command.env("TMPDIR", project.path()).env("VISUAL", script).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, talk) = edit("true");
    assert!(code == 1 && talk.contains("nothing was changed"), "{talk}");
    let (code, talk) = edit("false");
    assert!(code == 1 && talk.contains("the editor `false` failed"), "{talk}");
    let (code, talk) = edit("sed -i /source/d");
    assert!(code == 1 && talk.contains("`source` is missing") && talk.contains("--from"), "{talk}");
    assert_eq!(dead(&project), ["o-1"]);
    let kept = talk.split_whitespace().last().unwrap();
    let text = fs::read_to_string(kept).unwrap();
    let mended = text.replacen('{', "{\"source\":\"/mended\",", 1);
    let (code, _, talk) = verb_reading(&project, &["dlq", "edit", "d0", "--from", "-"], &mended);
    assert_eq!(code, 0, "{talk}");
    wait_until("it is delivered", || project.lines("delivered") == ["o-1 data"]);
}

/// Sends a letter again, and gives the one it becomes.
fn again(project: &Project, letter: &Value) -> Value {
    let id = letter["id"].as_str().unwrap();
    ok(project, &["dlq", "retry", id]);
    wait_until("it fails again", || !listed(project).is_empty());
    let [next] = listed(project).try_into().unwrap();
    next
}

fn fails_again() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    let first = listed(&project).remove(0);
    let second = again(&project, &first);
    assert_ne!(second["id"], first["id"]);
    for name in ["trigger", "kind", "to", "function", "reason", "error", "attempts"] {
        assert_eq!(second[name], first[name], "{name}");
    }
    assert_eq!((&first["redrives"], &second["redrives"]), (&0.into(), &1.into()));
    assert_eq!(second["event"]["id"], "o-1");
    runtime.kill9();
    let _runtime = Runtime::start(&project);
    assert_eq!(listed(&project), [second]);
}

fn left_out() {
    let project = project();
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    let mut letter = listed(&project).remove(0);
    for _ in 0..3 {
        letter = again(&project, &letter);
    }
    assert_eq!(letter["redrives"], 3);
    mend(&project);
    dies_not(&runtime);
    for meant in [&["--all"][..], &["--trigger", "bill"]] {
        let (code, out, talk) = verb(&project, &[&["dlq", "retry"], meant].concat());
        assert_eq!((code, out.as_str()), (1, "0 dead letters sent again\n"), "{talk}");
        assert!(talk.contains("1 left out") && talk.contains("--force"), "{talk}");
    }
    assert_eq!(listed(&project), [letter]);
    ok(&project, &["dlq", "retry", "--all", "--force"]);
    wait_until("it is delivered", || project.lines("delivered").contains(&"o-1 data".into()));
    assert_eq!(dead(&project), [""; 0]);
}

/// The function takes what comes by now.
fn dies_not(runtime: &Runtime<'_>) {
    runtime.send("o-2", "bill");
    assert_eq!(runtime.verdicts("o-2")["bill"]["outcome"], "delivered");
}

fn trigger_is_gone() {
    let project = project();
    project.function("ship", BILL);
    let runtime = Runtime::start(&project);
    dies(&runtime, "o-1", "bill");
    dies(&runtime, "o-2", "ship");
    runtime.kill9();
    fs::remove_file(project.file("functions/bill")).unwrap();
    mend(&project);
    let _runtime = Runtime::start(&project);
    let (code, _, talk) = verb(&project, &["dlq", "retry", "d0"]);
    assert!(code == 1 && talk.contains("trigger/bill is not there any more"), "{code} {talk}");
    let (code, out, talk) = verb(&project, &["dlq", "retry", "--all"]);
    assert_eq!((code, out.as_str()), (1, "1 dead letter sent again\n"), "{talk}");
    assert!(talk.contains("1 left out"), "{talk}");
    assert_eq!(dead(&project), ["o-1"]);
}

fn killed_while_it_retries() {
    const LETTERS: usize = 400;
    let project = project();
    let runtime = Runtime::start(&project);
    let ids: Vec<String> = (0..LETTERS).map(|n| format!("o-{n}")).collect();
    for id in &ids {
        runtime.send(id, "bill");
    }
    wait_until("all are dead", || dead(&project).len() == LETTERS);
    mend(&project);
    let mut retry = asked(&project, &["dlq", "retry", "--all", "--rate", "100000/s"]).spawn().unwrap();
    wait_until("the first is delivered", || !project.lines("delivered").is_empty());
    runtime.kill9();
    retry.wait().unwrap();
    let before = project.lines("delivered").len();
    assert!(before < LETTERS, "it was killed in the middle");
    let _runtime = Runtime::start(&project);
    println!("killed with {before} of {LETTERS} delivered, and {} still dead letters", dead(&project).len());
    ok(&project, &["dlq", "retry", "--all", "--rate", "1000/s"]);
    assert_eq!(dead(&project), [""; 0]);
    // What a function had of its stdin when the runtime was killed, it noted, too.
    let whole = || project.counts("delivered").into_iter().filter(|(line, _)| line.ends_with(" data"));
    wait_until("all are delivered", || whole().count() == LETTERS);
    println!("{} of {LETTERS} came twice", whole().filter(|(_, count)| *count > 1).count());
    assert!(whole().all(|(_, count)| count <= 3), "{:?}", project.counts("delivered"));
}
