//! With real children: sh, and python3, node and go where a test names them.

mod end;
mod groups;
mod isolation;
mod leak;
mod orphan;
mod printing;
mod serving;
mod start;
mod swapping;
mod unusable;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Capture, Child, Command, Exit, Isolation, SpawnError, Spawner, Stdin};

/// Far more than anything here takes; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn sh(script: &str) -> Command {
    program("/bin/sh", &["-c", script])
}

fn program(path: &str, args: &[&str]) -> Command {
    Command {
        args: args.iter().map(ToString::to_string).collect(),
        env: vec![("PATH".into(), std::env::var("PATH").unwrap())],
        ..Command::of(path)
    }
}

pub(super) async fn start(command: Command) -> Child {
    Spawner::start(None).unwrap().spawn(command).await.unwrap()
}

/// Its exit, and what it printed to stdout.
async fn run(command: Command) -> (Exit, String) {
    let mut child = start(command).await;
    let output = Capture::start(child.stdout.take().unwrap(), 1024 * 1024);
    let exit = within(child.wait()).await;
    let printed = within(output.finish()).await;
    (exit, String::from_utf8(printed.bytes.to_vec()).unwrap())
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it never happened")
}

/// Leaves nothing behind.
pub(super) async fn end(mut child: Child) {
    child.kill();
    within(child.wait()).await;
}

/// The first line the child prints.
async fn first_line(child: &mut Child) -> String {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    within(BufReader::new(stdout).read_line(&mut line)).await.unwrap();
    line.trim_end().into()
}

/// Waits until there is no process with this number, also no zombie.
async fn gone(pid: u32) {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    until(|| !proc.exists()).await;
}

/// For what nobody tells: only in tests is it asked for again and again.
async fn until(mut condition: impl FnMut() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Whether it runs: a zombie that its parent did not reap yet does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

/// An executable file with this content.
fn executable(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Starts a file that was just written. Another test may start a child at the same moment, which has our writing
/// end until it executes: that is why `text busy` is tried again.
async fn start_written(path: &Path) -> Result<Child, SpawnError> {
    let spawner = Spawner::start(None).unwrap();
    loop {
        match spawner.spawn(program(path.to_str().unwrap(), &[])).await {
            Err(SpawnError::TextBusy(_)) => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}
