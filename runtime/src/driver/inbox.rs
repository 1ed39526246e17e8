//! How the tasks that act for the driver tell it what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use activator::Input;
use activator::delivery::Outcome;
use activator::id::{CallId, ChannelId, DeliveryId, Epoch, FunctionId, InstanceId};
use activator::input::OpenedPartition;
use activator::lifecycle::Declined;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{mpsc, oneshot};

use super::pausing::Pausing;
use super::{Callee, FunctionRow};
use crate::channel::{Channel, Life};
use crate::config::resolved::Resolved;
use crate::dispatch::{Call, Work};

/// What the driver is told.
pub(super) enum Message {
    /// Goes to the activator as it is.
    Happened(Input),
    /// How a delivery ended; taken in batches.
    Outcome(DeliveryId, Outcome),
    /// Nobody took a call.
    Returned(DeliveryId, Box<Call>),
    Opened {
        channel: ChannelId,
        opened: Channel,
        life: Option<Life>,
        epoch: Epoch,
        partitions: Vec<OpenedPartition>,
    },
    /// A channel could not be opened yet, or does not go on, and why.
    Trouble(ChannelId, String),
    Called(CallId, Callee, Box<Call>),
    /// Somebody wants to start a function's process himself.
    Attaching(FunctionId, Attaching),
    Configured(Arc<Resolved>),
    /// Somebody pins a function at so many processes, or lets go of it.
    Pinned(FunctionId, Option<u32>),
    /// Somebody pauses a subscription, or lets it go on.
    Pausing(Pausing),
    /// Somebody asks which are paused.
    Paused(oneshot::Sender<BTreeSet<Arc<str>>>),
    /// Somebody asks for all functions as they stand.
    Functions(oneshot::Sender<BTreeMap<FunctionId, FunctionRow>>),
}

/// Who that is, and where he hears whether he may.
pub(super) struct Attaching {
    pub(super) upgrade: OnUpgrade,
    pub(super) answer: oneshot::Sender<Result<(), Declined>>,
}

impl Message {
    /// The outcome, when it is one.
    pub(super) fn take_outcome(&mut self) -> Option<(DeliveryId, Outcome)> {
        match self {
            Self::Outcome(delivery, outcome) => {
                Some((*delivery, std::mem::replace(outcome, Outcome::TimedOut)))
            }
            _ => None,
        }
    }
}

/// The way into the loop. Whoever tells it something waits while it is busy; it waits for nobody.
#[derive(Clone, Debug)]
pub(crate) struct Inbox(mpsc::Sender<Message>);

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl Inbox {
    pub(super) const fn new(sender: mpsc::Sender<Message>) -> Self {
        Self(sender)
    }

    pub(super) async fn tell(&self, message: Message) {
        // The loop is gone only when the program ends.
        self.0.send(message).await.ok();
    }

    pub(super) async fn happened(&self, input: Input) {
        self.tell(Message::Happened(input)).await;
    }

    /// How a delivery ended.
    pub(crate) async fn outcome(&self, delivery: DeliveryId, outcome: Outcome) {
        self.tell(Message::Outcome(delivery, outcome)).await;
    }

    /// A delivery that no process saw.
    pub(crate) async fn not_taken(&self, delivery: DeliveryId, work: Work) {
        match work {
            Work::Event(..) => self.outcome(delivery, Outcome::NotTaken).await,
            Work::Call(call) => self.tell(Message::Returned(delivery, call)).await,
        }
    }

    /// An instance accepted its first request.
    pub(crate) async fn ready(&self, instance: InstanceId) {
        self.happened(Input::Ready { instance }).await;
    }

    /// An instance is gone.
    pub(crate) async fn exited(&self, instance: InstanceId, reason: String) {
        self.happened(Input::Exited { instance, reason }).await;
    }

    /// A caller is gone; said from a destructor, so it cannot wait. When the loop is too busy to hear it, the
    /// call is made for nobody.
    pub(super) fn hung_up(&self, call: CallId) {
        self.0.try_send(Message::Happened(Input::HungUp { call })).ok();
    }
}

/// What a test hears in place of the driver.
#[cfg(test)]
#[derive(Debug)]
pub(crate) enum Said {
    Outcome(DeliveryId, Outcome),
    Returned(DeliveryId, Box<Call>),
    Ready,
    Exited(String),
}

/// The other end of an inbox that a test listens to.
#[cfg(test)]
pub(crate) struct Listening(mpsc::Receiver<Message>);

#[cfg(test)]
impl Inbox {
    /// An inbox with room for that many messages.
    pub(crate) fn to_test(room: usize) -> (Self, Listening) {
        let (sender, messages) = mpsc::channel(room);
        (Self(sender), Listening(messages))
    }
}

#[cfg(test)]
impl Listening {
    pub(crate) async fn next(&mut self) -> Said {
        match self.0.recv().await.expect("somebody still acts") {
            Message::Outcome(delivery, outcome) => Said::Outcome(delivery, outcome),
            Message::Returned(delivery, call) => Said::Returned(delivery, call),
            Message::Happened(Input::Ready { .. }) => Said::Ready,
            Message::Happened(Input::Exited { reason, .. }) => Said::Exited(reason),
            _ => panic!("no instance says that"),
        }
    }
}
