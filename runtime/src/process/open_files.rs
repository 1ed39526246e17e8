//! How many files may be open: all the system allows for us, what it was before for our children.

use std::sync::OnceLock;

use super::limits::{Limit, What};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The limits this process was started with. The limit is the process's, so this is too.
static INHERITED: OnceLock<Option<Limit>> = OnceLock::new();

/// Raises our soft limit to the hard one, once.
pub(super) fn raise() {
    INHERITED.get_or_init(|| {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        if soft >= hard {
            return None;
        }
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok()?;
        Some(Limit { what: What::Files, soft, hard })
    });
}

/// The limit we had, for children: programs that use select(2) break above 1,024. Nothing when it was not raised.
pub(super) fn inherited() -> Option<Limit> {
    *INHERITED.get()?
}
