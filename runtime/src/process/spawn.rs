//! Starting children, one at a time on each of as many threads as there are processors: the async loop never waits for an
//! exec, and the children's end is bound to the threads'.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::net::unix::pipe;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::birth::{self, Image, Stack};
use super::cgroup::{Group, Groups};
use super::child::{Child, Process};
use super::command::{Command, Isolation, Stdin};
use super::journal::{self, Journal};
use super::limits::{Limit, What};
use super::open_files;
use super::private::PrivateTmp;
use super::queue::{Asks, Waiting, queue};
use super::refusal::{SpawnError, cannot_isolate, refusal, why_not};
use super::room::{Right, Room, TMP};
use super::sandbox::{Fence, Sandbox};
use super::slice;
use super::strays;
use super::swap::{Expected, Swaps};

/// Starts that may wait for a thread before those who ask have to wait too.
const WAITING_MAX: usize = 64;

/// Starts programs. A clone is the same spawner; its threads end with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    requests: Asks<Request>,
    can_swap: bool,
    /// The thread of those that are not isolated, which are few: what a thread gave up, its children cannot have.
    bare: Asks<Request>,
}

type Answer = Result<Child, SpawnError>;

#[derive(Debug)]
struct Request {
    command: Command,
    answer: oneshot::Sender<Answer>,
    /// Threads live as long as somebody can ask them for something; their children end with them.
    threads: Asks<Self>,
}

impl Spawner {
    /// Starts the threads; within the async runtime that will watch the children. What is started is noted in
    /// `journal`, so that [`end_orphans`](super::end_orphans) finds it after a kill of this process.
    pub(crate) fn start(journal: Option<&Path>) -> io::Result<Self> {
        Self::start_in(journal, None)
    }

    /// The same, with each child in one of these groups.
    pub(crate) fn start_in(journal: Option<&Path>, groups: Option<Groups>) -> io::Result<Self> {
        open_files::raise();
        let journal = journal.map(Journal::create).transpose()?;
        let crew = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (requests, can_swap) =
            begin("spawner", crew, journal.clone(), groups.clone(), Swaps::for_this_thread)?;
        let (bare, _) = begin("bare spawner", 1, journal, groups, || None)?;
        Ok(Self { requests, can_swap, bare })
    }

    /// Whether the place of a listener that an isolated child makes can be taken here: not every kernel and container lets
    /// us.
    pub(crate) const fn can_swap(&self) -> bool {
        self.can_swap
    }

    /// Starts a program; done when it runs or cannot. When nobody waits for the answer any more, the child is
    /// ended again.
    pub(crate) async fn spawn(&self, command: Command) -> Answer {
        let (answer, started) = oneshot::channel();
        let bare = matches!(command.isolation, Isolation::None);
        let threads = if bare { &self.bare } else { &self.requests };
        let request = Request { command, answer, threads: threads.clone() };
        threads.ask(request).await;
        started.await.unwrap_or(Err(SpawnError::Stopped))
    }
}

/// Starts so many threads. The first begins with `prepare` and makes the others: what it gave up, they never had. Says whether
/// there are swaps.
fn begin(
    name: &'static str,
    crew: usize,
    journal: Option<Journal>,
    groups: Option<Groups>,
    prepare: impl FnOnce() -> Option<Swaps> + Send + 'static,
) -> io::Result<(Asks<Request>, bool)> {
    let null = Arc::new(File::open("/dev/null")?.into());
    let (requests, waiting) = queue(WAITING_MAX);
    let runtime = Handle::current();
    let (ready, has_swaps) = std::sync::mpsc::channel();
    let thread = move || std::thread::Builder::new().name(name.into());
    thread().spawn(move || {
        let room = Arc::default();
        let shop = Workshop { null, journal, swaps: prepare(), groups, room, waiting, runtime };
        for _ in 1..crew {
            let another = shop.clone();
            // With fewer of them, starts wait longer.
            if let Err(error) = thread().spawn(move || another.work()) {
                tracing::warn!(%error, "cannot start another thread for starts");
            }
        }
        ready.send(shop.swaps.is_some()).ok();
        shop.work();
    })?;
    Ok((requests, has_swaps.recv().map_err(io::Error::other)?))
}

