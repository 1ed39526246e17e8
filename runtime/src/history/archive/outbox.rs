//! What waits to be written: the loop puts it here and goes on, the writer takes all of it at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::entry::Entry;

/// How long the writer lets entries come together; what a kill loses of the history.
const GATHER: Duration = Duration::from_millis(100);
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
    closed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Arc<Entry>>,
    /// How many more there would be, had there been room.
    pub(super) dropped: usize,
}

impl Outbox {
    /// Never waits for the disk.
    pub(super) fn put(&self, entries: Vec<Arc<Entry>>) {
        let mut waiting = self.waiting();
        if waiting.closed {
            return;
        }
        let was_empty = waiting.batch.entries.is_empty();
        for entry in entries {
            if waiting.batch.entries.len() >= ENTRIES_MAX || waiting.bytes >= BYTES_MAX {
                waiting.batch.dropped += 1;
                continue;
            }
            waiting.bytes += entry.weight();
            waiting.batch.entries.push(entry);
        }
        drop(waiting);
        // Later ones are found when the first ones are taken.
        if was_empty {
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
            return (!waiting.closed).then(Batch::default);
        }
        let gathered = self.news.wait_timeout_while(waiting, GATHER, |waiting| !waiting.closed);
        let mut waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
        waiting.bytes = 0;
        Some(std::mem::take(&mut waiting.batch))
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
