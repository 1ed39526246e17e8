//! A clone with what clone(2) has no room for: in a cgroup of its own, and with no signal handled (clone3(2)). libc has no
//! call for it that takes a stack, so it is made by hand, where we know how.
#![expect(unsafe_code, reason = "a system call that returns on another stack")]

use std::ffi::{c_int, c_void};

use nix::errno::Errno;
use nix::unistd::Pid;

/// What the child does; it never returns.
pub(super) type Child = extern "C" fn(*mut c_void) -> c_int;

/// From the kernel's linux/sched.h, both: they do not fit into the flags of clone(2).
pub(super) const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
pub(super) const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// # Safety
/// As of clone(2): the stack is the child's alone, and `plan` and all it refers to stand still until the child has given up
/// our memory.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn clone3(args: &libc::clone_args, child: Child, plan: *mut c_void) -> Result<Pid, Errno> {
    let answer: i64;
    // SAFETY: the caller's promise. Only the parent comes out of here, with what a system call changes: the child has 0 in
    // rax and its own stack in rsp, which is aligned to 16 bytes before the call as its ABI wants, and ends in there.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => answer,
            in("rdi") &raw const *args,
            in("rsi") size_of::<libc::clone_args>(),
            in("r12") plan,
            in("r13") child,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    match i32::try_from(answer) {
        Ok(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(Errno::from_raw(i32::try_from(-answer).unwrap_or(libc::EINVAL))),
    }
}

/// Elsewhere nobody has tried it yet.
///
/// # Safety
/// It does nothing.
#[cfg(not(target_arch = "x86_64"))]
pub(super) unsafe fn clone3(_: &libc::clone_args, _: Child, _: *mut c_void) -> Result<Pid, Errno> {
    Err(Errno::ENOSYS)
}
