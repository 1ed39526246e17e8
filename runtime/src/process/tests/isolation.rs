//! What children may touch, and how much they may take.

use std::net::TcpListener;

use super::*;
use crate::process::{Fence, Limit, Limited};

/// What the kernel says of a child: whether it can gain privileges, and whether its calls are filtered.
async fn status(isolation: Isolation) -> (String, String) {
    let mut command = program("/bin/cat", &["/proc/self/status"]);
    command.isolation = isolation;
    let (_, status) = run(command).await;
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    (field("NoNewPrivs:"), field("Seccomp_filters:"))
}

fn limited(script: &str, what: Limited, most: u64) -> Command {
    Command { limits: vec![Limit::new(what, most)], ..sh(script) }
}

#[tokio::test]
async fn each_level_gives_up_more_than_the_one_below() {
    let strict = Isolation::Strict(Fence::default());
    assert_eq!(status(Isolation::None).await, ("0".into(), "0".into()));
    assert_eq!(status(Isolation::Standard).await, ("1".into(), "1".into()));
    assert_eq!(status(strict).await, ("1".into(), "2".into()));
}

#[tokio::test]
async fn a_strict_child_and_its_children_reach_what_the_fence_lets_them_and_nothing_else() {
    let outside = tempfile::tempdir().unwrap();
    let (own, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "s").unwrap();
    std::fs::write(own.path().join("data"), "d").unwrap();
    let (allowed, other) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let python = run(sh("python3 -c 'import sys; print(sys.prefix, sys.executable)'")).await.1;
    let (prefix, python) = python.trim().split_once(' ').unwrap();
    let fence = Fence {
        read: vec![own.path().into(), prefix.into()],
        write: vec![tmp.path().into()],
        connect: vec![allowed.local_addr().unwrap().port()],
    };
    let look = "\
import ctypes, os, socket, sys
own, tmp, outside, allowed, other = sys.argv[1:]
def works(what):
    try: what(); return 'yes'
    except OSError: return 'no'
def ptrace():
    if ctypes.CDLL(None).ptrace(0, 0, 0, 0) < 0: raise OSError
connect = lambda port: socket.create_connection(('127.0.0.1', int(port)))
print(works(lambda: open(own + '/data')), works(lambda: open(own + '/data', 'w')), works(lambda: open(tmp + '/a', 'w')),
      works(lambda: open(outside + '/secret')), works(lambda: os.listdir(outside)), works(lambda: open('/etc/passwd')),
      works(lambda: open('/dev/null', 'w')), works(lambda: connect(allowed)), works(lambda: connect(other)),
      works(lambda: os.kill(RUNTIME, 0)), works(ptrace))";
    let look = look.replace("RUNTIME", &std::process::id().to_string());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
    let mut command = sh("python=$1; shift; $python \"$@\"; true");
    command.args.extend(["sh".into(), python.into(), "-c".into(), look]);
    command.args.extend([
        text(own.path()),
        text(tmp.path()),
        text(outside.path()),
        port(&allowed),
        port(&other),
    ]);
    command.isolation = Isolation::Strict(fence);
    assert_eq!(run(command).await.1.trim(), "yes no yes no no yes yes yes no no no");
}

#[tokio::test]
async fn a_program_outside_the_fence_is_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let path = executable(dir.path(), "hello", "#!/bin/sh\n");
    let mut command = program(path.to_str().unwrap(), &[]);
    command.isolation = Isolation::Strict(Fence::default());
    let refused = Spawner::start(None).unwrap().spawn(command).await.unwrap_err();
    assert!(matches!(refused, SpawnError::Unusable(_)), "{refused}");
}

#[tokio::test]
async fn a_folder_of_its_own_ends_with_the_child() {
    let dir = tempfile::tempdir().unwrap();
    let tmp = dir.path().join("tmp");
    let mut command = sh("echo a > $TMPDIR/a; ls -ld $TMPDIR | cut -c 1-10; ls $TMPDIR");
    command.isolation = Isolation::Strict(Fence::default());
    command.private_tmp = Some(tmp.clone());
    assert_eq!(run(command).await.1, "drwx------\na\n");
    until(|| !tmp.exists()).await;
}

#[tokio::test]
async fn a_child_takes_no_more_than_its_limits() {
    let hog = "python3 -c 'bytearray(400 << 20)' 2>/dev/null && echo all || echo refused";
    assert_eq!(run(limited(hog, Limited::Memory, 100 << 20)).await.1, "refused\n");
    assert_eq!(run(sh(hog)).await.1, "all\n");
    assert_eq!(run(limited("ulimit -n", Limited::Files, 77)).await.1, "77\n");
    let big = "head -c 100000 /dev/zero > $1; wc -c < $1";
    let dir = tempfile::tempdir().unwrap();
    let mut command = limited(big, Limited::FileSize, 4096);
    command.args.extend(["sh".into(), dir.path().join("big").to_str().unwrap().into()]);
    assert_eq!(run(command).await.1.trim(), "4096");
    let exit = run(limited("while :; do :; done", Limited::Cpu, 1)).await.0;
    assert!(matches!(exit, Exit::Signal(_)), "{exit}");
}
