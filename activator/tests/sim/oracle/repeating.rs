//! What the oracle demands of subscriptions that want the same event once: what is called a duplicate was delivered, and
//! what the mind wants to remember it does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use activator::Time;
use activator::event::Identity;

use super::Oracle;
use crate::truth::Case;
use crate::wiring::REPLAY;

#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// What was delivered, ever.
    had: BTreeSet<(Arc<str>, Identity)>,
    /// What the mind knows of it, and until when; the last that was said of an event counts.
    known: BTreeMap<Arc<str>, VecDeque<(Identity, Time)>>,
}

impl Repeats {
    /// The mind died, and was told nothing yet.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    pub(super) fn recall(&mut self, now: Time, name: &Arc<str>, seen: &[(Identity, Duration)]) {
        let known = self.known.entry(Arc::clone(name)).or_default();
        known.extend(seen.iter().map(|(identity, left)| (*identity, now + *left)));
    }
}

impl Oracle {
    /// A delivery came to a good end.
    pub(super) fn has_had(&mut self, case: Case) {
        if let (Some(name), Some(identity)) = (self.truth.bearer_name(case), self.truth.identity(case.1)) {
            self.repeats.had.insert((name, identity));
        }
    }

    pub(super) fn is_duplicate(&mut self, case: Case) {
        let had = self.truth.bearer_name(case).zip(self.truth.identity(case.1));
        let had = had.is_some_and(|had| self.repeats.had.contains(&had)) && case.0 != REPLAY;
        self.expect(had, || format!("{case:?} is called a duplicate, and nothing like it was delivered"));
        self.truth.dropped(case);
        self.told.insert(case);
    }

    /// The mind wants to remember an event.
    pub(super) fn remembers(&mut self, now: Time, name: &Arc<str>, identity: Identity) {
        let had = self.repeats.had.contains(&(Arc::clone(name), identity));
        self.expect(had, || format!("{name} is to remember what it never had"));
        let Some(how) = self.truth.named(name).and_then(|s| s.delivery.deduplicate) else {
            return self.expect(false, || format!("{name} remembers, and nobody wants that"));
        };
        let known = self.repeats.known.entry(Arc::clone(name)).or_default();
        while known.front().is_some_and(|(_, until)| *until <= now) {
            known.pop_front();
        }
        known.push_back((identity, now + how.time));
        while known.len() > how.max as usize {
            known.pop_front();
        }
    }

    /// Nothing is delivered of which the mind knows that it was, nor before its time.
    pub(super) fn delivers_in_time(&mut self, now: Time, case: Case) {
        let Some(subscription) = self.truth.terms(case).filter(|_| self.truth.is_steady(case)) else {
            return;
        };
        let (how, after) = (subscription.delivery.deduplicate, subscription.delivery.after);
        let early = self.truth.stored_at(case.1).is_some_and(|stored| now < stored + after);
        self.expect(!early, || format!("{case:?} is delivered before its time"));
        let Some((name, identity)) = self.truth.bearer_name(case).zip(self.truth.identity(case.1)) else {
            return;
        };
        let known = self.repeats.known.get(&name).into_iter().flatten().rev();
        let until = known.filter(|(known, _)| *known == identity).map(|(_, until)| *until).next();
        let again = how.is_some() && until.is_some_and(|until| now < until);
        self.expect(!again, || format!("{case:?} is delivered, and the same event was before"));
    }
}
