//! The entries in the order they arrived, bounded by count and bytes, and [found](find) by place or id. What is not settled when
//! its turn comes to be forgotten is held until it is.

mod find;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZero;
use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::{EventRef, ReplyId, Report};
use activator::event::Event;
use activator::id::{ChannelId, Offset, Partition};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry as MapEntry;
use smallvec::SmallVec;

use super::archive::hash_id;
use super::delivery::Delivery;
use super::entry::Entry;
use super::feed::{End, Feed, Watch};
use super::page::Page;
use super::wiring::Wiring;
use super::{Note, Place, Until};

/// Of the bytes there may be, those that are held beyond their turn take at most this part.
const HELD_SHARE: usize = 2;

/// Entries that are in memory though they are on disk.
pub(super) const RECENT: usize = 1_000;

/// What of an event's data is kept, unless all of it is.
const DATA_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Log {
    events_max: usize,
    bytes_max: usize,
    /// What of an event's data is kept when its channel forgets it.
    data_max: usize,
    bytes: usize,
    entries: VecDeque<Arc<Entry>>,
    /// Older ones that are not settled.
    held: BTreeMap<u64, Arc<Entry>>,
    held_bytes: usize,
    page: Page,
    /// The number of the oldest entry that is not held; numbers are never used twice.
    first: u64,
    by_place: HashMap<Place, u64>,
    /// The newest entry under the hash of an id; each leads to the one before it.
    by_id: HashMap<u32, u64>,
    /// Those that were answered by the event of that source and id.
    by_reply: HashMap<u64, SmallVec<[u64; 1]>>,
    hasher: RandomState,
    wiring: Option<Arc<Wiring>>,
    /// The subscriptions that are paused.
    pub(super) paused: Arc<BTreeSet<Arc<str>>>,
    /// What was read again in this turn and is not remembered.
    again: HashMap<Place, Event>,
    /// What may have been settled in this turn.
    touched: Vec<u64>,
    /// What the archive is to have.
    to_file: Vec<Arc<Entry>>,
    /// How many it got until now, those included.
    filed: u64,
    feed: Feed,
}

