//! Reading: what is in memory and what is on disk, as one. An event that was read again, after a restart or for somebody who
//! fell behind, has several records of one place; they are put together here.

use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::ReplyId;
use activator::event::Event;
use hashbrown::{HashMap, HashSet};

use super::archive::{Found, Key, Search};
use super::entry::Entry;
use super::record::{Record, Spot, Told};
use super::selection::Picked;
use super::view::{Ended, Explained, Kin, Row, add_new};
use super::{History, Selection, Wanted, tell};

impl History {
    /// What is known of the event, one entry for each source that used the id; the oldest first.
    pub(crate) async fn explain(&self, wanted: &Wanted) -> Vec<Explained> {
        let recent = self.log().find(wanted);
        let (records, answered) = match wanted {
            // It is not older than memory reaches back.
            Wanted::At { .. } if !recent.is_empty() => (Vec::new(), Vec::new()),
            Wanted::At { id, .. } | Wanted::Id { id, .. } => {
                let id = id.clone();
                let search = move |search: Search| (search.with_id(&id), search.answered_by(&id));
                self.searched(move |found| found.map(search).unwrap_or_default()).await
            }
        };
        let spot = self.spot(wanted);
        let is_wanted = |record: &Record| spot.as_ref().is_none_or(|spot| record.spot == *spot);
        let mut events = Vec::new();
        for record in
            records.into_iter().filter(is_wanted).chain(recent.iter().map(|entry| Record::of(entry)))
        {
            add(&mut events, record, wanted);
        }
        events.sort_by_key(|(_, record)| record.arrived);
        self.told(&events, &answered)
    }

    /// The newest events that are meant, the newest first.
    pub(crate) async fn list(&self, selection: &Selection) -> Vec<Row> {
        let (recent, selection) = (self.log().newest_first(), selection.clone());
        let list = move |search| {
            let past = Past::new(recent, search);
            let mut rows: Vec<_> = past.newest_first(&selection).take(selection.last).collect();
            rows.sort_by_key(|(record, _)| std::cmp::Reverse(record.arrived));
            rows.iter().map(|(record, event)| tell::row(record, event)).collect()
        };
        self.searched(list).await
    }

    /// Of the events that are meant, the newest deliveries that were over before a moment, in the order of their ends.
    pub(crate) async fn ended_before(&self, selection: &Selection, before: SystemTime) -> Vec<Ended> {
        let (recent, selection) = (self.log().newest_first(), selection.clone());
        let list = move |search| {
            let past = Past::new(recent, search);
            let events = past.newest_first(&selection).take(selection.last);
            let mut ends: Vec<_> =
                events.flat_map(|(record, event)| ends(&record, &event, &selection, before)).collect();
            ends.sort_by(|one, other| one.at.cmp(&other.at));
            ends.drain(..ends.len().saturating_sub(selection.last));
            ends
        };
        self.searched(list).await
    }

    /// Events that are to be delivered again, the oldest first.
    pub(crate) async fn pick(&self, selection: &Selection) -> Vec<Picked> {
        let (recent, selection) = (self.log().newest_first(), selection.clone());
        let pick = move |search| {
            let past = Past::new(recent, search);
            let meant = past.newest_first(&selection).filter(|(record, _)| selection.may_go_again(record));
            let picked =
                meant.filter_map(|(record, event)| Some((record.arrived, selection.picked(&record, event)?)));
            let mut picked: Vec<_> = picked.take(selection.last).collect();
            picked.sort_by_key(|(arrived, _)| *arrived);
            picked.into_iter().map(|(_, picked)| picked).collect()
        };
        self.searched(pick).await
    }

    /// Runs what reads files where that keeps nobody waiting.
    async fn searched<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(Option<Search>) -> T + Send + 'static,
    ) -> T {
        match &self.archive {
            None => work(None),
            Some(archive) => {
                let archive = Arc::clone(archive);
                let searched = tokio::task::spawn_blocking(move || work(Some(archive.search())));
                // There is no answer where the program ends.
                searched.await.unwrap_or_default()
            }
        }
    }

    /// By the channel's name, which the archive knows it by.
    fn spot(&self, wanted: &Wanted) -> Option<Spot> {
        let Wanted::At { place, .. } = wanted else { return None };
        let channel = self.log().wiring().map(|wiring| wiring.label(place.channel)).unwrap_or_default();
        Some(Spot { channel, partition: place.partition, offset: place.offset })
    }

    fn told(&self, events: &[(Event, Record)], answered: &[Record]) -> Vec<Explained> {
        let paused = Arc::clone(&self.log().paused);
        let mut explained: Vec<Explained> = Vec::new();
        for (event, record) in events {
            let Some(one) = tell::explain(record, self.parents(event, answered), &paused) else { continue };
            match explained.iter_mut().find(|e| e.source == one.source) {
                // The same event again: forwarded to another channel, or sent twice.
                Some(known) => known.join(one),
                None => explained.push(one),
            }
        }
        explained
    }

    /// What it is an answer to.
    fn parents(&self, event: &Event, answered: &[Record]) -> Vec<Kin> {
        let reply = ReplyId { source: event.source().into(), id: event.id().into() };
        let recent: Vec<_> = self.log().find_answered(&reply).iter().map(|entry| Record::of(entry)).collect();
        let mut parents = Vec::new();
        for record in answered.iter().chain(&recent) {
            add_new(&mut parents, tell::parents(record, &reply));
        }
        parents
    }
}

