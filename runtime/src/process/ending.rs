//! A process that was killed and is not gone yet: what it holds is let go of in a moment.

use std::fs;

/// What `/proc/PID/status` calls a process of which only the end is left (proc(5)).
const OVER: [&str; 2] = ["Z", "X"];
/// SIGKILL's bit in a mask of pending signals.
const KILL: u64 = 1 << (libc::SIGKILL - 1);

/// Whether a process has ended, or must before it runs another line: somebody killed it, and the threads that write to
/// a disk finish that first. Where the kernel does not tell, it is taken for one that runs.
pub(crate) fn is_ending(pid: i32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/status")) {
        Ok(status) => says_ending(&status),
        Err(_) => fs::exists("/proc/self/status").unwrap_or(false),
    }
}

fn says_ending(status: &str) -> bool {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next())
    };
    let is_pending =
        |name| value(name).and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0) & KILL != 0;
    value("State").is_some_and(|state| OVER.contains(&state)) || is_pending("SigPnd") || is_pending("ShdPnd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_is_not_ending() {
        assert!(!is_ending(std::process::id().cast_signed()));
    }

    #[test]
    fn one_that_is_gone_or_killed_or_a_zombie_is_ending() {
        assert!(is_ending(4_194_305), "above the highest number there can be");
        let status = |state: &str, own: &str, shared: &str| {
            says_ending(&format!("Name:\thydrant\nState:\t{state}\nSigPnd:\t{own}\nShdPnd:\t{shared}\n"))
        };
        let (none, kill, term) = ("0000000000000000", "0000000000000100", "0000000000004000");
        assert!(status("Z (zombie)", none, none));
        assert!(status("D (disk sleep)", kill, none));
        assert!(status("S (sleeping)", none, kill));
        assert!(!status("S (sleeping)", none, none));
        assert!(!status("S (sleeping)", none, term), "it may have its reasons to go on");
    }
}
