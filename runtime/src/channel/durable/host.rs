//! What the writer asks of the machine: to write, to sync. One narrow face, so that tests can be a machine that
//! fails.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The machine a channel is kept on.
pub(super) trait Host: Send + Sync {
    /// Writes all of it, or fails having written some of it.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Makes what was written outlive a power loss. After a failure nobody knows what of it does, and a second try
    /// that succeeds says nothing about the first.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The one we run on.
pub(super) struct ThisHost;

impl Host for ThisHost {
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
