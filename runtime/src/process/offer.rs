//! What this machine offers for the processes of functions, for people to read.

use std::fs;
use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::{Spawner, sys};

/// One thing that is there or is not.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) what: &'static str,
    pub(crate) is: bool,
    pub(crate) says: String,
    /// What would make it so, or what happens instead.
    pub(crate) help: Option<String>,
}

/// All that functions can make use of. To be called within the async runtime.
pub(crate) fn offers() -> Vec<Offer> {
    vec![kernel(), listeners(), isolation(), cgroups(), files(), watches()]
}

fn kernel() -> Offer {
    let release = read("/proc/sys/kernel/osrelease");
    Offer { what: "kernel", is: true, says: format!("Linux {release}"), help: None }
}

fn listeners() -> Offer {
    let can = Spawner::start(None).is_ok_and(|spawner| spawner.can_swap());
    let (says, help) = if can {
        ("a program that listens on $PORT is answered for by a listener of ours", None)
    } else {
        (
            "a program that listens on $PORT is looked at until it answers",
            Some(
                "seccomp's user notification or pidfd_getfd is refused here, as in some containers: cold starts take longer",
            ),
        )
    };
    Offer { what: "listeners", is: can, says: says.into(), help: help.map(Into::into) }
}

fn isolation() -> Offer {
    let version = sys::landlock_version();
    let says = match version {
        0 => "\"standard\"; not \"strict\"".to_owned(),
        1..=3 => format!("\"strict\" for files (Landlock {version})"),
        4..=5 => format!("\"strict\" for files and ports (Landlock {version})"),
        _ => format!("\"strict\" for files, ports and signals (Landlock {version})"),
    };
    let help = (version == 0)
        .then(|| "it needs Linux 5.13 and lsm=landlock among the kernel's arguments".to_owned());
    Offer { what: "isolation", is: version > 0, says, help }
}

/// A folder of cgroup v2 that our user may write to.
fn cgroups() -> Offer {
    let own = read("/proc/self/cgroup");
    let folder = own.lines().find_map(|line| line.strip_prefix("0::"));
    let folder = folder.map(|folder| Path::new("/sys/fs/cgroup").join(folder.trim_start_matches('/')));
    let may = |folder: &Path| access(&folder.join("cgroup.procs"), AccessFlags::W_OK).is_ok();
    let is = folder.is_some_and(|folder| may(&folder));
    let says = if is { "v2, and ours to write to; not made use of yet" } else { "no cgroup v2 of our own" };
    let help = "limits are those of each process (setrlimit), not of all processes of a function together";
    Offer { what: "cgroups", is, says: says.into(), help: Some(help.into()) }
}

fn files() -> Offer {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE);
    let (soft, hard) = limit.unwrap_or_default();
    let is = hard >= FILES_ENOUGH;
    let help =
        (!is).then(|| "raise it: each waiting request takes one (ulimit -Hn, LimitNOFILE=)".to_owned());
    Offer { what: "open files", is, says: format!("{hard} at most, {soft} for functions"), help }
}

/// A thousand requests at a time, with room to spare.
const FILES_ENOUGH: u64 = 4096;

fn watches() -> Offer {
    let most: u64 = read("/proc/sys/fs/inotify/max_user_watches").parse().unwrap_or(0);
    let help = (most == 0).then(|| "saved functions go live only when told to (SIGHUP)".to_owned());
    Offer { what: "watches", is: most > 0, says: format!("{most} folders of a user (inotify)"), help }
}

/// Nothing of what cannot be read.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}
