//! What became of an event at one subscription.

use std::sync::Arc;
use std::time::SystemTime;

use activator::delivery::{Outcome, Status};
use activator::effect::{End, ReplyId};
use activator::id::SubscriptionId;
use smallvec::SmallVec;

use super::Attempt;
use super::wiring::Wiring;

/// Attempts of one delivery that are kept: a retry that goes on for days must not fill memory.
pub(super) const ATTEMPTS_MAX: usize = 32;
/// What of an error or an answer is kept.
const TEXT_MAX: usize = 1024;

/// A delivery that began, and how far it came.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) subscription: SubscriptionId,
    /// What knows the subscription, when it is not what was in force when the event came.
    pub(super) wiring: Option<Arc<Wiring>>,
    pub(super) filter_revision: u32,
    /// The last ones, the oldest first; mostly there is one.
    pub(super) attempts: SmallVec<[Attempt; 1]>,
    /// All there were.
    pub(super) attempt_count: u32,
    pub(super) settled: Option<Settled>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) at: SystemTime,
    pub(super) how: How,
    pub(super) reply: Option<ReplyId>,
    /// What the last attempt brought: an exit code, a status.
    pub(super) status: Option<Status>,
    /// The start of an answer that is no event.
    pub(super) answer: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Delivered,
    DeadLetter,
    /// For now: it goes again when somebody mends it, or asks.
    Held,
    Duplicate,
    Unmatched,
    Dropped,
    Gone,
    Removed,
    Elsewhere,
}

impl Delivery {
    pub(super) const fn begun(
        subscription: SubscriptionId,
        wiring: Option<Arc<Wiring>>,
        filter_revision: u32,
    ) -> Self {
        Self {
            subscription,
            wiring,
            filter_revision,
            attempts: SmallVec::new_const(),
            attempt_count: 0,
            settled: None,
        }
    }

    /// It matched; again, when it had an end before that was none after all.
    pub(super) fn begin(&mut self) {
        self.settled = None;
    }

    pub(super) fn attempted(&mut self, mut attempt: Attempt) {
        // What was held went on.
        self.settled.take_if(|settled| settled.how == How::Held);
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
        attempt.error = attempt.error.map(|error| excerpt(error.as_bytes()));
        self.attempts.push(attempt);
        self.attempt_count += 1;
    }

    pub(super) fn settle(&mut self, at: SystemTime, attempts: u32, end: End) {
        self.attempt_count = attempts.max(self.attempt_count);
        let (how, outcome, reply) = match end {
            End::Delivered { outcome, reply } => (How::Delivered, outcome, reply),
            End::DeadLetter(outcome) => (How::DeadLetter, Some(outcome), None),
            End::Duplicate => (How::Duplicate, None, None),
            End::Unmatched => (How::Unmatched, None, None),
            End::Dropped(outcome) => (How::Dropped, Some(outcome), None),
            End::Gone => (How::Gone, None, None),
            End::Removed => (How::Removed, None, None),
            End::Elsewhere => (How::Elsewhere, None, None),
        };
        self.rest(at, how, outcome.as_deref(), reply);
    }

    /// Its attempts are used up, and it waits for more.
    pub(super) fn held(&mut self, at: SystemTime, outcome: &Outcome) {
        self.rest(at, How::Held, Some(outcome), None);
    }

    fn rest(&mut self, at: SystemTime, how: How, outcome: Option<&Outcome>, reply: Option<ReplyId>) {
        let status = outcome.map(Outcome::status);
        let answer = outcome.map(Outcome::excerpt).filter(|answer| !answer.is_empty());
        let answer = answer.map(|answer| excerpt(answer).into());
        self.settled = Some(Settled { at, how, reply, status, answer });
    }

    /// The event that came of it.
    pub(super) fn reply(&self) -> Option<&ReplyId> {
        self.settled.as_ref()?.reply.as_ref()
    }

    /// Bytes it holds, roughly.
    pub(super) fn weight(&self) -> usize {
        let errors = self.attempts.iter().filter_map(|attempt| attempt.error.as_ref()).map(String::len);
        let answer = self.settled.as_ref().and_then(|s| s.answer.as_ref()).map_or(0, |answer| answer.len());
        size_of::<Self>() + self.attempts.len() * size_of::<Attempt>() + errors.sum::<usize>() + answer
    }
}

/// The start of a text, cut where a character ends.
fn excerpt(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(TEXT_MAX)]).into_owned()
}
