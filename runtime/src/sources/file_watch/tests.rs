//! What is found in a folder, and what is known of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
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
        data_bytes_max: Some(8),
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
    fs::create_dir(dir.path().join("folder")).unwrap();
    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    let listed = folder::list(&source(dir.path())).unwrap();
    assert_eq!(listed.keys().collect::<Vec<_>>(), ["a.csv", "b.csv"]);
    assert!(folder::list(&source(&dir.path().join("none"))).is_err());
    // One that became a link since then is not followed.
    assert!(folder::read(&source(dir.path()), "link", Some(8)).is_err());
    assert!(matches!(folder::read(&source(dir.path()), "folder", Some(8)).unwrap(), File::Gone));
}

#[test]
fn a_file_is_read_when_nobody_writes_it_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path());
    let read = || folder::read(&source, "a", source.data_bytes_max).unwrap();
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
fn what_was_told_is_known_in_the_next_life_of_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "x").unwrap();
    let mut source = source(dir.path());
    let stamp = folder::list(&source).unwrap()["a"];
    let open = |source: &FileWatch| Book::open(Some(&dir.path().join("state")), source);
    let mut book = open(&source);
    assert!(book.is_new());
    book.begin();
    book.know("a", Some(stamp));
    book.know("b", Some(stamp));
    book.know("b", None);
    book.write().unwrap();
    let again = open(&source);
    assert_eq!(again.files().unwrap().iter().collect::<Vec<_>>(), [(&"a".to_owned(), &stamp)]);
    source.folder.push("other");
    assert!(open(&source).is_new());
}
