//! The segments there are, within the bounds that were given: whole ones go, the oldest first.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::entry::Entry;
use super::Bounds;
use super::active::{Active, Full};
use super::frame::{FORMAT, Header};
use super::index::{Index, millis};
use super::segment::{self, Closed};

/// A bound is kept by deleting whole segments, so one of them should be little of it.
const SEGMENTS: u32 = 16;
/// The largest segment: what has to be walked over after a kill.
const SEGMENT_BYTES_MAX: u64 = 8 << 20;

#[derive(Debug)]
pub(super) struct Shelf {
    dir: PathBuf,
    bounds: Bounds,
    full: Full,
    /// The oldest first.
    closed: VecDeque<Arc<Closed>>,
    active: Option<Active>,
    next: u64,
}

/// What can be read: the closed ones, the oldest first, and of the other as far as it was written.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) closed: Vec<Arc<Closed>>,
    pub(super) active: Option<(PathBuf, u64, Index)>,
}

impl Shelf {
    pub(super) fn open(dir: &Path, bounds: Bounds) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            files.extend(segment::number(&path).map(|number| (number, path)));
        }
        files.sort();
        let full = Full {
            bytes: (bounds.bytes / u64::from(SEGMENTS)).min(SEGMENT_BYTES_MAX),
            events: bounds.events.div_ceil(SEGMENTS as usize),
            age: (bounds.age / SEGMENTS).as_millis().try_into().unwrap_or(u64::MAX),
        };
        let next = files.last().map_or(0, |(number, _)| number + 1);
        let mut shelf =
            Self { dir: dir.to_owned(), bounds, full, closed: VecDeque::new(), active: None, next };
        for (_, path) in files {
            shelf.take_over(path)?;
        }
        Ok(shelf)
    }

    /// Takes a file that is there.
    fn take_over(&mut self, path: PathBuf) -> io::Result<()> {
        let file = File::options().read(true).write(true).open(&path)?;
        match Header::read(&file)? {
            Header::Ours => {}
            Header::Torn => return fs::remove_file(path),
            Header::Foreign => {
                tracing::warn!("{} is no history of ours; it is left alone", path.display());
                return Ok(());
            }
            Header::Newer(format) => {
                tracing::warn!(
                    "{}: history of format {format}, and this hydrant knows {FORMAT}: it is left alone",
                    path.display(),
                );
                return Ok(());
            }
        }
        let length = file.metadata()?.len();
        // Those before it come before it.
        self.close_active();
        if let Some(index) = segment::index_of(&path, length) {
            self.closed.push_back(Arc::new(Closed::of(path, length, &index)));
            return Ok(());
        }
        let (index, end) = segment::scan(&file, length)?;
        if end < length {
            tracing::info!("{}: {} bytes at its end were not written whole", path.display(), length - end);
            file.set_len(end)?;
        }
        // Gone on with if it is the last.
        self.active = Some(Active::of(path, end, index));
        Ok(())
    }

    fn close_active(&mut self) {
        self.closed.extend(self.active.take().map(|active| Arc::new(active.close())));
    }

    /// Writes them, and keeps to the bounds. After an error, what was not written is lost.
    pub(super) fn write(&mut self, mut entries: &[Arc<Entry>]) -> io::Result<()> {
        while !entries.is_empty() {
            let (full, now) = (self.full, millis(SystemTime::now()));
            let left = self.active()?.append(entries, &full, now);
            // Somebody removed it: the next one is another.
            if left.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                self.active = None;
            }
            entries = left?;
        }
        Ok(())
    }

    fn active(&mut self) -> io::Result<&mut Active> {
        if self.active.as_ref().is_some_and(|active| active.is_full(&self.full)) {
            self.close_active();
        }
        match &mut self.active {
            Some(active) => Ok(active),
            none => {
                let path = segment::path(&self.dir, self.next);
                self.next += 1;
                Ok(none.insert(Active::create(path)?))
            }
        }
    }

    /// Deletes what is beyond the bounds, and says how long until time alone will have put more beyond them.
    pub(super) fn enforce(&mut self, now: SystemTime) -> Option<Duration> {
        let (now, age) = (millis(now), self.bounds.age);
        if self.active.as_ref().is_some_and(|a| a.index.events > 0 && a.index.times.left(now, age).is_none())
        {
            self.close_active();
        }
        while let Some(oldest) = self.closed.front() {
            let left = oldest.times.left(now, age);
            if !self.is_beyond() && left.is_some() {
                return left;
            }
            oldest.delete();
            self.closed.pop_front();
        }
        self.active.as_ref().and_then(|active| active.index.times.left(now, age))
    }

    fn is_beyond(&self) -> bool {
        let (mut events, mut bytes) = (0, 0);
        for closed in &self.closed {
            events += closed.events;
            bytes += closed.bytes;
        }
        if let Some(active) = &self.active {
            events += active.index.events;
            bytes += active.length + active.index.bytes();
        }
        events > self.bounds.events || bytes > self.bounds.bytes
    }

    pub(super) fn seen(&self) -> Seen {
        let active = self.active.as_ref().map(|a| (a.path.clone(), a.length, a.index.clone()));
        Seen { closed: self.closed.iter().cloned().collect(), active }
    }
}
