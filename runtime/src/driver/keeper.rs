//! The task that owns one channel: opens it, and carries out the activator's reads, appends and commits.

use std::time::Duration;

use activator::Input;
use activator::event::Event;
use activator::id::{AppendId, ChannelId, Epoch, Offset, Partition};
use activator::input::{Progress, Stored};
use activator::topology::Start;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::inbox::{Inbox, Message};
use crate::channel::{AppendError, Channel, Landmark, MemorySpec, ReadError, Spec};
use crate::config::resolved::NamedChannel;

/// What the activator may have asked of one channel without an answer: its own bounds, with room to spare.
const ASKS_MAX: usize = 4096;
/// The waits between attempts to open or read.
const RETRY_WAIT: Duration = Duration::from_millis(100);
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// What the activator asks of a channel.
#[derive(Debug)]
pub(super) enum Ask {
    Read { partition: Partition, epoch: Epoch, from: Offset, records_max: u32, bytes_max: u32 },
    Locate { partition: Partition, epoch: Epoch, start: Start },
    Append { append: AppendId, event: Event },
    Commit { progress: Vec<(Partition, Progress)> },
}

/// The driver's end of a channel's task; the task ends with it.
#[derive(Debug)]
pub(super) struct Keeper {
    asks: mpsc::Sender<Ask>,
    channel: Option<Channel>,
    trouble: Option<String>,
}

impl Keeper {
    /// Starts to open the channel.
    pub(super) fn open(id: ChannelId, named: NamedChannel, inbox: Inbox, tasks: &mut JoinSet<()>) -> Self {
        let (asks, waiting) = mpsc::channel(ASKS_MAX);
        tasks.spawn(keep(id, named, inbox, waiting));
        Self { asks, channel: None, trouble: None }
    }

    pub(super) fn opened(&mut self, channel: Channel) {
        self.channel = Some(channel);
        self.trouble = None;
    }

    pub(super) fn failed(&mut self, reason: String) {
        self.trouble = Some(reason);
    }

    pub(super) const fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Asks for something; the answer comes as a message.
    pub(super) fn ask(&self, ask: Ask) {
        self.asks
            .try_send(ask)
            .expect("the activator asks no more than its limits say, and the task outlives it");
    }
}

async fn keep(id: ChannelId, named: NamedChannel, inbox: Inbox, mut asks: mpsc::Receiver<Ask>) {
    let Some(channel) = open_or_let_go(id, &named, &inbox, &mut asks).await else { return };
    answer(id, &named.name, &channel, &inbox, asks).await;
    channel.close().await;
}

/// Opens the channel, unless the driver lets go of it before. What others deliver into it meanwhile comes again later,
/// and takes none of the room that appends to other channels have.
async fn open_or_let_go(
    id: ChannelId,
    named: &NamedChannel,
    inbox: &Inbox,
    asks: &mut mpsc::Receiver<Ask>,
) -> Option<Channel> {
    let mut opening = std::pin::pin!(open(id, named, inbox));
    loop {
        let ask = tokio::select! {
            channel = &mut opening => return Some(channel),
            ask = asks.recv() => ask?,
        };
        // Nothing is read or committed before the channel is open.
        if let Ask::Append { append, .. } = ask {
            inbox.happened(Input::Appended { append, stored: Stored::NotNow }).await;
        }
    }
}

/// Carries out what is asked, until the driver lets go.
async fn answer(id: ChannelId, name: &str, channel: &Channel, inbox: &Inbox, mut asks: mpsc::Receiver<Ask>) {
    let mut answers: FuturesUnordered<BoxFuture<'_, Input>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(input) = answers.next(), if !answers.is_empty() => inbox.happened(input).await,
            ask = asks.recv() => match ask {
                Some(ask) => answers.push(Box::pin(carry_out(id, name, channel, ask))),
                None => return,
            },
        }
    }
}

/// Tries until it opens, and says so.
async fn open(id: ChannelId, named: &NamedChannel, inbox: &Inbox) -> Channel {
    let mut wait = RETRY_WAIT;
    loop {
        match Channel::open(&named.spec).await {
            Ok((channel, partitions)) => {
                if let Spec::Memory(MemorySpec { bytes_max, .. }) = named.spec {
                    tracing::info!(channel = %named.name, bytes_max, "kept in memory: lost at exit");
                }
                let opened =
                    Message::Opened { channel: id, opened: channel.clone(), epoch: Epoch(1), partitions };
                inbox.tell(opened).await;
                return channel;
            }
            Err(error) => {
                tracing::warn!(channel = %named.name, "{error}; trying again");
                inbox.tell(Message::OpenFailed(id, error.to_string())).await;
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY_WAIT_MAX);
    }
}

async fn carry_out(id: ChannelId, name: &str, channel: &Channel, ask: Ask) -> Input {
    match ask {
        Ask::Read { partition, epoch, from, records_max, bytes_max } => {
            let read = || channel.read(partition, from, records_max, bytes_max);
            let batch = until_done(name, read).await;
            Input::Records { channel: id, partition, epoch, from, batch }
        }
        Ask::Locate { partition, epoch, start } => {
            let find = || locate(channel, partition, start);
            let offset = until_done(name, find).await;
            Input::Located { channel: id, partition, epoch, start, offset }
        }
        Ask::Append { append, event } => {
            let stored = match channel.append(event).await {
                Ok(_) => Stored::Yes,
                Err(error @ AppendError::TooLarge { .. }) => Stored::Never(error.to_string()),
                Err(error @ AppendError::Unavailable(_)) => {
                    tracing::warn!(channel = name, "{error}; trying again");
                    Stored::NotNow
                }
            };
            Input::Appended { append, stored }
        }
        Ask::Commit { progress } => {
            let stored = channel.commit(progress).await;
            if let Err(error) = &stored {
                tracing::warn!(channel = name, "{error}; trying again");
            }
            Input::Committed { channel: id, stored: stored.is_ok() }
        }
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

/// Tries until it succeeds.
async fn until_done<T, F>(name: &str, what: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut wait = RETRY_WAIT;
    loop {
        match what().await {
            Ok(found) => return found,
            Err(error) => tracing::warn!(channel = name, "{error}; trying again"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY_WAIT_MAX);
    }
}
