//! Sources that watch a folder: an event for a file that is complete and for one that is gone, whoever looked meanwhile.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

use libtest_mimic::Trial;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;

use crate::support::project::{noting_script, noting_server};
use crate::support::runtime::verb;
use crate::support::{Project, Runtime, group, wait_for, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group(
        "file_watches",
        &[
            ("a_file_is_told_of_when_its_writer_closes_it", written),
            ("one_that_is_moved_into_place_is_told_of_once", moved),
            ("one_that_is_written_again_and_again_is_told_of_each_time", again),
            ("one_that_is_written_by_another_name_is_told_of_whole", linked),
            ("one_that_is_gone_is_told_of_where_that_is_wanted", deleted),
            ("what_lies_in_a_files_place_is_not_followed", replaced),
            ("a_burst_is_told_of_whole_and_once", burst),
            ("what_changed_while_nobody_ran_is_told_of_once", meanwhile),
            ("a_kill_between_event_and_note_makes_the_same_event_again", same_again),
            ("kills_lose_no_file_and_make_none_another", over_kills),
            ("a_folder_may_come_later", later),
            ("what_is_too_large_is_told_of_by_its_size", large),
            ("fire_looks_now_and_follows_what_came_of_it", fired),
            ("what_was_there_is_told_of_where_that_is_wanted", existing),
        ],
    )
}

fn source(more: &str) -> String {
    format!("[source.inbox]\ntype = \"file-watch\"\npath = \"inbox/*.csv\"\nto = \"fn/bill\"\n{more}\n")
}

fn project(config: &str) -> Project {
    let project = Project::new(config);
    project.function("bill", noting_script("", "echo \"$CE_TYPE $CE_SUBJECT $CE_SIZE $(cat)\" >> seen"));
    fs::create_dir(project.file("inbox")).unwrap();
    project
}

fn standing(runtime: &Runtime<'_>) -> Value {
    runtime.admin("GET", "/api/v1/sources").json()[0].clone()
}

fn watching(runtime: &Runtime<'_>) {
    wait_until("it watches", || standing(runtime)["state"] == "watching");
}

/// Complete at once, as tools do it that care.
fn put(project: &Project, name: &str, content: &str) {
    project.write(&format!("inbox/.{name}.new"), content);
    fs::rename(project.file(&format!("inbox/.{name}.new")), project.file(&format!("inbox/{name}"))).unwrap();
}

fn sorted(project: &Project) -> Vec<String> {
    let mut lines = project.lines("seen");
    lines.sort();
    lines
}

fn written() {
    let project = project(&source(""));
    project.write("inbox/old.csv", "was there");
    let runtime = Runtime::start(&project);
    watching(&runtime);
    let mut slow = fs::File::create(project.file("inbox/slow.csv")).unwrap();
    slow.write_all(b"half").unwrap();
    // What is told of after it shows that somebody looked.
    project.write("inbox/other.txt", "not meant");
    project.write("inbox/.hidden.csv", "passed over");
    project.write("inbox/quick.csv", "one");
    wait_until("one came", || project.lines("seen") == ["dev.hydrant.file.written quick.csv 3 one"]);
    slow.write_all(b" and half").unwrap();
    drop(slow);
    wait_until("the other is whole", || {
        project.lines("seen")[1..] == ["dev.hydrant.file.written slow.csv 13 half and half"]
    });
    let seen = standing(&runtime);
    let last = project.lines("delivered")[1].clone();
    assert!(last.starts_with("slow.csv-"), "{last}");
    wait_until("it is noted", || standing(&runtime)["files"] == 3);
    assert_eq!((&seen["type"], &seen["error"]), (&"file-watch".into(), &Value::Null), "{seen}");
    assert_eq!(standing(&runtime)["last_event"], *last);
    let event = runtime.admin("GET", &format!("/api/v1/events/{last}?data=true")).json().to_string();
    for part in ["text/csv", "/apis/v1/namespaces/default/filewatchsources/inbox"] {
        assert!(event.contains(part), "{part}: {event}");
    }
    let (_, ps, _) = verb(&project, &["ps", "--sources"]);
    assert!(ps.contains("file-watch  fn/bill  watching, 3 files, last 2"), "{ps}");
}

