//! A program that binds `$PORT` and listens itself is given our listener in place of its own, in the middle of its call
//! to `listen`: the request that waits there is answered by a program that never heard of us.
//!
//! A thread answers those calls. It lets each one through that it does not recognise, and each one where anything fails;
//! such a child listens on `$PORT` as if we were not there.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{SockaddrStorage, getsockname};
use nix::unistd::{Pid, getsid};
use tokio::sync::Notify;

use super::notify::{self, Question, Questions};
use super::{Listener, PortHold};

/// Which listener of a child is to be ours.
#[derive(Clone, Debug)]
pub(crate) struct Swap {
    /// The port by which the child's own is recognised.
    pub(crate) port: u16,
    pub(crate) listener: Arc<Listener>,
    pub(crate) done: Arc<Swapped>,
}

/// Whether and when it happened.
#[derive(Debug, Default)]
pub(crate) struct Swapped {
    is: AtomicBool,
    told: Notify,
}

/// All children that are expected to listen. A clone is the same list.
#[derive(Clone, Debug, Default)]
pub(super) struct Swaps(Arc<Expectations>);

#[derive(Debug, Default)]
struct Expectations {
    by_session: Mutex<HashMap<i32, Swap>>,
    /// Held while a process is started, by many at once.
    births: RwLock<()>,
}

/// One of them, for as long as this lives.
#[derive(Debug)]
pub(super) struct Expected {
    swaps: Swaps,
    session: i32,
}

impl Swapped {
    /// Whether it has happened.
    pub(crate) fn is(&self) -> bool {
        self.is.load(Ordering::Acquire)
    }

    /// Waits until it happens, once.
    pub(crate) async fn wait(&self) {
        self.told.notified().await;
    }

    fn happened(&self) {
        self.is.store(true, Ordering::Release);
        self.told.notify_one();
    }
}

impl Swaps {
    /// Makes the calling thread's children ask before they listen, if that works here: it is tried once, on the thread
    /// itself, as containers may forbid one step or another.
    pub(super) fn for_this_thread() -> Option<Self> {
        let swaps = Self::default();
        let tried = swaps.begin().and_then(|()| swaps.try_once());
        match tried {
            Ok(()) => Some(swaps),
            Err(error) => {
                tracing::debug!(%error, "the listeners of children cannot be replaced here");
                None
            }
        }
    }

    /// The thread comes first: once they ask, somebody has to answer.
    fn begin(&self) -> io::Result<()> {
        let (questions, asked) = std::sync::mpsc::channel::<Questions>();
        let swaps = self.clone();
        std::thread::Builder::new().name("listen".into()).spawn(move || {
            asked.into_iter().for_each(|questions| swaps.work(&questions));
        })?;
        questions.send(notify::ask_of_children()?).map_err(io::Error::other)
    }

    /// Listens as a child would.
    fn try_once(&self) -> io::Result<()> {
        let listener = Arc::new(Listener::bind()?);
        let held = PortHold::take()?;
        let swap = Swap { port: held.port(), listener: Arc::clone(&listener), done: Arc::default() };
        let (_session, _expected) = self.expect(&swap, |session| *session, || getsid(None))?;
        let own = TcpListener::bind((Ipv4Addr::LOCALHOST, held.port()))?;
        if own.local_addr()? == listener.addr()? { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Expects the process that `start` makes to listen. No call of its is answered before it is known.
    pub(super) fn expect<T, E>(
        &self,
        swap: &Swap,
        session: impl FnOnce(&T) -> Pid,
        start: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Option<Expected>), E> {
        let birth = self.0.births.read().unwrap_or_else(PoisonError::into_inner);
        let started = start()?;
        let session = session(&started).as_raw();
        self.lock().insert(session, swap.clone());
        drop(birth);
        Ok((started, Some(Expected { swaps: self.clone(), session })))
    }

    fn work(&self, questions: &Questions) {
        while let Some(question) = questions.next() {
            let swapped = self.swap(questions, question);
            let done = match &swapped {
                Ok(done) => done.as_ref(),
                Err(error) => {
                    tracing::debug!(%error, "a child listens by itself");
                    None
                }
            };
            // Before it can accept anything.
            done.into_iter().for_each(|done| done.happened());
            questions.answer(question, done.is_some());
        }
    }

    /// Puts our listener where the child's is, if it is the one that is expected.
    fn swap(&self, questions: &Questions, question: Question) -> io::Result<Option<Arc<Swapped>>> {
        let session = getsid(Some(Pid::from_raw(question.thread)))?.as_raw();
        let Some(swap) = self.find(session) else { return Ok(None) };
        let theirs = notify::file_of(question)?;
        let is_cloexec = is_cloexec(question)?;
        if port_of(&theirs) != Some(swap.port) || !questions.waits(question) {
            return Ok(None);
        }
        // The flag is the socket's, so ours has to look like theirs.
        let non_blocking = OFlag::from_bits_retain(fcntl(&theirs, FcntlArg::F_GETFL)?) & OFlag::O_NONBLOCK;
        swap.listener.set_blocking(non_blocking.is_empty())?;
        questions.replace(question, swap.listener.as_fd(), is_cloexec)?;
        Ok(Some(swap.done))
    }

    /// One whose number nobody knows yet is known when all that are being started are.
    fn find(&self, session: i32) -> Option<Swap> {
        let known = || self.lock().get(&session).cloned();
        known().or_else(|| {
            let births = self.0.births.write();
            drop(births);
            known()
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Swap>> {
        self.0.by_session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.swaps.lock().remove(&self.session);
    }
}

fn port_of(socket: &OwnedFd) -> Option<u16> {
    let address: SockaddrStorage = getsockname(socket.as_raw_fd()).ok()?;
    let v4 = address.as_sockaddr_in().map(|address| address.port());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| address.port()))
}

/// Whether the child closes its own when it executes something else.
fn is_cloexec(question: Question) -> io::Result<bool> {
    let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{}", question.thread, question.file))?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    Ok(flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0))
}
