//! The past: events as they arrived, who took or refused them, every attempt, and how it ended.
//!
//! What is recent is in memory ([`log`]), bounded by count and bytes, the oldest goes first; what is settled is on disk
//! as well ([`archive`]). Payload buffers are never pinned: attributes are copied, of the data an excerpt. Nothing here
//! decides anything; the driver tells what happened by [`History::apply`], once a turn, so that an event and those it
//! matched are seen together. [`past`] reads both, [`feed`] tells what is over as it happens; what a reader sees is in
//! [`view`].

mod archive;
mod delivery;
mod entry;
mod feed;
mod log;
mod page;
mod past;
mod record;
mod selection;
mod tell;
pub(crate) mod view;
mod wiring;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use activator::delivery::Status;
use activator::effect::{EventRef, Report};
use activator::event::Event;
use activator::id::{ChannelId, Offset, Partition, Revision};
use tokio::sync::Notify;

use crate::config::resolved::Resolved;
use log::Log;
use view::Explained;

pub(crate) use archive::{Archive, Bounds};
pub(crate) use feed::{End, Watch};
pub(crate) use record::Spot;
pub(crate) use selection::{Picked, Selection};
pub(crate) use wiring::channel_label;

/// Bytes of it in memory, whatever the number of events: a flood of large attributes must not fill it.
const BYTES_MAX: usize = 64 << 20;

/// Something to remember.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// The configuration that is in force from now on; the first note of all.
    Wired(Arc<Resolved>),
    /// The names of the subscriptions that are paused from now on.
    Paused(BTreeSet<Arc<str>>),
    /// Records were read from a channel. Telling the same record again changes nothing.
    Arrived { channel: ChannelId, partition: Partition, records: Vec<(Offset, Event)> },
    /// Records were read that had been before: somebody who fell behind may take them now.
    Again { channel: ChannelId, partition: Partition, records: Vec<(Offset, Event)> },
    /// An attempt ended.
    Attempted { event: EventRef, attempt: Attempt },
    /// The activator said so.
    Reported(Report),
}

/// One attempt to deliver an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) started: SystemTime,
    /// How long it took, a cold start included.
    pub(crate) ms: f64,
    /// What of it the start of the process took, where that is known.
    pub(crate) start_ms: Option<f64>,
    pub(crate) status: Status,
    pub(crate) error: Option<String>,
    pub(crate) revision: Option<Revision>,
    pub(crate) cold: bool,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) channel: ChannelId,
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
}

/// Which event is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// The one record, and the id of its event.
    At { place: Place, id: String },
    /// Every record with this `id`, and this `source` if one is given.
    Id { id: String, source: Option<String> },
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The event was read from its channel and matched.
    Arrived,
    /// Every delivery of it is over.
    Settled,
}

/// The record of events; shared by the driver, who writes, and the admin API, who reads.
#[derive(Debug)]
pub(crate) struct History {
    log: Mutex<Log>,
    archive: Option<Arc<Archive>>,
    changed: Notify,
    functions_changed: Notify,
}

impl History {
    /// Remembers the last `events_max` events, and nothing longer than the program runs.
    pub(crate) fn new(events_max: usize) -> Self {
        Self::kept(events_max, None)
    }

    /// The same, with all of their data.
    pub(crate) fn whole(events_max: usize) -> Self {
        Self::of(Log::new(events_max, BYTES_MAX).whole(), None)
    }

    /// Remembers what is on disk, and in memory the most recent; the last `events_max` where the disk does not have them.
    pub(crate) fn kept(events_max: usize, archive: Option<Archive>) -> Self {
        Self::of(Log::new(events_max, BYTES_MAX), archive)
    }

    fn of(log: Log, archive: Option<Archive>) -> Self {
        Self {
            log: Mutex::new(log),
            archive: archive.map(Arc::new),
            changed: Notify::new(),
            functions_changed: Notify::new(),
        }
    }

    /// Takes what happened in one turn, all of it before anyone looks.
    pub(crate) fn apply(&self, notes: impl IntoIterator<Item = Note>) {
        let mut functions_changed = false;
        let mut log = self.log();
        // Looked at when nobody else looks: who began to watch before is told of it, and who begins later finds it.
        let now = SystemTime::now();
        for note in notes {
            functions_changed |= matches!(note, Note::Reported(Report::Function { .. }) | Note::Wired(_));
            log.take(now, note);
        }
        let to_file = log.end_turn();
        if let Some(archive) = &self.archive {
            log.forget_written(archive.written());
        }
        drop(log);
        if let Some(archive) = self.archive.as_ref().filter(|_| !to_file.is_empty()) {
            archive.put(to_file);
        }
        self.changed.notify_waiters();
        if functions_changed {
            self.functions_changed.notify_waiters();
        }
    }

    /// Nothing more will be told: writes what is left, also of events that are not settled, and waits for the disk.
    pub(crate) fn close(&self) {
        if let Some(archive) = &self.archive {
            archive.put(self.log().unfiled());
            archive.close();
        }
    }

    /// What is known of the event as soon as it is so, or whatever is known when the time is up.
    pub(crate) async fn wait(&self, wanted: &Wanted, until: Until, timeout: Duration) -> Vec<Explained> {
        if let Some(known) = self.known_of_old(wanted, until).await {
            return known;
        }
        let reached = async {
            loop {
                // Enlisted before the look, so that what happens in between is not missed.
                let mut changed = pin!(self.changed.notified());
                changed.as_mut().enable();
                if self.log().is_reached(wanted, until) {
                    return;
                }
                changed.await;
            }
        };
        // Reached or not, what is known now is the answer.
        let _ = tokio::time::timeout(timeout, reached).await;
        self.explain(wanted).await
    }

    /// What only the archive knows, and will not change.
    async fn known_of_old(&self, wanted: &Wanted, until: Until) -> Option<Vec<Explained>> {
        // Who knows a place has just put the event there.
        if matches!(wanted, Wanted::At { .. }) || self.log().is_known(wanted) {
            return None;
        }
        let known = self.explain(wanted).await;
        let is_reached = until == Until::Arrived || known.iter().all(|event| event.settled);
        (is_reached && !known.is_empty()).then_some(known)
    }

    /// Tells what is over from now on, as it happens.
    pub(crate) fn watch(&self) -> Watch {
        let mut log = self.log();
        let now = SystemTime::now();
        log.watch(now)
    }

    #[cfg(test)]
    pub(crate) fn is_watched(&self) -> bool {
        self.log().is_watched()
    }

    /// Completes with the next news about any function; enlists when it is made, not when it is awaited.
    pub(crate) fn function_news(&self) -> tokio::sync::futures::Notified<'_> {
        self.functions_changed.notified()
    }

    /// The channel people call so: `broker/default`.
    pub(crate) fn channel(&self, label: &str) -> Option<ChannelId> {
        self.log().wiring()?.channel_called(label)
    }

    /// Whether nothing reads the channel: it keeps its events for a subscription to come.
    pub(crate) fn is_unread(&self, channel: ChannelId) -> bool {
        self.log().wiring().is_some_and(|wiring| wiring.is_unread(channel))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A panic elsewhere leaves at worst an entry half told; the rest is still worth reading.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
