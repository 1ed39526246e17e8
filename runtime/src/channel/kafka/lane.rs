//! One partition as one client reads it: a stream that stands somewhere, and can be made to stand elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use activator::id::Offset;
use activator::input::Batch;
use futures_util::{FutureExt as _, StreamExt as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedMutexGuard};

use super::owned::Hold;
use super::reader::Reader;
use super::record::Decoder;
use super::stream::Stream;
use super::taken::{self, Taken, Want};
use crate::channel::{ReadError, Records};

/// How long a read waits at the end before it looks whether only markers of transactions lie behind it: they have
/// offsets, and no reader ever sees them.
const QUIET: Duration = Duration::from_secs(1);

/// So long the bounds that were found when the channel was opened are as good as new.
const FOUND_FRESH: Duration = Duration::from_secs(1);

/// The stream of one partition. Whoever holds it has it alone, also while it is being moved.
pub(super) struct Lane {
    stream: Stream,
    decoder: Decoder,
    at: Place,
    /// Whether the stream stands at `at`.
    placed: bool,
    /// Where the log ended when the stream was put here; all below it is delivered before the end is reported.
    end: Offset,
    /// The end was reported, and nobody looked behind it yet.
    end_is_news: bool,
    /// Where the partition began and ended when it was opened, for the first time the stream is put somewhere.
    found: Option<(Instant, (Offset, Offset))>,
}

/// Where a lane stands, for those who do not hold it: behind the last record it gave, or where it was put.
#[derive(Clone)]
pub(super) struct Place {
    at: Arc<AtomicU64>,
    moved: Arc<Notify>,
}

impl Place {
    const NOWHERE: u64 = u64::MAX;

    fn nowhere() -> Self {
        Self { at: Arc::new(AtomicU64::new(Self::NOWHERE)), moved: Arc::default() }
    }

    pub(super) fn get(&self) -> Option<Offset> {
        let at = self.at.load(Ordering::Acquire);
        (at != Self::NOWHERE).then_some(Offset(at))
    }

    /// Done when the lane is put somewhere from now on, other than by reading.
    pub(super) fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }

    fn set(&self, at: Offset) {
        self.at.store(at.0, Ordering::Release);
    }
}

/// What one wait gave.
enum Found {
    Batch(Batch),
    /// Everything up to the end was delivered.
    End,
    /// Nothing came for a while.
    Quiet,
}

/// Puts the lane at `from` unless it stands there. The blocking thread keeps the lane until it is done, so a read
/// that is dropped meanwhile leaves no late move behind for the next one.
pub(super) async fn put(
    mut lane: OwnedMutexGuard<Lane>,
    from: Offset,
) -> Result<OwnedMutexGuard<Lane>, ReadError> {
    if lane.placed && lane.at.get() == Some(from) {
        return Ok(lane);
    }
    blocking(move || lane.put(from).map(|()| lane)).await
}

/// Reads from where the lane stands, waiting for the first record. Holds no record while it waits, so it may be
/// dropped then.
pub(super) async fn read(
    mut lane: OwnedMutexGuard<Lane>,
    want: Want,
) -> Result<(Batch, OwnedMutexGuard<Lane>), ReadError> {
    loop {
        // The log begins, or goes on, behind `from`: the gap is the answer.
        if let Some(next) = lane.at.get().filter(|&at| at > want.from) {
            return Ok((taken::gap(next, want), lane));
        }
        match lane.wait(want).await? {
            Found::Batch(batch) => return Ok((batch, lane)),
            Found::End if lane.end > want.from => lane.at.set(lane.end),
            Found::End => {}
            Found::Quiet => lane = blocking(move || lane.look_behind_end().map(|()| lane)).await?,
        }
    }
}

impl Lane {
    /// Nothing is fetched until the first read.
    pub(super) fn new(reader: &Reader, partition: u32, records: &Records, is_shared: bool) -> Option<Self> {
        Some(Self {
            stream: Stream::new(reader, partition, is_shared)?,
            decoder: Decoder::new(records, partition),
            at: Place::nowhere(),
            placed: false,
            end: Offset(0),
            end_is_news: false,
            found: None,
        })
    }

    /// The partition begins and ends there now.
    pub(super) fn found(self, bounds: Option<(Offset, Offset)>) -> Self {
        Self { found: bounds.map(|bounds| (Instant::now(), bounds)), ..self }
    }

    pub(super) fn place(&self) -> Place {
        self.at.clone()
    }

