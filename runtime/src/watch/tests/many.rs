//! Ten thousand changes at once.

use super::*;

const MANY: usize = 10_000;

/// As long as whoever looks takes at least for so many.
const LOOK: Duration = Duration::from_millis(10);

async fn look(project: &Project) -> usize {
    let (seen, ()) =
        (fs::read_dir(project.path("functions")).unwrap().count(), tokio::time::sleep(LOOK).await);
    seen
}

#[tokio::test]
async fn ten_thousand_files_end_in_the_right_state_with_few_notices() {
    // In memory, so that they come as fast as they can.
    let mut project = Project::within(tempfile::tempdir_in("/dev/shm").unwrap());
    let dir = project.path("functions");
    let writer = std::thread::spawn(move || {
        for number in 0..MANY {
            fs::write(dir.join(format!("f{number}")), "#!/bin/sh\n").unwrap();
        }
    });
    let (mut seen, mut notices) = (0, 0);
    // Whoever looks again at each notice sees all of them in the end, without looking once more.
    while seen < MANY {
        assert_eq!(project.next().await, Change::Functions);
        notices += 1;
        seen = look(&project).await;
    }
    writer.join().unwrap();
    assert!(notices < MANY / 10, "{notices} notices");
}

#[tokio::test]
async fn what_happens_while_nobody_looks_is_one_notice() {
    let mut project = Project::new();
    for number in 0..1_000 {
        project.write(&format!("functions/f{number}"));
    }
    assert!(project.calm().await);
    project.silent().await;
}

#[tokio::test]
async fn an_overflow_of_the_queue_means_looking_at_everything() {
    let mut project = Project::new();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    // The thread that reads events stands at the first one.
    let shared = Arc::clone(&project.watcher.shared);
    let held = lock(&shared.plan);
    let names = ["functions/.one", "functions/.two"].map(|name| project.path(name));
    fs::write(&names[0], "").unwrap();
    for _ in 0..limit / 2 {
        fs::rename(&names[0], &names[1]).unwrap();
        fs::rename(&names[1], &names[0]).unwrap();
    }
    // Lost: the queue is full.
    project.write("functions/hello");
    drop(held);
    let mut told = [project.next().await, project.next().await];
    told.sort_by_key(|change| *change == Change::Config);
    assert_eq!(told, [Change::Functions, Change::Config]);
    project.calm().await;
    project.write("functions/hello");
    project.told().await;
}

#[tokio::test]
async fn many_folders_at_once_are_all_watched() {
    let mut project = Project::new();
    for number in 0..500 {
        fs::create_dir(project.path(&format!("functions/f{number}"))).unwrap();
    }
    project.calm().await;
    for number in [0, 250, 499] {
        project.write(&format!("functions/f{number}/run"));
        project.told().await;
    }
}
