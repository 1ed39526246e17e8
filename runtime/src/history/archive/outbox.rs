//! What waits to be written: the loop puts it here and goes on, the writer takes all of it at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::entry::Entry;

/// How long the writer lets entries come together; what a kill loses of the history.
const GATHER: Duration = Duration::from_millis(100);
/// So many are enough to be written at once: what was just put here is still in the processor's cache.
const ENOUGH: usize = 512;
/// What waits at most: a disk that is slow must not fill memory.
const ENTRIES_MAX: usize = 65_536;
const BYTES_MAX: usize = 32 << 20;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    bytes: usize,
    /// How many were put here in all.
    put: u64,
    closed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Arc<Entry>>,
    /// How many more there would be, had there been room.
    pub(super) dropped: usize,
    /// How many there were with these, in all.
    pub(super) all: u64,
}

impl Outbox {
    /// Never waits for the disk.
    pub(super) fn put(&self, entries: Vec<Arc<Entry>>) {
        let mut waiting = self.waiting();
        if waiting.closed {
            return;
        }
        waiting.put += entries.len() as u64;
        let before = waiting.batch.entries.len();
        for entry in entries {
            if waiting.batch.entries.len() >= ENTRIES_MAX || waiting.bytes >= BYTES_MAX {
                waiting.batch.dropped += 1;
                continue;
            }
            waiting.bytes += entry.weight();
            waiting.batch.entries.push(entry);
        }
        let now = waiting.batch.entries.len();
        drop(waiting);
        // Others are found when the first ones are taken.
        if before == 0 || before < ENOUGH && now >= ENOUGH {
            self.news.notify_one();
        }
    }

    /// What came together, or nothing when the time is up; `None` when no more will come.
    pub(super) fn take(&self, within: Option<Duration>) -> Option<Batch> {
        let waiting = self.waiting();
        let idle = |waiting: &mut Waiting| waiting.batch.entries.is_empty() && !waiting.closed;
        let waiting = match within {
            Some(within) => {
                let woken = self.news.wait_timeout_while(waiting, within, idle);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.news.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner),
        };
        if waiting.batch.entries.is_empty() {
            return (!waiting.closed).then(|| Batch { all: waiting.put, ..Batch::default() });
        }
        let few = |waiting: &mut Waiting| waiting.batch.entries.len() < ENOUGH && !waiting.closed;
        let gathered = self.news.wait_timeout_while(waiting, GATHER, few);
        let mut waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
        waiting.bytes = 0;
        let all = waiting.put;
        Some(Batch { all, ..std::mem::take(&mut waiting.batch) })
    }

    /// What waits is still taken, and nothing more.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
