//! The embedded channel: our own segmented log in a folder, written by one task, read from memory at the tail
//! and from the files behind it.
//!
//! The folder holds `format`, `cursors` and `PARTITION/BASE-OFFSET.log`, with an `.index` once it is full. What was acknowledged survives a kill of
//! the runtime: it is with the operating system. It is safe from a power loss once its segment is full, or, where the
//! channel syncs to the disk, before it is acknowledged and read.

mod active;
mod appender;
mod cursors;
mod folder;
mod host;
mod index;
mod left;
mod limits;
mod log;
mod record;
mod recovery;
mod retainer;
mod returns;
mod room;
mod scan;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};
use tokio::sync::{mpsc, oneshot, watch};

use super::murmur2::Partitioner;
use super::{
    AppendError, CommitError, DurableSpec, Landmark, Legacy, Life, Mark, Marks, OpenError, Position,
    ReadError,
};
use cursors::Cursors;
use folder::Folder;
use host::{Host, ThisHost};
pub(super) use left::left;
use limits::{LIMITS, Limits, Terms};
use log::Log;
use retainer::Retainer;
use writer::{Job, Writer};

/// An open channel, its partitions, and what marks may add to what was committed.
type Opened = (Durable, Vec<OpenedPartition>, Legacy);

/// A handle to the channel; the writer ends when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Durable {
    partitions: Arc<[Arc<Log>]>,
    partitioner: Arc<Partitioner>,
    event_bytes_max: usize,
    jobs: mpsc::Sender<Job>,
    ended: watch::Receiver<()>,
}

impl Durable {
    pub(super) async fn open(spec: &DurableSpec) -> Result<Opened, OpenError> {
        Self::open_on(spec, LIMITS, Arc::new(ThisHost)).await
    }

    async fn open_on(spec: &DurableSpec, limits: Limits, host: Arc<dyn Host>) -> Result<Opened, OpenError> {
        let spec = spec.clone();
        let terms = Terms::new(&spec, limits, host);
        tokio::task::spawn_blocking(move || Self::open_blocking(&spec, &terms))
            .await
            .map_err(|error| OpenError(error.to_string()))?
    }

    fn open_blocking(spec: &DurableSpec, terms: &Terms) -> Result<Opened, OpenError> {
        let failed = || folder::at(&spec.dir);
        let segment_bytes = terms.limits.segment_bytes;
        let folder = Folder::claim(&spec.dir)?;
        let cursors = Cursors::open(folder.path()).map_err(failed())?;
        let mut appenders = Vec::new();
        let mut opened = Vec::new();
        let mut marks = Marks::default();
        for number in 0..folder.partitions(spec.partitions).map_err(failed())? {
            let partition = Partition(number);
            let dir = folder.partition(number).map_err(failed())?;
            let committed = cursors.get(partition);
            let (appender, partition) =
                recovery::open(partition, dir, terms.clone(), committed, &mut marks).map_err(failed())?;
            appenders.push(appender);
            opened.push(partition);
        }
        let ends = appenders.iter().map(|appender| (appender.partition, appender.log.window.end())).collect();
        let legacy = Legacy { life: cursors.life(), marks, ends };
        let partitions = appenders.iter().map(|appender| Arc::clone(&appender.log)).collect();
        let (retainer, terms) = (Retainer::new(spec.retention), terms.clone());
        let writer = Writer { appenders, cursors, retainer, terms, folder };
        let (jobs, ended) = writer.start();
        let segment_bytes = usize::try_from(segment_bytes).unwrap_or(usize::MAX);
        let channel = Self {
            partitions,
            partitioner: Arc::new(Partitioner::new(spec.partitions)),
            event_bytes_max: segment_bytes - record::HEAD,
            jobs,
            ended,
        };
        Ok((channel, opened, legacy))
    }

    pub(super) const fn event_bytes_max(&self) -> usize {
        self.event_bytes_max
    }

    /// May be dropped at any point; the event is then stored or not, and nothing else is harmed.
    pub(super) fn append(&self, event: Event) -> impl Future<Output = Result<Position, AppendError>> {
        self.append_marked(event, None)
    }

    /// The same with what is done by it.
    pub(super) async fn append_marked(
        &self,
        event: Event,
        mark: Option<Mark>,
    ) -> Result<Position, AppendError> {
        let (size, limit) = (event.size(), self.event_bytes_max);
        if size > limit {
            return Err(AppendError::TooLarge { size, limit });
        }
        let stopped = || AppendError::Unavailable("its writer has stopped".into());
        let room = self.jobs.reserve().await.map_err(|_| stopped())?;
        let partition = self.partitioner.choose(&event);
        let (answer, stored) = oneshot::channel();
        room.send(Job::Append { partition, event, mark: mark.map(Box::new), answer });
        stored.await.map_err(|_| stopped())?
    }

    pub(super) async fn read(
        &self,
        partition: Partition,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        self.log(partition)?.read(from, records_max, bytes_max).await
    }

    pub(super) async fn locate(&self, partition: Partition, landmark: Landmark) -> Result<Offset, ReadError> {
        self.log(partition)?.locate(landmark).await
    }

    fn log(&self, partition: Partition) -> Result<&Arc<Log>, ReadError> {
        let log = usize::try_from(partition.0).ok().and_then(|i| self.partitions.get(i));
        log.ok_or_else(|| ReadError(format!("there is no partition {partition}")))
    }

    pub(super) async fn commit(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        let (answer, stored) = oneshot::channel();
        let stopped = || CommitError("its writer has stopped".into());
        let job = Job::Commit { progress, answer };
        self.jobs.send(job).await.map_err(|_| stopped())?;
        stored.await.map_err(|_| stopped())?
    }

    pub(super) async fn begin(&self, progress: Vec<(Partition, Progress)>) -> Result<Life, CommitError> {
        let (answer, begun) = oneshot::channel();
        let stopped = || CommitError("its writer has stopped".into());
        self.jobs.send(Job::Begin { progress, answer }).await.map_err(|_| stopped())?;
        begun.await.map_err(|_| stopped())?
    }

    /// Lets go of this handle; done when the writer has ended, which needs all others to be gone too.
    pub(super) async fn close(self) {
        let mut ended = self.ended.clone();
        drop(self);
        // An error is what we wait for: the sender is gone with the thread.
        while ended.changed().await.is_ok() {}
    }
}
