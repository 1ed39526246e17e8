//! All that can be asked for.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use crate::delivery::{Format, Outcome};
use crate::event::{Event, Identity};
use crate::id::{
    AppendId, AttachId, CallId, ChannelId, DeliveryId, Epoch, FunctionId, InstanceId, Offset, Partition,
    Revision, SinkId, SubscriptionId,
};
use crate::input::Progress;
use crate::lifecycle::Declined;
use crate::topology::Start;

/// Something the body is to do. Nothing waits for it; the [`Input`](crate::Input) named answers it.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open a channel, trying until it opens. Answer: [`Opened`](crate::Input::Opened).
    Open {
        /// Which channel.
        channel: ChannelId,
    },
    /// Let go of a channel that is in no wiring any more. Its pending reads need no answer, nor does its
    /// [`Effect::Open`]; appends may be pending and are answered, a commit is not.
    Close {
        /// Which channel.
        channel: ChannelId,
    },
    /// Read from an offset on, waiting for a record when there is none yet. At most one read of a partition
    /// waits at its end; the others ask for what is there. No two begin at the same offset. Answer: [`Records`](crate::Input::Records), with
    /// fewer or no records where the log has a gap.
    Read {
        /// Which channel.
        channel: ChannelId,
        /// Which partition.
        partition: Partition,
        /// The epoch the answer must bear.
        epoch: Epoch,
        /// The first offset wanted.
        from: Offset,
        /// Records wanted at most.
        records_max: u32,
        /// Bytes wanted at most; one record comes however large it is.
        bytes_max: u32,
    },
    /// Find where a subscription begins that does not begin at the tail. One is under way per partition. Answer:
    /// [`Located`](crate::Input::Located).
    Locate {
        /// Which channel.
        channel: ChannelId,
        /// Which partition.
        partition: Partition,
        /// The epoch the answer must bear.
        epoch: Epoch,
        /// What to look for: the beginning or a time.
        start: Start,
    },
    /// Store an event. Answer: [`Appended`](crate::Input::Appended).
    Append {
        /// Bears the answer.
        append: AppendId,
        /// Where to.
        channel: ChannelId,
        /// What.
        event: Event,
        /// What is done as soon as it is stored, so that one write may say both. Nothing where the next life must not
        /// be told so.
        origin: Option<Origin>,
    },
    /// Keep in mind that a subscription had an event, also for the next life, which is told by
    /// [`Remembered`](crate::Input::Remembered). Answered by nothing: should it be lost, the event may be delivered again.
    Remember {
        /// The subscription's name.
        name: Arc<str>,
        /// The event.
        identity: Identity,
    },
    /// Store how far the subscriptions are. One is under way per channel. Answer:
    /// [`Committed`](crate::Input::Committed).
    Commit {
        /// Which channel.
        channel: ChannelId,
        /// The partitions that moved.
        progress: Vec<(Partition, Progress)>,
    },
    /// Give up partitions that were asked back: nothing of them is in flight any more. Answered by nothing; reads of
    /// them that are under way need no answer, either.
    Release {
        /// Which channel.
        channel: ChannelId,
        /// Which partitions.
        partitions: Vec<Partition>,
    },
    /// Start a process. Answer: [`Exited`](crate::Input::Exited), with [`Ready`](crate::Input::Ready) before it
    /// if all goes well.
    Spawn {
        /// Its name from now on.
        instance: InstanceId,
        /// Of which content and settings.
        revision: Revision,
    },
    /// Make a place for a process that somebody else starts. It comes when it comes, and for what it is given no time
    /// runs, whatever [`Effect::Deliver`] says: a person may be looking at it. Answer: [`Exited`](crate::Input::Exited),
    /// when that person or the process is gone, with [`Ready`](crate::Input::Ready) before it if all goes well.
    Attach {
        /// Whose wish it was.
        attach: AttachId,
        /// Its name from now on.
        instance: InstanceId,
        /// What our own processes would run.
        revision: Revision,
    },
    /// Tell somebody that his process cannot be the function's. Answered by nothing.
    Decline {
        /// Whose wish it was.
        attach: AttachId,
        /// Why.
        why: Declined,
    },
    /// Hand a request to an instance, a starting one too, or to a URL. Answer: one of
    /// [`Outcomes`](crate::Input::Outcomes).
    Deliver {
        /// Bears the answer.
        delivery: DeliveryId,
        /// Who gets it.
        to: Target,
        /// What it gets.
        what: Payload,
        /// How long it may take.
        timeout: Duration,
        /// How long until its answer begins, where that is less.
        response: Option<Duration>,
    },
    /// Stop a process that has nothing to do, with its whole group, until [`Effect::Resume`]. Answered by nothing, as the
    /// latter is: what an instance is told after it comes after it.
    Pause {
        /// Which instance.
        instance: InstanceId,
    },
    /// Let a process go on that was stopped.
    Resume {
        /// Which instance.
        instance: InstanceId,
    },
    /// End a process, one that is stopped too: politely, or at once. One that somebody else started only loses its place.
    /// The answer is that of its [`Effect::Spawn`] or [`Effect::Attach`].
    Terminate {
        /// Which instance.
        instance: InstanceId,
        /// Whether to kill it.
        kill: bool,
    },
    /// Tell a caller that there is no one to take the call. Answered by nothing: the call is over.
    Refuse {
        /// Which call.
        call: CallId,
        /// Why.
        why: Refusal,
    },
    /// Tell people what happened. Answered by nothing.
    Report(Report),
}

