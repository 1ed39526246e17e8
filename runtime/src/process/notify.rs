//! Being asked before a child listens: seccomp's user notification (seccomp_unotify(2)), on listen(2) alone. No decision
//! is taken in here.
#![expect(unsafe_code, reason = "system calls that neither std nor nix wrap")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{Ioctl, c_int, c_ulong, c_void};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xC000_00B7;
/// No filter of another architecture was tried: there, nothing is asked.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCH: u32 = 0;

/// Of linux/seccomp.h.
const RECV: Ioctl = libc::_IOWR::<libc::seccomp_notif>(b'!' as u32, 0);
const SEND: Ioctl = libc::_IOWR::<libc::seccomp_notif_resp>(b'!' as u32, 1);
const ID_VALID: Ioctl = libc::_IOW::<u64>(b'!' as u32, 2);
const ADD_FILE: Ioctl = libc::_IOW::<libc::seccomp_notif_addfd>(b'!' as u32, 3);

/// Of linux/pidfd.h: the descriptor stands for one thread. From Linux 6.9.
const PIDFD_THREAD: c_int = libc::O_EXCL;

/// Where the questions come from.
#[derive(Debug)]
pub(super) struct Questions(OwnedFd);

/// A thread of a child that stands still in `listen`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    id: u64,
    /// A thread, not always the first of its process.
    pub(super) thread: i32,
    /// What it listens on.
    pub(super) file: i32,
}

/// From now on, every child of the calling thread asks before it listens; it gains no privileges by what it executes.
pub(super) fn ask_of_children() -> io::Result<Questions> {
    no_new_privs()?;
    let filter = filter();
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    let wanted = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // From Linux 5.19: a signal that is handled does not make a question be asked twice.
    let killable = wanted | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let answer = install(killable, &program).or_else(|_| install(wanted, &program));
    answer.map(Questions)
}

fn no_new_privs() -> io::Result<()> {
    // SAFETY: integers only.
    let answer = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as c_ulong, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong)
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn filter() -> [libc::sock_filter; 6] {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const ANSWER: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    [
        step(LOAD, 0, 0, std::mem::offset_of!(libc::seccomp_data, arch) as u32),
        step(JUMP_IF, 0, 3, ARCH),
        step(LOAD, 0, 0, std::mem::offset_of!(libc::seccomp_data, nr) as u32),
        step(JUMP_IF, 0, 1, libc::SYS_listen as u32),
        step(ANSWER, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
        step(ANSWER, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

fn install(flags: c_ulong, program: &libc::sock_fprog) -> io::Result<OwnedFd> {
    // SAFETY: the program and its filter outlive the call, which copies them.
    let fd = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const *program)
    };
    owned(fd)
}

/// What a system call that makes a descriptor answered.
fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(fd) {
        // SAFETY: the kernel just made this descriptor for us, and nobody else knows it.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Questions {
    /// Waits for the next. Nothing once nobody is left who could ask.
    pub(super) fn next(&self) -> Option<Question> {
        loop {
            let mut polled = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut polled, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
                Ok(_) => {}
            }
            let events = polled[0].revents().unwrap_or(PollFlags::POLLERR);
            if !events.contains(PollFlags::POLLIN) {
                return None;
            }
            // Who asked may have been killed meanwhile.
            if let Ok(question) = self.receive() {
                return Some(question);
            }
        }
    }

    fn receive(&self) -> io::Result<Question> {
        // The kernel insists on zeroes.
        let mut asked = MaybeUninit::<libc::seccomp_notif>::zeroed();
        self.ioctl(RECV, asked.as_mut_ptr().cast())?;
        // SAFETY: all of it is integers, zeroed and then filled in by the kernel.
        let asked = unsafe { asked.assume_init() };
        Ok(Question {
            id: asked.id,
            thread: i32::try_from(asked.pid).map_err(io::Error::other)?,
            // An `int`, whatever lies in the upper half of the register.
            file: asked.data.args[0] as i32,
        })
    }

    /// Whether whoever asked still waits: if so, its number has been its own all the time.
    pub(super) fn waits(&self, question: Question) -> bool {
        let mut id = question.id;
        self.ioctl(ID_VALID, (&raw mut id).cast()).is_ok()
    }

    /// Puts `file` where the child's own was.
    pub(super) fn replace(
        &self,
        question: Question,
        file: BorrowedFd<'_>,
        is_cloexec: bool,
    ) -> io::Result<()> {
        let mut add = libc::seccomp_notif_addfd {
            id: question.id,
            flags: libc::SECCOMP_ADDFD_FLAG_SETFD as u32,
            srcfd: file.as_raw_fd().unsigned_abs(),
            newfd: question.file.unsigned_abs(),
            newfd_flags: if is_cloexec { libc::O_CLOEXEC.unsigned_abs() } else { 0 },
        };
        self.ioctl(ADD_FILE, (&raw mut add).cast())
    }

    /// Answers: `listen` succeeded, or else the child's own call goes on as if nobody had been asked.
    pub(super) fn answer(&self, question: Question, listens: bool) {
        let go_on = if listens { 0 } else { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 };
        let mut answer = libc::seccomp_notif_resp { id: question.id, val: 0, error: 0, flags: go_on };
        // Whoever asked may be gone.
        let _ = self.ioctl(SEND, (&raw mut answer).cast());
    }

    fn ioctl(&self, request: Ioctl, argument: *mut c_void) -> io::Result<()> {
        // SAFETY: each caller passes a struct of its own of the size that the request names.
        let answer = unsafe { libc::ioctl(self.0.as_raw_fd(), request, argument) };
        if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// A descriptor of another process, for us to look at.
pub(super) fn file_of(question: Question) -> io::Result<OwnedFd> {
    let process = pidfd(question.thread, PIDFD_THREAD).or_else(|_| pidfd(process_of(question.thread)?, 0))?;
    // SAFETY: integers only.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), question.file, 0) })
}

pub(super) fn pidfd(number: i32, flags: c_int) -> io::Result<OwnedFd> {
    // SAFETY: integers only.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, number, flags) })
}

/// The process that a thread belongs to.
fn process_of(thread: i32) -> io::Result<i32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status"))?;
    let number = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    number.and_then(|number| number.trim().parse().ok()).ok_or_else(|| io::ErrorKind::NotFound.into())
}
