//! How children end, and what ends with them.

use super::*;

#[tokio::test]
async fn an_exit_and_a_signal_are_told() {
    let (exit, _) = run(sh("exit 101")).await;
    assert_eq!((exit.to_string().as_str(), exit.is_success()), ("exit 101", false));
    assert!(run(sh("exit 0")).await.0.is_success());
    let (killed, _) = run(sh("kill -9 $$")).await;
    assert_eq!(killed.to_string(), "signal 9 (SIGKILL)");
    let (real_time, _) = run(sh("kill -40 $$")).await;
    assert_eq!(real_time.to_string(), "signal 40");
}

#[tokio::test]
async fn the_end_is_told_again_when_asked_again() {
    let mut child = start(sh("exit 3")).await;
    assert_eq!(within(child.wait()).await, Exit::Code(3));
    child.kill();
    assert_eq!(within(child.wait()).await, Exit::Code(3));
}

#[tokio::test]
async fn terminate_reaches_the_whole_group() {
    let mut child = start(sh("trap 'exit 7' TERM; sleep 1000 & echo $!; wait")).await;
    let grandchild = first_line(&mut child).await.parse().unwrap();
    assert!(runs(grandchild));
    child.terminate();
    assert_eq!(within(child.wait()).await, Exit::Code(7));
    until(|| !runs(grandchild)).await;
}

#[tokio::test]
async fn a_child_that_ignores_terminate_is_killed() {
    let mut child = start(sh("trap '' TERM; echo ready; while :; do sleep 1000; done")).await;
    assert_eq!(first_line(&mut child).await, "ready");
    child.terminate();
    assert!(runs(child.pid()));
    child.kill();
    assert_eq!(within(child.wait()).await, Exit::Signal(9));
}

#[tokio::test]
async fn grandchildren_end_when_the_child_ends_by_itself() {
    // It ignores the polite signals, and holds the pipe open.
    let mut child =
        start(sh("sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1000; done' & read x; wait")).await;
    let grandchild = first_line(&mut child).await.parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.pid().cast_signed()), nix::sys::signal::SIGINT)
        .unwrap();
    within(child.wait()).await;
    until(|| !runs(grandchild)).await;
}

#[tokio::test]
async fn a_dropped_child_is_killed_with_its_group_and_reaped() {
    let mut child = start(sh("sleep 1000 & echo $!; wait")).await;
    let grandchild = first_line(&mut child).await.parse().unwrap();
    let pid = child.pid();
    drop(child);
    gone(pid).await;
    until(|| !runs(grandchild)).await;
}

#[tokio::test]
async fn a_child_that_ended_unseen_is_reaped_when_dropped() {
    let child = start(sh("exit 0")).await;
    let pid = child.pid();
    until(|| !runs(pid)).await;
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists(), "it waits as a zombie");
    drop(child);
    gone(pid).await;
}

#[tokio::test]
async fn waiting_may_be_given_up_and_taken_up_again() {
    let mut child = start(sh("read x; exit 5")).await;
    let mut sleeper = start(sh("exec sleep 1000")).await;
    assert!(tokio::time::timeout(Duration::from_millis(5), sleeper.wait()).await.is_err());
    sleeper.kill();
    assert_eq!(within(sleeper.wait()).await, Exit::Signal(9));
    assert_eq!(within(child.wait()).await, Exit::Code(5));
}
