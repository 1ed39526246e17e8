//! Who asks: by place, by id, by the event that came of it.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use activator::effect::ReplyId;

use super::super::archive::hash_id;
use super::super::entry::Entry;
use super::super::{Until, Wanted};
use super::{Log, reply_key};

impl Log {
    /// All records that are meant, the oldest first.
    pub(in crate::history) fn find(&self, wanted: &Wanted) -> Vec<Arc<Entry>> {
        match wanted {
            Wanted::At { place, .. } => {
                self.by_place.get(place).and_then(|&number| self.entry(number)).cloned().into_iter().collect()
            }
            Wanted::Id { id, source } => self.find_id(id, source.as_deref()),
        }
    }

    fn find_id(&self, id: &str, source: Option<&str>) -> Vec<Arc<Entry>> {
        let hash = hash_id(id);
        let recent = |number: &u64| *number >= self.first;
        let newest = self.by_id.get(&hash).copied().filter(recent);
        let chain = std::iter::successors(newest.and_then(|n| self.entry(n)), |entry| {
            // One that is not recent ends the chain: those before it are older still.
            entry.previous.filter(recent).and_then(|number| self.entry(number))
        });
        let held = self.held.values().rev().filter(|entry| entry.id_hash == hash);
        let meant = |entry: &&Arc<Entry>| {
            let event = entry.event();
            event.id() == id && source.is_none_or(|source| event.source() == source)
        };
        let mut found: Vec<_> = chain.chain(held).filter(meant).cloned().collect();
        found.reverse();
        found
    }

    /// Those that this event is an answer to.
    pub(in crate::history) fn find_answered(&self, reply: &ReplyId) -> Vec<Arc<Entry>> {
        let numbers = self.by_reply.get(&self.hasher.hash_one(reply_key(reply)));
        let entries = numbers.into_iter().flatten().filter_map(|&number| self.entry(number));
        let is = |entry: &&Arc<Entry>| entry.deliveries.iter().any(|d| d.reply() == Some(reply));
        entries.filter(is).cloned().collect()
    }

    pub(in crate::history) fn is_known(&self, wanted: &Wanted) -> bool {
        !self.find(wanted).is_empty()
    }

    pub(in crate::history) fn is_reached(&self, wanted: &Wanted, until: Until) -> bool {
        let found = self.find(wanted);
        !found.is_empty() && found.iter().all(|entry| entry.is_reached(until))
    }

    /// All of them, the newest first.
    pub(in crate::history) fn newest_first(&self) -> Vec<Arc<Entry>> {
        self.entries.iter().rev().chain(self.held.values().rev()).cloned().collect()
    }
}
