//! The one writer of a channel: a thread that takes all that waits, writes each partition's share at once, and
//! then answers all. It ends when the last handle is gone and everything queued is answered.

use std::time::Instant;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::Progress;
use tokio::sync::{mpsc, oneshot, watch};

use super::appender::{Appender, Stored};
use super::cursors::Cursors;
use super::folder::Folder;
use super::limits::Terms;
use super::queue;
use super::retainer::Retainer;
use crate::channel::{AppendError, CommitError};

/// What is asked of the writer; each is answered, even if nobody listens any more.
pub(super) enum Job {
    Append { partition: Partition, event: Event, answer: Stored },
    Commit { progress: Vec<(Partition, Progress)>, answer: oneshot::Sender<Result<(), CommitError>> },
}

/// Jobs that wait at most; more callers wait for their turn.
pub(super) const QUEUE: usize = 1024;

pub(super) struct Writer {
    /// By partition.
    pub(super) appenders: Vec<Appender>,
    pub(super) cursors: Cursors,
    pub(super) retainer: Retainer,
    pub(super) terms: Terms,
    /// Let go of last, when nothing is written any more.
    pub(super) folder: Folder,
}

impl Writer {
    /// Starts the thread. The receiver sees its sender dropped when the thread has ended.
    pub(super) fn start(self) -> std::io::Result<(mpsc::Sender<Job>, watch::Receiver<()>)> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (ended, end) = watch::channel(());
        std::thread::Builder::new().name("channel".into()).spawn(move || {
            self.run(queue);
            drop(ended);
        })?;
        Ok((jobs, end))
    }

    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        let mut commits = Vec::new();
        let mut look = self.retain();
        while queue::wait(&mut queue, &mut jobs, QUEUE, look) {
            self.terms.room.look_if_short();
            for job in jobs.drain(..) {
                match job {
                    Job::Append { partition, event, answer } => self.append(partition, event, answer),
                    Job::Commit { progress, answer } => commits.push((progress, answer)),
                }
            }
            for appender in &mut self.appenders {
                appender.flush();
            }
            for (progress, answer) in commits.drain(..) {
                let _ = answer.send(self.commit(progress));
            }
            look = self.retain();
        }
    }

    /// Keeps the caps, and says when to do it again although nothing is asked.
    fn retain(&mut self) -> Option<Instant> {
        let wait = self.retainer.enforce(&mut self.appenders, &*self.terms.host)?;
        Instant::now().checked_add(wait)
    }

    fn append(&mut self, partition: Partition, event: Event, answer: Stored) {
        match self.appender(partition) {
            Some(appender) => appender.stage(event, answer),
            None => {
                let _ =
                    answer.send(Err(AppendError::Unavailable(format!("there is no partition {partition}"))));
            }
        }
    }

    fn commit(&mut self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        let lows: Vec<_> =
            progress.iter().map(|(partition, progress)| (*partition, progress.low())).collect();
        self.cursors
            .store(progress)
            .map_err(|error| CommitError(format!("{}: {error}", self.folder.path().display())))?;
        self.delete_below(lows);
        Ok(())
    }

    fn delete_below(&mut self, lows: Vec<(Partition, Offset)>) {
        let deletes = |(partition, low): &(Partition, Offset)| {
            self.appenders.get(partition.0 as usize).is_some_and(|appender| appender.log.has_below(*low))
        };
        // After a power loss, a cursor from before would else want what is gone.
        if lows.iter().any(deletes)
            && let Err(error) = self.cursors.sync(&*self.terms.host)
        {
            tracing::warn!("nothing is deleted in {}: {error}", self.folder.path().display());
            return;
        }
        for (partition, low) in lows {
            if let Some(appender) = self.appender(partition) {
                appender.delete_below(low);
            }
        }
    }

    fn appender(&mut self, partition: Partition) -> Option<&mut Appender> {
        self.appenders.get_mut(usize::try_from(partition.0).ok()?)
    }
}
