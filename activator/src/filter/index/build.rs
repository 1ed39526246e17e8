//! From filters to doors.

use alloc::{sync::Arc, vec, vec::Vec};

use hashbrown::HashTable;

use super::exact::{Exact, narrow};
use super::trie::{Side, Trie};
use super::{Door, Index, Slot};
use crate::event::Name;
use crate::filter::Filter;
use crate::filter::access::{Access, AnyOf, Place};
use crate::filter::hash;

/// What a door is told by: attribute, place and text.
type Key<'f> = (&'f str, Place, &'f [u8]);

impl Index {
    /// An index of these filters, numbered from 0 in their order.
    pub fn build<'f>(filters: impl IntoIterator<Item = &'f Arc<Filter>>) -> Self {
        let filters: Vec<&Arc<Filter>> = filters.into_iter().collect();
        let choices: Vec<Vec<AnyOf<'_>>> = filters.iter().map(|filter| filter.doors()).collect();
        let counts = Counts::of(&choices);
        let mut waiting: Vec<(Key<'_>, u32)> = Vec::with_capacity(filters.len());
        let mut always = Vec::new();
        let mut asked = Vec::with_capacity(filters.len());
        for ((filter, choices), number) in filters.iter().zip(&choices).zip(0..) {
            let chosen = choices.iter().min_by_key(|choice| counts.rank(choice));
            match chosen {
                None => always.push(number),
                Some(chosen) => waiting.extend(chosen.accesses.iter().map(|access| (key(access), number))),
            }
            let decides = chosen.map_or_else(|| filter.is_always(), |chosen| chosen.decides);
            asked.push((!decides).then(|| Arc::clone(filter)));
        }
        waiting.sort_unstable();
        waiting.dedup();
        let (slots, exact) = doors(&waiting);
        let waiting: Vec<u32> = waiting.into_iter().map(|(_, number)| number).collect();
        Self {
            filters: asked.into(),
            slots: slots.into(),
            exact,
            waiting: waiting.into(),
            always: always.into(),
        }
    }
}

/// The doors of all who wait, who are sorted by the keys: each door has its filters in a row, each slot its doors, and
/// the slots are sorted by name.
fn doors(waiting: &[(Key<'_>, u32)]) -> (Vec<Slot>, Exact) {
    let mut exact: Vec<(u32, &[u8], Door)> = Vec::new();
    let mut slots: Vec<Slot> = Vec::new();
    let mut begin = 0;
    for of_name in waiting.chunk_by(|((one, ..), _), ((other, ..), _)| one == other) {
        let mut sides: [Vec<(&[u8], Door)>; 2] = [vec![], vec![]];
        for of_door in of_name.chunk_by(|(one, _), (other, _)| one == other) {
            let ((_, place, text), _) = of_door[0];
            let door = Door { start: narrow(begin), end: narrow(begin + of_door.len()) };
            begin += of_door.len();
            match place {
                Place::Whole => exact.push((narrow(slots.len()), text, door)),
                Place::Start => sides[0].push((text, door)),
                Place::End => sides[1].push((text, door)),
            }
        }
        let [starts, ends] = sides;
        slots.push(Slot {
            name: Name::new(of_name[0].0.0),
            has_exact: exact.last().is_some_and(|(slot, ..)| *slot as usize == slots.len()),
            starts: Trie::build(Side::Start, starts),
            ends: Trie::build(Side::End, ends),
        });
    }
    (slots, Exact::build(exact.into_iter()))
}

fn key<'f>(access: &'f Access<'_>) -> Key<'f> {
    (access.name, access.place, &access.text)
}

/// How many filters could wait behind each door that opens to a whole text.
struct Counts<'f>(HashTable<(Key<'f>, usize)>);

impl<'f> Counts<'f> {
    fn of(choices: &'f [Vec<AnyOf<'f>>]) -> Self {
        let mut table = HashTable::with_capacity(choices.len());
        for access in choices.iter().flatten().flat_map(|choice| &choice.accesses) {
            if access.place == Place::Whole {
                let key = key(access);
                let entry =
                    table.entry(hash_of(&key), |(known, _)| *known == key, |(known, _)| hash_of(known));
                entry.or_insert((key, 0)).into_mut().1 += 1;
            }
        }
        Self(table)
    }

    /// The lower, the fewer events open the door: whole texts by how many share them, then beginnings and ends by what
    /// they leave open. The weakest alternative tells.
    fn rank(&self, choice: &AnyOf<'_>) -> (Place, usize) {
        let of_access = |access: &Access<'_>| match access.place {
            Place::Whole => (Place::Whole, self.count(&key(access))),
            place if access.text.is_empty() => (Place::End, usize::MAX - usize::from(place == Place::Start)),
            place => (place, usize::MAX - 2 - access.text.len()),
        };
        choice.accesses.iter().map(of_access).max().unwrap_or((Place::Whole, 0))
    }

    fn count(&self, key: &Key<'_>) -> usize {
        self.0.find(hash_of(key), |(known, _)| known == key).map_or(0, |(_, count)| *count)
    }
}

fn hash_of((name, _, text): &Key<'_>) -> u64 {
    hash(name.len(), text)
}
