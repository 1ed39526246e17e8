//! One look at a file: opened once, and asked all that there is to ask. There may be ten thousand of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions, metadata};
use std::io::{self, Read as _};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use crate::config::content::{Hash, Stat};

use super::BeingWritten;
use super::entry::Seen;
use super::{elf, header};

/// What is read of a file: an ELF header, or a script's first lines.
const HEAD_BYTES: usize = 8 << 10;

/// A file that nobody wrote for so long is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// Who is asked whether somebody has a file open for writing.
#[derive(Clone, Copy)]
pub(in crate::config) struct Writers {
    pub(in crate::config) ask: BeingWritten,
    /// Asked of one that is left alone, too. To ask takes a quarter of the look, and where nothing ran before that could go on
    /// instead, all there is to lose is a start that waits, since the system says `text busy`.
    pub(in crate::config) of_all: bool,
}

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
/// Files that a thread takes at a time.
const PIECE: usize = 64;

/// Looks at all of these, in their order. Other threads look ahead at what comes next, while this one makes something of
/// what was seen.
pub(super) fn at_all<T>(
    paths: &[&Path],
    writers: Writers,
    with: impl FnOnce(&mut dyn Iterator<Item = Look>) -> T,
) -> T {
    let pieces = Pieces { paths, writers, begun: AtomicUsize::new(0) };
    thread::scope(|scope| {
        let (seen, others) = mpsc::channel();
        for _ in 1..threads_for(paths.len()) {
            let (pieces, seen) = (&pieces, seen.clone());
            scope.spawn(move || pieces.for_each(|piece| drop(seen.send(piece))));
        }
        drop(seen);
        let mut ahead = Ahead { pieces: &pieces, others, waiting: BTreeMap::new() };
        with(&mut (0..).map_while(|number| ahead.piece(number)).flatten())
    })
}

/// How many there are is asked of a dozen files, so that is done only where there may be more than one.
fn threads_for(files: usize) -> usize {
    match (files / FILES_PER_THREAD).min(THREADS_MAX) {
        0 | 1 => 1,
        most => most.min(available_parallelism().map_or(1, NonZero::get)),
    }
}

/// What is to be looked at, piece by piece; each is taken once, by whichever thread has nothing else to do.
struct Pieces<'p> {
    paths: &'p [&'p Path],
    writers: Writers,
    begun: AtomicUsize,
}

/// Its number, and what was seen.
type Piece = (usize, Vec<Look>);

impl Iterator for &Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let piece = self.paths.chunks(PIECE).nth(number)?;
        Some((number, piece.iter().map(|path| Look::at(path, self.writers)).collect()))
    }
}

/// The pieces in their order.
struct Ahead<'p> {
    pieces: &'p Pieces<'p>,
    others: mpsc::Receiver<Piece>,
    /// What was seen before its turn.
    waiting: BTreeMap<usize, Vec<Look>>,
}

impl Ahead<'_> {
    /// Nothing after the last one.
    fn piece(&mut self, number: usize) -> Option<Vec<Look>> {
        loop {
            self.waiting.extend(self.others.try_iter());
            if let Some(looks) = self.waiting.remove(&number) {
                return Some(looks);
            }
            // Rather than wait for another thread it looks at what nobody has begun.
            let next = self.pieces.next().or_else(|| self.others.recv().ok());
            self.waiting.extend([next?]);
        }
    }
}

impl Look {
    pub(super) fn at(path: &Path, writers: Writers) -> Self {
        let file = open(path, libc::O_NOFOLLOW);
        let is_link = file.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ELOOP));
        match if is_link { open(path, 0) } else { file } {
            Ok(file) => Self::into(path, &file, is_link, writers),
            // Executable and not readable is unusual and legal: it runs, and we cannot look into it.
            Err(_) => {
                let (metadata, inside) = (metadata(path), Inside::default());
                Self { is_link, metadata, is_being_written: false, inside }
            }
        }
    }

    fn into(path: &Path, file: &File, is_link: bool, writers: Writers) -> Self {
        let left_alone = if writers.of_all { None } else { file.metadata().ok().filter(is_left_alone) };
        let written = if left_alone.is_some() { None } else { (writers.ask)(path, file).ok() };
        // Whoever is asked after may have written until then.
        let metadata = left_alone.map_or_else(|| file.metadata(), Ok);
        let inside = match &metadata {
            Ok(metadata) if metadata.is_file() => Inside::of(file, metadata, written.is_some()),
            _ => Inside::default(),
        };
        Self { is_link, metadata, is_being_written: written == Some(true), inside }
    }

    /// What tells this content from another.
    pub(super) fn seen(&self) -> Option<Seen> {
        let metadata = self.metadata.as_ref().ok()?;
        Some(Seen { stat: Stat::of(metadata), hash: self.inside.hash })
    }
}

fn is_left_alone(metadata: &Metadata) -> bool {
    let since = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    since.is_some_and(|since| since > LEFT_ALONE)
}

/// Opening a named pipe must not wait for its writer.
fn open(path: &Path, flags: i32) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | flags).open(path)
}

impl Inside {
    /// Where it `stands_still` nobody writes it meanwhile: it holds what the metadata is of.
    fn of(file: &File, metadata: &Metadata, stands_still: bool) -> Self {
        HEAD.with_borrow_mut(|head| {
            let head = read_head(file, &mut head[..], metadata.len());
            let is_whole = head.len() as u64 == metadata.len();
            let is_same = || stands_still || Stat::of(metadata).is_of_open(file);
            let hash = (is_whole && is_same()).then(|| Hash::of_bytes(head));
            Self { foreign: elf::foreign_machine(head), head: header::head(head), hash }
        })
    }
}

thread_local! {
    /// Of the file that is looked at: cleared once, and not for each of ten thousand.
    static HEAD: RefCell<[u8; HEAD_BYTES]> = const { RefCell::new([0; HEAD_BYTES]) };
}

/// Reads the beginning of a file, which is `length` long by what is said of it.
fn read_head<'h>(mut file: &File, head: &'h mut [u8], length: u64) -> &'h [u8] {
    let mut read = 0;
    // A read gives less than there is only at the end, but for the file systems where it does.
    while let Ok(more @ 1..) = file.read(&mut head[read..]) {
        read += more;
        if read as u64 >= length {
            break;
        }
    }
    &head[..read]
}
