//! A partition as its one writer sees it: what is staged goes to the file in one write, then to the readers.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use activator::event::Event;
use activator::id::{Offset, Partition};
use tokio::sync::oneshot;

use super::folder;
use super::limits::Limits;
use super::log::Log;
use super::record;
use super::segment::Segment;
use crate::channel::{AppendError, Position};

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
    pub(super) limits: Limits,
    /// Where the next write goes; nothing before the first append to an empty partition.
    pub(super) active: Option<Active>,
    /// Of the last record.
    pub(super) time: u64,
    staged: Vec<Staged>,
    /// The staged records.
    buffer: Vec<u8>,
}

/// The segment that is written to.
pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    pub(super) file: File,
    /// A failed write may have left something behind the end.
    pub(super) torn: bool,
}

struct Staged {
    offset: Offset,
    event: Event,
    /// Where in the buffer the record begins.
    at: usize,
    answer: Stored,
}

impl Appender {
    pub(super) const fn new(
        partition: Partition,
        dir: PathBuf,
        log: Arc<Log>,
        limits: Limits,
        active: Option<Active>,
        time: u64,
    ) -> Self {
        Self { partition, dir, log, limits, active, time, staged: Vec::new(), buffer: Vec::new() }
    }

    /// Takes an event into the next write, writing what was staged before when both are too much for one.
    pub(super) fn stage(&mut self, event: Event, answer: Stored) {
        let size = record::size(&event);
        if self.buffer.len() + size > WRITE_BYTES_MAX || !self.has_room(size) {
            self.flush();
        }
        if !self.has_room(size)
            && let Err(error) = self.roll()
        {
            let reason = format!("no new segment in {}: {error}", self.dir.display());
            // A caller that went away wants no answer.
            let _ = answer.send(Err(AppendError::Unavailable(reason)));
            return;
        }
        let active = self.active.as_ref().expect("there is room in it");
        let offset = Offset(self.log.window.end().0 + self.staged.len() as u64);
        let at = self.buffer.len();
        self.time = self.time.max(now_ms());
        record::encode(&mut self.buffer, active.segment.base, offset, self.time, &event);
        self.staged.push(Staged { offset, event, at, answer });
    }

    /// Whether that much more fits the segment. An empty one takes any record.
    fn has_room(&self, size: usize) -> bool {
        self.active.as_ref().is_some_and(|active| {
            let filled = active.segment.length() + self.buffer.len() as u64;
            filled == 0 || filled + size as u64 <= self.limits.segment_bytes
        })
    }

    /// Begins a new segment; the old one is complete and goes to the disk.
    fn roll(&mut self) -> io::Result<()> {
        let (segment, file) = Segment::create(&self.dir, self.log.window.end())?;
        let segment = Arc::new(segment);
        self.log.push(Arc::clone(&segment));
        let full = self.active.replace(Active { segment, file, torn: false });
        if let Some(full) = full
            && let Err(error) = full.file.sync_data()
        {
            let path = full.segment.path().display();
            tracing::error!("{path} is not safe from a power loss: cannot sync it: {error}");
        }
        Ok(())
    }

    /// Writes what is staged, hands it to the readers and answers.
    pub(super) fn flush(&mut self) {
        let Some(active) = self.active.as_mut().filter(|_| !self.staged.is_empty()) else {
            return;
        };
        match active.write(&self.buffer) {
            Ok(from) => {
                for staged in &self.staged {
                    active.segment.note(staged.offset, from + staged.at as u64);
                }
                self.publish();
            }
            Err(error) => {
                let reason = format!("{}: {error}", active.segment.path().display());
                for staged in self.staged.drain(..) {
                    let _ = staged.answer.send(Err(AppendError::Unavailable(reason.clone())));
                }
            }
        }
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
    }

    fn publish(&mut self) {
        let partition = self.partition;
        let records = self.staged.iter().map(|staged| (staged.offset, staged.event.clone()));
        self.log.window.extend(records, self.limits.window_bytes);
        for Staged { offset, answer, .. } in self.staged.drain(..) {
            let _ = answer.send(Ok(Position { partition, offset }));
        }
    }

    /// Deletes what no cursor needs any more. What cannot be deleted now is found again at the next start.
    pub(super) fn delete_below(&self, low: Offset) {
        self.log.window.forget_below(low);
        let deletable = self.log.take_below(low);
        for segment in &deletable {
            if let Err(error) = fs::remove_file(segment.path()) {
                tracing::warn!("cannot delete {}: {error}", segment.path().display());
            }
        }
        if !deletable.is_empty()
            && let Err(error) = folder::sync(&self.dir)
        {
            tracing::warn!("cannot sync {}: {error}", self.dir.display());
        }
    }
}

impl Active {
    /// Writes at the end as we know it, so whatever a failed write left is overwritten. Says where it wrote.
    fn write(&mut self, records: &[u8]) -> io::Result<u64> {
        let end = self.segment.length();
        if self.torn {
            self.file.set_len(end)?;
            self.torn = false;
        }
        if let Err(error) = self.file.write_all_at(records, end) {
            self.torn = self.file.set_len(end).is_err();
            return Err(error);
        }
        self.segment.set_length(end + records.len() as u64);
        Ok(end)
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