fn moved() {
    let project = project(&source("event = { type = \"order.file\" }\nextensions = { region = \"eu\" }"));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    put(&project, "a.csv", "one");
    wait_until("it came", || project.lines("seen") == ["order.file a.csv 3 one"]);
    wait_until("it is known", || standing(&runtime)["files"] == 1);
    // What comes back was moved, so it is another occasion; and it is another file that is written over it.
    fs::rename(project.file("inbox/a.csv"), project.file("a.csv")).unwrap();
    wait_until("it is forgotten", || standing(&runtime)["files"] == 0);
    fs::rename(project.file("a.csv"), project.file("inbox/a.csv")).unwrap();
    wait_until("it came again", || project.lines("seen").len() == 2);
    put(&project, "a.csv", "two");
    wait_until("the other came", || project.lines("seen")[2..] == ["order.file a.csv 3 two"]);
    assert!(project.counts("delivered").values().all(|times| *times == 1));
    // Who may read it is no writing.
    let mut readonly = fs::metadata(project.file("inbox/a.csv")).unwrap().permissions();
    readonly.set_readonly(true);
    fs::set_permissions(project.file("inbox/a.csv"), readonly).unwrap();
    put(&project, "b.csv", "last");
    wait_until("the last came", || project.lines("seen")[3..] == ["order.file b.csv 4 last"]);
}

fn deleted() {
    let project = project(&source("on = [\"write\", \"delete\"]"));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    put(&project, "a.csv", "one");
    wait_until("it came", || project.lines("seen").len() == 1);
    fs::remove_file(project.file("inbox/a.csv")).unwrap();
    wait_until("it went", || project.lines("seen")[1..] == ["dev.hydrant.file.deleted a.csv  "]);
    let ids = project.lines("delivered");
    assert_eq!(ids[1], format!("{}-deleted", ids[0]));
}

/// File systems tell of a close before it is over, ext4 long before where a file was emptied: it writes that out first.
fn again() {
    let project = project(&source("data = false"));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    let content = "x".repeat(20_000_000);
    let mut before = String::new();
    for _ in 0..20 {
        project.write("inbox/a.csv", &content);
        let told = || {
            let last = standing(&runtime)["last_event"].as_str().map(str::to_owned);
            last.filter(|last| *last != before)
        };
        before = wait_for("it is told of", told);
    }
}

/// Its close is told where the other name is.
fn linked() {
    let project = project(&source(""));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    let mut elsewhere = fs::File::create(project.file("elsewhere")).unwrap();
    elsewhere.write_all(b"half").unwrap();
    fs::hard_link(project.file("elsewhere"), project.file("inbox/a.csv")).unwrap();
    put(&project, "b.csv", "one");
    wait_until("one came", || project.lines("seen") == ["dev.hydrant.file.written b.csv 3 one"]);
    elsewhere.write_all(b" and half").unwrap();
    drop(elsewhere);
    wait_until("the other is whole", || {
        project.lines("seen")[1..] == ["dev.hydrant.file.written a.csv 13 half and half"]
    });
}

fn replaced() {
    let project = project(&source("on = [\"write\", \"delete\"]"));
    project.write("secret", "of somebody else");
    let runtime = Runtime::start(&project);
    watching(&runtime);
    for name in ["a.csv", "b.csv"] {
        put(&project, name, "one");
    }
    wait_until("they came", || project.lines("seen").len() == 2);
    mkfifo(&project.file(".pipe"), Mode::S_IRWXU).unwrap();
    symlink(project.file("secret"), project.file(".link")).unwrap();
    fs::rename(project.file(".pipe"), project.file("inbox/a.csv")).unwrap();
    fs::rename(project.file(".link"), project.file("inbox/b.csv")).unwrap();
    wait_until("they went", || {
        sorted(&project)[..2] == ["dev.hydrant.file.deleted a.csv  ", "dev.hydrant.file.deleted b.csv  "]
    });
    put(&project, "c.csv", "one");
    wait_until("the next came", || project.lines("seen")[4..] == ["dev.hydrant.file.written c.csv 3 one"]);
}

fn burst() {
    let project = project(&source("").replace("fn/bill", "fn/server"));
    project.function("server", noting_server("max = 1", ""));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    for at in 0..1_000 {
        project.write(&format!("inbox/{at}.csv"), "x");
    }
    wait_until("all came", || project.counts("delivered").len() == 1_000);
    wait_until("all are known", || standing(&runtime)["files"] == 1_000);
    assert!(project.counts("delivered").values().all(|times| *times == 1), "each once");
}

fn meanwhile() {
    let project = project(&source("on = [\"write\", \"delete\"]"));
    for name in ["gone.csv", "same.csv", "other.csv"] {
        project.write(&format!("inbox/{name}"), "old");
    }
    let runtime = Runtime::start(&project);
    watching(&runtime);
    assert!(runtime.stop().success());
    fs::remove_file(project.file("inbox/gone.csv")).unwrap();
    project.write("inbox/other.csv", "other");
    project.write("inbox/new.csv", "new");
    let expected = [
        "dev.hydrant.file.deleted gone.csv  ",
        "dev.hydrant.file.written new.csv 3 new",
        "dev.hydrant.file.written other.csv 5 other",
    ];
    for _ in 0..2 {
        let runtime = Runtime::start(&project);
        watching(&runtime);
        wait_until("what changed came", || sorted(&project) == expected);
        assert!(runtime.stop().success());
    }
    assert_eq!(project.lines("delivered").len(), 3);
}

