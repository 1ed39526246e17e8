//! One file of a partition: the records from a base offset on, and a sparse index to find them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use activator::id::Offset;

use super::folder;
use super::scan::{Found, Scan};
use crate::channel::window::Taken;

/// One entry for that many bytes: 16 KiB of index for a full segment, and at most this much read in vain.
const INDEX_EVERY: u64 = 64 << 10;

/// What one record of a batch is thought to take when fewer are wanted than fit the bytes.
const RECORD_GUESS: usize = 4 << 10;

/// A segment; the file is opened by who reads it, for as long as he does.
pub(super) struct Segment {
    pub(super) base: Offset,
    path: PathBuf,
    /// How much of the file holds records.
    length: AtomicU64,
    /// Ascending, at most one entry every [`INDEX_EVERY`] bytes; whoever walks over records adds to it.
    index: Mutex<Vec<(Offset, u64)>>,
}

impl Segment {
    /// The segments in a partition's folder, ascending.
    pub(super) fn all(dir: &Path) -> io::Result<Vec<Self>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(dir)? {
            segments.extend(Self::at(&entry?.path()));
        }
        segments.sort_by_key(|segment| segment.base);
        Ok(segments)
    }

    /// The segment that a file of a partition's folder is, if it is one.
    fn at(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
        if name.len() != 20 || !name.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self::new(Offset(name.parse().ok()?), path.to_owned()))
    }

    fn new(base: Offset, path: PathBuf) -> Self {
        Self { base, path, length: AtomicU64::new(0), index: Mutex::new(Vec::new()) }
    }

    /// A new, empty segment for the records from `base` on, and the file to write them to.
    pub(super) fn create(dir: &Path, base: Offset) -> io::Result<(Self, File)> {
        let segment = Self::new(base, dir.join(format!("{:020}.log", base.0)));
        // What lies there can only be left over from a failed creation: no record had this offset yet.
        let file = File::create(&segment.path)?;
        folder::sync(dir)?;
        Ok((segment, file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Acquire)
    }

    /// What lies below `length` is written and may be read.
    pub(super) fn set_length(&self, length: u64) {
        self.length.store(length, Ordering::Release);
    }

    /// Remembers where a record lies, when none near it is known.
    pub(super) fn note(&self, offset: Offset, at: u64) {
        let mut index = self.index();
        if index.last().is_none_or(|&(_, last)| at >= last + INDEX_EVERY) {
            index.push((offset, at));
        }
    }

    /// Adds the records from `from` on, until there are enough or no more.
    pub(super) fn read(&self, from: Offset, bytes_max: u32, taken: &mut Taken) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let Some(at) = self.locate(&file, from)? else {
            return Ok(());
        };
        let step = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let step = step.min(taken.records_left().saturating_mul(RECORD_GUESS));
        let mut scan = Scan::new(&file, self.base, (from, at), self.length()).in_steps_of(step);
        while !taken.is_full()
            && let Some(found) = scan.next()?
        {
            let record = match found {
                Found::Record(record) => record,
                Found::Broken { from, to } => {
                    self.quarantine(from, to);
                    continue;
                }
            };
            self.note(record.head.offset, record.at);
            match record.event() {
                Ok(event) if taken.take(record.head.offset, &event) => {}
                Ok(_) => break,
                Err(error) => self.report_unreadable(record.head.offset, &error),
            }
        }
        Ok(())
    }

    /// Where the first record from `offset` on lies.
    fn locate(&self, file: &File, offset: Offset) -> io::Result<Option<u64>> {
        let mut scan = Scan::new(file, self.base, self.before(offset), self.length());
        while let Some(found) = scan.next()? {
            match found {
                Found::Record(record) if record.head.offset >= offset => return Ok(Some(record.at)),
                Found::Record(record) => self.note(record.head.offset, record.at),
                Found::Broken { from, to } => self.quarantine(from, to),
            }
        }
        Ok(None)
    }

    /// The nearest known record that is not behind `offset`.
    fn before(&self, offset: Offset) -> (Offset, u64) {
        let index = self.index();
        let behind = index.partition_point(|&(known, _)| known <= offset);
        behind.checked_sub(1).map_or((self.base, 0), |i| index[i])
    }

    fn index(&self) -> MutexGuard<'_, Vec<(Offset, u64)>> {
        self.index.lock().expect("nobody panics while holding an index")
    }

    /// Keeps a copy of a file with a broken stretch, and says so the first time.
    pub(super) fn quarantine(&self, from: u64, to: u64) {
        let copy = self.path.with_extension("log.corrupt");
        if copy.exists() {
            return;
        }
        let kept = match fs::copy(&self.path, &copy) {
            Ok(_) => format!("a copy of the file is kept at {}", copy.display()),
            Err(error) => format!("the file could not be copied to {}: {error}", copy.display()),
        };
        let path = self.path.display();
        tracing::error!("{path} is corrupt: bytes {from} to {to} hold no records and are skipped; {kept}");
    }

    fn report_unreadable(&self, offset: Offset, error: &dyn std::error::Error) {
        let path = self.path.display();
        tracing::error!("{path} holds no event at offset {offset}: {error}; it is skipped");
    }
}
