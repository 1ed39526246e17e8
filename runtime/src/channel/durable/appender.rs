//! A partition as its one writer sees it: what is staged goes to the file in one write, and when it is as safe as
//! the channel says, to the readers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use activator::event::Event;
use activator::id::{Offset, Partition};
use tokio::sync::oneshot;

use super::active::Active;
use super::folder;
use super::index::Entry;
use super::limits::Terms;
use super::log::Log;
use super::record;
use super::segment::Segment;
use crate::channel::window::Held;
use crate::channel::{AppendError, Mark, Position, SyncMode};

/// Who waits for an event to be stored.
pub(super) type Stored = oneshot::Sender<Result<Position, AppendError>>;

/// More than this is not collected for one write.
const WRITE_BYTES_MAX: usize = 4 << 20;

/// More than this is not kept for the next write.
const BUFFER_BYTES_KEPT: usize = 256 << 10;

pub(super) struct Appender {
    pub(super) partition: Partition,
    pub(super) dir: PathBuf,
    pub(super) log: Arc<Log>,
    terms: Terms,
    /// Where the next write goes; nothing before the first append to an empty partition.
    pub(super) active: Option<Active>,
    /// The offset of the next record. Ahead of the log's end when records were given up on their way to the disk:
    /// they may still turn up after a crash, so nobody else gets their offsets.
    next: Offset,
    /// Of the last record.
    time: u64,
    staged: Vec<Held>,
    /// Of each that is staged: where in the buffer its record begins, and who waits.
    waiting: Vec<(usize, Stored)>,
    /// The staged records.
    buffer: Vec<u8>,
}

impl Appender {
    pub(super) fn new(
        partition: Partition,
        dir: PathBuf,
        log: Arc<Log>,
        terms: Terms,
        active: Option<Active>,
        time: u64,
    ) -> Self {
        let next = log.window.end();
        let (staged, waiting, buffer) = (Vec::new(), Vec::new(), Vec::new());
        Self { partition, dir, log, terms, active, next, time, staged, waiting, buffer }
    }

    /// Takes an event into the next write, writing what was staged before when both are too much for one.
    pub(super) fn stage(&mut self, now_ms: u64, event: Event, mark: Option<&Mark>, answer: Stored) {
        let size = record::size(&event, mark);
        if let Err(refusal) = self.terms.room.take(size) {
            // A caller that went away wants no answer.
            let _ = answer.send(Err(refusal));
            return;
        }
        if self.buffer.len() + size > WRITE_BYTES_MAX || !self.has_room(size) {
            self.flush();
        }
        if !self.has_room(size)
            && let Err(error) = self.roll()
        {
            let reason = format!("no new segment in {}: {error}", self.dir.display());
            let _ = answer.send(Err(AppendError::Unavailable(reason)));
            return;
        }
        let active = self.active.as_ref().expect("there is room in it");
        let offset = Offset(self.next.0 + self.staged.len() as u64);
        self.waiting.push((self.buffer.len(), answer));
        self.time = self.time.max(now_ms);
        record::encode(&mut self.buffer, active.segment.base, (offset, self.time), &event, mark);
        self.staged.push(Held { offset, time: self.time, event });
    }

    /// Whether that much more fits the segment. An empty one takes any record.
    fn has_room(&self, size: usize) -> bool {
        self.active.as_ref().is_some_and(|active| {
            let filled = active.segment.length() + self.buffer.len() as u64;
            !active.spent && (filled == 0 || filled + size as u64 <= self.terms.roll_bytes)
        })
    }

    /// Whether that much more is written without a new segment.
    pub(super) fn fits(&self, size: usize) -> bool {
        self.active.as_ref().is_some_and(|active| {
            !active.spent && active.segment.length() + size as u64 <= self.terms.roll_bytes
        })
    }

    /// Begins a new segment; the old one is complete and goes to the disk.
    ///
    /// # Errors
    /// There is no new segment; or there is, but what became of the old one is not known.
    pub(super) fn roll(&mut self) -> io::Result<()> {
        self.terms.room.look_soon();
        // Before there is another one: only behind the last segment's end may there be anything.
        self.rest();
        let (segment, file) = Segment::create(&self.dir, self.next)?;
        let segment = Arc::new(segment);
        self.log.push(Arc::clone(&segment));
        let full = self.active.replace(Active::new(segment, file));
        full.map_or(Ok(()), |full| self.close(&full))
    }

    /// Nothing more is written for now.
    pub(super) fn rest(&mut self) {
        self.active.iter_mut().for_each(Active::rest);
    }

