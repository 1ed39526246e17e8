//! A table of things under way, named by slot and generation, so that late news of an earlier one is noticed.

use alloc::vec::Vec;

use crate::id::DeliveryId;

#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Table<T> {
    pub(super) fn insert(&mut self, value: T) -> DeliveryId {
        let Some(slot) = self.free.pop() else {
            let slot = u32::try_from(self.slots.len()).expect("what is under way is bounded far below 2^32");
            self.slots.push(Slot { generation: 0, value: Some(value) });
            return DeliveryId { slot, generation: 0 };
        };
        let entry = &mut self.slots[slot as usize];
        entry.value = Some(value);
        DeliveryId { slot, generation: entry.generation }
    }

    pub(super) fn get(&self, id: DeliveryId) -> Option<&T> {
        self.slots.get(id.slot as usize).filter(|s| s.generation == id.generation)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: DeliveryId) -> Option<&mut T> {
        self.slots.get_mut(id.slot as usize).filter(|s| s.generation == id.generation)?.value.as_mut()
    }

    pub(super) fn remove(&mut self, id: DeliveryId) -> Option<T> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|s| s.generation == id.generation)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.slot);
        Some(value)
    }

    /// How many are under way.
    pub(super) const fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (DeliveryId, &T)> {
        self.slots
            .iter()
            .zip(0..)
            .filter_map(|(s, slot)| Some((DeliveryId { slot, generation: s.generation }, s.value.as_ref()?)))
    }
}