/// What a thread works with.
#[derive(Clone)]
struct Workshop {
    null: Arc<OwnedFd>,
    journal: Option<Journal>,
    swaps: Option<Swaps>,
    groups: Option<Groups>,
    /// Whether strict children have a room of their own, once one was asked for.
    room: Arc<OnceLock<Option<Right>>>,
    /// Whoever is free takes the next.
    waiting: Waiting<Request>,
    runtime: Handle,
}

impl Workshop {
    fn work(self) {
        slice::shorten();
        let _context = self.runtime.enter();
        let mut stack = Stack::new();
        while let Some(request) = self.waiting.next() {
            if request.answer.is_closed() {
                continue;
            }
            let child = self.spawn(&mut stack, &request.command, request.threads);
            // An answer that nobody takes is dropped, and a dropped child ends.
            let _ = request.answer.send(child);
            self.groups.iter().for_each(Groups::prepare);
        }
    }

    fn spawn(&self, stack: &mut Stack, command: &Command, threads: Asks<Request>) -> Answer {
        let pipes = Pipes::new(command.stdin).map_err(SpawnError::NoResources)?;
        let tmp = command.private_tmp.as_deref().map(PrivateTmp::make).transpose();
        let tmp = tmp.map_err(|e| SpawnError::Unusable(format!("no folder for its temporary files: {e}")))?;
        let group = self.group(command);
        let since = journal::now();
        let ((born, expected), own) = strays::own(
            || self.give_birth(stack, command, &pipes, tmp.as_ref(), group.as_ref()),
            |(born, _)| born.pid,
        )?;
        if let Some(journal) = &self.journal {
            journal.add(born.pid, since);
        }
        let process =
            Process::adopt(born, self.journal.clone(), Box::new((own, expected, tmp, group, threads)));
        pipes.into_child(process.map_err(SpawnError::NoResources)?).map_err(SpawnError::NoResources)
    }

    /// One of its own, with its limits. Without, it runs as where there are none.
    fn group(&self, command: &Command) -> Option<Group> {
        let group = self.groups.as_ref()?.take(&command.limits);
        group.inspect_err(|error| tracing::warn!(%error, "a process is without a cgroup of its own")).ok()
    }

    /// A strict one's, where the machine lets us.
    fn room(&self, command: &Command, tmp: Option<&PrivateTmp>) -> Result<Option<Room>, Errno> {
        let Isolation::Strict(fence) = &command.isolation else { return Ok(None) };
        let Some(right) = *self.room.get_or_init(Right::look) else { return Ok(None) };
        let tmp = tmp.filter(|_| !needs_tmp(command, fence));
        Room::new(right, tmp.map(PrivateTmp::path)).map(Some)
    }

    fn give_birth(
        &self,
        stack: &mut Stack,
        command: &Command,
        pipes: &Pipes,
        tmp: Option<&PrivateTmp>,
        group: Option<&Group>,
    ) -> Result<(birth::Born, Option<Expected>), SpawnError> {
        let room = self.room(command, tmp).map_err(|errno| refusal(&command.path, errno))?;
        let as_it_sees = |tmp: &'_ PrivateTmp| {
            room.as_ref().map_or_else(|| tmp.path(), |room| room.tmp(tmp.path())).to_owned()
        };
        let text = Text::new(command, tmp.map(as_it_sees).as_deref());
        let text = text.map_err(|errno| refusal(&command.path, errno))?;
        let limits = limits(command, group);
        let sandbox = sandbox(command, tmp)?;
        let image = Image {
            path: &text.path,
            args: &text.args,
            env: &text.env,
            is_activated: command.listener.is_some(),
            dir: &text.dir,
            files: &pipes.files(&self.null, command)?,
            limits: &limits,
            room: room.as_ref(),
            sandbox: sandbox.as_ref(),
            cgroup: group.map(Group::handle),
        };
        let mut give_birth = || birth::spawn(&image, stack).map_err(|e| why_not(command, e));
        match (&self.swaps, &command.swap) {
            // It may listen before we know its number: whoever is asked waits until it is known.
            (Some(swaps), Some(swap)) => swaps.expect(swap, |born: &birth::Born| born.pid, give_birth),
            _ => Ok((give_birth()?, None)),
        }
    }
}

