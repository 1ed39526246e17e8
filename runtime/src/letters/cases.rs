//! Whose a letter was, and why it died: what many letters have in common is kept once.

use std::collections::HashMap;
use std::sync::Arc;

use activator::event::Event;

use super::facts;
use crate::config::short_name;

/// Characters of a name or reason that are kept; longer ones are nobody's of ours.
const TEXT_MAX: usize = 256;

/// What letters are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Case {
    /// `trigger/bill`; empty where it is not told.
    pub(crate) subscription: String,
    /// `fn/bill`, a URL.
    pub(crate) to: String,
    /// `exit 101`.
    pub(crate) reason: String,
    pub(crate) code: Option<i32>,
}

/// Every case there was, by number.
#[derive(Debug, Default)]
pub(super) struct Cases {
    numbers: HashMap<Arc<Case>, u32>,
    all: Vec<Arc<Case>>,
}

impl Case {
    pub(super) fn of(letter: &Event) -> Self {
        let text = |text: &str| text.chars().take(TEXT_MAX).collect();
        Self {
            subscription: text(facts::subscription(letter).unwrap_or_default()),
            to: text(facts::to(letter).unwrap_or_default()),
            reason: text(&facts::reason(letter)),
            code: facts::code(letter),
        }
    }

    /// The name of the trigger, subscription or source.
    pub(crate) fn trigger(&self) -> &str {
        short_name(&self.subscription)
    }

    /// The function it was for, if it was for one; of a revision, whose it is.
    pub(crate) fn function(&self) -> Option<&str> {
        let named = self.to.strip_prefix("fn/")?;
        Some(named.split_once('@').map_or(named, |(name, _)| name))
    }
}

impl Cases {
    pub(super) fn number(&mut self, case: Case) -> u32 {
        if let Some(&number) = self.numbers.get(&case) {
            return number;
        }
        let (case, number) = (Arc::new(case), u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(Arc::clone(&case));
        self.numbers.insert(case, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &Case {
        &self.all[number as usize]
    }

    /// All of them, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Case> {
        self.all.iter().map(|case| &**case)
    }
}
