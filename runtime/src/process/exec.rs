//! A function's program run in the place of this one, by a person, in his terminal: the same process, so that its number,
//! its end and its signals are the program's own.
#![expect(unsafe_code, reason = "a descriptor gets the number that the program looks at")]
#![expect(
    clippy::disallowed_methods,
    reason = "nothing is started here: this process becomes another program"
)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Where programs look for a listener.
const LISTEN_FD: i32 = 3;

/// Runs `prefix` (a shell's words: `gdb --args`) with the command behind it, in the place of this process; the listener is
/// its fd 3. Comes back only when that cannot be done.
pub(crate) fn exec(
    prefix: &str,
    command: &[String],
    env: impl IntoIterator<Item = (String, String)>,
    dir: &Path,
    listener: OwnedFd,
) -> io::Error {
    if let Err(error) = as_listen_fd(&listener) {
        return error;
    }
    // The shell becomes the program, too.
    Command::new("/bin/sh")
        .args(["-c", &format!("exec {prefix} \"$@\""), "sh"])
        .args(command)
        .envs(env)
        .env("LISTEN_FDS", "1")
        .env("LISTEN_PID", std::process::id().to_string())
        .current_dir(dir)
        .exec()
}

fn as_listen_fd(listener: &OwnedFd) -> io::Result<()> {
    let inherited = if listener.as_raw_fd() == LISTEN_FD {
        // SAFETY: integers only; the descriptor is open as long as its owner lives.
        unsafe { libc::fcntl(LISTEN_FD, libc::F_SETFD, 0) }
    } else {
        // SAFETY: integers only. Whatever has the number loses it: this process becomes another program, or ends.
        unsafe { libc::dup2(listener.as_raw_fd(), LISTEN_FD) }
    };
    if inherited < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
