//! What the oracle demands of what is held: its attempts are used up, its subscription wants it so, and it goes again only
//! when something was mended since, or somebody asked.

use std::collections::BTreeMap;

use activator::delivery::{Exhausted, Outcome, Verdict};

use super::Oracle;
use crate::truth::Case;

#[derive(Debug, Default)]
pub(super) struct Holds {
    /// How often anything was mended, or asked for.
    mendings: u64,
    /// As of when the last attempt of a case began.
    tried: BTreeMap<Case, u64>,
    /// The same of those that are held.
    held: BTreeMap<Case, u64>,
}

impl Holds {
    /// A function is another, or the wiring, or somebody asks.
    pub(super) fn mended(&mut self) {
        self.mendings += 1;
    }

    pub(super) fn forget(&mut self, which: impl Fn(&Case) -> bool) {
        self.tried.retain(|case, _| !which(case));
        self.held.retain(|case, _| !which(case));
    }
}

impl Oracle {
    pub(super) fn holds(&mut self, case: Case, attempts: u32, outcome: &Outcome) {
        let terms = self.truth.terms(case).map(|s| (s.delivery.exhausted, s.delivery.retry));
        let Some((Exhausted::Hold(_), retry)) = terms else {
            return self.expect(false, || format!("{case:?} is held, and its subscription says {terms:?}"));
        };
        let used_up = attempts > retry && outcome.verdict() == Verdict::Retry;
        self.expect(used_up, || format!("{case:?} is held after {attempts} attempts of {retry} + 1"));
        let last = self.truth.is_last(case.1.0);
        self.expect(!last, || format!("{case:?} is held, a dead letter"));
        let began = self.holds.tried.get(&case).copied().unwrap_or(0);
        self.holds.held.insert(case, began);
    }

    /// It makes way for those that came after it.
    pub(super) fn makes_way(&mut self, case: Case) {
        let held = self.holds.held.remove(&case).is_some();
        self.expect(held, || format!("{case:?} makes way, and was not held"));
    }

    /// An attempt begins. Of what was held, the attempts begin anew.
    pub(super) fn tries(&mut self, case: Case) {
        let now = self.holds.mendings;
        self.holds.tried.insert(case, now);
        if let Some(began) = self.holds.held.remove(&case) {
            self.expect(now > began, || format!("{case:?} is held, and delivered for no reason"));
            self.attempts.remove(&case);
        }
    }

    /// Whether it was held until now.
    pub(super) fn is_held_no_more(&mut self, case: Case) -> bool {
        self.holds.held.remove(&case).is_some()
    }
}