/// Whether a `/tmp` of its own would hide what a child is to see.
fn needs_tmp(command: &Command, fence: &Fence) -> bool {
    let named = [&command.path, &command.dir].into_iter().chain(&fence.read).chain(&fence.write);
    let is_in = |path: &Path| path.canonicalize().is_ok_and(|path| path.starts_with(TMP));
    named.into_iter().any(|path| path.starts_with(TMP) || is_in(path))
}

fn sandbox(command: &Command, tmp: Option<&PrivateTmp>) -> Result<Option<Sandbox>, SpawnError> {
    let Isolation::Strict(fence) = &command.isolation else { return Ok(None) };
    let mut fence = fence.clone();
    fence.write.extend(tmp.map(|tmp| tmp.path().to_owned()));
    Sandbox::new(&fence).map(Some).map_err(cannot_isolate)
}

/// Those that the user sets, but for what its group limits; and as many open files as we were given, unless that is one of
/// them.
fn limits(command: &Command, group: Option<&Group>) -> Vec<Limit> {
    let says_files = command.limits.iter().any(|limit| limit.what == What::Files);
    let inherited = open_files::inherited().filter(|_| !says_files);
    let of_group = |limit: &Limit| group.is_some_and(|group| group.controllers.hold(limit.what));
    let own = command.limits.iter().copied().filter(|limit| !of_group(limit));
    inherited.into_iter().chain(own).collect()
}

/// A command's texts, as the kernel wants them.
struct Text {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    dir: CString,
}

impl Text {
    /// With a folder for temporary files of its own, its environment names that one.
    fn new(command: &Command, tmp: Option<&Path>) -> Result<Self, Errno> {
        let path = c_string(command.path.as_os_str())?;
        let args = command.args.iter().map(|arg| c_string(arg.as_ref()));
        let env = command.env.iter().filter(|(name, _)| tmp.is_none() || name != "TMPDIR");
        let env = env.map(|(name, value)| (name.as_str(), OsStr::new(value)));
        let env = env.chain(tmp.map(|tmp| ("TMPDIR", tmp.as_os_str())));
        let env = env.map(|(name, value)| text([name.as_bytes(), b"=", value.as_bytes()]));
        Ok(Self {
            args: std::iter::once(Ok(path.clone())).chain(args).collect::<Result<_, _>>()?,
            env: env.collect::<Result<_, _>>()?,
            dir: c_string(command.dir.as_os_str())?,
            path,
        })
    }
}

fn c_string(one: &OsStr) -> Result<CString, Errno> {
    text([one.as_bytes()])
}

/// The parts one behind the other, in the one piece of memory that they take.
fn text<const N: usize>(parts: [&[u8]; N]) -> Result<CString, Errno> {
    let mut text = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
    parts.iter().for_each(|part| text.extend_from_slice(part));
    CString::new(text).map_err(|_| Errno::EINVAL)
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
            listener.set_blocking(true).map_err(SpawnError::NoResources)?;
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
        child.stdout = Some(receiver(self.stdout.0)?);
        child.stderr = Some(receiver(self.stderr.0)?);
        Ok(child)
    }
}

/// That it is a pipe to read from is known: each call less is time for the child, which begins at this moment.
fn receiver(pipe: PipeReader) -> io::Result<pipe::Receiver> {
    let pipe = OwnedFd::from(pipe);
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    pipe::Receiver::from_owned_fd_unchecked(pipe)
}
