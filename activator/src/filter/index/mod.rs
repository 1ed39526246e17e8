//! Which of many filters an event passes, without asking each.
//!
//! Every filter waits behind one door: the rarest text it needs to be equal to, else the longest beginning, else an
//! end, else none. An event opens the doors its attributes fit, and only who waits behind those is asked. A filter
//! with alternatives waits behind one door for each. After Yan and Garcia-Molina, "Index Structures for Selective
//! Dissemination of Information Under the Boolean Model" (1994), and Fabret et al., "Filtering Algorithms and
//! Implementation for Very Fast Publish/Subscribe Systems" (2001).

mod build;
mod exact;
mod trie;

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::Filter;
use crate::event::{Event, Name};
use exact::Exact;
use trie::Trie;

/// Many filters, each under the number of its place among those it was built of.
#[derive(Debug, Default)]
pub struct Index {
    /// Who is still asked; nothing for a filter whose door decides.
    filters: Box<[Option<Arc<Filter>>]>,
    slots: Box<[Slot]>,
    exact: Exact,
    /// Filters behind doors, door by door.
    waiting: Box<[u32]>,
    /// Filters without a door.
    always: Box<[u32]>,
}

/// An attribute that doors look at.
#[derive(Debug)]
struct Slot {
    name: Name,
    has_exact: bool,
    starts: Trie,
    ends: Trie,
}

/// The filters behind one door: a part of [`Index::waiting`].
#[derive(Clone, Copy, Debug, Default)]
struct Door {
    start: u32,
    end: u32,
}

/// One attribute an event has against this many slots: beyond, it is the event's that are looked up.
const SLOTS_TRIED: usize = 24;

impl Index {
    /// Gathers the numbers of all filters that the event passes, ascending; what `found` held before is forgotten.
    pub fn matches(&self, event: &Event, found: &mut Vec<u32>) {
        found.clear();
        for number in &self.always {
            self.ask(*number, event, found);
        }
        if self.slots.len() <= SLOTS_TRIED {
            for (at, slot) in self.slots.iter().enumerate() {
                if let Some(value) = event.value(&slot.name) {
                    self.open(at, slot, value.bytes(), event, found);
                }
            }
        } else {
            self.open_all(event, found);
        }
        if found.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
    }

    /// Bytes it holds beside the filters themselves.
    pub fn size(&self) -> usize {
        let tries = self.slots.iter().map(|slot| slot.starts.size() + slot.ends.size()).sum::<usize>();
        size_of_val(&*self.filters)
            + size_of_val(&*self.slots)
            + size_of_val(&*self.waiting)
            + size_of_val(&*self.always)
            + tries
            + self.exact.size()
    }

    /// With more slots than an event has attributes: each attribute looks for its slot. Slots are sorted by name.
    fn open_all(&self, event: &Event, found: &mut Vec<u32>) {
        let version = core::iter::once(("specversion", crate::event::SPECVERSION));
        for (name, text) in event.attributes().iter().chain(version) {
            if let Ok(at) = self.slots.binary_search_by(|slot| slot.name.as_str().cmp(name)) {
                self.open(at, &self.slots[at], text.as_bytes(), event, found);
            }
        }
    }

    #[inline]
    fn open(&self, at: usize, slot: &Slot, value: &[u8], event: &Event, found: &mut Vec<u32>) {
        if slot.has_exact
            && let Some(door) = self.exact.find(at, value)
        {
            self.enter(door, event, found);
        }
        slot.starts.walk(value, |door| self.enter(door, event, found));
        slot.ends.walk(value, |door| self.enter(door, event, found));
    }

    fn enter(&self, door: Door, event: &Event, found: &mut Vec<u32>) {
        for number in &self.waiting[door.start as usize..door.end as usize] {
            self.ask(*number, event, found);
        }
    }

    #[inline]
    fn ask(&self, number: u32, event: &Event, found: &mut Vec<u32>) {
        let passes = match &self.filters[number as usize] {
            None => true,
            Some(filter) => filter.matches(event),
        };
        if passes {
            found.push(number);
        }
    }
}

#[cfg(test)]
mod tests;
