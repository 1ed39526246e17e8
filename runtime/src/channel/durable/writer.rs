//! The one writer of a channel: takes all that waits, writes each partition's share at once, and then answers all. It
//! ends when the last handle is gone and everything queued is answered.
//!
//! It is a task. What only copies into the system's cache it does at once, since to wake a thread for it costs more
//! than the write; what may wait for the disk it does on a thread for such work.

use std::time::{Duration, Instant};

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::Progress;
use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout_at;

use super::appender::{Appender, Stored};
use super::cursors::Cursors;
use super::folder::Folder;
use super::limits::Terms;
use super::record;
use super::retainer::Retainer;
use super::returns::Returns;
use crate::channel::clock::now_ms;
use crate::channel::{AppendError, CommitError, Life, Mark, SyncMode};

/// What is asked of the writer; each is answered, even if nobody listens any more.
pub(super) enum Job {
    Append { partition: Partition, event: Event, mark: Option<Box<Mark>>, answer: Stored },
    Commit { progress: Vec<(Partition, Progress)>, answer: oneshot::Sender<Result<(), CommitError>> },
    Begin { progress: Vec<(Partition, Progress)>, answer: oneshot::Sender<Result<Life, CommitError>> },
}

/// Progress, and who waits for it to be stored.
type Commit = (Vec<(Partition, Progress)>, oneshot::Sender<Result<(), CommitError>>);

/// Jobs that wait at most; more callers wait for their turn.
pub(super) const QUEUE: usize = 1024;

/// Turns that follow each other faster than this are worth waiting for what else there is.
const BUSY: Duration = Duration::from_millis(1);
/// A write that takes longer had to wait for the disk, and so will the next ones. One whose thread was made to wait for
/// a processor takes less.
const QUICK_MAX: Duration = Duration::from_millis(10);
/// For so long nothing is believed to be quick after one that was not.
const SLOW_FOR: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    /// By partition.
    pub(super) appenders: Vec<Appender>,
    pub(super) cursors: Cursors,
    pub(super) retainer: Retainer,
    pub(super) terms: Terms,
    /// Let go of last, when nothing is written any more.
    pub(super) folder: Folder,
}

/// What goes to the thread and comes back.
struct Work {
    writer: Writer,
    /// When the last turn began.
    begun: Option<Instant>,
    returns: Returns,
    queue: mpsc::Receiver<Job>,
    jobs: Vec<Job>,
    commits: Vec<Commit>,
}

impl Writer {
    /// Keeps the caps, which may block, and starts the task. The receiver sees its sender dropped when it has ended.
    pub(super) fn start(mut self) -> (mpsc::Sender<Job>, watch::Receiver<()>) {
        let look = self.retain();
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (ended, end) = watch::channel(());
        Handle::current().spawn(async move {
            let (jobs, commits, returns) = (Vec::new(), Vec::new(), Returns::default());
            let work = Work { writer: self, begun: None, returns, queue, jobs, commits };
            Box::new(work).run(look).await;
            drop(ended);
        });
        (jobs, end)
    }
}

impl Work {
    async fn run(mut self: Box<Self>, mut look: Option<Instant>) {
        let mut slow_until = None;
        while self.wait(look).await {
            let begin = Instant::now();
            self.begun = Some(begin);
            let is_slow = slow_until.is_some_and(|until| begin < until);
            if !is_slow && self.writer.is_quick(&self.jobs, look) {
                self.turn();
                let quick = begin.elapsed() <= QUICK_MAX;
                slow_until = (!quick).then(|| begin + SLOW_FOR);
                continue;
            }
            let turned = tokio::task::spawn_blocking(move || {
                loop {
                    self.turn();
                    let look = self.writer.retain();
                    if !self.take_who_returns() {
                        return (self, look);
                    }
                }
            });
            // Not even begun: the program ends, and nobody waits for an answer any more.
            let Ok(turned) = turned.await else { return };
            (self, look) = turned;
        }
        self.writer.appenders.iter_mut().for_each(Appender::rest);
    }

    /// Waits for jobs, or until it is time to look at something else. False: there never will be another one.
    async fn wait(&mut self, until: Option<Instant>) -> bool {
        let receiving = self.queue.recv_many(&mut self.jobs, QUEUE);
        let received = match until {
            Some(until) => match timeout_at(until.into(), receiving).await {
                Ok(received) => received,
                Err(_) => return true,
            },
            None => receiving.await,
        };
        if self.begun.is_some_and(|begun| begun.elapsed() < BUSY) {
            // Whoever else is ready appends now, too, and one write takes it all.
            tokio::task::yield_now().await;
            self.gather(QUEUE - self.jobs.len());
        }
        received > 0
    }

    /// Adds what waits, up to so much, and says how much that was.
    fn gather(&mut self, most: usize) -> usize {
        self.queue.recv_many(&mut self.jobs, most).now_or_never().unwrap_or_default()
    }

    /// Does what is asked for, and answers.
    fn turn(&mut self) {
        self.writer.terms.room.look_if_short();
        self.writer.take(&mut self.jobs, &mut self.commits);
        let mut room = if self.writer.terms.sync == SyncMode::Disk { QUEUE } else { 0 };
        while room > 0 {
            // What came while the rest was taken is not left to a sync of its own.
            match self.take_more(room) {
                0 => break,
                more => room -= more,
            }
        }
        let begin = Instant::now();
        let answered = self.writer.appenders.iter_mut().map(Appender::flush).sum();
        self.returns.answered(answered, begin.elapsed());
        for (progress, answer) in self.commits.drain(..) {
            let _ = answer.send(self.writer.commit(progress));
        }
    }

