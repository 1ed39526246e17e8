//! The entries in the order they arrived, found by place or id, bounded by count and bytes.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::{EventRef, Report};
use activator::event::Event;
use hashbrown::HashMap;

use super::delivery::Delivery;
use super::entry::Entry;
use super::page::Page;
use super::view::{self, Explained, Row};
use super::wiring::Wiring;
use super::{Note, Place, Until, Wanted};

#[derive(Debug)]
pub(super) struct Log {
    events_max: usize,
    bytes_max: usize,
    bytes: usize,
    entries: VecDeque<Entry>,
    page: Page,
    /// The number of the oldest entry; numbers are never used twice.
    first: u64,
    by_place: HashMap<Place, u64>,
    /// The newest entry under the hash of an id; each leads to the one before it.
    by_id: HashMap<u64, u64>,
    hasher: RandomState,
    wiring: Option<Arc<Wiring>>,
}

impl Log {
    pub(super) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self {
            events_max,
            bytes_max,
            bytes: 0,
            entries: VecDeque::new(),
            page: Page::default(),
            first: 0,
            by_place: HashMap::new(),
            by_id: HashMap::new(),
            hasher: RandomState::new(),
            wiring: None,
        }
    }

    pub(super) fn take(&mut self, now: SystemTime, note: Note) {
        match note {
            Note::Wired(resolved) => {
                self.wiring = Some(Arc::new(Wiring::following(self.wiring.as_deref(), resolved)));
            }
            Note::Arrived { channel, partition, records } => {
                for (offset, event) in records {
                    self.arrived(now, Place { channel, partition, offset }, &event);
                }
            }
            Note::Attempted { event, attempt } => self.change(event, |delivery| delivery.attempted(attempt)),
            Note::Reported(Report::Matched { event }) => self.change(event, Delivery::begin),
            Note::Reported(Report::Settled { event, attempts, end }) => {
                self.change(event, |delivery| delivery.settle(now, attempts, end));
            }
            Note::Reported(_) => {}
        }
        self.forget_oldest();
    }

    fn arrived(&mut self, now: SystemTime, place: Place, event: &Event) {
        let Some(wiring) = &self.wiring else { return };
        if self.by_place.contains_key(&place) {
            return;
        }
        let number = self.first + self.entries.len() as u64;
        let id_hash = self.hasher.hash_one(event.id());
        let mut entry = Entry::new(place, now, wiring.clone(), event, id_hash, &mut self.page);
        entry.previous = self.by_id.insert(id_hash, number);
        self.by_place.insert(place, number);
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    fn change(&mut self, event: EventRef, change: impl FnOnce(&mut Delivery)) {
        let place = Place { channel: event.channel, partition: event.partition, offset: event.offset };
        let Some(&number) = self.by_place.get(&place) else { return };
        let Some(entry) = self.entries.get_mut(index(self.first, number)) else { return };
        let revision = self.wiring.as_ref().map_or(0, |w| w.filter_revision(event.subscription));
        let before = entry.weight();
        change(entry.delivery(event.subscription, revision));
        self.bytes = self.bytes + entry.weight() - before;
    }

    fn forget_oldest(&mut self) {
        while self.entries.len() > self.events_max || self.bytes > self.bytes_max {
            let Some(entry) = self.entries.pop_front() else { return };
            let number = self.first;
            self.first += 1;
            self.bytes = self.bytes.saturating_sub(entry.weight());
            self.by_place.remove(&entry.place);
            // Unless a newer one with that id took its place.
            if self.by_id.get(&entry.id_hash) == Some(&number) {
                self.by_id.remove(&entry.id_hash);
            }
        }
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(index(self.first, number))
    }

    /// All records that are meant, the oldest first.
    fn find(&self, wanted: &Wanted) -> Vec<&Entry> {
        match wanted {
            Wanted::At(place) => {
                self.by_place.get(place).and_then(|&number| self.entry(number)).into_iter().collect()
            }
            Wanted::Id { id, source } => self.find_id(id, source.as_deref()),
        }
    }

    fn find_id(&self, id: &str, source: Option<&str>) -> Vec<&Entry> {
        let newest = self.by_id.get(&self.hasher.hash_one(id)).copied();
        let chain = std::iter::successors(newest.and_then(|n| self.entry(n)), |entry| {
            // One that was forgotten ends the chain: those before it are older still.
            entry.previous.filter(|&number| number >= self.first).and_then(|number| self.entry(number))
        });
        let meant = |entry: &&Entry| {
            let event = entry.event();
            event.id() == id && source.is_none_or(|source| event.source() == source)
        };
        let mut found: Vec<_> = chain.filter(meant).collect();
        found.reverse();
        found
    }

    pub(super) fn is_reached(&self, wanted: &Wanted, until: Until) -> bool {
        let found = self.find(wanted);
        !found.is_empty() && found.iter().all(|entry| entry.is_reached(until))
    }

    pub(super) fn explain(&self, wanted: &Wanted) -> Vec<Explained> {
        let Some(current) = &self.wiring else { return Vec::new() };
        let mut explained: Vec<Explained> = Vec::new();
        for entry in self.find(wanted) {
            let one = view::explain(entry, current);
            match explained.iter_mut().find(|e| e.source == one.source) {
                // The same event again: forwarded to another channel, or sent twice.
                Some(known) => known.join(one),
                None => explained.push(one),
            }
        }
        explained
    }

    pub(super) fn newest(&self, limit: usize) -> Vec<Row> {
        let Some(current) = &self.wiring else { return Vec::new() };
        self.entries.iter().rev().take(limit).map(|entry| view::row(entry, current)).collect()
    }

    /// All of them, the oldest first.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The configuration in force.
    pub(super) fn wiring(&self) -> Option<&Wiring> {
        self.wiring.as_deref()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize, usize, usize) {
        (self.entries.len(), self.by_place.len(), self.by_id.len(), self.bytes)
    }
}

/// Where the entry with that number is; behind the end for one that was forgotten.
fn index(first: u64, number: u64) -> usize {
    number.checked_sub(first).and_then(|i| usize::try_from(i).ok()).unwrap_or(usize::MAX)
}