    /// A group assigned the partition anew: where the stream stood before is forgotten.
    pub(super) fn assigned(&mut self, hold: Hold) {
        self.stream.assigned();
        self.stands(hold.from, hold.end);
    }

    /// Puts the stream at `from`, or at the begin of the log when that lies behind `from`. Blocks.
    fn put(&mut self, from: Offset) -> Result<(), ReadError> {
        let (low, high) = match self.found.take() {
            Some((at, (low, high))) if at.elapsed() < FOUND_FRESH && (low..=high).contains(&from) => {
                (low, high)
            }
            _ => self.bounds()?,
        };
        if from > high {
            return Err(self.made_anew(from, high));
        }
        if from < low {
            tracing::warn!(
                topic = %self.stream.topic, partition = self.stream.partition, from = from.0, to = low.0,
                "the topic holds these records no longer"
            );
        }
        self.fetch_from(from.max(low), high)
    }

    /// The offsets behind the last record may all be markers. Reading them again from here tells: then the end is
    /// reported once more before any record. Blocks.
    fn look_behind_end(&mut self) -> Result<(), ReadError> {
        self.end_is_news = false;
        let (_, high) = self.bounds()?;
        match self.at.get() {
            Some(at) if at < high => self.fetch_from(at, high),
            _ => Ok(()),
        }
    }

    fn bounds(&self) -> Result<(Offset, Offset), ReadError> {
        self.stream.bounds().map_err(|e| failed(&e))
    }

    fn fetch_from(&mut self, from: Offset, end: Offset) -> Result<(), ReadError> {
        self.placed = false;
        self.stream.seek(from).map_err(|e| failed(&e))?;
        self.stands(from, end);
        Ok(())
    }

    fn stands(&mut self, at: Offset, end: Offset) {
        self.at.set(at);
        self.end = end;
        self.end_is_news = false;
        self.placed = true;
        self.at.moved.notify_waiters();
    }

    /// Stops fetching ahead until the next read. Blocks.
    pub(super) fn pause(&mut self) {
        match self.stream.pause() {
            Ok(()) => self.placed = false,
            Err(error) => tracing::debug!("cannot pause partition {}: {error}", self.stream.partition),
        }
    }

    /// Waits for the first record and takes what else is there already.
    async fn wait(&mut self, want: Want) -> Result<Found, ReadError> {
        let mut stream = self.stream.records();
        let mut next = if self.end_is_news {
            match tokio::time::timeout(QUIET, stream.next()).await {
                Ok(next) => next,
                Err(_) => return Ok(Found::Quiet),
            }
        } else {
            stream.next().await
        };
        let mut taken = Taken::new(want);
        // No await from here on: what is taken off the queue is given back.
        loop {
            match next {
                Some(Ok(message)) => {
                    self.end_is_news = false;
                    let offset = Offset(u64::try_from(message.offset()).unwrap_or(0));
                    if self.at.get().is_some_and(|at| offset < at) {
                        self.placed = false;
                        return Err(self.made_anew(want.from, offset));
                    }
                    if want.until.is_some_and(|until| offset >= until) {
                        self.placed = false;
                        return Ok(Found::Batch(taken.batch(self.at.get())));
                    }
                    taken.push(
                        offset,
                        message.timestamp().to_millis(),
                        self.decoder.event(&message, offset.0),
                    );
                    self.at.set(offset.next());
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    self.end_is_news = true;
                    if taken.is_empty() {
                        return Ok(Found::End);
                    }
                }
                Some(Err(error)) => {
                    self.placed = false;
                    return or_else(taken, failed(&error));
                }
                None => return or_else(taken, failed(&KafkaError::Canceled)),
            }
            if taken.is_enough() {
                break;
            }
            match stream.next().now_or_never() {
                Some(more) => next = more,
                None => break,
            }
        }
        Ok(Found::Batch(taken.batch(self.at.get())))
    }

    fn made_anew(&self, wanted: Offset, there: Offset) -> ReadError {
        let Stream { topic, partition, .. } = &self.stream;
        ReadError(format!(
            "partition {partition} of `{topic}` is at {there} where {wanted} was wanted: was the topic made anew?"
        ))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ReadError(error.to_string()))?
}

/// What was taken, else the error; it comes again if it stays.
fn or_else(taken: Taken, error: ReadError) -> Result<Found, ReadError> {
    if taken.is_empty() {
        return Err(error);
    }
    tracing::warn!("{error}");
    Ok(Found::Batch(taken.batch(None)))
}

fn failed(error: &KafkaError) -> ReadError {
    ReadError(error.to_string())
}
