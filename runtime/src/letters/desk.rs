//! The handle: who reads the letters, and who is done with some.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use activator::event::Event;
use activator::id::Partition;
use tokio::sync::watch;

use super::cases::Case;
use super::index::Index;
use super::view::GroupView;
use super::{LetterId, REDRIVES_MAX, Selection};
use crate::channel::{Channel, CommitError, Landmark, ReadError};

/// The letters that are known in memory, which takes some 50 MB; more stay in the channel until some of these are done.
const LETTERS_MAX: usize = 1_000_000;
/// Bytes of events that are read for one answer, or a little more.
const PAGE_BYTES: usize = 8 << 20;
/// One read of the channel.
const READ_RECORDS: u64 = 256;
const READ_BYTES: u32 = 1 << 20;
/// How long a question waits for the letters to be read after a start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was asked for cannot be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error("the channel of the dead letters is not open")]
    NotOpen,
    #[error("the dead letters are still being read")]
    Unread,
    #[error("the dead letters: {0}")]
    Read(#[from] ReadError),
    #[error("the channel does not hold {0} any more")]
    Gone(LetterId),
}

/// A letter that was read.
pub(crate) type Read = (LetterId, Event);

/// Which letters one may be done with, and which were left out.
pub(crate) struct Page {
    pub(crate) taken: Taken,
    /// Meant, and not taken this time.
    pub(crate) left: u64,
    /// Sent again too often.
    pub(crate) guarded: u64,
    /// Of subscriptions that are not there.
    pub(crate) unwired: u64,
}

/// Shared by the driver, who gives it the channel, and the admin API.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(super) state: Mutex<State>,
    /// Told whenever the index changed.
    pub(super) moved: watch::Sender<()>,
    pub(super) closing: watch::Sender<bool>,
    /// The last one to store must be the one that knows most.
    storing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) channel: Option<Channel>,
    pub(super) index: Index,
}

impl Default for Desk {
    fn default() -> Self {
        let state = State { channel: None, index: Index::new(LETTERS_MAX) };
        Self {
            state: Mutex::new(state),
            moved: watch::Sender::default(),
            closing: watch::Sender::default(),
            storing: tokio::sync::Mutex::default(),
        }
    }
}

impl Desk {
    /// How many letters are open, as far as they were read.
    pub(crate) fn count(&self) -> usize {
        self.state().index.count()
    }

    /// Waits until all letters that are stored now are known, or as many as there is room for.
    pub(crate) async fn caught_up(&self) -> Result<(), DeskError> {
        let channel = self.channel()?;
        let partitions = self.state().index.partitions();
        let mut ends = Vec::with_capacity(partitions.len());
        for partition in partitions {
            ends.push((partition, channel.locate(partition, Landmark::End).await?));
        }
        drop(channel);
        let mut moved = self.moved.subscribe();
        let reached = moved.wait_for(|()| {
            let index = &self.state().index;
            index.is_full() || ends.iter().all(|(partition, end)| index.position(*partition) >= *end)
        });
        let waited = tokio::time::timeout(PATIENCE, reached).await;
        waited.map(drop).map_err(|_| DeskError::Unread)
    }

    /// The letters that are meant, behind `after`, with their events: at most so many, and at least one if there is any.
    pub(crate) async fn list(
        &self,
        selection: &Selection,
        after: Option<LetterId>,
        limit: usize,
    ) -> Result<Vec<Read>, DeskError> {
        let ids: Vec<_> = self.state().index.matching(selection, after).map(|o| o.id).take(limit).collect();
        self.read_some(&ids).await
    }

    /// How many there are of each kind.
    pub(crate) fn groups(&self, selection: &Selection) -> Vec<GroupView> {
        self.state().index.groups(selection)
    }

    /// The letters that are called so, or whose event has this `id`.
    pub(crate) async fn find(&self, text: &str) -> Result<Vec<Read>, DeskError> {
        let (named, with_event) = {
            let index = &self.state().index;
            (text.parse().ok().filter(|id| index.is_open(*id)), index.with_event(text))
        };
        let mut found = self.read_all(&with_event).await?;
        found.retain(|(id, event)| event.id() == text && Some(*id) != named);
        if let Some(id) = named {
            found.push(self.read(id).await?);
        }
        Ok(found)
    }

    /// One letter.
    pub(crate) async fn read(&self, id: LetterId) -> Result<Read, DeskError> {
        self.read_some(&[id]).await?.pop().ok_or(DeskError::Gone(id))
    }

