//! One look at a file: opened once, and asked all that there is to ask. There may be ten thousand of them.

use std::fs::{File, Metadata, OpenOptions, metadata};
use std::io::{self, Read as _};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, available_parallelism};

use crate::config::content::{Hash, Stat};

use super::BeingWritten;
use super::entry::Seen;
use super::{elf, header};

/// What is read of a file: an ELF header, or a script's first lines.
const HEAD_BYTES: usize = 8 << 10;

/// What was seen.
pub(super) struct Look {
    /// Whether there is a link, wherever it leads.
    pub(super) is_link: bool,
    /// Of what a link leads to.
    pub(super) metadata: io::Result<Metadata>,
    pub(super) is_being_written: bool,
    pub(super) inside: Inside,
}

/// What is in a file; nothing of what is no file.
#[derive(Default)]
pub(super) struct Inside {
    /// The processor it was built for, if that is another than ours.
    pub(super) foreign: Option<String>,
    /// How a script begins that says something of itself.
    pub(super) head: Option<Box<str>>,
    /// Of all of it, if that is not more than its head.
    pub(super) hash: Option<Hash>,
}

/// Files that are worth a thread more to look at them: it waits for the system most of the time.
const FILES_PER_THREAD: usize = 512;
const THREADS_MAX: usize = 4;

/// Looks at all of these, in their order.
pub(super) fn at_all(paths: &[&Path], being_written: BeingWritten) -> Vec<Look> {
    let look =
        |paths: &[&Path]| -> Vec<Look> { paths.iter().map(|path| Look::at(path, being_written)).collect() };
    let processors = available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(THREADS_MAX).min(paths.len() / FILES_PER_THREAD).max(1);
    let (ours, theirs) = paths.split_at(paths.len().div_ceil(threads));
    thread::scope(|scope| {
        let parts = theirs.chunks(ours.len().max(1));
        let others: Vec<_> = parts.map(|part| scope.spawn(move || look(part))).collect();
        let mut all = look(ours);
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    })
}

impl Look {
    pub(super) fn at(path: &Path, being_written: BeingWritten) -> Self {
        let file = open(path, libc::O_NOFOLLOW);
        let is_link = file.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ELOOP));
        match if is_link { open(path, 0) } else { file } {
            Ok(file) => Self::into(path, &file, is_link, being_written),
            // Executable and not readable is unusual and legal: it runs, and we cannot look into it.
            Err(_) => {
                let (metadata, inside) = (metadata(path), Inside::default());
                Self { is_link, metadata, is_being_written: false, inside }
            }
        }
    }

    fn into(path: &Path, file: &File, is_link: bool, being_written: BeingWritten) -> Self {
        let metadata = file.metadata();
        let is_being_written = being_written(path, file);
        let inside = match &metadata {
            Ok(metadata) if metadata.is_file() => Inside::of(file, metadata),
            _ => Inside::default(),
        };
        Self { is_link, metadata, is_being_written, inside }
    }

    /// What tells this content from another.
    pub(super) fn seen(&self) -> Option<Box<Seen>> {
        let metadata = self.metadata.as_ref().ok()?;
        Some(Box::new(Seen { stat: Stat::of(metadata), hash: self.inside.hash }))
    }
}

/// Opening a named pipe must not wait for its writer.
fn open(path: &Path, flags: i32) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | flags).open(path)
}

impl Inside {
    fn of(mut file: &File, metadata: &Metadata) -> Self {
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
        Self { foreign: elf::foreign_machine(head), head: header::head(head), hash }
    }
}
