//! What is found in a folder, and what is known of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::book::Book;
use super::folder::{self, File};
use super::life::{Change, changes};
use super::source::{FileWatch, Occasion};
use super::stamp::Stamp;
use crate::config::resolved::ChannelKind;
use crate::sources::Outlet;

fn source(folder: &Path) -> FileWatch {
    FileWatch {
        name: "inbox".into(),
        folder: folder.into(),
        names: None,
        on: vec![Occasion::Write],
        data: true,
        existing: false,
        event_type: None,
        outlet: Outlet {
            channel: (ChannelKind::Broker, "default".into()),
            to: "broker/default".into(),
            extensions: Vec::new(),
        },
    }
}

fn names(changes: Vec<Change>) -> Vec<String> {
    let name = |change| match change {
        Change::Written(name) => name,
        Change::Deleted(name, _) => format!("-{name}"),
    };
    changes.into_iter().map(name).collect()
}

#[test]
fn files_are_listed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.csv", "a.csv", ".hidden", "a.csv~", "part.tmp"] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    // A subject is text.
    fs::write(dir.path().join(OsStr::from_bytes(b"\xff.csv")), "x").unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    let listed = folder::list(&source(dir.path())).unwrap();
    assert_eq!(listed.keys().collect::<Vec<_>>(), ["a.csv", "b.csv"]);
    assert!(folder::list(&source(&dir.path().join("none"))).is_err());
}

#[test]
fn what_became_something_else_than_a_file_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    nix::unistd::mkfifo(&dir.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    for name in ["folder", "link", "pipe", "socket", "none"] {
        assert!(matches!(folder::read(&source(dir.path()), name, Some(8)), Ok(File::Gone)), "{name}");
    }
}

#[test]
fn a_file_is_read_when_nobody_writes_it_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path());
    let read = || folder::read(&source, "a", Some(8)).unwrap();
    assert!(matches!(read(), File::Gone));
    let mut file = fs::File::create(dir.path().join("a")).unwrap();
    file.write_all(b"whole").unwrap();
    assert!(matches!(read(), File::BeingWritten));
    drop(file);
    assert!(matches!(read(), File::Complete(stamp, Some(data)) if stamp.size == 5 && data == "whole"));
    fs::write(dir.path().join("a"), "too large").unwrap();
    assert!(matches!(read(), File::Complete(stamp, None) if stamp.size == 9));
}

#[test]
fn what_is_not_as_it_was_is_found_in_the_order_of_writing() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path());
    let at = |name: &str, seconds| {
        let path = dir.path().join(name);
        fs::write(&path, "x").unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
    };
    ["same", "gone", "other"].iter().for_each(|name| at(name, 100));
    let known = folder::list(&source).unwrap();
    assert_eq!(names(changes(Some(&known), &known)), [""; 0]);
    fs::remove_file(dir.path().join("gone")).unwrap();
    at("other", 300);
    at("new", 200);
    let listed = folder::list(&source).unwrap();
    assert_eq!(names(changes(Some(&known), &listed)), ["-gone", "new", "other"]);
    assert_eq!(names(changes(None, &BTreeMap::new())), [""; 0]);
}

#[test]
fn moving_a_file_is_no_writing_and_another_occasion() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    fs::write(&path, "x").unwrap();
    let before = Stamp::of(&fs::metadata(&path).unwrap());
    assert_eq!(before.id("a"), Stamp::of(&fs::metadata(&path).unwrap()).id("a"));
    // The clock of the file system has steps.
    while before == Stamp::of(&fs::metadata(&path).unwrap()) {
        fs::rename(&path, dir.path().join("b")).unwrap();
        fs::rename(dir.path().join("b"), &path).unwrap();
    }
    let after = Stamp::of(&fs::metadata(&path).unwrap());
    assert!(after.is_as(&before) && after.id("a") != before.id("a"));
}

#[test]
fn what_was_just_written_may_be_written_again_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    fs::write(&path, "x").unwrap();
    let File::Complete(stamp, _) = folder::read(&source(dir.path()), "a", None).unwrap() else { panic!() };
    assert!(
        stamp.age(SystemTime::now()) >= folder::STEP,
        "it was known before the next writing has another time"
    );
    let later = SystemTime::now() + Duration::from_secs(100);
    fs::File::open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(Stamp::of(&fs::metadata(&path).unwrap()).age(SystemTime::now()), Duration::MAX);
}

#[test]
fn what_was_told_is_known_in_the_next_life_of_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "x").unwrap();
    let mut source = source(dir.path());
    let stamp = folder::list(&source).unwrap()["a"];
    let open = |source: &FileWatch| Book::open(Some(&dir.path().join("state")), source);
    let mut book = open(&source);
    assert!(book.is_new());
    book.begin([("c".into(), stamp)].into());
    assert!(open(&source).is_new(), "nothing is written before it is asked for");
    book.write().unwrap();
    // From here on each is written when it is told of.
    book.know("a", Some(stamp));
    book.know("b", Some(stamp));
    book.know("c", None);
    assert_eq!(names_of(&open(&source)), ["a", "b"]);
    assert!(open(&source).files().unwrap().values().all(|known| *known == stamp));
    source.folder.push("other");
    assert!(open(&source).is_new());
}

#[test]
fn a_line_that_a_kill_left_half_takes_none_before_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "x").unwrap();
    let source = source(dir.path());
    let stamp = folder::list(&source).unwrap()["a"];
    let open = || Book::open(Some(&dir.path().join("state")), &source);
    let mut book = open();
    book.begin(BTreeMap::new());
    book.write().unwrap();
    ["a", "b"].iter().for_each(|name| book.know(name, Some(stamp)));
    let file = dir.path().join("state/file-watch/inbox");
    let whole = fs::read(&file).unwrap();
    for (end, expected) in
        [(whole.len() - 1, vec!["a"]), (whole.len() - 20, vec!["a"]), (whole.len(), vec!["a", "b"])]
    {
        fs::write(&file, &whole[..end]).unwrap();
        let mut book = open();
        assert_eq!(names_of(&book), expected, "{end} bytes of it");
        // What comes after it does not become a part of it.
        book.write().unwrap();
        book.know("d", Some(stamp));
        assert_eq!(names_of(&open()), [expected, vec!["d"]].concat());
    }
    fs::write(&file, "nothing of ours").unwrap();
    assert!(open().is_new());
}

#[test]
fn lines_that_are_over_are_left_out_when_there_are_many() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "x").unwrap();
    let source = source(dir.path());
    let stamp = folder::list(&source).unwrap()["a"];
    let mut book = Book::open(Some(&dir.path().join("state")), &source);
    book.begin(BTreeMap::new());
    let lines = || fs::read_to_string(dir.path().join("state/file-watch/inbox")).unwrap().lines().count();
    book.write().unwrap();
    for _ in 0..2_000 {
        book.know("a", Some(stamp));
    }
    assert_eq!(lines(), 2_001);
    book.write().unwrap();
    assert_eq!(lines(), 2, "where they lie, and the one");
}

fn names_of(book: &Book) -> Vec<&str> {
    book.files().unwrap().keys().map(String::as_str).collect()
}