    /// Nobody else is done with these meanwhile. Those that are not open are left out.
    pub(crate) fn take(self: &Arc<Self>, ids: impl IntoIterator<Item = LetterId>) -> Taken {
        let ids = self.state().index.take(ids);
        Taken { desk: Arc::clone(self), ids }
    }

    /// The first of those that are meant, and that may be sent again: not too often before, unless it is forced, and for
    /// somebody who is there.
    pub(crate) fn take_for_retry(
        self: &Arc<Self>,
        selection: &Selection,
        limit: usize,
        forced: bool,
        is_wired: impl Fn(&Case) -> bool,
    ) -> Page {
        let (mut ids, mut left, mut guarded, mut unwired) = (Vec::new(), 0, 0, 0);
        for open in self.state().index.matching(selection, None) {
            if !is_wired(open.case) {
                unwired += 1;
            } else if !forced && open.redrives >= REDRIVES_MAX {
                guarded += 1;
            } else if ids.len() < limit {
                ids.push(open.id);
            } else {
                left += 1;
            }
        }
        Page { taken: self.take(ids), left, guarded, unwired }
    }

    /// All that are meant.
    pub(crate) fn take_all(self: &Arc<Self>, selection: &Selection) -> Taken {
        let ids: Vec<_> = self.state().index.matching(selection, None).map(|open| open.id).collect();
        self.take(ids)
    }

    /// The events of these letters.
    async fn read_all(&self, ids: &[LetterId]) -> Result<Vec<Read>, DeskError> {
        let mut all = Vec::new();
        for id in ids {
            all.extend(self.read_some(&[*id]).await?);
        }
        Ok(all)
    }

    /// The events of the first of these, ascending, letters; of at least one, unless the channel has none of them any more.
    async fn read_some(&self, ids: &[LetterId]) -> Result<Vec<Read>, DeskError> {
        let channel = self.channel()?;
        let (mut found, mut bytes): (Vec<Read>, _) = (Vec::new(), 0);
        let mut ids = ids;
        while let Some(&LetterId { partition, offset }) = ids.first().filter(|_| bytes < PAGE_BYTES) {
            let last = ids.iter().take_while(|id| id.partition == partition).last();
            let span = last.map_or(0, |last| last.offset.0 - offset.0).saturating_add(1).min(READ_RECORDS);
            let span = u32::try_from(span).expect("no more than are read at once");
            let batch = channel.read(partition, offset, span, READ_BYTES).await?;
            for (offset, event) in batch.records {
                let id = LetterId { partition, offset };
                if ids.binary_search(&id).is_ok() {
                    bytes += event.size();
                    found.push((id, event));
                }
            }
            let behind = LetterId { partition, offset: batch.next.max(offset.next()) };
            ids = &ids[ids.partition_point(|id| *id < behind)..];
        }
        Ok(found)
    }

    /// Stores what is done in these partitions.
    async fn store(&self, partitions: impl Iterator<Item = Partition>) -> Result<(), CommitError> {
        let stopped = || CommitError("the channel of the dead letters is not open".into());
        let _one_by_one = self.storing.lock().await;
        let (channel, progress) = {
            let state = self.state();
            let progress =
                partitions.filter_map(|partition| Some((partition, state.index.progress(partition)?)));
            (state.channel.clone().ok_or_else(stopped)?, progress.collect())
        };
        channel.commit(progress).await
    }

    fn channel(&self) -> Result<Channel, DeskError> {
        self.state().channel.clone().ok_or(DeskError::NotOpen)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here leaves the index half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Letters that somebody is about to be done with; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    desk: Arc<Desk>,
    ids: Vec<LetterId>,
}

impl Taken {
    pub(crate) fn ids(&self) -> &[LetterId] {
        &self.ids
    }

    /// The first `count` of them are done with, and the others given back. An error: they are for now, and may be there
    /// again after a restart.
    pub(crate) async fn done(mut self, count: usize) -> Result<(), CommitError> {
        let rest = self.ids.split_off(count);
        let done = std::mem::replace(&mut self.ids, rest);
        done.iter().for_each(|id| self.desk.state().index.done(*id));
        self.desk.moved.send_replace(());
        let mut partitions: Vec<Partition> = done.iter().map(|id| id.partition).collect();
        partitions.dedup();
        if partitions.is_empty() { Ok(()) } else { self.desk.store(partitions.into_iter()).await }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        self.ids.iter().for_each(|id| state.index.give_back(*id));
    }
}
