//! One look at a file: opened once, and asked all that there is to ask. There may be ten thousand of them.

use std::fs::{File, Metadata, OpenOptions, metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::config::content::{Hash, Stat};

use super::BeingWritten;
use super::entry::Seen;

/// What is read of a file: an ELF header, or a script's first lines.
const HEAD_BYTES: usize = 8 << 10;

/// What was seen.
pub(super) struct Look {
    /// Of what a link leads to.
    pub(super) metadata: io::Result<Metadata>,
    pub(super) is_being_written: bool,
    /// How it begins; nothing of what is no file.
    pub(super) head: Vec<u8>,
    /// Of all of it, if that is not more than its head.
    pub(super) hash: Option<Hash>,
}

impl Look {
    pub(super) fn at(path: &Path, being_written: BeingWritten) -> Self {
        // Opening a named pipe must not wait for its writer.
        match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
            Ok(file) => Self::into(path, &file, being_written),
            // Executable and not readable is unusual and legal: it runs, and we cannot look into it.
            Err(_) => {
                Self { metadata: metadata(path), is_being_written: false, head: Vec::new(), hash: None }
            }
        }
    }

    fn into(path: &Path, file: &File, being_written: BeingWritten) -> Self {
        let metadata = file.metadata();
        let is_being_written = being_written(path, file);
        let (head, hash) = match &metadata {
            Ok(metadata) if metadata.is_file() => read(file, metadata),
            _ => (Vec::new(), None),
        };
        Self { metadata, is_being_written, head, hash }
    }

    /// What tells this content from another.
    pub(super) fn seen(&self) -> Option<Box<Seen>> {
        let metadata = self.metadata.as_ref().ok()?;
        Some(Box::new(Seen { stat: Stat::of(metadata), hash: self.hash }))
    }
}

fn read(mut file: &File, metadata: &Metadata) -> (Vec<u8>, Option<Hash>) {
    let mut head = [0; HEAD_BYTES];
    let mut length = 0;
    // A read gives less than there is only at the end, but for the file systems where it does.
    while let Ok(more @ 1..) = file.read(&mut head[length..]) {
        length += more;
        if length as u64 >= metadata.len() {
            break;
        }
    }
    let head = &head[..length];
    let is_whole = length as u64 == metadata.len();
    // It is what the metadata is of, if that is the same still.
    let hash = is_whole.then(|| Hash::of_whole(head, file, metadata)).flatten();
    (head.to_vec(), hash)
}
