//! The floors of a cold start: nothing but `posix_spawn` and one HTTP exchange, in plain blocking calls on one thread.

use std::ffi::{CStr, CString};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::subject::Door;

pub(in crate::bench) const REQUEST: &[u8] =
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
/// Where the child finds its listener (systemd's socket activation protocol).
const LISTEN_FD: i32 = 3;
/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often platforms that wait for a port ask whether it is open.
const POLL: Duration = Duration::from_millis(10);

/// One cold start and exchange; the time until the first byte of the answer.
pub(in crate::bench) fn round(program: &Path, door: Door) -> anyhow::Result<Duration> {
    match door {
        Door::Given => given(program),
        Door::Port => polled(program),
    }
}

/// On a listener, in which the request waits before the process exists.
fn given(program: &Path) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let mut started = Started::new(program, REQUEST)?;
    let answered = started.read();
    let took = begin.elapsed();
    answered.map(|()| took)
}

/// A process that was given a listener with a request in it; it ends when this is dropped.
pub(in crate::bench) struct Started {
    /// Where its answer comes.
    pub(in crate::bench) stream: TcpStream,
    program: PathBuf,
    child: Pid,
}

impl Started {
    pub(in crate::bench) fn new(program: &Path, request: &[u8]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_nodelay(true)?;
        stream.write_all(request)?;
        let mut actions = PosixSpawnFileActions::init()?;
        actions.add_dup2(listener.as_raw_fd(), LISTEN_FD)?;
        let child = spawn(program, &actions, Door::Given, "0")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, program: program.to_owned(), child })
    }

    /// One that has begun to answer.
    pub(in crate::bench) fn answering(program: &Path) -> anyhow::Result<Self> {
        let mut started = Self::new(program, REQUEST)?;
        started.read().map(|()| started)
    }

    /// Reads the first byte of the answer.
    fn read(&mut self) -> anyhow::Result<()> {
        self.stream.read_exact(&mut [0]).with_context(|| {
            let program = self.program.display();
            format!("{program} does not answer on the listener it is given as fd 3 (LISTEN_FDS=1)")
        })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        end(self.child).ok();
    }
}

/// A program that stays, listening on this port.
pub(in crate::bench) struct Standing {
    pub(in crate::bench) port: u16,
    child: Pid,
}

impl Standing {
    pub(in crate::bench) fn start(program: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let child = spawn(program, &PosixSpawnFileActions::init()?, Door::Port, &port.to_string())?;
        let standing = Self { port, child };
        let mut asked = ask_until_open(port, Instant::now())?;
        // To the answer's end: Python tells of a client that leaves sooner.
        asked.shutdown(Shutdown::Write)?;
        std::io::copy(&mut asked, &mut std::io::sink())?;
        Ok(standing)
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        end(self.child).ok();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// On `$PORT`, which is asked every 10 ms until it is open.
fn polled(program: &Path) -> anyhow::Result<Duration> {
    let port = free_port()?;
    let begin = Instant::now();
    let child = spawn(program, &PosixSpawnFileActions::init()?, Door::Port, &port.to_string())?;
    let answered = ask_until_open(port, begin);
    let took = begin.elapsed();
    end(child)?;
    answered.with_context(|| format!("{} does not answer on $PORT", program.display()))?;
    Ok(took)
}

fn ask_until_open(port: u16, begin: Instant) -> anyhow::Result<TcpStream> {
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(_) if begin.elapsed() < PATIENCE => std::thread::sleep(POLL),
            Err(error) => bail!(error),
        }
    };
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    stream.read_exact(&mut [0])?;
    Ok(stream)
}

fn spawn(program: &Path, actions: &PosixSpawnFileActions, door: Door, port: &str) -> anyhow::Result<Pid> {
    let path = CString::new(program.as_os_str().as_bytes())?;
    let argument = CString::new(door.argument())?;
    let mut environment = vec![CString::new(format!("PORT={port}"))?];
    if door == Door::Given {
        environment.push(CString::new("LISTEN_FDS=1")?);
    }
    let arguments: [&CStr; 2] = [&path, &argument];
    posix_spawn(path.as_c_str(), actions, &PosixSpawnAttr::init()?, &arguments, &environment)
        .with_context(|| format!("cannot start {}", program.display()))
}

fn end(child: Pid) -> anyhow::Result<()> {
    kill(child, Signal::SIGKILL)?;
    waitpid(child, None)?;
    Ok(())
}
