//! Planted bugs: what passes between mind and world is twisted so that both behave as with that bug inside. A
//! simulator that does not find these finds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use activator::cursor::Cursor;
use activator::delivery::{Outcome, Verdict};
use activator::effect::Effect;
use activator::id::{AppendId, FunctionId, InstanceId, SubscriptionId};
use activator::input::{Input, Progress, Stored};
use activator::lifecycle::{Availability, Settings};
use activator::scale::Idle;
use activator::topology::Order;

use super::storage::At;
use super::wiring::DEAD_LETTERS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The highest done offset is committed, not the contiguous one.
    HighestCommitted,
    /// Ready of an earlier instance counts for the one that starts.
    StaleReady,
    /// What waits for its next attempt is done as far as a crash is concerned.
    RequeueLost,
    /// A failed append of a dead letter counts as stored.
    DeadLetterLost,
    /// After a power cut the log goes on at its end, below what the cursors have passed.
    OffsetsReused,
    /// An event is handed out a second time while it is under way.
    DeliveredTwice,
    /// A failed attempt goes again at once, and is not counted.
    RetriedAtOnce,
    /// Some records that were read are never looked at.
    RecordsIgnored,
    /// Nothing is kept in order.
    OrderIgnored,
    /// That partitions are somebody else's is not heard.
    LossUnheard,
    /// A partition is given up the moment it is asked back.
    ReleasedAtOnce,
    /// Nothing is kept warm.
    MinimumIgnored,
    /// A process more than there may be.
    MaximumExceeded,
    /// A process is given one more than it takes.
    ConcurrencyExceeded,
    /// Calls are refused that are to wait.
    WaitIgnored,
    /// A process without work is kept for a day.
    NeverIdle,
    /// A process that was paused is given something and not let go on.
    NeverResumed,
    /// Somebody's wish to be a function's process is not heard.
    AttachUnheard,
    /// A process that somebody else started is believed to be gone when it took its first request.
    AttachForgotten,
    /// All goes to the latest revision.
    SharesIgnored,
    /// What was remembered is not known in the next life.
    MemoryLost,
    /// Nothing waits for its time.
    DelayIgnored,
    /// That somebody asks for what is held is not heard.
    RetryUnheard,
    /// What is held goes again as if somebody had asked.
    HeldInVain,
    /// What a reply says is done before the reply is stored.
    MarkOfTheUnstored,
    /// That a subscription is paused is not heard.
    PauseUnheard,
    /// One that was paused never goes on.
    ResumeUnheard,
}

/// What the bugs need to know.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    dead_letter_appends: Vec<AppendId>,
    newest: BTreeMap<FunctionId, InstanceId>,
    attached: Vec<InstanceId>,
}

impl Memory {
    /// The effect as a mind with the bug would give it.
    pub(crate) fn twist_effect(&mut self, bug: Option<Bug>, effect: &mut Effect) {
        match effect {
            Effect::Append { append, channel: DEAD_LETTERS, .. } => self.dead_letter_appends.push(*append),
            Effect::Spawn { instance, .. } => drop(self.newest.insert(instance.function, *instance)),
            Effect::Attach { instance, .. } => self.attached.push(*instance),
            Effect::Commit { progress, .. } if bug == Some(Bug::HighestCommitted) => {
                progress.iter_mut().for_each(|(_, progress)| raise(progress));
            }
            _ => {}
        }
    }

    /// The input as a mind with the bug would understand it.
    pub(crate) fn twist_input(&self, bug: Option<Bug>, input: &mut Input) {
        match input {
            Input::Appended { append, stored }
                if bug == Some(Bug::DeadLetterLost) && self.dead_letter_appends.contains(append) =>
            {
                *stored = Stored::Yes;
            }
            Input::Outcomes(outcomes) if bug == Some(Bug::RetriedAtOnce) => {
                let failed = outcomes.iter_mut().filter(|(_, outcome)| outcome.verdict() == Verdict::Retry);
                failed.for_each(|(_, outcome)| *outcome = Outcome::NotTaken);
            }
            Input::Records { batch, .. }
                if bug == Some(Bug::RecordsIgnored) && batch.next.0.is_multiple_of(7) =>
            {
                batch.records.clear();
            }
            Input::Wired(topology) if bug == Some(Bug::OrderIgnored) => {
                topology.subscriptions.iter_mut().for_each(|s| Arc::make_mut(s).order = Order::None);
            }
            Input::Wired(topology) if bug == Some(Bug::DelayIgnored) => {
                topology
                    .subscriptions
                    .iter_mut()
                    .for_each(|s| Arc::make_mut(s).delivery.after = Duration::ZERO);
            }
            Input::Remembered { seen, .. } if bug == Some(Bug::MemoryLost) => seen.clear(),
            Input::Retry { .. } if bug == Some(Bug::RetryUnheard) => *input = Input::Outcomes(Vec::new()),
            // Instead of the wish that a function be at zero.
            Input::Reap { function } if bug == Some(Bug::HeldInVain) => {
                *input = Input::Retry { subscription: SubscriptionId(function.0) };
            }
            Input::Pause { .. } if bug == Some(Bug::PauseUnheard) => *input = Input::Outcomes(Vec::new()),
            Input::Resume { .. } if bug == Some(Bug::ResumeUnheard) => *input = Input::Outcomes(Vec::new()),
            Input::Attaching { .. } if bug == Some(Bug::AttachUnheard) => {
                *input = Input::Outcomes(Vec::new());
            }
            Input::Ready { instance }
                if bug == Some(Bug::AttachForgotten) && self.attached.contains(instance) =>
            {
                *input = Input::Exited { instance: *instance, reason: "gone".into() };
            }
            Input::Wired(topology) if bug == Some(Bug::SharesIgnored) => topology.traffic.clear(),
            Input::Lost { partitions, .. } if bug == Some(Bug::LossUnheard) => partitions.clear(),
            Input::Revised { now: Availability::Present(settings), .. } => {
                misread(bug, Arc::make_mut(settings))
            }
            Input::Ready { instance } if bug == Some(Bug::StaleReady) => {
                *instance = self.newest.get(&instance.function).copied().unwrap_or(*instance);
            }
            _ => {}
        }
    }
}

/// A mind with the bug gives up at once what is asked back.
pub(crate) fn released_at_once(bug: Option<Bug>, input: &Input) -> Option<Effect> {
    let Input::Revoking { channel, partitions } = input else { return None };
    let release = Effect::Release { channel: *channel, partitions: partitions.clone() };
    (bug == Some(Bug::ReleasedAtOnce)).then_some(release)
}

/// The settings as a mind with the bug would read them.
fn misread(bug: Option<Bug>, settings: &mut Settings) {
    match bug {
        Some(Bug::MinimumIgnored) => settings.scaling.min = 0,
        Some(Bug::MaximumExceeded) => settings.scaling.max += 1,
        Some(Bug::ConcurrencyExceeded) => settings.concurrency += 1,
        Some(Bug::WaitIgnored) => settings.overflow.refuse = true,
        Some(Bug::NeverIdle) => settings.scaling.idle = Idle::After(Duration::from_secs(86_400)),
        _ => {}
    }
}

fn raise(progress: &mut Progress) {
    for (_, cursor) in &mut progress.behind {
        *cursor = Cursor::at(cursor.end());
    }
}

/// Stored progress as a mind would have left it that takes a waiting retry for done.
pub(crate) fn forget(progress: &mut Progress, name: &str, at: At) {
    if let Some((_, cursor)) = progress.behind.iter_mut().find(|(named, _)| **named == *name) {
        cursor.mark_done(at.2);
    }
}
