//! Namespaces (namespaces(7)) of a strict child: its folder for temporary files is its `/tmp`, so that a program which knows
//! no `$TMPDIR` writes there and sees nobody else's, and System V's shared memory and message queues are its own.
//!
//! Not a PID namespace, in which a program would have the duties of process 1, nor a network, in which there is no ingress.
#![expect(unsafe_code, reason = "system calls in the child")]

use std::ffi::{CStr, CString, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{getegid, geteuid};

use super::birth::{self, Failure, Image, Stack, Step};

/// What a program may take for its own, wherever `$TMPDIR` is.
pub(super) const TMP: &str = "/tmp";

/// How namespaces can be had here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// We are root, or as good as that.
    Ours,
    /// In a user namespace, which lets its maker do so.
    OfAnyone,
}

/// What one child is born into.
#[derive(Debug)]
pub(super) struct Room {
    /// What becomes its `/tmp`; nothing = the one there is.
    tmp: Option<CString>,
    /// How it stays who it is, in a user namespace: files and what to write to them.
    maps: Option<[(&'static CStr, CString); 3]>,
}

impl Right {
    /// Looks, with a child that fails at its program. Containers and system settings may refuse it.
    pub(super) fn look() -> Option<Self> {
        [Self::Ours, Self::OfAnyone].into_iter().find(|right| right.try_once())
    }

    fn try_once(self) -> bool {
        let Ok(room) = Room::new(self, Some(&std::env::temp_dir())) else { return false };
        let nowhere = Image { room: Some(&room), ..Image::NOWHERE };
        matches!(birth::spawn(&nowhere, &mut Stack::new()), Err(Failure { step: Step::Program, .. }))
    }
}

impl Room {
    pub(super) fn new(right: Right, tmp: Option<&Path>) -> Result<Self, Errno> {
        let text = |text: &[u8]| CString::new(text).map_err(|_| Errno::EINVAL);
        let itself = |id: u32| text(format!("{id} {id} 1").as_bytes());
        let maps = match right {
            Right::Ours => None,
            Right::OfAnyone => Some([
                // The kernel wants it before the groups.
                (c"/proc/self/setgroups", text(b"deny")?),
                (c"/proc/self/uid_map", itself(geteuid().as_raw())?),
                (c"/proc/self/gid_map", itself(getegid().as_raw())?),
            ]),
        };
        Ok(Self { tmp: tmp.map(|tmp| text(tmp.as_os_str().as_bytes())).transpose()?, maps })
    }

    /// How the child calls its folder for temporary files.
    pub(super) fn tmp<'a>(&self, outside: &'a Path) -> &'a Path {
        if self.tmp.is_some() { Path::new(TMP) } else { outside }
    }

    /// For the clone that makes the child.
    pub(super) const fn flags(&self) -> c_int {
        let user = if self.maps.is_some() { libc::CLONE_NEWUSER } else { 0 };
        let mounts = if self.tmp.is_some() { libc::CLONE_NEWNS } else { 0 };
        libc::CLONE_NEWIPC | user | mounts
    }

    /// In the child, before anything keeps it from that: system calls only. `errno` says why it failed.
    pub(super) fn furnish(&self) -> bool {
        self.maps.iter().flatten().all(|(file, text)| write(file, text))
            && self.tmp.as_ref().is_none_or(|tmp| self.mount(tmp))
    }

    fn mount(&self, tmp: &CStr) -> bool {
        let none = std::ptr::null();
        let mount = |from: &CStr, to: &CStr, flags| {
            // SAFETY: strings that the parent keeps alive; the flags used here take no data.
            unsafe { libc::mount(from.as_ptr(), to.as_ptr(), none, flags, none.cast()) == 0 }
        };
        // What is unmounted outside goes here too, and nothing of ours gets out. A user namespace begins so.
        let is_apart = self.maps.is_some() || mount(c"none", c"/", libc::MS_REC | libc::MS_SLAVE);
        is_apart && mount(tmp, c"/tmp", libc::MS_BIND)
    }
}

fn write(file: &CStr, text: &CStr) -> bool {
    // SAFETY: strings that the parent keeps alive.
    unsafe {
        let open = libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if open < 0 {
            return false;
        }
        let length = text.count_bytes();
        let written = libc::write(open, text.as_ptr().cast(), length);
        let errno = Errno::last_raw();
        libc::close(open);
        Errno::set_raw(errno);
        usize::try_from(written) == Ok(length)
    }
}
