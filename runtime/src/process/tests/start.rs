//! What a child gets, and that it gets nothing else.

use std::os::fd::AsRawFd;
use std::sync::Arc;

use nix::fcntl::{FcntlArg, fcntl};
use tokio::io::AsyncWriteExt;

use super::*;
use crate::process::Listener;

const OPEN_FILES: &str = "for fd in /proc/$$/fd/*; do if [ -e $fd ]; then printf '%s ' ${fd##*/}; fi; done";

#[tokio::test]
async fn a_child_has_its_standard_streams_and_nothing_of_ours() {
    // As a careless library would open it: not CLOEXEC.
    let null = std::fs::File::open("/dev/null").unwrap();
    let leaked = fcntl(&null, FcntlArg::F_DUPFD(100)).unwrap();
    assert!(leaked.as_raw_fd() >= 100);
    let (exit, printed) = run(sh(OPEN_FILES)).await;
    assert_eq!((exit, printed.trim()), (Exit::Code(0), "0 1 2"));
    nix::unistd::close(leaked).unwrap();
}

#[tokio::test]
async fn a_listener_is_fd_3() {
    let mut command = sh(OPEN_FILES);
    command.listener = Some(Arc::new(Listener::bind().unwrap()));
    assert_eq!(run(command).await.1.trim(), "0 1 2 3");
}

#[tokio::test]
async fn the_environment_is_exactly_what_was_given() {
    let mut command = program("/usr/bin/env", &[]);
    command.env = vec![("K_SERVICE".into(), "hello".into()), ("TEXT".into(), "a b=c\nd é".into())];
    assert_eq!(run(command).await.1, "K_SERVICE=hello\nTEXT=a b=c\nd é\n");
}

#[tokio::test]
async fn arguments_and_working_directory_are_as_given() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let mut command = program("/bin/sh", &["-c", "pwd; printf '%s|' \"$@\"", "name", "a b", "", "$x"]);
    command.dir.clone_from(&dir);
    let (_, printed) = run(command).await;
    assert_eq!(printed, format!("{}\na b||$x|", dir.display()));
}

#[tokio::test]
async fn a_child_leads_a_session_and_ends_with_us_and_writes_for_its_user_only() {
    let look = "\
import ctypes, os
signal = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(signal))
print(os.getsid(0) == os.getpid() == os.getpgid(0), signal.value, oct(os.umask(0)))";
    let command = program("/usr/bin/env", &["python3", "-c", look]);
    assert_eq!(run(command).await.1, "True 9 0o77\n");
}

#[tokio::test]
async fn a_child_with_a_listener_is_told_that_it_is_the_one_meant() {
    let mut command = sh("echo $((LISTEN_PID == $$))");
    command.listener = Some(Arc::new(Listener::bind().unwrap()));
    assert_eq!(run(command).await.1, "1\n");
    assert_eq!(run(sh("echo ${LISTEN_PID-none}")).await.1, "none\n");
}

#[tokio::test]
async fn no_signal_is_blocked_or_ignored() {
    // Rust's std ignores SIGPIPE in this process.
    let (_, status) = run(program("/bin/cat", &["/proc/self/status"])).await;
    let signals = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(signals("SigBlk:"), 0);
    // glibc's posix_spawn leaves its own two, 32 and 33, ignored; its start-up takes them back.
    assert_eq!(signals("SigIgn:") & !(0b11 << 31), 0);
}

#[tokio::test]
async fn stdin_is_at_its_end_or_what_is_written() {
    assert_eq!(run(sh("cat; echo end")).await, (Exit::Code(0), "end\n".into()));
    let mut command = sh("cat");
    command.stdin = Stdin::Pipe;
    let mut child = start(command).await;
    let output = Capture::start(child.stdout.take().unwrap(), 100);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"data").await.unwrap();
    drop(stdin);
    assert_eq!(within(child.wait()).await, Exit::Code(0));
    assert_eq!(within(output.finish()).await.bytes, "data");
}

#[tokio::test]
async fn a_file_still_open_for_writing_is_text_busy_and_starts_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = executable(dir.path(), "hello", std::fs::read("/bin/true").unwrap());
    let writer = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let spawner = Spawner::start(None).unwrap();
    let refused = spawner.spawn(program(path.to_str().unwrap(), &[])).await.unwrap_err();
    assert!(matches!(&refused, SpawnError::TextBusy(busy) if *busy == path), "{refused}");
    drop(writer);
    let mut child = start_written(&path).await.unwrap();
    assert_eq!(within(child.wait()).await, Exit::Code(0));
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_leaves_no_process() {
    let dir = tempfile::tempdir().unwrap();
    let note = dir.path().join("pid");
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", note.display());
    let spawner = Spawner::start(None).unwrap();
    let mut asked = Box::pin(spawner.spawn(sh(&script)));
    assert!(futures_util::poll!(&mut asked).is_pending());
    until(|| note.exists()).await;
    let pid = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
    assert!(runs(pid));
    drop(asked);
    gone(pid).await;
}
