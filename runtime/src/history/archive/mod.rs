//! The history on disk: what became of each event, kept over restarts. It is history and no log: nothing waits for it, it is
//! not synced, and a kill loses what was settled in the last moment ([`outbox`]).
//!
//! The loop hands over entries that are settled; a thread of its own writes them, in batches, into files that only grow
//! ([`active`], [`segment`], [`frame`]). A file holds records of events ([`body`]) and of who subscribed when they came
//! ([`table`]); an [`index`] beside it tells where they are. The [`shelf`] keeps to the bounds, and a [`search`] reads.
//!
//! An event may have several records, when it was read again after a restart, or after somebody fell behind: the
//! reader puts them together.

mod active;
mod body;
mod filters;
mod frame;
mod index;
mod outbox;
mod search;
mod segment;
mod shelf;
mod table;
mod wire;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use self::outbox::{Batch, Outbox};
use self::shelf::Shelf;
use super::entry::Entry;

pub(super) use self::index::{Times, hash_id, millis};
pub(super) use self::search::{Found, Key, Search};

/// Entries that are written at a time.
const CHUNK: usize = 1024;

/// What of the history is kept on disk; beyond any of them, the oldest goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// 0 = nothing is kept.
    pub(crate) events: usize,
    pub(crate) age: Duration,
    pub(crate) bytes: u64,
}

/// Opened by whoever needs it first; nothing when that fails.
type Opened = LazyLock<Mutex<Option<Shelf>>, Box<dyn FnOnce() -> Mutex<Option<Shelf>> + Send>>;

/// The archive, and the thread that writes it.
pub(crate) struct Archive {
    outbox: Arc<Outbox>,
    shelf: Arc<Opened>,
    written: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Archive {
    /// What is kept in a folder, within these bounds. Nothing waits for it to be opened.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn start(dir: PathBuf, bounds: Bounds) -> std::io::Result<Self> {
        let open = move || {
            let opened = Shelf::open(&dir, bounds);
            let failed = |error: &_| tracing::error!("no history is kept: {}: {error}", dir.display());
            Mutex::new(opened.inspect_err(failed).ok())
        };
        let shelf: Arc<Opened> = Arc::new(LazyLock::new(Box::new(open)));
        let outbox = Arc::<Outbox>::default();
        let written = Arc::<AtomicU64>::default();
        let (theirs, from, told) = (Arc::clone(&shelf), Arc::clone(&outbox), Arc::clone(&written));
        let writer =
            thread::Builder::new().name("history".into()).spawn(move || write_all(&theirs, &from, &told))?;
        Ok(Self { outbox, shelf, written, writer: Mutex::new(Some(writer)) })
    }

    /// How many of the entries that were put in are on disk: the first ones.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Takes entries as they are now.
    pub(super) fn put(&self, entries: Vec<Arc<Entry>>) {
        self.outbox.put(entries);
    }

    /// Waits until all that was put in is written, and takes nothing more.
    pub(super) fn close(&self) {
        self.outbox.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of the history broke");
        }
    }

    /// Reads files: not for the loop.
    pub(super) fn search(&self) -> Search {
        let seen = lock(&self.shelf).as_ref().map(Shelf::seen);
        Search::of(seen.unwrap_or_default())
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").finish_non_exhaustive()
    }
}

fn lock(shelf: &Opened) -> MutexGuard<'_, Option<Shelf>> {
    // A panic elsewhere leaves at worst a segment that ends in the middle of a record.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what comes, and deletes what has come of age.
fn write_all(shelf: &Opened, outbox: &Outbox, told: &AtomicU64) {
    let mut due = lock(shelf).as_mut().and_then(|shelf| shelf.enforce(SystemTime::now()));
    let mut failing = false;
    while let Some(Batch { entries, dropped, all }) = outbox.take(due) {
        if dropped > 0 {
            tracing::warn!("{dropped} events are missing in the history on disk: it is too slow for them");
        }
        // Whoever reads gets his turn between them.
        for entries in entries.chunks(CHUNK) {
            let written = lock(shelf).as_mut().map(|shelf| shelf.write(entries));
            if let Some(Err(error)) = written.as_ref().filter(|_| !failing) {
                tracing::error!("the history is not written: {error}");
            }
            failing = !matches!(written, Some(Ok(())));
        }
        if !failing {
            told.store(all, Ordering::Release);
        }
        due = lock(shelf).as_mut().and_then(|shelf| shelf.enforce(SystemTime::now()));
    }
}
