//! How long a thread of ours runs before another has its turn. Who asks for a short slice is let in at once when it is woken, also
//! where somebody else is busy (EEVDF, Documentation/scheduler/sched-eevdf.rst of the kernel). Without one, a thread that is
//! asked to start a program waits until whoever asked sleeps: the kernel takes an idle processor of a virtual machine for one
//! that was taken away, and leaves the thread beside its waker.
#![expect(unsafe_code, reason = "sched_setattr(2), which libc has no function for")]

use std::mem::{MaybeUninit, size_of};

use nix::errno::Errno;

/// The least that Linux takes, in nanoseconds.
const SHORT: u64 = 100_000;

/// Gives the calling thread a short slice, and what it starts the usual one. A kernel before 6.12 has none to give. Left as it
/// is: a thread of another policy than the usual, and one that was put before others (a nice below 0), since with its slice a
/// child would lose its place.
pub(super) fn shorten() {
    let Ok(mut ours) = of(0) else { return };
    if ours.sched_policy != libc::SCHED_OTHER.unsigned_abs() || ours.sched_nice < 0 {
        return;
    }
    ours.sched_flags |= u64::from(libc::SCHED_FLAG_RESET_ON_FORK.unsigned_abs());
    ours.sched_runtime = SHORT;
    // SAFETY: attributes of our own, which say how long they are.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const ours, 0) };
    if let Err(error) = Errno::result(answer) {
        tracing::debug!(%error, "a thread for starts has the usual slice");
    }
}

/// How a thread is scheduled; 0 = the calling one.
fn of(thread: libc::pid_t) -> Result<libc::sched_attr, Errno> {
    let mut attributes = MaybeUninit::<libc::sched_attr>::zeroed();
    // SAFETY: the kernel fills in no more than the size that it is told.
    let answer = unsafe {
        let size = size_of::<libc::sched_attr>();
        libc::syscall(libc::SYS_sched_getattr, thread, attributes.as_mut_ptr(), size, 0)
    };
    // SAFETY: it is plain numbers, zero where the call did not fill them in.
    Errno::result(answer).map(|_| unsafe { attributes.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{end, sh, start};
    use super::*;

    /// In nanoseconds; 0 where the kernel has none, or there is no such thread.
    fn slice(thread: libc::pid_t) -> u64 {
        of(thread).map_or(0, |it| it.sched_runtime)
    }

    #[tokio::test]
    async fn whoever_starts_a_program_has_a_short_slice() {
        if slice(0) == 0 {
            return eprintln!("skipped: this kernel has no slices");
        }
        let child = start(sh("exec sleep 600")).await;
        let is_short = |thread: &Path| {
            let name = std::fs::read_to_string(thread.join("comm")).unwrap_or_default();
            let number = thread.file_name().unwrap().to_str().unwrap();
            name.contains("spawner") && slice(number.parse().unwrap()) == SHORT
        };
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        assert!(threads.flatten().any(|thread| is_short(&thread.path())));
        end(child).await;
    }

    #[tokio::test]
    async fn a_child_is_scheduled_as_it_would_be_without_us() {
        let child = start(sh("exec sleep 600")).await;
        let theirs = of(child.pid().cast_signed()).unwrap();
        let ours = of(0).unwrap();
        assert_eq!((theirs.sched_runtime, theirs.sched_flags), (ours.sched_runtime, ours.sched_flags));
        end(child).await;
    }
}
