//! A child between its clone and its program: never a fork, which would copy the page tables of all buffered events.
//!
//! The child shares our memory and runs on a stack of its own while the thread that made it stands still
//! (`CLONE_VM | CLONE_VFORK`, clone(2)). It only makes system calls: no allocation, no lock, no panic.
#![expect(unsafe_code, reason = "a clone, and system calls in the child")]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::unistd::Pid;

use super::clone3::{CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, clone3};
use super::limits::Limit;
use super::room::Room;
use super::sandbox::Sandbox;
use super::signals;

/// What to start.
pub(super) struct Image<'a> {
    pub(super) path: &'a CStr,
    /// With the program's own name first.
    pub(super) args: &'a [CString],
    /// Each `NAME=value`.
    pub(super) env: &'a [CString],
    /// Whether `LISTEN_PID` is added: its own number, as sd_listen_fds(3) wants it.
    pub(super) is_activated: bool,
    pub(super) dir: &'a CStr,
    /// The child's descriptors, from 0 on; it has no others.
    pub(super) files: &'a [BorrowedFd<'a>],
    pub(super) limits: &'a [Limit],
    /// Nothing = it is where we are.
    pub(super) room: Option<&'a Room>,
    /// Nothing = it may touch what its user may.
    pub(super) sandbox: Option<&'a Sandbox>,
    /// The folder of the cgroup it is born in; nothing = ours.
    pub(super) cgroup: Option<BorrowedFd<'a>>,
}

impl Image<'_> {
    /// Nothing that could run: what is tried with it is all that comes before the program.
    pub(super) const NOWHERE: Self = Self {
        path: c"/",
        args: &[],
        env: &[],
        is_activated: false,
        dir: c"/",
        files: &[],
        limits: &[],
        room: None,
        sandbox: None,
        cgroup: None,
    };
}

/// What the child was about to do when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is no child.
    Clone,
    Session,
    Room,
    Folder,
    Sandbox,
    Files,
    Limit(Limit),
    Program,
}

/// Why no program runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) step: Step,
    pub(super) errno: Errno,
}

/// A program that runs: its number, and the descriptor that stands for it, which is CLOEXEC.
pub(super) struct Born {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
}

/// Where a child stands until it runs its program; one at a time.
pub(super) struct Stack(Box<[u128; STACK_WORDS]>);

/// 64 KiB: the child's few frames take a fraction of it.
const STACK_WORDS: usize = 4096;

impl Stack {
    pub(super) fn new() -> Self {
        Self(Box::new([0; STACK_WORDS]))
    }
}

/// `LISTEN_PID=` and room for any number, with its end.
const LISTEN_PID: &[u8; 22] = b"LISTEN_PID=\0\0\0\0\0\0\0\0\0\0\0";
const DIGITS_AT: usize = 11;

/// All that the child reads, and where it says how it failed.
struct Plan<'a> {
    path: *const c_char,
    args: *const *const c_char,
    env: *const *const c_char,
    dir: *const c_char,
    files: &'a [RawFd],
    limits: &'a [Limit],
    room: Option<&'a Room>,
    sandbox: Option<Walls>,
    listen_pid: &'a [Cell<u8>],
    /// Signals that are not at their default in the child.
    signals: &'static [c_int],
    parent: libc::pid_t,
    failed: Option<(Step, c_int)>,
}

/// Starts it as the leader of a session and a group of its own, with no signal blocked or ignored, and with its end
/// bound to that of the calling thread. Returns when the program runs.
pub(super) fn spawn(image: &Image<'_>, stack: &mut Stack) -> Result<Born, Failure> {
    let files: Vec<RawFd> = image.files.iter().map(AsRawFd::as_raw_fd).collect();
    let args = pointers(image.args, None);
    let listen_pid = LISTEN_PID.map(Cell::new);
    let last = image.is_activated.then_some(listen_pid.as_ptr().cast());
    let env = pointers(image.env, last);
    let mut plan = Plan {
        path: image.path.as_ptr(),
        args: args.as_ptr(),
        env: env.as_ptr(),
        dir: image.dir.as_ptr(),
        files: &files,
        limits: image.limits,
        room: image.room,
        sandbox: image.sandbox.map(Walls::new),
        listen_pid: &listen_pid,
        signals: &[],
        parent: nix::unistd::getpid().as_raw(),
        failed: None,
    };
    let mut pidfd = -1;
    let pid = clone(&mut plan, stack, &mut pidfd, image.cgroup)
        .map_err(|errno| Failure { step: Step::Clone, errno })?;
    // SAFETY: the kernel made this descriptor for us with the child, and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    if let Some((step, errno)) = plan.failed {
        // It has ended already.
        let _ = nix::sys::wait::waitpid(pid, None);
        return Err(Failure { step, errno: Errno::from_raw(errno) });
    }
    Ok(Born { pid, pidfd })
}

/// Whether the kernel resets all signals that we handle for a child (`CLONE_CLEAR_SIGHAND`, Linux 5.5): that takes one call
/// in place of 64. Some containers do not allow a clone3(2) at all.
static RESETS_SIGNALS: AtomicBool = AtomicBool::new(true);

