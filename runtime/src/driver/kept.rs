//! An open channel: carries out the activator's reads, appends and commits, and tells which partitions come and go.

use std::collections::BTreeMap;

use activator::Input;
use activator::event::Event;
use activator::id::{ChannelId, Epoch, Offset, Partition};
use activator::input::Stored;
use activator::topology::Start;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::inbox::{Inbox, Message};
use super::keeper::{Ask, RETRY_WAIT, RETRY_WAIT_MAX};
use crate::channel::{AppendError, Change, Changes, Channel, Landmark, ReadError, Says};

/// Partitions that are ours from the start have this one.
pub(super) const FIRST_EPOCH: Epoch = Epoch(1);

/// A batch of so many records is part of a backlog.
const BACKLOG: usize = 64;

/// Which partitions are ours, each with the epoch of the reads that count.
pub(super) type Held = BTreeMap<Partition, Epoch>;

/// An open channel and what its task knows of it.
pub(super) struct Kept<'k> {
    id: ChannelId,
    name: &'k str,
    channel: &'k Channel,
    inbox: &'k Inbox,
    held: watch::Sender<Held>,
}

impl<'k> Kept<'k> {
    pub(super) fn new(
        id: ChannelId,
        name: &'k str,
        channel: &'k Channel,
        inbox: &'k Inbox,
        held: Held,
    ) -> Self {
        Self { id, name, channel, inbox, held: watch::Sender::new(held) }
    }

    /// Carries out what is asked, and tells which partitions come and go, until the driver lets go.
    pub(super) async fn answer(&self, mut asks: mpsc::Receiver<Ask>, mut changes: Option<Changes>) {
        let mut answers: FuturesUnordered<BoxFuture<'_, Option<Input>>> = FuturesUnordered::new();
        let mut epoch = FIRST_EPOCH;
        loop {
            tokio::select! {
                Some(answer) = answers.next(), if !answers.is_empty() => if let Some(input) = answer {
                    self.inbox.happened(input).await;
                },
                Some(change) = next(&mut changes) => {
                    let input = self.changed(change, &mut epoch);
                    self.inbox.happened(input).await;
                }
                ask = asks.recv() => match ask {
                    Some(ask) => answers.push(Box::pin(self.carry_out(ask))),
                    None => return,
                },
            }
        }
    }

    /// Reads of partitions that go end here, unanswered.
    fn changed(&self, change: Change, epoch: &mut Epoch) -> Input {
        let channel = self.id;
        let go = |partitions: &[Partition]| {
            self.held.send_modify(|held| held.retain(|partition, _| !partitions.contains(partition)));
        };
        match change {
            Change::Assigned(partitions) => {
                *epoch = Epoch(epoch.0 + 1);
                let ours = partitions.iter().map(|opened| (opened.partition, *epoch));
                self.held.send_modify(|held| held.extend(ours));
                Input::Assigned { channel, epoch: *epoch, partitions }
            }
            Change::Revoking(partitions) => {
                go(&partitions);
                Input::Revoking { channel, partitions }
            }
            Change::Lost(partitions) => {
                go(&partitions);
                Input::Lost { channel, partitions }
            }
        }
    }

    async fn carry_out(&self, ask: Ask) -> Option<Input> {
        match ask {
            Ask::Read { partition, epoch, from, records_max, bytes_max } => {
                let read = || self.channel.read(partition, from, records_max, bytes_max);
                let batch = self.while_held(partition, epoch, read).await?;
                if batch.records.len() >= BACKLOG {
                    // Read as fast as it can be, a backlog would let nobody hear the answers of functions.
                    tokio::task::yield_now().await;
                }
                Some(Input::Records { channel: self.id, partition, epoch, from, batch })
            }
            Ask::Locate { partition, epoch, start } => {
                let find = || locate(self.channel, partition, start);
                let offset = self.while_held(partition, epoch, find).await?;
                Some(Input::Located { channel: self.id, partition, epoch, start, offset })
            }
            Ask::Append { append, event, says } => {
                Some(Input::Appended { append, stored: self.append(event, says).await })
            }
            Ask::Commit { progress } => {
                let stored = self.channel.commit(progress).await;
                if let Err(error) = &stored {
                    tracing::warn!(channel = self.name, "{error}; trying again");
                    self.tell_if_stopped().await;
                }
                Some(Input::Committed { channel: self.id, stored: stored.is_ok() })
            }
        }
    }

    async fn append(&self, event: Event, says: Option<Says>) -> Stored {
        match self.channel.pass_on(event, says).await {
            Ok(()) => Stored::Yes,
            Err(error @ AppendError::TooLarge { .. }) => Stored::Never(error.to_string()),
            Err(error @ AppendError::Unavailable(_)) => {
                tracing::warn!(channel = self.name, "{error}; trying again");
                Stored::NotNow
            }
        }
    }

    /// Nothing when the partition is not ours any more: then nobody waits for it.
    async fn while_held<T, F>(&self, partition: Partition, epoch: Epoch, what: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let is_over = |held: &Held| held.get(&partition) != Some(&epoch);
        let mut held = self.held.subscribe();
        tokio::select! {
            biased;
            _ = held.wait_for(is_over) => None,
            found = self.until_done(what) => Some(found),
        }
    }

    /// Tries until it succeeds.
    async fn until_done<T, F>(&self, what: impl Fn() -> F) -> T
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let mut wait = RETRY_WAIT;
        loop {
            match what().await {
                Ok(found) => return found,
                Err(error) => tracing::warn!(channel = self.name, "{error}; trying again"),
            }
            self.tell_if_stopped().await;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_WAIT_MAX);
        }
    }

    /// People are told why nothing goes on, for as long as it does not.
    async fn tell_if_stopped(&self) {
        if let Some(reason) = self.channel.stopped() {
            self.inbox.tell(Message::Trouble(self.id, reason.to_owned())).await;
        }
    }
}

/// Waits for ever where nothing changes.
async fn next(changes: &mut Option<Changes>) -> Option<Change> {
    match changes {
        Some(changes) => changes.recv().await,
        None => std::future::pending().await,
    }
}

/// Where a subscription begins.
async fn locate(channel: &Channel, partition: Partition, start: Start) -> Result<Offset, ReadError> {
    let landmark = match start {
        Start::Tail => Landmark::End,
        Start::Beginning => Landmark::Beginning,
        Start::Offset(offset) => return Ok(offset),
        Start::Time(time) => Landmark::Time(time),
    };
    channel.locate(partition, landmark).await
}
