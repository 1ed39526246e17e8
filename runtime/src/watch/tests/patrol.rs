//! Where the system tells of nothing.

use super::*;

const OFTEN: Duration = Duration::from_millis(2);

fn targets(dir: &tempfile::TempDir) -> Targets {
    Targets {
        folders: vec![dir.path().join("functions")],
        config: Some(dir.path().join("runtime.toml")),
        programs: Vec::new(),
        sources: Vec::new(),
        files: None,
    }
}

/// A folder with a function that is one.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("functions/bill/lib")).unwrap();
    fs::write(dir.path().join("functions/bill/run"), "#!/bin/sh\n").unwrap();
    dir
}

#[test]
fn a_patrol_tells_a_change_when_it_is_over() {
    let dir = folder();
    let targets = targets(&dir);
    let mut patrol = Patrol::new(OFTEN, &targets);
    let helper = dir.path().join("functions/bill/lib/helper.py");
    assert_eq!(patrol.round(&targets), Changed::default());
    fs::write(&helper, "1").unwrap();
    assert_eq!(patrol.round(&targets), Changed::default(), "it may still be written");
    fs::write(&helper, "12").unwrap();
    assert_eq!(patrol.round(&targets), Changed::default());
    assert_eq!(patrol.round(&targets), Changed::FUNCTIONS);
    assert_eq!(patrol.round(&targets), Changed::default(), "once");
    fs::write(dir.path().join("runtime.toml"), "").unwrap();
    fs::remove_file(&helper).unwrap();
    patrol.round(&targets);
    assert_eq!(patrol.round(&targets), Changed::ALL);
    fs::write(dir.path().join("functions/bill/bill.log"), "1").unwrap();
    fs::write(dir.path().join("README.md"), "1").unwrap();
    patrol.round(&targets);
    assert_eq!(patrol.round(&targets), Changed::default(), "of no interest");
}

#[test]
fn a_patrol_tells_also_what_never_rests() {
    let dir = folder();
    let targets = targets(&dir);
    let mut patrol = Patrol::new(OFTEN, &targets);
    let mut told = 0;
    for number in 0..100 {
        fs::write(dir.path().join("functions/bill/data"), "x".repeat(number)).unwrap();
        told += usize::from(patrol.round(&targets) == Changed::FUNCTIONS);
    }
    assert_eq!(told, 20, "every fifth round");
}

#[tokio::test]
async fn a_watcher_that_looks_for_changes_finds_them() {
    let dir = folder();
    let folders = [dir.path().join("functions")];
    let (watcher, mut changes) = Watcher::new(&folders, None, Some(OFTEN)).unwrap();
    fs::write(dir.path().join("functions/bill/run"), "#!/bin/sh\ntrue\n").unwrap();
    let told = tokio::time::timeout(PATIENCE, changes.next()).await.expect("no notice came");
    assert_eq!(told, Some(Change::Functions));
    drop(watcher);
    while tokio::time::timeout(PATIENCE, changes.next()).await.expect("it goes on").is_some() {}
}

/// The limit itself belongs to all programs of this user, so its error is what is made here.
#[tokio::test]
async fn a_watcher_that_may_not_watch_looks_for_changes() {
    let dir = folder();
    let targets = Targets { folders: vec![dir.path().join("functions")], ..Targets::default() };
    let refused = |_: &Arc<Shared>, _| Err(WatchError::TooManyFolders(dir.path().into()));
    let (_watcher, mut changes) = Watcher::with(targets, None, refused).unwrap();
    fs::write(dir.path().join("functions/bill/run"), "#!/bin/sh\ntrue\n").unwrap();
    let told = tokio::time::timeout(PATIENCE, changes.next()).await.expect("no notice came");
    assert_eq!(told, Some(Change::Functions));
}
