//! The segment that is written to.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::limits::{AHEAD_MAX, Terms};
use super::segment::Segment;

static ZEROS: [u8; AHEAD_MAX] = [0; AHEAD_MAX];

pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    pub(super) file: File,
    /// How far the file reaches.
    reach: u64,
    /// A failed write may have left something behind the end.
    pub(super) torn: bool,
    /// What lies behind the end could not be synced: it is unknown what of it the disk has, also after a sync that
    /// succeeds later. Nothing more is written here.
    pub(super) spent: bool,
}

impl Active {
    pub(super) fn new(segment: Arc<Segment>, file: File) -> Self {
        let reach = segment.length();
        Self { segment, file, reach, torn: false, spent: false }
    }

    /// Writes at the end as the readers know it, so whatever a failed write left is overwritten. Says where it
    /// wrote; the end moves when the caller has made sure of it.
    pub(super) fn write(&mut self, terms: &Terms, records: &[u8]) -> io::Result<u64> {
        let end = self.segment.length();
        if self.torn {
            self.cut()?;
            self.torn = false;
        }
        if let Err(error) = terms.host.write_at(&self.file, records, end) {
            self.torn = self.cut().is_err();
            return Err(error);
        }
        // What follows so many would not fit the zeros either.
        let ahead = if records.len() < AHEAD_MAX { terms.ahead } else { 1 };
        self.reach_beyond(end + records.len() as u64, ahead, terms);
        Ok(end)
    }

    /// Zeros for the next ones to be written over, up to a multiple of `ahead`.
    fn reach_beyond(&mut self, end: u64, ahead: usize, terms: &Terms) {
        if end <= self.reach {
            return;
        }
        self.reach = end.next_multiple_of(ahead as u64);
        let zeros = &ZEROS[..(self.reach - end) as usize];
        if !zeros.is_empty() && terms.host.write_at(&self.file, zeros, end).is_err() {
            // The disk is full, and what room there is belongs to records and cursors.
            self.file.set_len(end).ok();
            self.reach = end;
        }
    }

    /// Bytes of the file that hold no record yet.
    pub(super) fn spare(&self) -> u64 {
        self.reach.saturating_sub(self.segment.length())
    }

    /// Takes away what lies behind the end.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        let end = self.segment.length();
        self.file.set_len(end)?;
        self.reach = end;
        Ok(())
    }

    /// Nothing more is written to it for now: it ends with its last record.
    pub(super) fn rest(&mut self) {
        if (self.torn || self.spare() > 0)
            && let Err(error) = self.cut()
        {
            // Its index says where it ends, or whoever opens it sees that.
            tracing::warn!("{}: cannot cut off what is no record: {error}", self.segment.path().display());
        }
    }
}