impl Log {
    pub(super) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self {
            events_max,
            bytes_max,
            data_max: DATA_MAX,
            bytes: 0,
            entries: VecDeque::new(),
            held: BTreeMap::new(),
            held_bytes: 0,
            page: Page::default(),
            first: 0,
            by_place: HashMap::new(),
            by_id: HashMap::new(),
            by_reply: HashMap::new(),
            hasher: RandomState::new(),
            wiring: None,
            paused: Arc::default(),
            again: HashMap::new(),
            touched: Vec::new(),
            to_file: Vec::new(),
            filed: 0,
            feed: Feed::default(),
        }
    }

    /// The same with all of the data of each event, while there are bytes for it.
    pub(super) fn whole(self) -> Self {
        Self { data_max: usize::MAX, ..self }
    }

    pub(super) fn take(&mut self, now: SystemTime, note: Note) {
        match note {
            Note::Wired(resolved) => {
                self.wiring = Some(Arc::new(Wiring::following(self.wiring.as_deref(), resolved)));
            }
            Note::Paused(names) => self.paused = Arc::new(names),
            Note::Arrived { channel, partition, records } => {
                for (offset, event) in records {
                    self.arrived(now, Place { channel, partition, offset }, &event);
                }
            }
            Note::Again { channel, partition, records } => self.read_again(channel, partition, records),
            Note::Attempted { event, attempt } => {
                self.change(now, event, |delivery| delivery.attempted(attempt));
            }
            Note::Reported(Report::Matched { event }) => self.change(now, event, Delivery::begin),
            Note::Reported(Report::Settled { event, attempts, end }) => {
                self.change(now, event, |delivery| delivery.settle(now, attempts, end));
            }
            Note::Reported(Report::Held { event, outcome, .. }) => {
                self.change(now, event, |delivery| delivery.held(now, &outcome));
            }
            Note::Reported(_) => {}
        }
        self.forget_oldest();
    }

    /// All of the turn is told: what is settled is so for now. Gives what the archive is to have.
    pub(super) fn end_turn(&mut self) -> Vec<Arc<Entry>> {
        self.again.clear();
        let mut touched = std::mem::take(&mut self.touched);
        let mut late = HashMap::new();
        for &number in &touched {
            if !self.entry(number).is_some_and(|entry| entry.is_reached(Until::Settled)) {
                continue;
            }
            match self.held.remove(&number) {
                Some(entry) => {
                    self.held_bytes -= entry.weight();
                    if self.feed.is_watched() {
                        late.insert(number, Arc::clone(&entry));
                    }
                    self.let_go(number, entry);
                }
                None => self.file(number),
            }
        }
        // Only now: who watches shares the entries, which would be copied to be changed.
        if self.feed.is_watched() {
            self.tell_watchers(&touched, &late);
        }
        touched.clear();
        self.touched = touched;
        std::mem::take(&mut self.to_file)
    }

    /// From now on, what is over is told.
    pub(super) fn watch(&mut self, since: SystemTime) -> Watch {
        self.feed.watch(since)
    }

    /// What was over in this turn: events that nobody took, and deliveries in the order of their ends. `late` are those
    /// that were held until then.
    fn tell_watchers(&mut self, touched: &[u64], late: &HashMap<u64, Arc<Entry>>) {
        let untaken = touched.iter().filter_map(|&number| self.entry(number));
        let untaken = untaken.filter(|entry| entry.deliveries.is_empty());
        let mut ends: Vec<_> = untaken.map(|entry| End::new(Arc::clone(entry), None)).collect();
        let mut forgotten = 0;
        for (number, subscription) in self.feed.take_settled() {
            match self.entry(number).or_else(|| late.get(&number)) {
                Some(entry) => ends.push(End::new(Arc::clone(entry), Some(subscription))),
                None => forgotten += 1,
            }
        }
        self.feed.tell(&ends, forgotten);
    }

    #[cfg(test)]
    pub(super) const fn is_watched(&self) -> bool {
        self.feed.is_watched()
    }

    /// What the archive does not have, because it is not settled.
    pub(super) fn unfiled(&self) -> Vec<Arc<Entry>> {
        let all = self.held.values().chain(&self.entries);
        all.filter(|entry| entry.filed.is_none()).cloned().collect()
    }

    fn arrived(&mut self, now: SystemTime, place: Place, event: &Event) {
        let (Some(wiring), MapEntry::Vacant(at)) = (&self.wiring, self.by_place.entry(place)) else { return };
        let number = self.first + self.entries.len() as u64;
        at.insert(number);
        let id_hash = hash_id(event.id());
        let mut entry = Entry::new(place, now, wiring.clone(), event, id_hash, self.data_max, &mut self.page);
        entry.previous = self.by_id.insert(id_hash, number);
        self.bytes += entry.weight();
        self.entries.push_back(Arc::new(entry));
        // Unless somebody takes it before the turn ends.
        self.touched.push(number);
    }

    /// Somebody who fell behind may come to it now.
    fn read_again(&mut self, channel: ChannelId, partition: Partition, records: Vec<(Offset, Event)>) {
        for (offset, event) in records {
            let place = Place { channel, partition, offset };
            if !self.by_place.contains_key(&place) {
                self.again.insert(place, event);
            }
        }
    }

    fn change(&mut self, now: SystemTime, event: EventRef, change: impl FnOnce(&mut Delivery)) {
        let place = Place { channel: event.channel, partition: event.partition, offset: event.offset };
        // Mostly there is none, and nothing to look for.
        let forgotten = if self.again.is_empty() { None } else { self.again.remove(&place) };
        forgotten.iter().for_each(|event| self.arrived(now, place, event));
        let Some(&number) = self.by_place.get(&place) else { return };
        let Some(entry) = entry_mut(&mut self.entries, &mut self.held, self.first, number) else { return };
        let before = entry.weight();
        let delivery = entry.delivery(event.subscription, self.wiring.as_ref());
        let had = delivery.reply().cloned();
        change(delivery);
        let (has, settled) = (delivery.reply().cloned(), delivery.settled.is_some());
        entry.filed.take_if(|_| !settled);
        let after = entry.weight();
        self.bytes = self.bytes + after - before;
        if number < self.first {
            self.held_bytes = self.held_bytes + after - before;
        }
        if had != has {
            had.iter().for_each(|reply| self.unanswered(number, reply));
            has.iter().for_each(|reply| self.answered(number, reply));
        }
        if settled {
            self.touched.push(number);
            self.feed.settled(number, event.subscription);
        }
    }

    fn answered(&mut self, number: u64, reply: &ReplyId) {
        self.by_reply.entry(self.hasher.hash_one(reply_key(reply))).or_default().push(number);
    }

    fn unanswered(&mut self, number: u64, reply: &ReplyId) {
        let hash = self.hasher.hash_one(reply_key(reply));
        let Some(numbers) = self.by_reply.get_mut(&hash) else { return };
        numbers.retain(|known| *known != number);
        if numbers.is_empty() {
            self.by_reply.remove(&hash);
        }
    }

    fn forget_oldest(&mut self) {
        while self.entries.len() > self.events_max || self.bytes > self.bytes_max {
            let Some(entry) = self.entries.pop_front() else { break };
            let number = self.first;
            self.first += 1;
            self.leave(number, entry);
        }
        while self.held_bytes > self.bytes_max / HELD_SHARE {
            let Some((number, entry)) = self.held.pop_first() else { return };
            self.held_bytes -= entry.weight();
            self.let_go(number, entry);
        }
    }

    /// Lets go of what is on disk, the first `written` of those that the archive got, but for the most recent: whatever is
    /// kept beyond need is cold when its turn comes, and drives what is needed out of the processor's cache.
    pub(super) fn forget_written(&mut self, written: u64) {
        let is_written = |entry: &Entry| entry.filed.is_some_and(|filed| filed.get() <= written);
        while self.entries.len() > RECENT
            && let Some(entry) = self.entries.pop_front_if(|entry| is_written(entry))
        {
            let number = self.first;
            self.first += 1;
            self.forget(number, &entry);
        }
    }

    /// Its turn to be forgotten has come.
    fn leave(&mut self, number: u64, mut entry: Arc<Entry>) {
        if entry.is_reached(Until::Settled) {
            return self.let_go(number, entry);
        }
        Arc::make_mut(&mut entry).leave_page();
        self.held_bytes += entry.weight();
        self.held.insert(number, entry);
    }

    /// It is forgotten, however far it came.
    fn let_go(&mut self, number: u64, mut entry: Arc<Entry>) {
        self.forget(number, &entry);
        if entry.filed.is_none() {
            self.filed += 1;
            Arc::make_mut(&mut entry).filed = NonZero::new(self.filed);
            self.to_file.push(entry);
        }
    }

    /// Nothing leads to it any more.
    fn forget(&mut self, number: u64, entry: &Entry) {
        self.bytes = self.bytes.saturating_sub(entry.weight());
        self.by_place.remove(&entry.place);
        // Unless a newer one with that id took its place.
        if self.by_id.get(&entry.id_hash) == Some(&number) {
            self.by_id.remove(&entry.id_hash);
        }
        entry.replies().for_each(|reply| self.unanswered(number, reply));
    }

    fn file(&mut self, number: u64) {
        let entry = entry_mut(&mut self.entries, &mut self.held, self.first, number);
        let Some(entry) = entry.filter(|entry| entry.filed.is_none()) else { return };
        self.filed += 1;
        entry.filed = NonZero::new(self.filed);
        let filed = self.entry(number).map(Arc::clone);
        self.to_file.extend(filed);
    }

    fn entry(&self, number: u64) -> Option<&Arc<Entry>> {
        self.entries.get(index(self.first, number)).or_else(|| self.held.get(&number))
    }

    /// The configuration in force.
    pub(super) fn wiring(&self) -> Option<&Wiring> {
        self.wiring.as_deref()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize, usize, usize) {
        (self.entries.len() + self.held.len(), self.by_place.len(), self.by_id.len(), self.bytes)
    }
}

/// The entry with that number, of all that there are.
fn entry_mut<'e>(
    entries: &'e mut VecDeque<Arc<Entry>>,
    held: &'e mut BTreeMap<u64, Arc<Entry>>,
    first: u64,
    number: u64,
) -> Option<&'e mut Entry> {
    let entry = match entries.get_mut(index(first, number)) {
        Some(entry) => entry,
        None => held.get_mut(&number)?,
    };
    // The archive, or a reader, may still have it as it was.
    Some(Arc::make_mut(entry))
}

/// A reply as what it is found by.
fn reply_key(reply: &ReplyId) -> (&str, &str) {
    (&reply.source, &reply.id)
}

/// Where the entry with that number is; behind the end for one that was forgotten.
fn index(first: u64, number: u64) -> usize {
    number.checked_sub(first).and_then(|i| usize::try_from(i).ok()).unwrap_or(usize::MAX)
}
