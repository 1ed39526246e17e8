//! After a kill of the runtime.

use super::*;
use crate::process::{end_orphans, journal};

async fn sleeper(journal: &Path) -> Child {
    let spawner = Spawner::start(Some(journal)).unwrap();
    spawner.spawn(sh("sleep 1000 & wait")).await.unwrap()
}

#[tokio::test]
async fn what_a_killed_runtime_left_running_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("children");
    let mut child = sleeper(&path).await;
    assert_eq!(end_orphans(&path).unwrap(), 1);
    assert_eq!(within(child.wait()).await, Exit::Signal(9));
    assert_eq!(end_orphans(&path).unwrap(), 0);
}

#[tokio::test]
async fn a_process_that_only_has_the_same_number_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("children");
    let child = sleeper(&path).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let started = journal::started(child.pid().cast_signed()).unwrap();
    let [noted] = journal::read(&path).unwrap()[..] else { panic!("one child: {text}") };
    assert!(noted.started_at(started), "{noted:?}, {started}");
    let other = text.replace(&format!(" {} {}\n", noted.since, noted.until), " 1 2\n");
    assert_ne!(other, text);
    std::fs::write(&path, other).unwrap();
    assert_eq!(end_orphans(&path).unwrap(), 0);
    assert!(runs(child.pid()));
    end(child).await;
}

#[tokio::test]
async fn a_new_runtime_begins_with_an_empty_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("children");
    let child = sleeper(&path).await;
    assert_eq!(journal::read(&path).unwrap().len(), 1);
    let _spawner = Spawner::start(Some(&path)).unwrap();
    assert_eq!(journal::read(&path).unwrap(), []);
    assert_eq!(end_orphans(&dir.path().join("none")).unwrap(), 0);
    end(child).await;
}

#[tokio::test]
async fn children_that_ended_leave_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("children");
    let spawner = Spawner::start(Some(&path)).unwrap();
    for _ in 0..400 {
        let mut child = spawner.spawn(program("/bin/true", &[])).await.unwrap();
        within(child.wait()).await;
    }
    assert!(journal::read(&path).unwrap().len() < 300);
}