/// Adds a record to those of its event in its place; later ones come later.
fn add(events: &mut Vec<(Event, Record)>, record: Record, wanted: &Wanted) {
    let Some(event) = record.event() else { return };
    if matches!(wanted, Wanted::Id { source: Some(source), .. } if event.source() != source) {
        return;
    }
    let is_same = |(known, at): &&mut (Event, Record)| at.spot == record.spot && is_same(known, &event);
    match events.iter_mut().find(is_same) {
        Some((_, known)) => known.and_then(record),
        None => events.push((event, record)),
    }
}

fn is_same(one: &Event, other: &Event) -> bool {
    one.id() == other.id() && one.source() == other.source()
}

/// What was over of an event before a moment, and is meant.
fn ends(record: &Record, event: &Event, selection: &Selection, before: SystemTime) -> Vec<Ended> {
    let is_past = |told: &&Told| told.settled.as_ref().is_some_and(|settled| settled.at < before);
    if record.deliveries.is_empty() && record.arrived < before && selection.wants_untaken() {
        return tell::ended(record, event, None).into_iter().collect();
    }
    let meant = record.deliveries.iter().filter(is_past).filter(|told| selection.wants_told(told));
    meant.filter_map(|told| tell::ended(record, event, Some(told))).collect()
}

/// All events, each once in each place.
struct Past {
    /// The newest first.
    recent: Vec<(Option<Key>, Arc<Entry>)>,
    search: Option<Search>,
    /// Of those in memory.
    keys: HashSet<Key>,
    copies: HashMap<Key, Vec<Found>>,
}

impl Past {
    fn new(recent: Vec<Arc<Entry>>, search: Option<Search>) -> Self {
        let key = |entry: &Entry| {
            let record = Record::of(entry);
            Some(Key::of(&record.spot, record.event()?.id()))
        };
        let recent: Vec<_> = recent
            .into_iter()
            .map(|entry| (search.is_some().then(|| key(&entry)).flatten(), entry))
            .collect();
        let keys: HashSet<_> = recent.iter().filter_map(|(key, _)| *key).collect();
        let copies =
            search.as_ref().map(|search| search.copies(|key| keys.contains(&key))).unwrap_or_default();
        Self { recent, search, keys, copies }
    }

    /// Those that are meant; the older ones in the order in which they were settled.
    fn newest_first<'p>(&'p self, selection: &'p Selection) -> impl Iterator<Item = (Record, Event)> + 'p {
        let recent = self.recent.iter().filter_map(|(key, entry)| {
            let older = key.as_ref().and_then(|key| self.copies.get(key)).map_or(&[][..], |older| older);
            self.together(older, Some(Record::of(entry)))
        });
        let older =
            self.search.iter().flat_map(|search| search.newest_first(|times| selection.reaches(times)));
        let older = older.filter(|found| !self.keys.contains(&found.key())).filter_map(|found| {
            match self.copies.get(&found.key()).map(|copies| &copies[..]) {
                None => self.together(&[found], None),
                // All of them at the newest one's turn.
                Some(copies) if copies.last() == Some(&found) => self.together(copies, None),
                Some(_) => None,
            }
        });
        recent.chain(older).filter(|(record, event)| selection.wants(record, event))
    }

    /// What these say of one event, the oldest first.
    fn together(&self, copies: &[Found], last: Option<Record>) -> Option<(Record, Event)> {
        let search = self.search.as_ref();
        let stored = copies.iter().filter_map(|found| search?.record(*found));
        let mut records: Vec<_> =
            stored.chain(last).filter_map(|record| Some((record.event()?, record))).collect();
        let (event, newest) = records.pop()?;
        // Others may look the same by their hashes.
        let is_one = |(other, record): &(Event, Record)| record.spot == newest.spot && is_same(other, &event);
        let mut all =
            records.into_iter().filter(is_one).map(|(_, record)| record).collect::<Vec<_>>().into_iter();
        let record = match all.next() {
            None => newest,
            Some(mut oldest) => {
                all.chain([newest]).for_each(|record| oldest.and_then(record));
                oldest
            }
        };
        Some((record, event))
    }
}
