//! The task that owns one channel, and the driver's end of it. It opens the channel; [`kept`](super::kept) has what is
//! done with an open one.

use std::time::Duration;

use activator::Input;
use activator::event::Event;
use activator::id::{AppendId, ChannelId, Epoch, Offset, Partition};
use activator::input::{Progress, Stored};
use activator::topology::Start;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::heirs::Heir;
use super::inbox::{Inbox, Message};
use super::kept::{FIRST_EPOCH, Held, Kept};
use crate::channel::{Changes, Channel, Life, MemorySpec, Mirrored, Opened, Says, Spec, Subscribers};
use crate::config::resolved::NamedChannel;

/// What the activator may have asked of one channel without an answer: its own bounds, with room to spare.
const ASKS_MAX: usize = 4096;
/// The waits between attempts to open or read.
pub(super) const RETRY_WAIT: Duration = Duration::from_millis(100);
pub(super) const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// What the activator asks of a channel.
#[derive(Debug)]
pub(super) enum Ask {
    Read { partition: Partition, epoch: Epoch, from: Offset, records_max: u32, bytes_max: u32 },
    Locate { partition: Partition, epoch: Epoch, start: Start },
    Append { append: AppendId, event: Event, says: Option<Says> },
    Commit { progress: Vec<(Partition, Progress)> },
}

/// The driver's end of a channel's task; the task ends with it.
#[derive(Debug)]
pub(super) struct Keeper {
    asks: mpsc::Sender<Ask>,
    channel: Option<Channel>,
    /// In which what is read there is marked when it is done.
    life: Option<Life>,
    /// The subscriptions that are shown to whoever looks at a channel from outside.
    mirrored: watch::Sender<Vec<Mirrored>>,
    trouble: Option<String>,
}

impl Keeper {
    /// Starts to open the channel.
    pub(super) fn open(
        id: ChannelId,
        named: NamedChannel,
        mirrored: Vec<Mirrored>,
        heir: Heir,
        inbox: Inbox,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (asks, waiting) = mpsc::channel(ASKS_MAX);
        let (mirrored, subscribers) = watch::channel(mirrored);
        tasks.spawn(keep(id, named, subscribers, heir, inbox, waiting));
        Self { asks, channel: None, life: None, mirrored, trouble: None }
    }

    pub(super) fn opened(&mut self, channel: Channel, life: Option<Life>) {
        (self.channel, self.life) = (Some(channel), life);
        self.trouble = None;
    }

    pub(super) fn mirror(&self, subscriptions: Vec<Mirrored>) {
        self.mirrored.send_replace(subscriptions);
    }

    pub(super) fn failed(&mut self, reason: String) {
        self.trouble = Some(reason);
    }

    pub(super) const fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    pub(super) const fn life(&self) -> Option<Life> {
        self.life
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

async fn keep(
    id: ChannelId,
    named: NamedChannel,
    subscribers: Subscribers,
    heir: Heir,
    inbox: Inbox,
    mut asks: mpsc::Receiver<Ask>,
) {
    let opening = open(id, &named, &subscribers, heir, &inbox);
    let Some((channel, held, changes)) = opened_or_let_go(opening, &inbox, &mut asks).await else { return };
    Kept::new(id, &named.name, &channel, &inbox, held).answer(asks, changes).await;
    channel.close().await;
}

/// Waits for the channel to open, unless the driver lets go of it before. What others deliver into it meanwhile comes again later,
/// and takes none of the room that appends to other channels have.
async fn opened_or_let_go<T>(
    opening: impl Future<Output = T>,
    inbox: &Inbox,
    asks: &mut mpsc::Receiver<Ask>,
) -> Option<T> {
    let mut opening = std::pin::pin!(opening);
    loop {
        let ask = tokio::select! {
            opened = &mut opening => return Some(opened),
            ask = asks.recv() => ask?,
        };
        // Nothing is read or committed before the channel is open.
        if let Ask::Append { append, .. } = ask {
            inbox.happened(Input::Appended { append, stored: Stored::NotNow }).await;
        }
    }
}

/// Tries until it opens, and says so.
async fn open(
    id: ChannelId,
    named: &NamedChannel,
    subscribers: &Subscribers,
    heir: Heir,
    inbox: &Inbox,
) -> (Channel, Held, Option<Changes>) {
    let mut wait = RETRY_WAIT;
    loop {
        match Channel::open(&named.spec, subscribers.clone()).await {
            Ok(Opened { channel, mut partitions, changes, legacy }) => {
                if let Spec::Memory(MemorySpec { bytes_max, .. }) = named.spec {
                    tracing::info!(channel = %named.name, bytes_max, "kept in memory: lost at exit");
                }
                let held = partitions.iter().map(|opened| (opened.partition, FIRST_EPOCH)).collect();
                let life = heir.takes_over(&channel, &mut partitions, legacy).await;
                let (opened, epoch) = (channel.clone(), FIRST_EPOCH);
                inbox.tell(Message::Opened { channel: id, opened, life, epoch, partitions }).await;
                return (channel, held, changes);
            }
            Err(error) => {
                tracing::warn!(channel = %named.name, "{error}; trying again");
                heir.fails();
                inbox.tell(Message::Trouble(id, error.to_string())).await;
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY_WAIT_MAX);
    }
}
