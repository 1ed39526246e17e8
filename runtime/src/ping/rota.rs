//! Whose turn is next, what was missed, and what is not fired twice. It has no clock: `now` is an argument, and may be any
//! time after any other, since people and time servers set clocks, and machines sleep.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Missed, Ping};

/// A time that is longer past was missed.
const LATE_MAX: SignedDuration = SignedDuration::from_mins(1);
/// By so much a clock may be set back, and what was fired is not fired again. By more, it was wrong before.
const BACK_MAX: SignedDuration = SignedDuration::from_hours(1);
/// The wait after an event could not be stored.
const RETRY_WAIT: SignedDuration = SignedDuration::from_secs(1);

/// By name.
pub(super) type Pings = BTreeMap<Arc<str>, Arc<Ping>>;

/// All sources, and where each stands.
#[derive(Default)]
pub(super) struct Rota {
    entries: BTreeMap<Arc<str>, Entry>,
    /// When it was last asked or told something.
    asked: Option<Timestamp>,
}

struct Entry {
    ping: Arc<Ping>,
    /// What is not later than this is done with.
    passed: Option<Timestamp>,
    due: Option<Timestamp>,
    /// Not before this, for the last try failed.
    again: Option<Timestamp>,
    /// Which time is being stored, and when that began.
    storing: Option<(Timestamp, Timestamp)>,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Fire(Arc<Ping>, Timestamp),
    /// It is skipped.
    Missed(Arc<Ping>, Timestamp),
}

/// How storing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is stored, or never can be.
    Over,
    NotNow,
}

impl Rota {
    /// Takes over what is configured. A source that is new, or whose schedule changed, begins at what is `known` of an
    /// earlier life, else now; the others stay where they are.
    pub(super) fn configure(
        &mut self,
        now: Timestamp,
        pings: &Pings,
        known: impl Fn(&Ping) -> Option<Timestamp>,
    ) {
        self.heard(now);
        let mut before = std::mem::take(&mut self.entries);
        for (name, ping) in pings {
            let same =
                |entry: &Entry| entry.ping.schedule == ping.schedule && entry.ping.missed == ping.missed;
            let entry = match before.remove(name).filter(same) {
                Some(entry) => Entry { ping: Arc::clone(ping), ..entry },
                None => Entry::new(Arc::clone(ping), known(ping), now),
            };
            self.entries.insert(Arc::clone(name), entry);
        }
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.entries.values().filter_map(Entry::next).min()
    }

    /// Whose turn it is.
    pub(super) fn turns(&mut self, now: Timestamp) -> Vec<Turn> {
        self.heard(now);
        self.entries.values_mut().filter_map(|entry| entry.turn(now)).collect()
    }

    fn heard(&mut self, now: Timestamp) {
        if self.asked.replace(now).is_some_and(|before| now < before) {
            self.entries.values_mut().for_each(|entry| entry.clock_went_back(now));
        }
    }

    /// What became of a [`Turn::Fire`]. Says whether it is the first try of that time.
    pub(super) fn ended(&mut self, now: Timestamp, ping: &Ping, time: Timestamp, how: Ended) -> bool {
        let Some(entry) = self.entries.get_mut(&ping.name) else { return true };
        let Some((_, began)) = entry.storing.take_if(|storing| storing.0 == time) else { return true };
        let is_first = entry.again.is_none();
        entry.ended(now, time.max(began), how);
        is_first
    }

    /// Up to when each source that may miss nothing is done.
    pub(super) fn passed(&self) -> impl Iterator<Item = (&Ping, Timestamp)> {
        let kept = self.entries.values().filter(|entry| entry.ping.missed == Missed::Once);
        kept.filter_map(|entry| Some((&*entry.ping, entry.passed?)))
    }
}

impl Entry {
    fn new(ping: Arc<Ping>, known: Option<Timestamp>, now: Timestamp) -> Self {
        // From now on, what passes may be missed.
        let passed = known.or_else(|| (ping.missed == Missed::Once).then_some(now));
        let mut entry = Self { ping, passed, due: None, again: None, storing: None };
        entry.due = entry.due_from(now);
        entry
    }

    fn due_from(&self, now: Timestamp) -> Option<Timestamp> {
        let passed = self.passed.filter(|passed| passed.duration_since(now) <= BACK_MAX);
        let from = match self.ping.missed {
            Missed::Skip => passed.map_or(now, |passed| passed.max(now)),
            Missed::Once => passed.unwrap_or(now),
        };
        self.ping.schedule.next(from)
    }

    fn next(&self) -> Option<Timestamp> {
        let due = self.due.filter(|_| self.storing.is_none())?;
        Some(self.again.map_or(due, |again| again.max(due)))
    }

    fn turn(&mut self, now: Timestamp) -> Option<Turn> {
        let due = self.due.filter(|_| self.next().is_some_and(|next| next <= now))?;
        if self.ping.missed == Missed::Skip && now.duration_since(due) > LATE_MAX {
            // Whatever came after it and is past, too, goes with it: nothing comes in a burst.
            self.again = None;
            self.due = self.due_from(now);
            return Some(Turn::Missed(Arc::clone(&self.ping), due));
        }
        self.storing = Some((due, now));
        Some(Turn::Fire(Arc::clone(&self.ping), due))
    }

    fn ended(&mut self, now: Timestamp, passed: Timestamp, how: Ended) {
        match how {
            Ended::Over => {
                (self.passed, self.again) = (Some(passed), None);
                self.due = self.due_from(now);
            }
            Ended::NotNow => self.again = now.checked_add(RETRY_WAIT).ok(),
        }
    }

    /// What is due by the clock that was right until then may be later than what is due by this one.
    fn clock_went_back(&mut self, now: Timestamp) {
        self.again = None;
        if self.storing.is_none() {
            self.due = self.due_from(now);
        }
    }
}
