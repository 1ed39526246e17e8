//! What children print.

use std::sync::{Arc, Mutex};

use super::*;
use crate::process::{Collector, Line, Lines, OutputListener, Stream};

/// Keeps what it is told.
#[derive(Clone, Default)]
struct Told {
    lines: Arc<Mutex<Vec<Line>>>,
    left_out: Arc<Mutex<u64>>,
}

impl OutputListener for Told {
    fn instance(&self) -> u32 {
        7
    }

    fn clean(&self, text: String) -> String {
        text.replace("secret", "***")
    }

    fn line(&self, line: &Line) {
        self.lines.lock().unwrap().push(line.clone());
    }

    fn left_out(&self, lines: u64) {
        *self.left_out.lock().unwrap() += lines;
    }
}

#[tokio::test]
async fn of_a_flood_every_line_is_told_or_counted_and_none_tells_a_secret() {
    let (lines, told) = (Lines::default(), Told::default());
    let mut child = start(sh("i=0; while [ $i -lt 5000 ]; do echo secret $i; i=$((i+1)); done")).await;
    let pipes = [(Stream::Stdout, child.stdout.take().unwrap())];
    let collector = Collector::start(pipes, &lines, told.clone());
    within(child.wait()).await;
    within(collector.finish()).await;
    let seen = told.lines.lock().unwrap();
    assert_eq!(seen.len() as u64 + *told.left_out.lock().unwrap(), 5_000);
    assert!(seen.len() < 5_000, "else nothing was shown");
    assert!(seen.iter().all(|line| line.text.starts_with("*** ") && line.instance == 7));
    assert_eq!(lines.last(1)[0].to_string(), "*** 4999", "the last ones are kept all the same");
}

fn collect(child: &mut Child, lines: &Lines) -> Collector {
    let pipes =
        [(Stream::Stdout, child.stdout.take().unwrap()), (Stream::Stderr, child.stderr.take().unwrap())];
    Collector::start(pipes, lines, Told::default())
}

fn texts(lines: &Lines, stream: Stream) -> Vec<String> {
    let all = lines.last(usize::MAX);
    all.iter().filter(|line| line.stream == stream).map(ToString::to_string).collect()
}

#[tokio::test]
async fn both_streams_are_kept_line_by_line_and_told_as_they_come() {
    let lines = Lines::default();
    let told = Told::default();
    let mut child = start(sh("echo one; echo two >&2; printf three; printf '\\377' >&2")).await;
    let pipes =
        [(Stream::Stdout, child.stdout.take().unwrap()), (Stream::Stderr, child.stderr.take().unwrap())];
    let collector = Collector::start(pipes, &lines, told.clone());
    within(child.wait()).await;
    within(collector.finish()).await;
    assert_eq!(texts(&lines, Stream::Stdout), ["one", "three"]);
    assert_eq!(texts(&lines, Stream::Stderr), ["two", "\u{fffd}"]);
    assert_eq!(*told.lines.lock().unwrap(), lines.last(usize::MAX));
}

#[tokio::test]
async fn all_that_a_dead_child_printed_is_read() {
    let lines = Lines::default();
    let mut child = start(sh("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done")).await;
    let collector = collect(&mut child, &lines);
    within(child.wait()).await;
    within(collector.finish()).await;
    assert_eq!(texts(&lines, Stream::Stdout).last().unwrap(), "line 4999");
}

#[tokio::test]
async fn what_was_printed_last_is_read_though_its_arrival_was_not_noticed() {
    let mut child = start(sh("head -c 60000 /dev/zero")).await;
    let capture = Capture::start(child.stdout.take().unwrap(), 100_000);
    tokio::task::yield_now().await;
    // It prints and ends while this thread, the only one here that learns of it, looks at nothing.
    while runs(child.pid()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let wait = std::pin::pin!(child.wait());
    let captured = tokio::join!(biased; capture.finish(), wait).0;
    assert_eq!(captured.bytes.len(), 60_000);
}

#[tokio::test]
async fn a_daemon_that_holds_the_pipes_holds_up_nobody() {
    let lines = Lines::default();
    // In a session of its own: the group's end does not reach it. Its parent ends when we say so.
    let mut command = sh("setsid sh -c 'echo $$; exec sleep 1000' & read line");
    command.stdin = Stdin::Pipe;
    let mut child = start(command).await;
    let (mut out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut first = [0; 16];
    let length = within(tokio::io::AsyncReadExt::read(&mut out, &mut first)).await.unwrap();
    let daemon: u32 = std::str::from_utf8(&first[..length]).unwrap().trim().parse().unwrap();
    let collector = Collector::start([(Stream::Stderr, err)], &lines, Told::default());
    let capture = Capture::start(out, 100);
    drop(child.stdin.take());
    within(child.wait()).await;
    within(collector.finish()).await;
    within(capture.finish()).await;
    assert!(runs(daemon), "else nothing was shown");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(daemon.cast_signed()), nix::sys::signal::SIGKILL)
        .unwrap();
}

#[tokio::test]
async fn a_reply_is_kept_up_to_its_limit_and_the_child_goes_on() {
    let mut child = start(sh("head -c 300000 /dev/zero; exit 4")).await;
    let capture = Capture::start(child.stdout.take().unwrap(), 1_000);
    assert_eq!(within(child.wait()).await, Exit::Code(4));
    let captured = within(capture.finish()).await;
    assert_eq!((captured.bytes.len(), captured.truncated), (1_000, true));
}

#[tokio::test]
async fn a_child_that_prints_without_end_leaves_time_for_others() {
    let lines = Lines::default();
    let mut child = start(sh("exec yes")).await;
    let collector = collect(&mut child, &lines);
    until(|| !lines.last(1).is_empty()).await;
    child.kill();
    within(child.wait()).await;
    within(collector.finish()).await;
}
