//! From filters to doors.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec, vec::Vec};

use super::exact::{Exact, short};
use super::trie::{Side, Trie};
use super::{Door, Index, Slot};
use crate::event::Name;
use crate::filter::Filter;
use crate::filter::access::{Access, AnyOf, Place};

/// What a door is told by: attribute, place and text.
type Key<'f> = (&'f Name, Place, &'f [u8]);

impl Index {
    /// An index of these filters, numbered from 0 in their order.
    pub fn build<'f>(filters: impl IntoIterator<Item = &'f Arc<Filter>>) -> Self {
        let filters: Vec<&Arc<Filter>> = filters.into_iter().collect();
        let choices: Vec<Vec<AnyOf<'_>>> = filters.iter().map(|filter| filter.doors()).collect();
        let counts = count(&choices);
        let mut doors: BTreeMap<Key<'_>, Vec<u32>> = BTreeMap::new();
        let mut always = Vec::new();
        let mut asked = Vec::with_capacity(filters.len());
        for (number, choices) in choices.iter().enumerate() {
            let number = short(number);
            let chosen = choices.iter().min_by_key(|choice| rank(choice, &counts));
            match chosen {
                None => always.push(number),
                Some(chosen) => {
                    for access in &chosen.accesses {
                        doors.entry(key(access)).or_default().push(number);
                    }
                }
            }
            let decides = chosen.is_some_and(|chosen| chosen.decides) || filters[number as usize].is_always();
            asked.push((!decides).then(|| Arc::clone(filters[number as usize])));
        }
        Self::of(doors, always, asked.into())
    }

    fn of(doors: BTreeMap<Key<'_>, Vec<u32>>, always: Vec<u32>, filters: Box<[Option<Arc<Filter>>]>) -> Self {
        let mut waiting = Vec::new();
        let mut exact: Vec<(u32, &[u8], Door)> = Vec::new();
        let mut slots: Vec<Slot> = Vec::new();
        let mut sides: [Vec<(&[u8], Door)>; 2] = [vec![], vec![]];
        let mut doors = doors.into_iter().peekable();
        // The map is in the order of the names, which makes the slots sorted and gives each its doors in a row.
        while let Some(((name, place, text), mut numbers)) = doors.next() {
            numbers.dedup();
            let start = short(waiting.len());
            waiting.append(&mut numbers);
            let door = Door { start, end: short(waiting.len()) };
            match place {
                Place::Whole => exact.push((short(slots.len()), text, door)),
                Place::Start => sides[0].push((text, door)),
                Place::End => sides[1].push((text, door)),
            }
            if doors.peek().is_none_or(|((next, ..), _)| *next != name) {
                let [starts, ends] = core::mem::take(&mut sides);
                slots.push(Slot {
                    name: name.clone(),
                    has_exact: exact.last().is_some_and(|(slot, ..)| *slot as usize == slots.len()),
                    starts: Trie::build(Side::Start, starts),
                    ends: Trie::build(Side::End, ends),
                });
            }
        }
        let exact = Exact::build(exact.into_iter());
        Self { filters, slots: slots.into(), exact, waiting: waiting.into(), always: always.into() }
    }
}

fn key<'f>(access: &'f Access<'_>) -> Key<'f> {
    (access.name, access.place, &access.text)
}

/// How many filters could wait behind each door that opens to a whole text.
fn count<'f>(choices: &'f [Vec<AnyOf<'f>>]) -> BTreeMap<Key<'f>, usize> {
    let mut counts = BTreeMap::new();
    for access in choices.iter().flatten().flat_map(|choice| &choice.accesses) {
        if access.place == Place::Whole {
            *counts.entry(key(access)).or_default() += 1;
        }
    }
    counts
}

/// The lower, the fewer events open the door: whole texts by how many share them, then beginnings and ends by what
/// they leave open. The weakest alternative tells.
fn rank(choice: &AnyOf<'_>, counts: &BTreeMap<Key<'_>, usize>) -> (Place, usize) {
    let of_access = |access: &Access<'_>| match access.place {
        Place::Whole => (Place::Whole, counts.get(&key(access)).copied().unwrap_or_default()),
        place if access.text.is_empty() => (Place::End, usize::MAX - usize::from(place == Place::Start)),
        place => (place, usize::MAX - 2 - access.text.len()),
    };
    choice.accesses.iter().map(of_access).max().unwrap_or((Place::Whole, 0))
}
