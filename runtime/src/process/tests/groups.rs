//! Cgroups, with the real tree of this machine, where it lets us make some.

use std::fs;

use super::*;
use crate::process::{Groups, Limit, Limited};

/// A folder of cgroup v2 for one test.
struct Base(PathBuf);

impl Base {
    /// Nothing where the machine has none for us, which is told; with `CI` set, only where the kernel has none.
    fn new(name: &str) -> Option<Self> {
        let made = Self::make(name);
        if let Err(why) = &made {
            let has = fs::read_to_string("/proc/filesystems").is_ok_and(|all| all.contains("cgroup2"));
            assert!(!(has && std::env::var_os("CI").is_some()), "with CI set nothing is skipped: {why}");
            eprintln!("SKIPPED: {why}");
        }
        made.ok()
    }

    fn make(name: &str) -> Result<Self, String> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mut mounts = mounts.lines().filter(|line| line.contains(" - cgroup2 "));
        let mount = mounts.next().and_then(|line| line.split(' ').nth(4)).ok_or("no cgroup v2 here")?;
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        let own = own.lines().find_map(|line| line.strip_prefix("0::/")).ok_or("we are in no cgroup v2")?;
        let base = Path::new(mount).join(own).join(format!("test-{name}-{}", std::process::id()));
        fs::create_dir(&base).map_err(|error| format!("cannot make {}: {error}", base.display()))?;
        Ok(Self(base))
    }

    fn groups(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.path()).collect()
    }
}

/// Also when a test fails.
impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        let begin = std::time::Instant::now();
        while !removed(&self.0) && begin.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
    }
}

fn removed(folder: &Path) -> bool {
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in below.filter(|path| path.is_dir()) {
        removed(&folder);
    }
    fs::remove_dir(folder).is_ok()
}

async fn start_in(groups: &Groups, command: Command) -> Child {
    Spawner::start_in(None, Some(groups.clone())).unwrap().spawn(command).await.unwrap()
}

/// Its group, told by the shell itself, so that nobody else is in it.
const TELLS: &str =
    "while read group; do case $group in 0::*) echo $group;; esac; done </proc/self/cgroup; read x";

/// A daemon that nothing tells of: another session, no environment, no parent.
const HIDES: &str = "setsid env -i /bin/sh -c 'echo $$; exec sleep 1000' & wait $!; read x";

#[tokio::test]
async fn each_child_is_born_in_a_group_of_its_own() {
    let Some(base) = Base::new("born") else { return };
    let groups = Groups::below(&base.0).unwrap();
    for isolation in [Isolation::None, Isolation::Standard] {
        let command = Command { isolation, stdin: Stdin::Pipe, ..sh(TELLS) };
        let mut child = start_in(&groups, command).await;
        let group = first_line(&mut child).await;
        let folder = groups.folder().join(group.rsplit_once('/').unwrap().1);
        assert!(group.contains(base.0.file_name().unwrap().to_str().unwrap()), "{group}");
        let inside = fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert_eq!(inside.trim(), child.pid().to_string(), "it, and nobody else");
        end(child).await;
        until(|| !folder.exists()).await;
    }
    groups.end();
    assert!(base.groups().is_empty(), "{:?}", base.groups());
}

#[tokio::test]
async fn a_daemon_that_hides_ends_with_its_child() {
    let Some(base) = Base::new("hides") else { return };
    let groups = Groups::below(&base.0).unwrap();
    let mut child = start_in(&groups, Command { stdin: Stdin::Pipe, ..sh(HIDES) }).await;
    let daemon: u32 = first_line(&mut child).await.parse().unwrap();
    assert!(runs(daemon));
    let folder = groups.folder().join("1");
    let inside = fs::read_to_string(folder.join("cgroup.procs")).unwrap();
    assert!(inside.lines().any(|pid| pid == daemon.to_string()), "{inside}");
    child.kill();
    within(child.wait()).await;
    until(|| !runs(daemon) && !folder.exists()).await;
    groups.end();
}

#[tokio::test]
async fn what_a_killed_runtime_left_is_ended_and_what_another_has_is_not() {
    let Some(base) = Base::new("left") else { return };
    let mut left = start(sh("exec sleep 1000")).await;
    let of_nobody = base.0.join("hydrant-2000000000-7");
    fs::create_dir_all(of_nobody.join("0")).unwrap();
    fs::write(of_nobody.join("0/cgroup.procs"), left.pid().to_string()).unwrap();
    let groups = Groups::below(&base.0).unwrap();
    let ours = start_in(&groups, sh("exec sleep 1000")).await;
    groups.end_left_over();
    assert_eq!(within(left.wait()).await, Exit::Signal(9));
    assert_eq!(base.groups(), [groups.folder()]);
    assert!(runs(ours.pid()));
    end(ours).await;
    groups.end();
}

#[tokio::test]
async fn a_limit_of_memory_is_that_of_all_its_processes() {
    let Some(base) = Base::new("memory") else { return };
    let groups = Groups::below(&base.0).unwrap();
    if !groups.controllers().hold(Limited::Memory) {
        groups.end();
        return eprintln!("SKIPPED: cgroup v2 limits no memory here");
    }
    let limits = vec![Limit::new(Limited::Memory, 64 << 20)];
    let mut child = start_in(&groups, Command { limits, ..sh("exec tail /dev/zero") }).await;
    assert_eq!(within(child.wait()).await, Exit::Signal(9));
    groups.end();
}

#[tokio::test]
async fn processes_are_counted_together_and_without_a_controller_by_nobody() {
    let forks = "(for n in 1 2 3 4; do sleep 100 >/dev/null 2>&1 & done) 2>/dev/null; echo $?";
    let limits = vec![Limit::new(Limited::Pids, 3)];
    assert_eq!(run(Command { limits: limits.clone(), ..sh(forks) }).await.1, "0\n", "no limit of the user's");
    let Some(base) = Base::new("pids") else { return };
    let groups = Groups::below(&base.0).unwrap();
    if !groups.controllers().hold(Limited::Pids) {
        groups.end();
        return eprintln!("SKIPPED: cgroup v2 limits no processes here");
    }
    let mut child = start_in(&groups, Command { limits, ..sh(forks) }).await;
    assert_ne!(first_line(&mut child).await, "0", "a shell that cannot fork gives up");
    end(child).await;
    groups.end();
}

#[tokio::test]
async fn a_folder_that_is_no_cgroup_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let why = Groups::below(dir.path()).unwrap_err();
    assert!(why.ends_with("is no folder of cgroup v2"), "{why}");
}
