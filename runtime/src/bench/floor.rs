//! The floor of a cold start: nothing but `posix_spawn`, the listener on fd 3, and one HTTP exchange whose request
//! waits in the listener before the process exists. Plain blocking calls on one thread.

use std::ffi::{CStr, CString};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
/// Where the child finds its listener (systemd's socket activation protocol).
const LISTEN_FD: i32 = 3;

/// One cold start and exchange; the time until the first byte of the answer.
pub(super) fn round(program: &Path) -> anyhow::Result<Duration> {
    let path = CString::new(program.as_os_str().as_bytes())?;
    let port = "PORT=0";
    let environment = [CString::new("LISTEN_FDS=1")?, CString::new(port)?];
    let begin = Instant::now();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    stream.set_nodelay(true)?;
    stream.write_all(REQUEST)?;
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(listener.as_raw_fd(), LISTEN_FD)?;
    let attributes = PosixSpawnAttr::init()?;
    let arguments: [&CStr; 1] = [&path];
    let child = posix_spawn(path.as_c_str(), &actions, &attributes, &arguments, &environment)
        .with_context(|| format!("cannot start {}", program.display()))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let answered = stream.read_exact(&mut [0]);
    let took = begin.elapsed();
    kill(child, Signal::SIGKILL)?;
    waitpid(child, None)?;
    answered.with_context(|| {
        format!("{} does not answer on the listener it is given as fd 3 (LISTEN_FDS=1)", program.display())
    })?;
    Ok(took)
}
