//! Signals around a birth: none reaches a child before it runs its program, and its program finds none blocked, handled or
//! ignored.
#![expect(unsafe_code, reason = "calls into libc, some of them in the child")]

use std::ffi::c_int;
use std::sync::OnceLock;

use nix::sys::signal::{SigSet, SigmaskHow};

/// All there are.
static ALL: [c_int; 64] = {
    let mut all = [0; 64];
    let mut at = 0;
    while at < all.len() {
        all[at] = at as c_int + 1;
        at += 1;
    }
    all
};
/// Those that this process ignored when it was asked first: std ignores SIGPIPE from the beginning, nobody ignores any later,
/// and whoever started us may have ignored others.
static IGNORED: OnceLock<Vec<c_int>> = OnceLock::new();

/// Those that a child sets to their default. The kernel may have done so already with all that are handled, and it leaves
/// those that are ignored.
pub(super) fn to_reset(handled_are_reset: bool) -> &'static [c_int] {
    if handled_are_reset {
        IGNORED.get_or_init(|| ALL.into_iter().filter(is_ignored).collect())
    } else {
        &ALL
    }
}

fn is_ignored(signal: &c_int) -> bool {
    // SAFETY: a zeroed action is one; with no new one, this one is filled in with what there is.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(*signal, std::ptr::null(), &raw mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
    }
}

/// In the child: a handler of ours must not run there once signals are let through.
pub(super) fn reset(signals: &[c_int]) {
    for signal in signals {
        // SAFETY: a zeroed action is "the default"; the child's table is its own. Some signals refuse, rightly.
        unsafe {
            let default: libc::sigaction = std::mem::zeroed();
            libc::sigaction(*signal, &raw const default, std::ptr::null_mut());
        }
    }
}

/// In the child: lets them through.
pub(super) fn unblock() {
    // SAFETY: an empty set of our own.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// While this lives, this thread is sent no signal, and neither is a child that it makes.
pub(super) struct Blocked(SigSet);

impl Blocked {
    pub(super) fn all() -> Self {
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
        Self(before.unwrap_or_else(|_| SigSet::empty()))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = self.0.thread_set_mask();
    }
}
