//! What the oracle demands of what people are told, and of the progress that is stored.

use std::time::Duration;

use activator::Time;
use activator::effect::{End, EventRef, FunctionNews, Report};
use activator::id::{ChannelId, Partition, SubscriptionId};
use activator::input::Progress;

use super::Oracle;
use crate::storage::{At, says_done};
use crate::truth::Case;

/// The shortest wait of a crash loop.
const SHORTEST: Duration = Duration::from_millis(100);

fn has_entry(progress: Option<&Progress>, name: &str) -> bool {
    progress.is_some_and(|progress| progress.behind.iter().any(|(named, _)| **named == *name))
}

/// Which event of which subscription is spoken of.
const fn case_of(event: EventRef) -> Case {
    (event.subscription, (event.channel, event.partition, event.offset))
}

impl Oracle {
    pub(super) fn reports(&mut self, now: Time, report: &Report) {
        match report {
            Report::Settled { event, attempts, end } => self.settles(*event, *attempts, end),
            Report::Function { news: FunctionNews::Warm(instance), .. } => {
                let proven = self.instances.get(instance).is_some_and(|known| known.ready);
                self.expect(proven, || format!("{instance:?} is called warm and never took a request"));
            }
            Report::Function { function, news: FunctionNews::Zero } => {
                let left = self.instances.keys().any(|id| id.function == *function);
                self.expect(!left, || format!("function {function} is called zero and is not"));
            }
            Report::Function { function, news: FunctionNews::StartFailed { wait, .. } } => {
                self.not_before.insert(*function, now + *wait);
                self.expect(*wait >= SHORTEST, || {
                    format!("function {function} is started again after {wait:?}")
                });
                let slandered = self.slandered;
                self.expect(!slandered, || {
                    format!("a process of {function} was given nothing, and called failed")
                });
            }
            Report::Held { event, attempts, outcome } => self.holds(case_of(*event), *attempts, outcome),
            Report::MadeWay { event, .. } => self.makes_way(case_of(*event)),
            Report::Matched { event } => drop(self.begun.insert(case_of(*event))),
            Report::Attempting { .. }
            | Report::Retrying { .. }
            | Report::Renamed { .. }
            | Report::Function { .. } => {}
        }
    }

    fn settles(&mut self, event: EventRef, attempts: u32, end: &End) {
        let case = case_of(event);
        self.begun.remove(&case);
        self.requeued.remove(&case);
        let was_held = self.is_held_no_more(case);
        match end {
            End::Removed => {
                let removed = self.truth.was_removed(case);
                return self.expect(removed, || format!("{case:?} ends as removed, and nobody did that"));
            }
            End::Elsewhere => {
                let ours = self.has(event.channel, event.partition);
                return self.expect(!ours, || format!("{case:?} is called somebody else's and is ours"));
            }
            _ => {}
        }
        self.settled.insert(case);
        let (done, gone) = (self.truth.is_done(case), self.truth.is_gone(case.1));
        match end {
            End::Gone => self.expect(gone, || format!("{case:?} is called gone and is there")),
            End::Unmatched => {
                let owed = self.truth.owes(case) && !done;
                self.expect(!owed, || format!("{case:?} is called unmatched and matches"));
            }
            End::Duplicate => self.is_duplicate(case),
            End::Dropped(_) => {
                let may = self.truth.may_drop(case);
                self.expect(may, || format!("{case:?} is given up, and nobody said that"));
                self.truth.dropped(case);
                self.told.insert(case);
            }
            End::DeadLetter(_) if self.truth.is_last(event.channel) => {
                self.expect(false, || format!("{case:?} is a dead letter of a dead letter"));
            }
            _ => self.expect(done, || format!("{case:?} is called {end:?} and is not")),
        }
        if matches!(end, End::Delivered { .. }) {
            self.has_had(case);
        }
        let counted = self.attempts.get(&case).copied().unwrap_or(0);
        let steady = self.truth.is_steady(case);
        self.expect(!steady || attempts == counted || was_held && attempts == 0, || {
            format!("{case:?} is said to have taken {attempts} attempts and took {counted}")
        });
    }

    /// Progress is stored: nothing in it may be said to be done that is owed.
    pub(crate) fn commits(
        &mut self,
        (channel, number): (ChannelId, Partition),
        before: Option<&Progress>,
        progress: &Progress,
        keeps: bool,
    ) {
        let subscribers = self.truth.subscribers(channel);
        let places: Vec<At> = self.truth.places(channel, number).collect();
        for at in places {
            if keeps && at.2 < progress.position && !self.truth.anyone_since(at) {
                self.expect(false, || {
                    format!("{at:?} is passed in a channel that keeps, and nobody was there")
                });
            }
            for (id, name) in &subscribers {
                let (was, is) = (says_done(before, name, at.2), says_done(Some(progress), name, at.2));
                if was == is {
                    continue;
                }
                let case = (*id, at);
                let paid = !is || self.truth.is_done(case) || !self.truth.owes(case);
                self.expect(paid, || format!("stored progress of {name} passes {at:?}, which is not done"));
                // As often as it is a newcomer.
                let begins = self.truth.begins_elsewhere(*id) && !has_entry(before, name);
                self.expect(is || begins || self.truth.is_gone(at), || {
                    format!("stored progress of {name} goes back behind {at:?}")
                });
            }
        }
    }

    /// A delivery that people were told of and that has no end.
    pub(crate) fn without_end(&self, waits: impl Fn(SubscriptionId) -> bool) -> Option<Case> {
        self.begun.iter().copied().find(|(id, _)| !waits(*id))
    }

    /// Successes the mind knows of that are not stored.
    pub(crate) fn unstored(&self, stored: impl Fn(At) -> Option<Progress>) -> Option<Case> {
        let says = |&(id, at): &Case| {
            self.truth.name_of(id).is_none_or(|name| says_done(stored(at).as_ref(), &name, at.2))
        };
        self.told.iter().copied().filter(|case| self.truth.is_done(*case)).find(|case| !says(case))
    }
}
