//! Control groups (cgroup v2, cgroups(7)): each child is born in one of its own, and whatever it starts stays there,
//! however it hides: its environment cleared, its session its own. All of it ends with `cgroup.kill`.
//!
//! Below the folder we are given there is one of this runtime's, `hydrant-PID-START`, and in it one of each child. What a
//! killed runtime left is told by its name, and ended by the next one there.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::{AccessFlags, access, geteuid};

use super::birth::{self, Failure, Image, Stack, Step};
use super::controllers::Controllers;
use super::journal::started;
use super::limits::Limit;

const PREFIX: &str = "hydrant-";
/// How long those that were killed may take to be gone, and the time between two looks.
const END_MAX: Duration = Duration::from_secs(1);
const END_LOOK: Duration = Duration::from_millis(1);

/// All groups of this runtime. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Groups(Arc<Root>);

#[derive(Debug)]
struct Root {
    folder: PathBuf,
    /// The number of the next group.
    next: AtomicU64,
    /// What can be limited.
    controllers: Controllers,
    /// One that is made already: no start waits for that.
    spare: Mutex<Option<Group>>,
}

/// The group of one child; all in it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    folder: PathBuf,
    handle: File,
    pub(super) controllers: Controllers,
}

impl Groups {
    /// Below our own group, if that is ours to divide.
    ///
    /// # Errors
    /// Why not, for people.
    pub(crate) fn of_our_own() -> Result<Self, String> {
        Self::below(&own()?)
    }

    /// Below a folder of cgroup v2.
    ///
    /// # Errors
    /// Why not, for people.
    pub(crate) fn below(base: &Path) -> Result<Self, String> {
        let shown = base.display();
        if !base.join("cgroup.procs").exists() {
            return Err(format!("{shown} is no folder of cgroup v2"));
        }
        let pid = std::process::id();
        let start = started(pid.cast_signed()).ok_or_else(|| "/proc does not tell of us".to_owned())?;
        let folder = base.join(format!("{PREFIX}{pid}-{start}"));
        // There is one already when this runtime has two spawners, each with groups of its own.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(format!("cannot make a group in {shown}: {error}"));
            }
            _ => {}
        }
        let controllers = Controllers::given_below(base, &folder);
        let root = Root { folder, next: AtomicU64::new(0), controllers, spare: Mutex::default() };
        if !root.folder.join("cgroup.kill").exists() {
            remove(&root.folder);
            return Err("this kernel cannot end a whole group (cgroup.kill, Linux 5.14)".to_owned());
        }
        let groups = Self(Arc::new(root));
        match groups.try_once() {
            Ok(()) => {
                groups.prepare();
                Ok(groups)
            }
            Err(error) => {
                groups.end();
                // The kernel wants to know of a group above both that is ours to write to.
                let help = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "; it takes a hydrant that runs in a group of its user's"
                    }
                    _ => "",
                };
                Err(format!("no process can be started in {shown}: {error}{help}"))
            }
        }
    }

    /// A child that fails at its program was born there. Containers and older kernels may refuse that.
    fn try_once(&self) -> io::Result<()> {
        let group = self.make()?;
        let nowhere = Image { cgroup: Some(group.handle()), ..Image::NOWHERE };
        match birth::spawn(&nowhere, &mut Stack::new()) {
            Err(Failure { step: Step::Clone, errno }) => Err(errno.into()),
            _ => Ok(()),
        }
    }

    /// A new one, with those of the limits that it can set.
    pub(super) fn take(&self, limits: &[Limit]) -> io::Result<Group> {
        let spare = self.spare().take();
        let group = spare.map_or_else(|| self.make(), Ok)?;
        for limit in limits {
            group.controllers.limit(&group.folder, *limit)?;
        }
        Ok(group)
    }

    /// Makes the next one, where nobody waits for it. One that cannot be made is told when it is needed.
    pub(super) fn prepare(&self) {
        let mut spare = self.spare();
        if spare.is_none() {
            *spare = self.make().ok();
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<Group>> {
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self) -> io::Result<Group> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let folder = self.0.folder.join(number.to_string());
        fs::create_dir(&folder)?;
        let handle = File::open(&folder)?;
        Ok(Group { folder, handle, controllers: self.0.controllers })
    }

    /// Ends what runtimes left beside them that are not there any more.
    pub(crate) fn end_left_over(&self) {
        if let Some(base) = self.0.folder.parent() {
            clear(base);
        }
    }

    /// The folder of this runtime's.
    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// What they limit, of all processes of an instance together.
    pub(crate) fn controllers(&self) -> Controllers {
        self.0.controllers
    }

    /// Ends all that is left in them, and removes them.
    pub(crate) fn end(&self) {
        drop(self.spare().take());
        end(&self.0.folder);
    }
}

