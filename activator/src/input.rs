//! All that can happen.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use crate::cursor::Cursor;
use crate::delivery::Outcome;
use crate::event::{Event, Identity};
use crate::id::{
    AppendId, AttachId, CallId, ChannelId, DeliveryId, Epoch, FunctionId, InstanceId, Offset, Partition,
    SubscriptionId,
};
use crate::lifecycle::Availability;
use crate::topology::{Start, Topology};

/// Something happened. What answers an [`Effect`](crate::Effect) says so; each is answered exactly once.
#[derive(Clone, Debug)]
pub enum Input {
    /// The wiring: at the start, and at every reload.
    Wired(Topology),
    /// The folder holds something else under a function's name.
    Revised {
        /// Which function.
        function: FunctionId,
        /// What there is now.
        now: Availability,
    },
    /// Answers [`Open`](crate::Effect::Open): the channel can be read, appended to and committed to.
    Opened {
        /// Which channel.
        channel: ChannelId,
        /// Every later read of these partitions and its answer bear this number.
        epoch: Epoch,
        /// All its partitions; none yet where several runtimes share them.
        partitions: Vec<OpenedPartition>,
    },
    /// Partitions of a shared channel are ours from now on.
    Assigned {
        /// Which channel.
        channel: ChannelId,
        /// Every later read of these partitions and its answer bear this number; higher than any before.
        epoch: Epoch,
        /// Which, and what was committed by whoever had them.
        partitions: Vec<OpenedPartition>,
    },
    /// Partitions of a shared channel are asked back: [`Effect::Release`](crate::Effect::Release) follows when what
    /// is in flight has ended, or has had its time, and is stored.
    Revoking {
        /// Which channel.
        channel: ChannelId,
        /// Which partitions.
        partitions: Vec<Partition>,
    },
    /// Partitions of a shared channel are somebody else's already: nothing more is stored for them, and news of
    /// them is stale.
    Lost {
        /// Which channel.
        channel: ChannelId,
        /// Which partitions.
        partitions: Vec<Partition>,
    },
    /// Answers [`Locate`](crate::Effect::Locate).
    Located {
        /// Which channel.
        channel: ChannelId,
        /// Which partition.
        partition: Partition,
        /// The epoch it was asked with.
        epoch: Epoch,
        /// What was asked for.
        start: Start,
        /// Where that is; behind the last record when there is nothing from there on.
        offset: Offset,
    },
    /// Answers [`Read`](crate::Effect::Read).
    Records {
        /// Which channel.
        channel: ChannelId,
        /// Which partition.
        partition: Partition,
        /// The epoch of the read.
        epoch: Epoch,
        /// What was asked for.
        from: Offset,
        /// What there was.
        batch: Batch,
    },
    /// Events of which [`Effect::Remember`](crate::Effect::Remember) told in an earlier life, the oldest first. Comes before
    /// the wiring in which the subscription is.
    Remembered {
        /// The subscription's name.
        name: Arc<str>,
        /// Each with how long it is still to be remembered.
        seen: Vec<(Identity, Duration)>,
    },
    /// Nothing is to be begun for a subscription from now on; what is in flight finishes. It counts for whoever bears the name,
    /// also when that comes with a later wiring.
    Pause {
        /// The subscription's name.
        name: Arc<str>,
    },
    /// It may go on where it was.
    Resume {
        /// The subscription's name.
        name: Arc<str>,
    },
    /// Answers [`Append`](crate::Effect::Append).
    Appended {
        /// Which append.
        append: AppendId,
        /// What became of it.
        stored: Stored,
    },
    /// Answers [`Commit`](crate::Effect::Commit).
    Committed {
        /// Which channel.
        channel: ChannelId,
        /// Whether it is stored.
        stored: bool,
    },
    /// Somebody wants to be a function's process: he starts it himself, in a debugger say.
    /// [`Effect::Attach`](crate::Effect::Attach) or [`Effect::Decline`](crate::Effect::Decline) follows at once.
    Attaching {
        /// Bears the answer.
        attach: AttachId,
        /// Whose process.
        function: FunctionId,
    },
    /// The instance took or answered its first request. Comes at most once, before [`Input::Exited`].
    Ready {
        /// Which instance.
        instance: InstanceId,
    },
    /// Answers [`Spawn`](crate::Effect::Spawn) and [`Attach`](crate::Effect::Attach): the process is gone, or never came
    /// to be. The last word on it.
    Exited {
        /// Which instance.
        instance: InstanceId,
        /// How it ended, for people: `exit 101`, `signal 9`, `not executable: chmod +x functions/x`.
        reason: String,
    },
    /// Answers to [`Deliver`](crate::Effect::Deliver).
    Outcomes(Vec<(DeliveryId, Outcome)>),
    /// A request/response call waits for a function.
    Called {
        /// Which call.
        call: CallId,
        /// Whom it calls.
        function: FunctionId,
        /// Whether it names a revision itself, by a tag: then that is who is meant, however traffic is shared out.
        tagged: bool,
    },
    /// The caller is gone. Has no meaning once the call was delivered or refused.
    HungUp {
        /// Which call.
        call: CallId,
    },
    /// Someone wants the function at zero now; what is in flight finishes.
    Reap {
        /// Which function.
        function: FunctionId,
    },
    /// Someone wants that what waits for its next attempt at a subscription, or is held, has it now.
    Retry {
        /// Which subscription.
        subscription: SubscriptionId,
    },
    /// The runtime is asked to stop: finish what is in flight, commit, bring all to zero.
    Drain,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is stored, as durably as the channel says of itself.
    Yes,
    /// It is not; another try may succeed. It may be stored all the same when the answer was lost on the way.
    NotNow,
    /// It is not and never will be: too large, for example.
    Never(String),
}