/// Who gets a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process.
    Instance(InstanceId),
    /// A URL.
    Sink(SinkId),
}

/// What is delivered.
#[derive(Clone, Debug)]
pub enum Payload {
    /// An event, and how it is written.
    Event(Event, Format),
    /// The request the ingress holds under this number.
    Call(CallId),
}

/// Why a call finds no one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such function.
    Unknown,
    /// The function's file is missing or cannot run; the text says why.
    Broken(String),
    /// Every process there may be is busy, and it is not to wait, or too many wait already.
    Full,
    /// The runtime is stopping.
    Stopping,
}

/// Which event of which subscription is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventRef {
    /// Whose delivery.
    pub subscription: SubscriptionId,
    /// The channel it was read from; the subscription may read another one by now.
    pub channel: ChannelId,
    /// The partition of that channel.
    pub partition: Partition,
    /// The record.
    pub offset: Offset,
}

/// The event that something comes of, and whose delivery of it is done by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The channel it was read from.
    pub channel: ChannelId,
    /// The partition of that channel.
    pub partition: Partition,
    /// The record.
    pub offset: Offset,
    /// The name under which the subscription's cursor is stored.
    pub subscription: Arc<str>,
    /// Whether it stands where its channel does while no cursor is stored under its name.
    pub at_tail: bool,
}

/// What happened, for the history and the log.
#[derive(Clone, Debug)]
pub enum Report {
    /// A record matched a subscription; its delivery begins, or begins again.
    Matched {
        /// The event.
        event: EventRef,
    },
    /// An attempt begins; its [`Effect::Deliver`] follows.
    Attempting {
        /// Bears the outcome.
        delivery: DeliveryId,
        /// The event.
        event: EventRef,
        /// Which attempt; 1 is the first.
        attempt: u32,
        /// Whether it waits for a process to start.
        cold: bool,
    },
    /// An attempt ended and another follows, now (when it never began) or after the wait.
    Retrying {
        /// The event.
        event: EventRef,
        /// Which attempt ended; 1 is the first.
        attempt: u32,
        /// How it ended.
        outcome: Box<Outcome>,
        /// How long until the next.
        wait: Duration,
    },
    /// The delivery is over, and the cursor may pass.
    Settled {
        /// The event.
        event: EventRef,
        /// How many attempts it took.
        attempts: u32,
        /// How it ended.
        end: End,
    },
    /// Its attempts are used up, and it is held until its function has another revision or somebody asks.
    Held {
        /// The event.
        event: EventRef,
        /// How many attempts it took.
        attempts: u32,
        /// What the last one saw.
        outcome: Box<Outcome>,
    },
    /// Too many are held: this one, the oldest, is about to be a dead letter.
    MadeWay {
        /// The event.
        event: EventRef,
        /// How many its subscription may hold in its partition.
        most: usize,
    },
    /// A subscription has another name and is the same: it goes on where it was.
    Renamed {
        /// The name it had.
        from: Arc<str>,
        /// The name it has.
        to: Arc<str>,
    },
    /// A revision of a function came into use, or cannot be used.
    Function {
        /// Which function.
        function: FunctionId,
        /// What happened.
        news: FunctionNews,
    },
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A function, channel or URL has it.
    Delivered {
        /// What the last attempt saw; nothing when it went to a channel.
        outcome: Option<Box<Outcome>>,
        /// The reply that was stored.
        reply: Option<ReplyId>,
    },
    /// It is stored as a dead letter.
    DeadLetter(Box<Outcome>),
    /// It was given up, as its subscription says.
    Dropped(Box<Outcome>),
    /// It was delivered before, and the subscription wants it once.
    Duplicate,
    /// The subscription does not want it any more.
    Unmatched,
    /// The channel does not hold it any more: a retention rule of the user's overtook it.
    Gone,
    /// Its subscription was removed. It begins again should the name come back.
    Removed,
    /// Its partition is another runtime's now, and so is its delivery.
    Elsewhere,
}

/// Which event was stored as a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyId {
    /// Its `source`, which with the id tells it from all others.
    pub source: Arc<str>,
    /// Its `id`.
    pub id: Arc<str>,
}

/// What happened to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionNews {
    /// A process is being started.
    Starting(InstanceId),
    /// A process took its first request.
    Warm(InstanceId),
    /// A process ended before it took a request; the next start waits.
    StartFailed {
        /// How it ended.
        reason: String,
        /// How long until the next start.
        wait: Duration,
    },
    /// Somebody else's process has its place.
    Attached(InstanceId),
    /// It has it no more: ours start again.
    Detached {
        /// Why.
        reason: String,
    },
    /// The last process ended.
    Zero,
    /// A revision that has traffic cannot run: its share goes to the latest.
    PassedOver {
        /// Why it cannot.
        reason: String,
    },
}