    fn close(&self, full: &Active) -> io::Result<()> {
        let path = full.segment.path().display();
        // What was given up is no promise.
        let safe = if full.spent { Ok(()) } else { self.terms.host.sync(&full.file) };
        if let Err(error) = &safe {
            tracing::error!("{path} is not safe from a power loss: cannot sync it: {error}");
        }
        if let Err(error) = full.segment.close() {
            // It costs a walk over the segment once it is asked for.
            tracing::warn!("cannot write the index of {}: {error}", full.segment.path().display());
        }
        // Nothing in it was ever acknowledged; a disk that goes on failing must not fill the folder.
        if full.segment.length() == 0 && self.log.take(&full.segment) {
            self.delete(&full.segment);
        }
        safe
    }

    /// Writes what is staged, hands it to the readers and answers. Gives how many it answered.
    pub(super) fn flush(&mut self) -> usize {
        let number = self.staged.len();
        if number == 0 {
            return 0;
        }
        match self.store() {
            Ok(()) => self.publish(),
            Err(reason) => {
                self.terms.room.look_soon();
                self.staged.clear();
                for (_, answer) in self.waiting.drain(..) {
                    let _ = answer.send(Err(AppendError::Unavailable(reason.clone())));
                }
            }
        }
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        number
    }

    /// Writes what is staged, and syncs it if that is what the channel promises.
    fn store(&mut self) -> Result<(), String> {
        let active = self.active.as_mut().expect("what is staged is staged for a segment");
        let reason = |error: &io::Error, segment: &Segment| format!("{}: {error}", segment.path().display());
        let end = active.write(&self.terms, &self.buffer).map_err(|error| reason(&error, &active.segment))?;
        if self.terms.sync == SyncMode::Disk
            && let Err(error) = self.terms.host.sync(&active.file)
        {
            let reason = reason(&error, &active.segment);
            tracing::error!("{reason}: what was just written is given up, and a new segment begins");
            active.spent = true;
            self.next = Offset(self.next.0 + self.staged.len() as u64);
            return Err(reason);
        }
        let records = self.staged.iter().zip(&self.waiting).map(|(staged, (at, _))| Entry {
            offset: staged.offset,
            at: end + *at as u64,
            time: staged.time,
        });
        active.segment.extend(records, end + self.buffer.len() as u64);
        Ok(())
    }

    fn publish(&mut self) {
        let (partition, first) = (self.partition, self.next);
        self.log.window.extend(self.staged.drain(..), self.terms.limits.window_bytes);
        self.next = self.log.window.end();
        for (number, (_, answer)) in (0..).zip(self.waiting.drain(..)) {
            let _ = answer.send(Ok(Position { partition, offset: Offset(first.0 + number) }));
        }
    }

    /// What its files take.
    pub(super) fn bytes(&self) -> u64 {
        self.log.bytes() + self.active.as_ref().map_or(0, Active::spare)
    }

    /// Deletes what no cursor needs any more. What cannot be deleted now is found again at the next start.
    pub(super) fn delete_below(&self, low: Offset) {
        self.log.window.forget_below(low);
        let deletable = self.log.take_below(low);
        for segment in &deletable {
            self.delete(segment);
        }
        if !deletable.is_empty() {
            self.sync_dir();
        }
    }

    /// Deletes the oldest closed segment, whoever needs it, and says how long it was.
    pub(super) fn delete_oldest(&self) -> u64 {
        let Some(oldest) = self.log.oldest_closed().filter(|oldest| self.log.take(oldest)) else {
            return 0;
        };
        self.delete(&oldest);
        self.sync_dir();
        oldest.length()
    }

    /// The time of the last record in the oldest closed segment.
    pub(super) fn oldest_time(&self) -> Option<u64> {
        let oldest = self.log.oldest_closed()?;
        match oldest.times() {
            // One without records is older than all.
            Ok(times) => Some(times.map_or(0, |(_, last)| last)),
            Err(error) => {
                tracing::warn!("cannot tell how old {} is: {error}", oldest.path().display());
                None
            }
        }
    }

    /// The time of the first record in the segment that is written to.
    pub(super) fn active_since(&self) -> Option<u64> {
        let times = self.active.as_ref()?.segment.times().ok()??;
        Some(times.0)
    }

    fn delete(&self, segment: &Segment) {
        if let Err(error) = segment.delete() {
            tracing::warn!("cannot delete {}: {error}", segment.path().display());
        }
    }

    fn sync_dir(&self) {
        if let Err(error) = folder::sync(&self.dir) {
            tracing::warn!("cannot sync {}: {error}", self.dir.display());
        }
    }
}