/// One partition of a channel that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedPartition {
    /// Which partition.
    pub partition: Partition,
    /// Where reading begins when nothing was ever committed.
    pub begin: Offset,
    /// What was committed last.
    pub committed: Option<Progress>,
}

/// How far all subscriptions are in a partition; what a commit stores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where a subscription stands that is not named below, also one that comes later.
    pub position: Offset,
    /// Those that have something unfinished below the position, by name.
    pub behind: Vec<(Arc<str>, Cursor)>,
}

impl Progress {
    /// The lowest offset that any subscription still needs.
    pub fn low(&self) -> Offset {
        self.behind.iter().map(|(_, cursor)| cursor.prefix()).fold(self.position, Offset::min)
    }

    /// These records are done for a subscription, too. One that is not named is, if it stands at the position, and
    /// otherwise nothing is known of it. Says whether that was news.
    pub fn mark_done(
        &mut self,
        name: &Arc<str>,
        stands_here: bool,
        done: impl IntoIterator<Item = Offset>,
    ) -> bool {
        let at = self.behind.iter().position(|(known, _)| known == name);
        let mut cursor = match at {
            Some(at) => self.behind[at].1.clone(),
            None if stands_here => Cursor::at(self.position),
            None => return false,
        };
        let mut is_news = false;
        for offset in done {
            if !cursor.contains(offset) {
                cursor.mark_done(offset);
                is_news = true;
            }
        }
        match at {
            Some(at) => self.behind[at].1 = cursor,
            None if is_news => self.behind.push((name.clone(), cursor)),
            None => {}
        }
        is_news
    }
}

/// Records in the order of their offsets.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Each with its offset; gaps are allowed.
    pub records: Vec<(Offset, Event)>,
    /// How long ago each of them was stored; those of which it is not told, just now.
    pub ages: Vec<Duration>,
    /// Where the next read goes on: behind the last record, or behind a gap in the log.
    pub next: Offset,
}

impl Batch {
    /// All records with their ages.
    pub fn with_ages(&self) -> impl Iterator<Item = (Offset, &Event, Duration)> {
        let ages = self.ages.iter().copied().chain(core::iter::repeat(Duration::ZERO));
        self.records.iter().zip(ages).map(|((offset, event), age)| (*offset, event, age))
    }
}