/// As if it had been killed after an event was stored, and before that was written down.
fn same_again() {
    let project = project(&source(""));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    let note = project.file(".hydrant/file-watch/inbox");
    let before = fs::read_to_string(&note).unwrap();
    put(&project, "a.csv", "one");
    wait_until("it came", || project.lines("seen").len() == 1);
    assert!(runtime.stop().success());
    assert_ne!(fs::read_to_string(&note).unwrap(), before);
    fs::write(&note, &before).unwrap();
    let runtime = Runtime::start(&project);
    wait_until("it is stored again", || standing(&runtime)["last_event"] == *project.lines("delivered")[0]);
    put(&project, "b.csv", "two");
    wait_until("the next came", || project.lines("seen").len() == 2);
    assert_eq!(project.lines("seen")[1], "dev.hydrant.file.written b.csv 3 two", "and not the first again");
}

fn over_kills() {
    let project = project(&source("").replace("fn/bill", "fn/server"));
    project.function("server", noting_server("max = 1", ""));
    for kill in 1..=3 {
        let runtime = Runtime::start(&project);
        watching(&runtime);
        for at in 0..300 {
            put(&project, &format!("{kill}-{at}.csv"), "x");
        }
        wait_until("it tells of them", || project.counts("delivered").len() > 300 * (kill - 1));
        runtime.kill9();
        wait_until("its functions are gone", || project.processes().is_empty());
    }
    let runtime = Runtime::start(&project);
    wait_until("all came", || project.counts("delivered").len() >= 900);
    wait_until("all are known", || standing(&runtime)["files"] == 900);
    assert_eq!(project.counts("delivered").len(), 900, "whatever was stored twice is one event");
}

fn later() {
    let project = project(&source(""));
    fs::remove_dir(project.file("inbox")).unwrap();
    let runtime = Runtime::start(&project);
    wait_until("it waits for it", || standing(&runtime)["error"].is_string());
    assert_eq!(standing(&runtime)["state"], "waiting");
    fs::create_dir(project.file("coming")).unwrap();
    project.write("coming/a.csv", "one");
    fs::rename(project.file("coming"), project.file("inbox")).unwrap();
    wait_until("what came with it is told of", || project.lines("seen").len() == 1);
    wait_until("it watches", || {
        let seen = standing(&runtime);
        seen["state"] == "watching" && seen["error"].is_null()
    });
    // Another configuration, another folder: what is there is known.
    fs::create_dir(project.file("other")).unwrap();
    project.write("other/x.csv", "x");
    project.configure(&source("").replace("inbox/", "other/"));
    wait_until("it watches the other", || {
        let seen = standing(&runtime);
        seen["path"].as_str().unwrap().ends_with("other/*.csv") && seen["files"] == 1
    });
    project.write("other/y.csv", "y");
    wait_until("one of it came", || project.lines("seen")[1..] == ["dev.hydrant.file.written y.csv 1 y"]);
}

fn large() {
    let project = project(&source(""));
    project.configure(&format!("body_max = \"64kB\"\n{}", source("")));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    put(&project, "large.csv", &"x".repeat(64_001));
    wait_until("it came", || project.lines("seen") == ["dev.hydrant.file.written large.csv 64001 "]);
    project.configure(&source("data = false"));
    wait_until("it counts", || {
        put(&project, "small.csv", "x");
        project.lines("seen").last().is_some_and(|last| last == "dev.hydrant.file.written small.csv 1 ")
    });
}

fn fired() {
    // Nobody looks before it is fired.
    let project = project(&format!("{}[watch]\npoll = \"1h\"\n", source("")));
    let runtime = Runtime::start(&project);
    watching(&runtime);
    put(&project, "a.csv", "one");
    put(&project, "b.csv", "two");
    let (code, data, talk) = verb(&project, &["fire", "inbox", "--wait=60s"]);
    assert_eq!(code, 0, "{talk}");
    assert_eq!(data.matches("delivered exit 0").count(), 2, "{data}");
    assert_eq!(sorted(&project).len(), 2);
    let (code, data, talk) = verb(&project, &["fire", "inbox"]);
    assert_eq!((code, &*data), (0, ""), "{talk}");
    assert!(talk.contains("inbox: nothing new"), "{talk}");
}

fn existing() {
    let project = project(&source("existing = true"));
    project.write("inbox/a.csv", "one");
    let runtime = Runtime::start(&project);
    wait_until("it came", || project.lines("seen").len() == 1);
    wait_until("it is known", || standing(&runtime)["files"] == 1);
}
