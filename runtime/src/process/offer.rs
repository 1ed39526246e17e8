//! What this machine offers for the processes of functions, for people to read.

use std::fs;

use super::room::Right;
use super::{Groups, Limited, Spawner, sys};

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
    let (room, lacking) = match Right::look() {
        Some(Right::Ours) => ("; with a /tmp of its own", None),
        Some(Right::OfAnyone) => ("; with a /tmp of its own, in a user namespace", None),
        None => ("; with $TMPDIR, and without a /tmp of its own", Some(NO_ROOM)),
    };
    if version == 0 {
        let help = "it needs Linux 5.13 and lsm=landlock among the kernel's arguments".to_owned();
        return Offer { what: "isolation", is: false, says, help: Some(help) };
    }
    Offer { what: "isolation", is: true, says: says + room, help: lacking.map(Into::into) }
}

/// What follows for limits.
const UNHELD: &str =
    "a limit of memory is that of each process, and `pids` and a `cpu` in processors are not held";

/// What it takes for that.
const NO_ROOM: &str = "it takes root, or user namespaces for all (sysctl kernel.unprivileged_userns_clone=1, \
    user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)";

/// A group of our own, as `[runtime] cgroup = "auto"` looks for it.
fn cgroups() -> Offer {
    let (says, help) = match Groups::of_our_own() {
        Ok(groups) => {
            let says = format!(
                "v2, a group for each process, in {}",
                groups.folder().parent().unwrap_or_else(|| groups.folder()).display()
            );
            let controllers = groups.controllers();
            groups.end();
            let lacking = [("memory", Limited::Memory), ("pids", Limited::Pids), ("cpu", Limited::Share)];
            let lacking = lacking.into_iter().filter(|(_, what)| !controllers.hold(*what));
            let lacking: Vec<&str> = lacking.map(|(name, _)| name).collect();
            let help = format!(
                "without the controllers {}: {UNHELD}; the folder's cgroup.controllers has to name them, and nothing but \
                 groups may be in it",
                lacking.join(", ")
            );
            (Ok(says), (!lacking.is_empty()).then_some(help))
        }
        Err(why) => {
            let help = format!(
                "a process that hides from hydrant may outlive its function, and {UNHELD}; it takes a group of our own \
                 (systemd: Delegate=yes), or [runtime] cgroup with a folder that is"
            );
            (Err(why), Some(help))
        }
    };
    let is = says.is_ok();
    Offer { what: "cgroups", is, says: says.unwrap_or_else(|why| why), help }
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
