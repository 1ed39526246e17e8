//! Doors that open to one text of one attribute.

use alloc::{boxed::Box, vec::Vec};

use hashbrown::HashTable;

use super::Door;
use crate::event::short;
use crate::filter::hash;

/// A hash table from attribute and text to a door; the texts lie one behind the other.
#[derive(Debug, Default)]
pub(super) struct Exact {
    table: HashTable<Key>,
    texts: Box<[u8]>,
}

#[derive(Debug)]
struct Key {
    slot: u32,
    start: u32,
    end: u32,
    door: Door,
}

impl Exact {
    /// Keys are all different.
    pub(super) fn build<'k>(keys: impl Iterator<Item = (u32, &'k [u8], Door)>) -> Self {
        let mut texts: Vec<u8> = Vec::new();
        let mut table = HashTable::with_capacity(keys.size_hint().0);
        for (slot, text, door) in keys {
            let start = texts.len();
            texts.extend_from_slice(text);
            let key = Key { slot, start: narrow(start), end: narrow(texts.len()), door };
            let of_key = |key: &Key| hash(key.slot as usize, &texts[key.start as usize..key.end as usize]);
            table.insert_unique(hash(slot as usize, text), key, of_key);
        }
        Self { table, texts: texts.into() }
    }

    /// Bytes it holds.
    pub(super) fn size(&self) -> usize {
        self.table.allocation_size() + self.texts.len()
    }

    #[inline]
    pub(super) fn find(&self, slot: usize, text: &[u8]) -> Option<Door> {
        let is_it = |key: &Key| {
            key.slot as usize == slot && short::equal(&self.texts[key.start as usize..key.end as usize], text)
        };
        self.table.find(hash(slot, text), is_it).map(|key| key.door)
    }
}

pub(super) fn narrow(at: usize) -> u32 {
    u32::try_from(at).expect("the texts of all filters have less than 4 GiB")
}