fn clone(
    plan: &mut Plan<'_>,
    stack: &mut Stack,
    pidfd: &mut c_int,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Pid, Errno> {
    let _blocked = signals::Blocked::all();
    if RESETS_SIGNALS.load(Ordering::Relaxed) || cgroup.is_some() {
        match clone_clean(plan, stack, pidfd, cgroup) {
            Err(Errno::ENOSYS | Errno::EINVAL | Errno::EPERM) if cgroup.is_none() => {}
            answer => return answer,
        }
    }
    let answer = clone_as_we_are(plan, stack, pidfd);
    if answer.is_ok() {
        RESETS_SIGNALS.store(false, Ordering::Relaxed);
    }
    answer
}

fn flags(plan: &Plan<'_>) -> c_int {
    libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | plan.room.map_or(0, Room::flags)
}

/// Without a handler of ours; in a cgroup, if one is given.
fn clone_clean(
    plan: &mut Plan<'_>,
    stack: &mut Stack,
    pidfd: &mut c_int,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Pid, Errno> {
    plan.signals = signals::to_reset(true);
    // SAFETY: all of its fields are integers, and 0 stands for nothing.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(flags(plan).unsigned_abs()) | CLONE_CLEAR_SIGHAND;
    args.pidfd = &raw mut *pidfd as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    args.stack = stack.0.as_mut_ptr() as u64;
    args.stack_size = size_of_val(&*stack.0) as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: as below.
    unsafe { clone3(&args, child, (&raw mut *plan).cast::<c_void>()) }
}

fn clone_as_we_are(plan: &mut Plan<'_>, stack: &mut Stack, pidfd: &mut c_int) -> Result<Pid, Errno> {
    plan.signals = signals::to_reset(false);
    let flags = flags(plan) | libc::SIGCHLD;
    // SAFETY: one past the end of the stack's own memory, from where a stack grows down; aligned to 16 bytes.
    let top = unsafe { stack.0.as_mut_ptr().add(STACK_WORDS) };
    let plan = (&raw mut *plan).cast::<c_void>();
    // SAFETY: plan, stack and pidfd outlive the call, and this thread touches none of them until the child has
    // given up our memory: CLONE_VFORK holds it until then. The child inherits the blocked signals, so no handler
    // of ours runs in it.
    let pid = unsafe { libc::clone(child, top.cast(), flags, plan, &raw mut *pidfd) };
    Errno::result(pid).map(Pid::from_raw)
}

extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: `clone` passed a plan that lives until we run a program or end, and stands still meanwhile.
    let plan = unsafe { &mut *plan.cast::<Plan<'_>>() };
    let step = plan.carry_out();
    plan.failed = Some((step, Errno::last_raw()));
    // SAFETY: ends this process only, and runs nothing of ours at exit.
    unsafe { libc::_exit(127) }
}

impl Plan<'_> {
    /// Returns only when a step failed: which; `errno` says how.
    fn carry_out(&self) -> Step {
        signals::reset(self.signals);
        // SAFETY: takes nothing; a new child leads no group yet, so it can lead a session.
        if unsafe { libc::setsid() } < 0 {
            return Step::Session;
        }
        self.end_with_parent();
        if self.room.is_some_and(|room| !room.furnish()) {
            return Step::Room;
        }
        // SAFETY: a string that the parent keeps alive.
        if unsafe { libc::chdir(self.dir) } < 0 {
            return Step::Folder;
        }
        // The rules are a descriptor, which is closed with the rest.
        if self.sandbox.as_ref().is_some_and(|walls| !walls.put_up()) {
            return Step::Sandbox;
        }
        if !self.take_files() {
            return Step::Files;
        }
        for limit in self.limits {
            if !limit.set() {
                return Step::Limit(*limit);
            }
        }
        self.write_own_pid();
        signals::unblock();
        // SAFETY: null-terminated lists of strings that the parent keeps alive.
        unsafe { libc::execve(self.path, self.args, self.env) };
        Step::Program
    }

    /// A killed runtime leaves nobody behind. The parent may have ended just before.
    fn end_with_parent(&self) {
        // SAFETY: integers only.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if libc::getppid() != self.parent {
                libc::_exit(127);
            }
            // What it writes is its user's only, unless it says otherwise.
            libc::umask(0o077);
        }
    }

    /// Our own descriptors are 3 or higher, as std holds 0, 1 and 2: from 0 on, none is replaced before it was
    /// copied. All we open is CLOEXEC; the rest is what a library opened otherwise.
    fn take_files(&self) -> bool {
        for (target, &file) in (0..).zip(self.files) {
            // SAFETY: integers only. A copy onto itself would stay CLOEXEC.
            let taken = unsafe {
                if file == target { libc::fcntl(file, libc::F_SETFD, 0) } else { libc::dup2(file, target) }
            };
            if taken < 0 {
                return false;
            }
        }
        // SAFETY: integers only. A kernel that lacks it leaves CLOEXEC to do.
        unsafe { libc::syscall(libc::SYS_close_range, self.files.len(), libc::c_uint::MAX, 0) };
        true
    }

    fn write_own_pid(&self) {
        // SAFETY: takes nothing.
        let mut rest = unsafe { libc::getpid() }.unsigned_abs();
        let mut digits = [0; 10];
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' | (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        let written = digits.iter().skip(10 - count);
        for (place, digit) in self.listen_pid.iter().skip(DIGITS_AT).zip(written) {
            place.set(*digit);
        }
    }
}

/// A sandbox as the kernel takes it.
struct Walls {
    rules: RawFd,
    calls: libc::sock_fprog,
}

impl Walls {
    fn new(sandbox: &Sandbox) -> Self {
        let calls = sandbox.calls();
        let len = u16::try_from(calls.len()).expect("the kernel takes no more than 4,096 steps");
        Self {
            rules: sandbox.rules(),
            calls: libc::sock_fprog { len, filter: calls.as_ptr().cast_mut().cast() },
        }
    }

    /// In the child, and for good. `errno` says why it failed.
    fn put_up(&self) -> bool {
        // SAFETY: integers, and a filter that the parent keeps alive.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_landlock_restrict_self, self.rules, 0) == 0
                && libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const self.calls)
                    == 0
        }
    }
}

fn pointers(strings: &[CString], last: Option<*const c_char>) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain(last).chain([std::ptr::null()]).collect()
}
