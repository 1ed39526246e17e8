//! The events of one partition that someone still needs, each kept once for all.

use alloc::collections::BTreeMap;

use crate::event::Event;
use crate::id::Offset;

#[derive(Debug)]
pub(super) struct Window(BTreeMap<Offset, Held>);

#[derive(Debug)]
struct Held {
    event: Event,
    users: u32,
}

/// What an event costs beyond its own bytes: the entries in window, lane and table.
const ENTRY_BYTES: usize = 128;

/// What keeping an event costs.
pub(super) fn charge(event: &Event) -> usize {
    event.size() + ENTRY_BYTES
}

impl Window {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn event(&self, offset: Offset) -> Option<&Event> {
        self.0.get(&offset).map(|held| &held.event)
    }

    /// One user more. Gives the bytes the window grew by.
    pub(super) fn hold(&mut self, offset: Offset, event: &Event) -> usize {
        if let Some(held) = self.0.get_mut(&offset) {
            held.users += 1;
            return 0;
        }
        self.0.insert(offset, Held { event: event.clone(), users: 1 });
        charge(event)
    }

    /// One user less. Gives what the event costs, and whether it was the last one.
    pub(super) fn release(&mut self, offset: Offset) -> (usize, bool) {
        let Some(held) = self.0.get_mut(&offset) else { return (0, false) };
        let bytes = charge(&held.event);
        held.users -= 1;
        let last = held.users == 0;
        if last {
            self.0.remove(&offset);
        }
        (bytes, last)
    }

    /// All it holds.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(|held| charge(&held.event)).sum()
    }
}
