//! `posix_spawn` with exactly what a function gets: nix has no working directory and no closing of the rest.
#![expect(unsafe_code, reason = "calls into libc")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// What to start.
pub(super) struct Image<'a> {
    pub(super) path: &'a CStr,
    /// With the program's own name first.
    pub(super) args: &'a [CString],
    /// Each `NAME=value`; nothing is added.
    pub(super) env: &'a [CString],
    pub(super) dir: &'a CStr,
    /// The child's descriptors, from 0 on; it has no others.
    pub(super) files: &'a [BorrowedFd<'a>],
}

/// Starts it in a process group of its own, with no signal blocked or ignored. Returns when the program runs.
pub(super) fn spawn(image: &Image<'_>) -> Result<Pid, Errno> {
    let actions = Actions::new(image.dir, image.files)?;
    let attributes = Attributes::new()?;
    let args = pointers(image.args);
    let env = pointers(image.env);
    let mut pid = 0;
    // SAFETY: both lists end in null and point to strings that `image` keeps alive; actions and attributes
    // are initialised, and posix_spawn has read all of it when it returns.
    check(unsafe {
        libc::posix_spawn(
            &mut pid,
            image.path.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            args.as_ptr(),
            env.as_ptr(),
        )
    })?;
    Ok(Pid::from_raw(pid))
}

/// What the child does before it runs the program.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(dir: &CStr, files: &[BorrowedFd<'_>]) -> Result<Self, Errno> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init makes it valid or says that it failed.
        check(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // SAFETY: init succeeded.
        let mut actions = Self(unsafe { raw.assume_init() });
        // SAFETY: initialised; the path is copied.
        check(unsafe { libc::posix_spawn_file_actions_addchdir_np(&mut actions.0, dir.as_ptr()) })?;
        // Our own descriptors are 3 or higher, as std holds 0, 1 and 2: from 0 on, none is replaced before
        // it was copied.
        for (target, file) in (0..).zip(files) {
            // SAFETY: initialised; the rest are integers.
            check(unsafe {
                libc::posix_spawn_file_actions_adddup2(&mut actions.0, file.as_raw_fd(), target)
            })?;
        }
        actions.close_from(c_int::try_from(files.len()).expect("a handful of files"))?;
        Ok(actions)
    }

    /// All we open is CLOEXEC; this closes what a library opened otherwise.
    #[cfg(target_env = "gnu")]
    fn close_from(&mut self, first: c_int) -> Result<(), Errno> {
        // SAFETY: initialised; the rest is an integer.
        check(unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&mut self.0, first) })
    }

    #[cfg(not(target_env = "gnu"))]
    #[expect(clippy::unused_self, reason = "this libc cannot, and CLOEXEC has to do")]
    fn close_from(&mut self, _first: c_int) -> Result<(), Errno> {
        Ok(())
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed only here.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// How the child begins: its own group, every signal as the system has it.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> Result<Self, Errno> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init makes it valid or says that it failed.
        check(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // SAFETY: init succeeded.
        let mut attributes = Self(unsafe { raw.assume_init() });
        let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        let (all, none) = (signals(true), signals(false));
        // SAFETY: initialised; the signal sets are ours and are copied. Group 0 = a new one, named by its pid.
        unsafe {
            check(libc::posix_spawnattr_setpgroup(&mut attributes.0, 0))?;
            check(libc::posix_spawnattr_setsigdefault(&mut attributes.0, &all))?;
            check(libc::posix_spawnattr_setsigmask(&mut attributes.0, &none))?;
            // The flags fit a short on every system that has posix_spawn.
            check(libc::posix_spawnattr_setflags(&mut attributes.0, flags as libc::c_short))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed only here.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

fn signals(full: bool) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: both calls initialise the set, and cannot fail for a valid pointer.
    unsafe {
        if full {
            libc::sigfillset(set.as_mut_ptr());
        } else {
            libc::sigemptyset(set.as_mut_ptr());
        }
        set.assume_init()
    }
}

fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([std::ptr::null_mut()]).collect()
}

/// The posix_spawn family returns the error instead of setting errno.
fn check(answer: c_int) -> Result<(), Errno> {
    match answer {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}
