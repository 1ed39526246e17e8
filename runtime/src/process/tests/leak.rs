//! What is measured for the whole process runs in one of its own: this test program again, with one test.

use nix::sys::resource::{Resource, getrlimit};

use super::*;

/// Runs one ignored test alone, after the shell did `before`.
async fn alone(before: &str, test: &str) {
    let this = std::env::current_exe().unwrap();
    let test = format!("process::tests::leak::{test}");
    let script = format!("{before} exec {} --exact {test} --ignored --test-threads 1", this.display());
    let (exit, printed) = run(sh(&script)).await;
    assert!(exit.is_success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test]
async fn ten_thousand_starts_leave_nothing_behind() {
    alone("", "ten_thousand_starts").await;
}

#[tokio::test]
#[ignore = "runs alone, by the test above"]
async fn ten_thousand_starts() {
    let spawner = Spawner::start(None).unwrap();
    spawn_one(&spawner, 0).await;
    // Where listeners cannot be replaced, the thread that tried it may still be ending.
    until(|| children() == 0 && named("listen") == usize::from(spawner.can_swap())).await;
    let before = (entries("/proc/self/fd"), entries("/proc/self/task"));
    for number in 1..=10_000 {
        spawn_one(&spawner, number).await;
    }
    until(|| children() == 0).await;
    assert_eq!((entries("/proc/self/fd"), entries("/proc/self/task")), before);
}

/// Every third is waited for, every third dropped while it runs, every third cannot be started.
async fn spawn_one(spawner: &Spawner, number: u32) {
    match number % 3 {
        0 => {
            let mut child = spawner.spawn(program("/bin/true", &[])).await.unwrap();
            assert!(within(child.wait()).await.is_success());
        }
        1 => drop(spawner.spawn(program("/bin/sleep", &["1000"])).await.unwrap()),
        _ => drop(spawner.spawn(program("/bin/none", &[])).await.unwrap_err()),
    }
}

fn entries(dir: &str) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// Of any thread, zombies too.
fn children() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks.map(|task| of(task.unwrap()).split_ascii_whitespace().count()).sum()
}

#[tokio::test]
async fn there_is_a_thread_for_starts_for_each_processor_and_they_end_with_the_spawner() {
    alone("", "threads").await;
}

#[tokio::test]
#[ignore = "runs alone, by the test above"]
async fn threads() {
    let spawner = Spawner::start(None).unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!((named("spawner"), named("bare spawner")), (processors, 1));
    let child = spawner.spawn(sh("read x")).await.unwrap();
    drop(spawner);
    end(child).await;
    until(|| named("spawner") + named("bare spawner") == 0).await;
}

/// Threads of this name.
fn named(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|comm| comm.trim() == name).count()
}

#[tokio::test]
async fn we_may_open_all_files_and_a_child_as_many_as_before() {
    alone("ulimit -Sn 200; ulimit -Hn 400;", "open_files").await;
}

#[tokio::test]
#[ignore = "runs alone, by the test above"]
async fn open_files() {
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (200, 400));
    let mut command = sh("read line; ulimit -Sn; ulimit -Hn");
    command.stdin = Stdin::Pipe;
    let mut child = start(command).await;
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (400, 400));
    drop(child.stdin.take());
    let capture = Capture::start(child.stdout.take().unwrap(), 100);
    within(child.wait()).await;
    assert_eq!(within(capture.finish()).await.bytes, "200\n400\n");
}

#[tokio::test]
async fn no_room_for_another_process_is_told_as_such() {
    alone("", "no_room").await;
}

#[tokio::test]
#[ignore = "runs alone, by the test above"]
async fn no_room() {
    let spawner = Spawner::start(None).unwrap();
    let mut held = Vec::new();
    let limit = entries("/proc/self/fd") as u64 + 4;
    nix::sys::resource::setrlimit(Resource::RLIMIT_NOFILE, limit, limit).unwrap();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        held.push(file);
    }
    for freed in 0..4 {
        held.truncate(held.len() - usize::from(freed > 0));
        let refused = spawner.spawn(sh("exit 0")).await.unwrap_err();
        assert!(matches!(refused, SpawnError::NoResources(_)), "{refused}");
    }
    drop(held);
    until(|| children() == 0).await;
}
