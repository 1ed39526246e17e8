//! System calls that neither std nor nix wrap, each as a safe function. No decision is taken in here.
#![expect(unsafe_code, reason = "calls into libc")]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

use super::Exit;

/// Watches the descriptor that stands for a process: it becomes readable when the process has ended. To be called
/// within the async runtime.
pub(super) fn watch(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    watch_for(pidfd, Interest::READABLE)
}

/// Watches a descriptor. To be called within the async runtime.
pub(crate) fn watch_for(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd is open and the same descriptor for as long as it lives.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, interest) }?)
}

/// Columns and rows of a terminal.
pub(super) fn window_size(terminal: BorrowedFd<'_>) -> Option<(u16, u16)> {
    let mut size = MaybeUninit::<libc::winsize>::zeroed();
    // SAFETY: `size` is a winsize of our own that the call fills in.
    let answer = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, size.as_mut_ptr()) };
    // SAFETY: it is plain numbers, zero where the call did not fill them in.
    let size = unsafe { size.assume_init() };
    (answer == 0).then_some((size.ws_col, size.ws_row))
}

/// Whether to leave an ended child in the process table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// Its number stays taken.
    Zombie,
    /// It is reaped.
    Nothing,
}

/// How the child ended, or nothing while it runs. Never waits.
pub(super) fn exit_of(pidfd: BorrowedFd<'_>, leave: Leave) -> io::Result<Option<Exit>> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let peek = if leave == Leave::Zombie { libc::WNOWAIT } else { 0 };
    // SAFETY: `info` is a siginfo_t of our own that waitid fills in.
    let answer = unsafe {
        libc::waitid(
            libc::P_PIDFD,
            pidfd.as_raw_fd().unsigned_abs(),
            info.as_mut_ptr(),
            libc::WEXITED | libc::WNOHANG | peek,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was zeroed, which is a valid siginfo_t; waitid leaves the pid at 0 when nobody has ended.
    let info = unsafe { info.assume_init() };
    // SAFETY: waitid fills the fields of SIGCHLD, or none of them.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    Ok(match (pid, info.si_code) {
        (0, _) => None,
        (_, libc::CLD_EXITED) => Some(Exit::Code(status)),
        _ => Some(Exit::Signal(status)),
    })
}

/// Descendants whose parents end become our children.
pub(super) fn adopt_descendants() -> io::Result<()> {
    // SAFETY: integers only.
    let answer = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as libc::c_ulong) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The version of Landlock that this kernel speaks; 0 = none.
pub(super) fn landlock_version() -> u32 {
    // SAFETY: with this flag the call takes no attributes and answers with a number.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, 1) };
    u32::try_from(version).unwrap_or(0)
}

/// How many connections wait in the accept queue of a listening TCP socket.
pub(super) fn accept_queue(listener: BorrowedFd<'_>) -> io::Result<u32> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut size = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).expect("a tcp_info is small");
    // SAFETY: `info` is a tcp_info of our own, `size` its size; the kernel writes at most that much.
    let answer = unsafe {
        libc::getsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut size,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was zeroed, and all its fields are integers.
    Ok(unsafe { info.assume_init() }.tcpi_unacked)
}

/// How many bytes in a pipe nobody has read; either end can be asked.
pub(super) fn unread(pipe: BorrowedFd<'_>) -> io::Result<u32> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, and `bytes` is one that outlives the call.
    let answer = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(bytes.unsigned_abs()) }
}

/// From the kernel's asm-generic/fcntl.h; the libc crate lacks it.
const F_SETSIG: libc::c_int = 10;

/// Takes a read lease on the file, or fails with EAGAIN when someone has it open for writing. It is given back when the
/// file is closed; until then, who opens it for writing has to wait.
pub(super) fn read_lease(file: BorrowedFd<'_>) -> io::Result<()> {
    let fcntl = |command, argument: i32| {
        // SAFETY: these commands take an integer and touch no memory of ours.
        let answer = unsafe { libc::fcntl(file.as_raw_fd(), command, argument) };
        if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // A writer that comes while we hold the lease makes the kernel send SIGIO, which would end us; SIGURG is
    // ignored by default.
    fcntl(F_SETSIG, libc::SIGURG)?;
    fcntl(libc::F_SETLEASE, libc::F_RDLCK)
}
