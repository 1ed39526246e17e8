//! The segment that is written to.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::host::Host;
use super::segment::Segment;

pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    pub(super) file: File,
    /// A failed write may have left something behind the end.
    pub(super) torn: bool,
    /// What lies behind the end could not be synced: it is unknown what of it the disk has, also after a sync that
    /// succeeds later. Nothing more is written here.
    pub(super) spent: bool,
}

impl Active {
    pub(super) const fn new(segment: Arc<Segment>, file: File) -> Self {
        Self { segment, file, torn: false, spent: false }
    }

    /// Writes at the end as the readers know it, so whatever a failed write left is overwritten. Says where it
    /// wrote; the end moves when the caller has made sure of it.
    pub(super) fn write(&mut self, host: &dyn Host, records: &[u8]) -> io::Result<u64> {
        let end = self.segment.length();
        if self.torn {
            self.cut()?;
            self.torn = false;
        }
        if let Err(error) = host.write_at(&self.file, records, end) {
            self.torn = self.cut().is_err();
            return Err(error);
        }
        Ok(end)
    }

    /// Takes away what lies behind the end.
    pub(super) fn cut(&self) -> io::Result<()> {
        self.file.set_len(self.segment.length())
    }
}
