//! Walking over the records of a segment, and over what is broken between them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use activator::event::{Event, EventError};
use activator::id::Offset;
use bytes::Bytes;

use super::index::Entry;
use super::record::{HEAD, Head};

/// Reads a segment from a record on, in large steps; a record larger than a step is read in one piece.
pub(super) struct Scan<'a> {
    file: &'a File,
    base: Offset,
    /// Where the segment ends.
    end: u64,
    /// How much is read at a time.
    step: usize,
    buffer: Bytes,
    /// Where in the file the buffer begins.
    buffer_at: u64,
    /// Where the next record is expected.
    at: u64,
    /// No record from here on has a lower offset or an earlier time.
    offset_min: Offset,
    time_min: u64,
}

pub(super) enum Found {
    Record(Record),
    /// No record can be read from here to there, and there is where one follows or the segment ends.
    Broken {
        from: u64,
        to: u64,
    },
}

/// An intact record.
pub(super) struct Record {
    /// Where it lies in the file.
    at: u64,
    pub(super) head: Head,
    bytes: Bytes,
}

impl Record {
    /// Where the next one begins.
    pub(super) const fn end(&self) -> u64 {
        self.at + self.head.size() as u64
    }

    /// What an index says of it.
    pub(super) const fn entry(&self) -> Entry {
        Entry { offset: self.head.offset, at: self.at, time: self.head.time }
    }

    /// Its headers, a mark before them.
    pub(super) fn headers(&self) -> &[u8] {
        self.head.headers(&self.bytes)
    }

    /// The event, in slices of the buffer it was read into.
    pub(super) fn event(&self) -> Result<Event, EventError> {
        self.head.event(&self.bytes)
    }
}

impl<'a> Scan<'a> {
    /// Begins at `at`, where a record of at least `offset_min` lies.
    pub(super) const fn new(file: &'a File, base: Offset, (offset_min, at): (Offset, u64), end: u64) -> Self {
        Self {
            file,
            base,
            end,
            step: 64 << 10,
            buffer: Bytes::new(),
            buffer_at: at,
            at,
            offset_min,
            time_min: 0,
        }
    }

    pub(super) fn in_steps_of(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// The next record or broken stretch; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.at >= self.end {
            return Ok(None);
        }
        if let Some(record) = self.record_at(self.at)? {
            self.pass(&record);
            return Ok(Some(Found::Record(record)));
        }
        let from = self.at;
        self.at = self.find_behind(from)?;
        let to = self.at;
        Ok(Some(Found::Broken { from, to }))
    }

    const fn pass(&mut self, record: &Record) {
        self.at = record.end();
        self.offset_min = record.head.offset.next();
        self.time_min = record.head.time;
    }

    /// Where the next intact record begins behind something broken, else the end.
    fn find_behind(&mut self, broken: u64) -> io::Result<u64> {
        for at in broken + 1..=self.end.saturating_sub(HEAD as u64) {
            if self.record_at(at)?.is_some() {
                return Ok(at);
            }
        }
        Ok(self.end)
    }

    fn record_at(&mut self, at: u64) -> io::Result<Option<Record>> {
        let left = self.end - at;
        if left < HEAD as u64 {
            return Ok(None);
        }
        let start = self.load(at, HEAD)?;
        let bytes = self.buffer[start..].first_chunk().expect("a head was loaded");
        let Some(head) = Head::parse(bytes) else {
            return Ok(None);
        };
        let plausible = head.offset >= self.offset_min && head.time >= self.time_min;
        if !plausible || head.size() as u64 > left {
            return Ok(None);
        }
        let start = self.load(at, head.size())?;
        let bytes = self.buffer.slice(start..start + head.size());
        let intact = head.is_intact(self.base, &bytes);
        Ok(intact.then_some(Record { at, head, bytes }))
    }

    /// Makes sure that `length` bytes at `at` are in the buffer, and says where in it.
    fn load(&mut self, at: u64, length: usize) -> io::Result<usize> {
        if let Some(start) = at.checked_sub(self.buffer_at).and_then(|start| usize::try_from(start).ok())
            && start + length <= self.buffer.len()
        {
            return Ok(start);
        }
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.max(self.step).min(left)];
        self.file.read_exact_at(&mut bytes, at)?;
        self.buffer = bytes.into();
        self.buffer_at = at;
        Ok(0)
    }
}