    /// Takes what waits, and says how much that was.
    fn take_more(&mut self, most: usize) -> usize {
        let more = self.gather(most);
        if more > 0 {
            self.writer.take(&mut self.jobs, &mut self.commits);
        }
        more
    }

    /// Takes what those append whom the last sync has answered. False: nobody came.
    fn take_who_returns(&mut self) -> bool {
        if self.writer.terms.sync != SyncMode::Disk || !self.returns.are_awaited() {
            return false;
        }
        let begin = Instant::now();
        let (mut came, mut last) = (0, begin);
        while self.returns.are_missing(came, begin.elapsed(), last.elapsed()) {
            match self.take_more(QUEUE) {
                0 => std::thread::yield_now(),
                more => (came, last) = (came + more, Instant::now()),
            }
        }
        self.returns.came(came);
        came > 0
    }
}

impl Writer {
    /// Whether these jobs only copy into the system's cache: nothing is synced, begun or deleted for them.
    fn is_quick(&self, jobs: &[Job], look: Option<Instant>) -> bool {
        let mut bytes = 0;
        for job in jobs {
            match job {
                Job::Append { event, mark, .. } => bytes += record::size(event, mark.as_deref()),
                Job::Commit { progress, .. } if self.deletes(lows(progress)) => return false,
                Job::Commit { .. } | Job::Begin { .. } => {}
            }
        }
        let fits = |appender: &Appender| bytes == 0 || appender.fits(bytes);
        let grows = bytes + self.terms.ahead * self.appenders.len();
        self.terms.sync == SyncMode::Os
            && self.appenders.iter().all(fits)
            && !self.terms.room.is_to_look(bytes)
            && !self.cursors.is_to_rewrite()
            && !self.retainer.is_due(&self.appenders, grows, look)
    }

    fn take(&mut self, jobs: &mut Vec<Job>, commits: &mut Vec<Commit>) {
        let now = now_ms();
        for job in jobs.drain(..) {
            match job {
                Job::Append { partition, event, mark, answer } => {
                    self.append(now, partition, event, mark.as_deref(), answer);
                }
                Job::Commit { progress, answer } => commits.push((progress, answer)),
                Job::Begin { progress, answer } => drop(answer.send(self.begin(progress))),
            }
        }
    }

    /// Keeps the caps, and says when to do it again although nothing is asked.
    fn retain(&mut self) -> Option<Instant> {
        let wait = self.retainer.enforce(&mut self.appenders, &*self.terms.host)?;
        Instant::now().checked_add(wait)
    }

    fn append(
        &mut self,
        now_ms: u64,
        partition: Partition,
        event: Event,
        mark: Option<&Mark>,
        answer: Stored,
    ) {
        match self.appender(partition) {
            Some(appender) => appender.stage(now_ms, event, mark, answer),
            None => {
                let _ =
                    answer.send(Err(AppendError::Unavailable(format!("there is no partition {partition}"))));
            }
        }
    }

    fn commit(&mut self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        let lows: Vec<_> = lows(&progress).collect();
        let deletes = self.deletes(lows.iter().copied());
        self.cursors
            .store(progress)
            .map_err(|error| CommitError(format!("{}: {error}", self.folder.path().display())))?;
        // After a power loss, a cursor from before would else want what is gone.
        if deletes && let Err(error) = self.cursors.sync(&*self.terms.host) {
            tracing::warn!("nothing is deleted in {}: {error}", self.folder.path().display());
            return Ok(());
        }
        for (partition, low) in lows {
            if let Some(appender) = self.appender(partition) {
                appender.delete_below(low);
            }
        }
        Ok(())
    }

    /// Begins a life. Where appends outlive a power loss, so must what their marks refer to.
    fn begin(&mut self, progress: Vec<(Partition, Progress)>) -> Result<Life, CommitError> {
        let life = Life::new();
        let stored = self.cursors.begin(progress, life).and_then(|()| match self.terms.sync {
            SyncMode::Disk => self.cursors.sync(&*self.terms.host),
            SyncMode::Os => Ok(()),
        });
        stored
            .map(|()| life)
            .map_err(|error| CommitError(format!("{}: {error}", self.folder.path().display())))
    }

    /// Whether a whole segment is needed by nobody once these are the lowest offsets needed.
    fn deletes(&self, mut lows: impl Iterator<Item = (Partition, Offset)>) -> bool {
        lows.any(|(partition, low)| {
            self.appenders.get(partition.0 as usize).is_some_and(|appender| appender.log.has_below(low))
        })
    }

    fn appender(&mut self, partition: Partition) -> Option<&mut Appender> {
        self.appenders.get_mut(usize::try_from(partition.0).ok()?)
    }
}

/// What of each partition somebody still needs.
fn lows(progress: &[(Partition, Progress)]) -> impl Iterator<Item = (Partition, Offset)> {
    progress.iter().map(|(partition, progress)| (*partition, progress.low()))
}
