//! One delivery as the mind keeps it: what, for whom, and how far.

use alloc::boxed::Box;

use crate::delivery::Outcome;
use crate::effect::{EventRef, Target};
use crate::event::{Event, Identity};
use crate::id::{CallId, FunctionId, SubscriptionId};
use crate::time::Time;
use crate::topology::Lot;

#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) subject: Subject,
    /// The subscription whose settings count, where that is another than the one it was read for.
    pub(super) bearer: Option<SubscriptionId>,
    /// Which event it is, where that is to be remembered.
    pub(super) identity: Option<Identity>,
    /// When the next attempt may begin.
    pub(super) due: Time,
    /// Which of a function's revisions takes it; nothing where there is nothing to draw.
    pub(super) lot: Option<Lot>,
    /// Attempts that began and count.
    pub(super) attempts: u32,
    pub(super) stage: Stage,
    /// Whether it keeps its event in the window. A waiting retry holds an offset, not a payload.
    pub(super) holds: bool,
    /// Whether something was mended since its attempt began.
    pub(super) is_outdated: bool,
}

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Event(EventRef),
    Call {
        call: CallId,
        /// Whom it calls, whichever of its revisions takes it.
        function: FunctionId,
    },
    /// An event of a subscription that was removed meanwhile, or moved to another channel, or of a partition that is
    /// somebody else's: the place it takes is still to be freed, and its end may be of interest.
    Detached,
}

/// How far it is. Exactly one thing moves it on, and is named here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Someone with room.
    Queued,
    /// The one of the same key before it.
    Blocked,
    /// Its event, which is read again: for its next attempt, or to be stored as a dead letter.
    Fetching { dead_of: Option<Box<Outcome>> },
    /// The outcome.
    UnderWay(Target),
    /// The timer of the next attempt.
    Waiting,
    /// Another revision of its function, or somebody who asks; this was its last attempt.
    Held(Box<Outcome>),
    /// Somebody who lets its subscription go on.
    Paused,
    /// The append, or the timer of the next one.
    Storing { what: Storing, failures: u32 },
}

/// What is appended to another channel, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storing {
    /// The event itself: its destination is a channel.
    Forward,
    /// What the function answered. It is held here until it is stored; the function is not called again.
    Reply { event: Event, outcome: Box<Outcome> },
    /// The event, since nobody could take it.
    DeadLetter(Box<Outcome>),
}

impl Delivery {
    pub(super) const fn new(subject: Subject, lot: Option<Lot>) -> Self {
        Self {
            subject,
            bearer: None,
            identity: None,
            due: Time::from_micros(0),
            lot,
            attempts: 0,
            stage: Stage::Queued,
            holds: false,
            is_outdated: false,
        }
    }
}
