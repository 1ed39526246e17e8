//! Starting children, one at a time, from one thread: the async loop never waits for an exec.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use tokio::net::unix::pipe;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::child::{Child, Process};
use super::journal::Journal;
use super::{Listener, diagnose, open_files, posix};

/// Starts that may wait for the thread before those who ask have to wait too.
const WAITING_MAX: usize = 64;

/// A program to start, and all that it gets: nothing else is inherited.
#[derive(Debug)]
pub(crate) struct Command {
    /// The file to execute, absolute.
    pub(crate) path: PathBuf,
    /// Without the program's own name.
    pub(crate) args: Vec<String>,
    /// Its whole environment.
    pub(crate) env: Vec<(String, String)>,
    /// Its working directory.
    pub(crate) dir: PathBuf,
    pub(crate) stdin: Stdin,
    /// Given as fd 3.
    pub(crate) listener: Option<Arc<Listener>>,
}

/// What a child reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// Nothing: it is at its end.
    Null,
    /// What is written to [`Child::stdin`](super::Child).
    Pipe,
}

/// A program was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnError {
    /// Starting it later may work: the watcher tells when the file is closed.
    #[error("{} is still being written", .0.display())]
    TextBusy(PathBuf),
    /// Starting it later may work, when others have ended.
    #[error("the system has no room for another process: {0}")]
    NoResources(#[source] io::Error),
    /// The file cannot be started as it is; the text says why and what to do.
    #[error("{0}")]
    Unusable(String),
    /// The runtime is stopping.
    #[error("nothing is started any more")]
    Stopped,
}

/// Starts programs. A clone is the same spawner; its thread ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    requests: mpsc::Sender<Request>,
}

type Answer = Result<Child, SpawnError>;

#[derive(Debug)]
struct Request {
    command: Command,
    answer: oneshot::Sender<Answer>,
}

impl Spawner {
    /// Starts the thread; within the async runtime that will watch the children. What is started is noted in
    /// `journal`, so that [`end_orphans`](super::end_orphans) finds it after a kill of this process.
    pub(crate) fn start(journal: Option<&Path>) -> io::Result<Self> {
        open_files::raise();
        let workshop = Workshop {
            null: File::open("/dev/null")?.into(),
            journal: journal.map(Journal::create).transpose()?,
        };
        let (requests, waiting) = mpsc::channel(WAITING_MAX);
        let runtime = Handle::current();
        std::thread::Builder::new().name("spawner".into()).spawn(move || workshop.work(waiting, &runtime))?;
        Ok(Self { requests })
    }

    /// Starts a program; done when it runs or cannot. When nobody waits for the answer any more, the child is
    /// ended again.
    pub(crate) async fn spawn(&self, command: Command) -> Answer {
        let (answer, started) = oneshot::channel();
        let request = Request { command, answer };
        if self.requests.send(request).await.is_err() {
            return Err(SpawnError::Stopped);
        }
        started.await.unwrap_or(Err(SpawnError::Stopped))
    }
}

/// What the thread works with.
struct Workshop {
    null: OwnedFd,
    journal: Option<Journal>,
}

impl Workshop {
    fn work(self, mut waiting: mpsc::Receiver<Request>, runtime: &Handle) {
        let _context = runtime.enter();
        while let Some(request) = waiting.blocking_recv() {
            if request.answer.is_closed() {
                continue;
            }
            // An answer that nobody takes is dropped, and a dropped child ends.
            let _ = request.answer.send(self.spawn(&request.command));
        }
    }

    fn spawn(&self, command: &Command) -> Answer {
        if !command.dir.is_dir() {
            return Err(SpawnError::Unusable(format!(
                "there is no folder {} to run in",
                command.dir.display()
            )));
        }
        let pipes = Pipes::new(command.stdin).map_err(SpawnError::NoResources)?;
        let pid = start(command, &pipes.files(&self.null, command)?)
            .map_err(|errno| refusal(&command.path, errno))?;
        open_files::restore(pid);
        if let Some(journal) = &self.journal {
            journal.add(pid);
        }
        let process = Process::adopt(pid, self.journal.clone()).map_err(SpawnError::NoResources)?;
        pipes.into_child(process).map_err(SpawnError::NoResources)
    }
}

fn start(command: &Command, files: &[BorrowedFd<'_>]) -> Result<nix::unistd::Pid, Errno> {
    let path = c_string(command.path.as_os_str())?;
    let dir = c_string(command.dir.as_os_str())?;
    let mut args = vec![path.clone()];
    for arg in &command.args {
        args.push(c_string(arg.as_ref())?);
    }
    let mut env = Vec::with_capacity(command.env.len());
    for (name, value) in &command.env {
        env.push(c_string(format!("{name}={value}").as_ref())?);
    }
    posix::spawn(&posix::Image { path: &path, args: &args, env: &env, dir: &dir, files })
}

fn c_string(text: &OsStr) -> Result<CString, Errno> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}

fn refusal(path: &Path, errno: Errno) -> SpawnError {
    match errno {
        Errno::ETXTBSY => SpawnError::TextBusy(path.into()),
        Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE => {
            SpawnError::NoResources(errno.into())
        }
        _ => SpawnError::Unusable(diagnose(path, errno)),
    }
}

/// Both ends of the child's standard streams; all CLOEXEC.
struct Pipes {
    stdin: Option<(PipeReader, PipeWriter)>,
    stdout: (PipeReader, PipeWriter),
    stderr: (PipeReader, PipeWriter),
}

impl Pipes {
    fn new(stdin: Stdin) -> io::Result<Self> {
        Ok(Self {
            stdin: (stdin == Stdin::Pipe).then(io::pipe).transpose()?,
            stdout: io::pipe()?,
            stderr: io::pipe()?,
        })
    }

    /// The child's descriptors, from 0 on.
    fn files<'a>(
        &'a self,
        null: &'a OwnedFd,
        command: &'a Command,
    ) -> Result<Vec<BorrowedFd<'a>>, SpawnError> {
        let stdin = self.stdin.as_ref().map_or_else(|| null.as_fd(), |(read, _)| read.as_fd());
        let mut files = vec![stdin, self.stdout.1.as_fd(), self.stderr.1.as_fd()];
        if let Some(listener) = &command.listener {
            listener.make_blocking().map_err(SpawnError::NoResources)?;
            files.push(listener.as_fd());
        }
        Ok(files)
    }

    /// Our ends for the child's owner; the child's own are closed here.
    fn into_child(self, process: Process) -> io::Result<Child> {
        // From here on a failure drops the child, which ends it.
        let mut child = Child::new(process);
        child.stdin = match self.stdin {
            Some((_, write)) => Some(pipe::Sender::from_owned_fd(write.into())?),
            None => None,
        };
        child.stdout = Some(pipe::Receiver::from_owned_fd(self.stdout.0.into())?);
        child.stderr = Some(pipe::Receiver::from_owned_fd(self.stderr.0.into())?);
        Ok(child)
    }
}
