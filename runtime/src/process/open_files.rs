//! How many files may be open: all the system allows for us, what it was before for our children.

use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use super::sys;

/// The limits this process was started with. The limit is the process's, so this is too.
static INHERITED: OnceLock<Option<Limits>> = OnceLock::new();

#[derive(Clone, Copy, Debug)]
struct Limits {
    soft: u64,
    hard: u64,
}

/// Raises our soft limit to the hard one, once.
pub(super) fn raise() {
    INHERITED.get_or_init(|| {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        if soft >= hard {
            return None;
        }
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok()?;
        Some(Limits { soft, hard })
    });
}

/// Gives a child the limit we had: programs that use select(2) break above 1,024.
pub(super) fn restore(child: Pid) {
    let Some(Some(limits)) = INHERITED.get() else {
        return;
    };
    // A child that is already gone needs none.
    let _ = sys::limit_open_files(child, limits.soft, limits.hard);
}
