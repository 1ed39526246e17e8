//! One file of a partition: the records from a base offset on, and the sparse index to find them by.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use activator::id::Offset;

use super::folder;
use super::index::{Entry, Index};
use super::scan::{Found, Record, Scan};
use crate::channel::window::Taken;

/// What one record of a batch is thought to take when fewer are wanted than fit the bytes.
const RECORD_GUESS: usize = 4 << 10;

/// How much is read at a time by who walks over a whole segment.
pub(super) const WALK_STEP: usize = 1 << 20;

/// A segment; the file is opened by who reads it, for as long as he does.
pub(super) struct Segment {
    pub(super) base: Offset,
    path: PathBuf,
    /// How much of the file holds records.
    length: AtomicU64,
    /// Of all its records; nothing when nobody asked for it since the segment was opened.
    index: Mutex<Option<Index>>,
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
        Self { base, path, length: AtomicU64::new(0), index: Mutex::new(None) }
    }

    /// A new, empty segment for the records from `base` on, and the file to write them to.
    pub(super) fn create(dir: &Path, base: Offset) -> io::Result<(Self, File)> {
        let segment = Self::new(base, dir.join(format!("{:020}.log", base.0)));
        // What lies there can only be left over from a failed creation: no record had this offset yet.
        let file = File::create(&segment.path)?;
        *segment.index() = Some(Index::default());
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

    /// Takes the records behind the last one; the segment is then this long.
    pub(super) fn extend(&self, records: impl IntoIterator<Item = Entry>, length: u64) {
        if let Some(index) = &mut *self.index() {
            records.into_iter().for_each(|record| index.note(record));
        }
        self.set_length(length);
    }

    /// Takes the index that whoever walked over all records has made.
    pub(super) fn set_index(&self, index: Index) {
        *self.index() = Some(index);
    }

    /// Writes the index beside the segment, which gets no more records.
    pub(super) fn close(&self) -> io::Result<()> {
        let file = self.with_index(|index| index.encode(self.base, self.length()))?;
        fs::write(self.index_path(), file)
    }

    /// Removes the segment and what lies beside it.
    pub(super) fn delete(&self) -> io::Result<()> {
        if let Err(error) = fs::remove_file(self.index_path())
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        fs::remove_file(&self.path)
    }

    /// The times of the first and the last record.
    pub(super) fn times(&self) -> io::Result<Option<(u64, u64)>> {
        self.with_index(Index::times)
    }

    /// The first record of this time or later.
    pub(super) fn locate_time(&self, time: u64) -> io::Result<Option<Offset>> {
        let begin = self.with_index(|index| index.before_time(time))?;
        let file = File::open(&self.path)?;
        let found = self.first(&file, begin, |record| record.time >= time)?;
        Ok(found.map(|record| record.offset))
    }

    /// Shows the records from a time on, but no more than the last ones that take so many bytes; and perhaps some before
    /// them.
    pub(super) fn walk_last(&self, time: u64, bytes: u64, mut show: impl FnMut(&Record)) -> io::Result<()> {
        let at = self.length().saturating_sub(bytes);
        let begin = self.with_index(|index| index.before_time(time).max(index.before_at(at)))?;
        let begin = begin.map_or((self.base, 0), |entry| (entry.offset, entry.at));
        let file = File::open(&self.path)?;
        let mut scan = Scan::new(&file, self.base, begin, self.length()).in_steps_of(WALK_STEP);
        while let Some(found) = scan.next()? {
            if let Found::Record(record) = found {
                show(&record);
            }
        }
        Ok(())
    }

    /// Adds the records from `from` on, until there are enough or no more.
    pub(super) fn read(&self, from: Offset, bytes_max: u32, taken: &mut Taken) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let begin = self.with_index(|index| index.before(from))?;
        let Some(Entry { at, .. }) = self.first(&file, begin, |record| record.offset >= from)? else {
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
            match record.event() {
                Ok(event) if taken.take(record.head.offset, record.head.time, &event) => {}
                Ok(_) => break,
                Err(error) => self.report_unreadable(record.head.offset, &error),
            }
        }
        Ok(())
    }

    /// The first record that is wanted, from a known one on.
    fn first(
        &self,
        file: &File,
        begin: Option<Entry>,
        wanted: impl Fn(&Entry) -> bool,
    ) -> io::Result<Option<Entry>> {
        let begin = begin.map_or((self.base, 0), |entry| (entry.offset, entry.at));
        let mut scan = Scan::new(file, self.base, begin, self.length());
        while let Some(found) = scan.next()? {
            match found {
                Found::Record(record) if wanted(&record.entry()) => return Ok(Some(record.entry())),
                Found::Record(_) => {}
                Found::Broken { from, to } => self.quarantine(from, to),
            }
        }
        Ok(None)
    }

    fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> io::Result<T> {
        let mut index = self.index();
        if index.is_none() {
            *index = Some(self.load_index()?);
        }
        Ok(look(index.as_ref().expect("it was just loaded")))
    }

    /// Reads the index of a closed segment, or makes it anew.
    fn load_index(&self) -> io::Result<Index> {
        let stored = fs::read(self.index_path()).ok().and_then(|file| Index::decode(&file, self.base));
        if let Some((index, length)) = stored.filter(|(_, length)| *length <= self.length()) {
            // What lies behind was given up on its way to the disk.
            self.set_length(length);
            return Ok(index);
        }
        let file = File::open(&self.path)?;
        let mut index = Index::default();
        let mut scan = Scan::new(&file, self.base, (self.base, 0), self.length()).in_steps_of(WALK_STEP);
        while let Some(found) = scan.next()? {
            if let Found::Record(record) = found {
                index.note(record.entry());
            }
        }
        // Without it the next one walks again.
        let _ = fs::write(self.index_path(), index.encode(self.base, self.length()));
        Ok(index)
    }

    fn index_path(&self) -> PathBuf {
        self.path.with_extension("index")
    }

    fn index(&self) -> MutexGuard<'_, Option<Index>> {
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