impl Group {
    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.folder);
        // The end of a child is seen by the loop, which waits for nobody.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || end(&folder))),
            Err(_) => end(&folder),
        }
    }
}

/// Kills whoever is in the group or below, and removes it when they are gone.
fn end(folder: &Path) {
    let begin = Instant::now();
    // One that ended by itself is empty, and is gone at once.
    while !remove(folder) {
        if begin.elapsed() > END_MAX {
            return tracing::warn!("cannot remove the cgroup {}", folder.display());
        }
        let _ = fs::write(folder.join("cgroup.kill"), "1");
        std::thread::sleep(END_LOOK);
    }
}

/// Whether it is gone, with all that are empty below it.
fn remove(folder: &Path) -> bool {
    let gone = |removed: io::Result<()>| match removed {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if gone(fs::remove_dir(folder)) {
        return true;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    gone(fs::remove_dir(folder))
}

/// Ends what runtimes left that are not there any more.
fn clear(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if entry.file_name().to_str().and_then(maker).is_some_and(|(pid, start)| started(pid) != Some(start))
        {
            end(&entry.path());
        }
    }
}

/// The runtime that made a group, by its number and when it started.
fn maker(name: &str) -> Option<(i32, u64)> {
    let (pid, start) = name.strip_prefix(PREFIX)?.split_once('-')?;
    Some((pid.parse().ok()?, start.parse().ok()?))
}

/// The folder of the group we are in, if we may divide it: it is not that of the whole machine, it is ours to write to,
/// and we are alone in it, unless it was given to our user.
fn own() -> Result<PathBuf, String> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let folder = own.and_then(|own| below_mount(&mounts, own)).ok_or("cgroup v2 is not mounted here")?;
    let shown = folder.display();
    if !folder.join("cgroup.kill").exists() {
        return Err(format!("{shown} is the whole machine's, and not ours to divide"));
    }
    let may = |path: &Path| access(path, AccessFlags::W_OK).is_ok();
    if !may(&folder) || !may(&folder.join("cgroup.procs")) {
        return Err(format!("{shown} is not ours to write to"));
    }
    let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    if geteuid().is_root() && processes.lines().any(|pid| pid != std::process::id().to_string()) {
        return Err(format!("{shown} holds processes of others, too"));
    }
    Ok(folder)
}

/// A group's folder, as the lines of mountinfo (proc(5)) say. Only what lies below a mount's root can be seen there.
fn below_mount(mounts: &str, own: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        if file_system.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let below = Path::new(own).strip_prefix(root).ok()?;
        Some(if below.as_os_str().is_empty() { point.into() } else { Path::new(point).join(below) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_group_is_found_below_its_mount() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        let found = |own| below_mount(mounts, own);
        assert_eq!(found("/"), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(found("/a/b"), Some("/sys/fs/cgroup/unified/a/b".into()));
        let contained = "1 2 0:3 /docker/7 /sys/fs/cgroup ro - cgroup2 cgroup rw";
        assert_eq!(below_mount(contained, "/docker/7/x"), Some("/sys/fs/cgroup/x".into()));
        assert_eq!(below_mount(contained, "/elsewhere"), None);
        assert_eq!(below_mount("1 2 0:3 / / rw - ext4 /dev/vda rw", "/"), None);
    }

    #[test]
    fn a_group_is_told_by_the_runtime_that_made_it() {
        assert_eq!(maker("hydrant-17-4242"), Some((17, 4242)));
        for other in ["hydrant-17", "hydrant-x-1", "user.slice", "17-4242"] {
            assert_eq!(maker(other), None, "{other}");
        }
    }
}
