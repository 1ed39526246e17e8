//! Replies to which a function gave no id.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::project::{noting_script, noting_server};
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "replies",
        &[
            ("a_reply_without_an_id_has_the_same_after_a_kill", the_same_after_a_kill),
            ("each_way_to_answer_may_leave_the_id_out", every_way),
            ("a_call_is_answered_with_an_id_too", a_call),
        ],
    )
}

/// What it prints has a source and a type, and no id.
const PRINTS: &str = r#"echo '{"specversion":"1.0","source":"/order","type":"billed","data":1}'"#;
/// Notes the ids it is sent.
const NOTES: &str = r#"echo "$CE_ID" >> replies"#;

fn the_same_after_a_kill() {
    let project = Project::new("");
    project.function("order", noting_script("", PRINTS));
    project.function("billed", noting_script("", NOTES));
    let runtime = Runtime::start(&project);
    let cursors = wait_for("it is stored where all begin", || cursors(&project));
    runtime.send("1", "order");
    wait_until("the reply is delivered", || project.lines("replies").len() == 1);
    runtime.kill9();
    // As if nothing were known of the life before: neither what was done in it, nor that its replies say so.
    cursors.iter().for_each(|cursor| fs::write(cursor, "").unwrap());
    let runtime = Runtime::start(&project);
    wait_until("it is delivered and answered again", || {
        project.counts("delivered").get("1") == Some(&2) && project.lines("replies").len() >= 3
    });
    let replies = project.lines("replies");
    assert!(replies.iter().all(|id| *id == replies[0] && id.len() == 36), "{replies:?}");
    assert_eq!(runtime.verdicts("1")["order"]["reply_id"], replies[0].as_str());
}

/// It answers in lines.
fn speaking(header: &str) -> String {
    let line = r#"{"specversion":"1.0","source":"/order","type":"billed"}"#;
    format!(
        "#!/bin/sh\n# hydrant: protocol = \"stdio\"{header}\nwhile read -r line; do echo '{line}'; done\n"
    )
}

/// The files in which the cursors of broker `default` are.
fn cursors(project: &Project) -> Option<Vec<PathBuf>> {
    let found: Vec<PathBuf> = below(&project.file(".hydrant"))
        .into_iter()
        .filter(|file| file.to_string_lossy().contains("default") && file.file_name().unwrap() == "cursors")
        .filter(|file| fs::metadata(file).is_ok_and(|cursors| cursors.len() > 0))
        .collect();
    (!found.is_empty()).then_some(found)
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

fn every_way() {
    let project = Project::new("");
    let on = "on = { type = \"order\" }";
    project.function("printing", noting_script(&format!(", {on}"), PRINTS));
    project.function("speaking", speaking(&format!(", {on}")));
    let headers = "        self.send_response(200)
        for name, value in [('specversion', '1.0'), ('source', '/order'), ('type', 'billed')]:
            self.send_header('ce-' + name, value)
        self.send_header('content-length', '0')
        self.end_headers()
        return";
    project.function("serving", noting_server(on, headers));
    project.function("billed", noting_script("", NOTES));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    wait_until("all three are answered", || project.lines("replies").len() == 3);
    let replies = project.counts("replies");
    assert_eq!(replies.len(), 3, "each trigger's is another: {replies:?}");
}

fn a_call() {
    let project = Project::new("");
    project.function("order", speaking(""));
    let runtime = Runtime::start(&project);
    let id = |id: &str| {
        let answer = runtime.post("/fn/order", id, "order", "data");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id("1"), id("1"));
    assert_ne!(id("1"), id("2"));
}
