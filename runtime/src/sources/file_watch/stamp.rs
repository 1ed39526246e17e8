//! By what a file is known to be the same as before.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the file system says of a file. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    written: i64,
    /// When anything of it changed last, its name too.
    changed: i64,
    pub(super) size: u64,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(data: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            written: nanos(data.mtime(), data.mtime_nsec()),
            changed: nanos(data.ctime(), data.ctime_nsec()),
            size: data.size(),
            inode: data.ino(),
        }
    }

    /// Whether nobody wrote it in between. Who may read it, and how many names it has, is no writing.
    pub(super) const fn is_as(&self, before: &Self) -> bool {
        self.written == before.written && self.size == before.size && self.inode == before.inode
    }

    /// The id of what happened to a file of this name; the same whenever it is made. One that was moved away and comes back
    /// as it was is another occasion: moving it changed it.
    pub(super) fn id(&self, name: &str) -> String {
        let Self { written, changed, size, inode } = self;
        format!("{name}-{inode:x}-{size:x}-{written:x}-{changed:x}")
    }

    /// How long ago it was written. What was written in the future was not written just now.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.written().into()).unwrap_or(Duration::MAX)
    }

    pub(super) fn written(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.written.into()).unwrap_or_default()
    }
}
