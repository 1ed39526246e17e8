//! What comes of an event is stored once in a durable channel, however often hydrant is killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::kill::{Load, under_load};
use crate::support::project::noting_server;
use crate::support::{Project, group, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group("once", &[("a_reply_is_stored_once_over_kills", stored_once_over_kills)])
}

const KILLS: usize = 30;
const DELIVERED_PER_KILL: usize = 40;

/// Each event is answered into its own channel, passed on into another, and a dead letter in a third.
const CONFIG: &str = "
[function.order]
concurrency = 8
max = 1
[function.sour]
concurrency = 8
max = 1
[channel.copies]
[trigger.copy]
to = \"channel/copies\"
filter = { exact = { type = \"order\" } }
";

/// Notes what it answers, too.
const ANSWERS: &str = r#"        note(self.headers["ce-id"], "answered")
        self.send_response(200)
        for name, value in [("specversion", "1.0"), ("id", "reply-" + self.headers["ce-id"]), ("source", "/order"), ("type", "billed")]:
            self.send_header("ce-" + name, value)
        self.send_header("content-length", "0")
        self.end_headers()
        return"#;

fn stored_once_over_kills() {
    let project = Project::new(CONFIG);
    project.function("order", noting_server("", ANSWERS));
    project.function("sour", noting_server("on = { type = \"order\" }", "        status = 400"));
    let load = Load::default();
    let mut killed = Vec::new();
    let kept = || killed.push((project.lines("answered").len(), replies(&project)));
    under_load(&project, &load, (KILLS, "answered", DELIVERED_PER_KILL), kept, |last| {
        let acknowledged = load.acknowledged.lock().unwrap();
        wait_until("all that comes of the events is stored", || {
            let all = [replies(&project), stored(&project, "copies", ""), stored(&project, "dead", "")];
            acknowledged.iter().all(|id| all.iter().all(|stored| stored.contains_key(id)))
        });
        assert!(last.stop().success());
    });
    check(&project, &killed);
}

fn check(project: &Project, killed: &[(usize, BTreeMap<String, usize>)]) {
    for (what, stored) in [
        ("reply", replies(project)),
        ("copy", stored(project, "copies", "")),
        ("dead letter", stored(project, "dead", "")),
    ] {
        let twice: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "more than one {what} of {twice:?}");
    }
    let answered = project.lines("answered");
    let again = answered.len() - project.counts("answered").len();
    println!(
        "{KILLS} kills, {} events: {again} were answered twice, and no answer is stored twice",
        answered.len() - again
    );
    for (before, stored) in killed {
        let again: Vec<_> = answered[*before..].iter().filter(|id| stored.contains_key(*id)).collect();
        assert!(again.is_empty(), "delivered again, and the reply was stored: {again:?}");
    }
}

fn replies(project: &Project) -> BTreeMap<String, usize> {
    stored(project, "default", "reply-")
}

/// How often each of the producers' ids stands in a channel behind some text, as its files have it.
fn stored(project: &Project, channel: &str, behind: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for log in logs(&project.file(".hydrant"), channel) {
        let bytes = fs::read(log).unwrap();
        for window in bytes.windows(behind.len() + ID.len()) {
            if let Some(id) = window.strip_prefix(behind.as_bytes()).filter(|id| is_id(id)) {
                *counts.entry(String::from_utf8(id.to_vec()).unwrap()).or_default() += 1;
            }
        }
    }
    counts
}

/// What an id of [`Load`] looks like.
const ID: &[u8] = b"0-000000";

fn is_id(bytes: &[u8]) -> bool {
    ID.iter()
        .zip(bytes)
        .all(|(known, byte)| if *known == b'0' { byte.is_ascii_digit() } else { byte == known })
}

fn logs(folder: &Path, channel: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { logs(&path, channel) } else { vec![path] });
    let of_channel = |path: &PathBuf| path.to_string_lossy().contains(channel);
    found.filter(|path| path.extension().is_some_and(|ends| ends == "log") && of_channel(path)).collect()
}
