//! One partition as the mind sees it: how far its tail is, who is behind, and what is unfinished for whom.
//!
//! The tail goes on whoever is slow. A subscription without room falls behind, at a place of its own; one sweep
//! serves all that are behind, in the order of their places like an elevator, and who reaches the tail joins it.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::awaiting::Awaited;
use super::lane::{Key, Lane, Room};
use super::owning::Leaving;
use super::pace::Patience;
use super::places::Places;
use super::window::{self, Window};
use crate::cursor::Cursor;
use crate::event::Event;
use crate::id::{DeliveryId, Epoch, Offset, SubscriptionId};
use crate::topology::Start;

#[derive(Debug)]
pub(super) struct Partition {
    /// Every read and its answer bear it.
    pub(super) epoch: Epoch,
    /// Everything below was read and matched for all who are at the tail; a newcomer stands here.
    position: Offset,
    /// Whether a read at the tail is under way.
    pub(super) reading: bool,
    /// From where the sweep reads at the moment.
    pub(super) sweeping: Option<Offset>,
    /// Point reads under way.
    pub(super) fetching: BTreeSet<Offset>,
    lanes: BTreeMap<SubscriptionId, Lane>,
    /// Where those of them stand who are behind the tail.
    pub(super) places: Places,
    /// Those of them that the tail waits for.
    pub(super) awaited: Awaited,
    /// Those at the tail that know of something done above it.
    late: BTreeSet<SubscriptionId>,
    /// Who waits to hear where it begins.
    locating: BTreeMap<Start, Vec<SubscriptionId>>,
    /// Which of these beginnings is asked for.
    asked: Option<Start>,
    window: Window,
    /// Whether the stored progress is behind.
    pub(super) dirty: bool,
    /// Whether something is done that no commit speaks of.
    pub(super) unstored: bool,
    /// It is to be given up.
    pub(super) leaving: Option<Leaving>,
}

impl Partition {
    /// A partition whose tail stands at `position`. A beginning that was never stored is pinned by storing it, or a
    /// restart before the first event could move it.
    pub(super) const fn new(epoch: Epoch, position: Offset, stored: bool) -> Self {
        Self {
            epoch,
            position,
            reading: false,
            sweeping: None,
            fetching: BTreeSet::new(),
            lanes: BTreeMap::new(),
            places: Places::new(),
            awaited: Awaited::new(),
            late: BTreeSet::new(),
            locating: BTreeMap::new(),
            asked: None,
            window: Window::new(),
            dirty: !stored,
            unstored: false,
            leaving: None,
        }
    }

    /// Where the tail stands, and a subscription begins of which nothing is stored.
    pub(super) const fn position(&self) -> Offset {
        self.position
    }

    /// The tail moves.
    pub(super) fn advance(&mut self, position: Offset) {
        self.position = position;
        self.dirty = true;
        for id in core::mem::take(&mut self.late) {
            self.at_tail(id);
        }
    }

    /// Lets a subscription go on from a cursor: from where it was stored, or again from where its wiring changed.
    pub(super) fn resume(&mut self, id: SubscriptionId, cursor: Cursor) {
        self.dirty = true;
        self.leave_place(id);
        let lane = self.lanes.entry(id).or_default();
        lane.full = false;
        lane.locating = false;
        lane.at = Some(cursor.prefix());
        lane.earlier = Some(cursor);
        self.take_place(id);
    }

    /// A subscription that begins elsewhere than at the tail keeps an entry of its own for ever.
    pub(super) fn pin(&mut self, id: SubscriptionId) {
        self.lanes.entry(id).or_default().pinned = true;
    }

    /// A subscription begins where only the channel knows.
    pub(super) fn locate(&mut self, id: SubscriptionId, start: Start) {
        self.leave_place(id);
        let lane = self.lanes.entry(id).or_default();
        lane.locating = true;
        lane.at = Some(self.position);
        self.places.stand_aside();
        self.locating.entry(start).or_default().push(id);
    }

    /// Whether something is to be stored, and may be: not before all are somewhere, or what a newcomer begins with
    /// could be deleted.
    pub(super) fn is_to_store(&self) -> bool {
        self.dirty && self.locating.is_empty()
    }

    /// The next beginning to ask for, one at a time.
    pub(super) fn locate_on(&mut self) -> Option<Start> {
        if self.asked.is_none() {
            self.asked = self.locating.keys().next().copied();
            return self.asked;
        }
        None
    }

    /// A beginning is known: whoever waited for it begins there.
    pub(super) fn located(&mut self, start: Start, offset: Offset) {
        self.asked = None;
        for id in self.locating.remove(&start).unwrap_or_default() {
            if self.lanes.get(&id).is_some_and(|lane| lane.locating) {
                self.resume(id, Cursor::at(offset));
                self.pin(id);
            }
        }
    }

    /// Whether a subscription at the tail takes a record it matches. One without room falls behind, here, and is waited for
    /// when it keeps pace.
    pub(super) fn admits_at_tail(
        &mut self,
        id: SubscriptionId,
        offset: Offset,
        room: Room,
        patience: Patience,
    ) -> bool {
        let Some(lane) = self.lanes.get_mut(&id) else { return true };
        if lane.at.is_some() || lane.knows(offset) {
            return false;
        }
        if lane.is_full(room) {
            lane.at = Some(offset);
            lane.full = true;
            if lane.keeps_pace(patience) {
                self.awaited.add(id);
            }
            self.places.stand_aside();
            self.late.remove(&id);
            return false;
        }
        lane.pace.goes_on(patience.now);
        true
    }

    /// Whether a subscription that rides the sweep since `from` takes a record it matches. One without room is left
    /// here.
    pub(super) fn admits_in_sweep(
        &mut self,
        id: SubscriptionId,
        offset: Offset,
        from: Offset,
        room: Room,
    ) -> bool {
        let Some(lane) = self.lanes.get_mut(&id) else { return false };
        let Some(at) = lane.at.filter(|at| from <= *at && *at <= offset && !lane.full && !lane.locating)
        else {
            return false;
        };
        if lane.knows(offset) {
            return false;
        }
        if lane.is_full(room) {
            lane.at = Some(offset);
            lane.full = true;
            self.places.leave(at, id);
            self.places.stand_aside();
            return false;
        }
        true
    }

    /// A subscription takes a record. Says whether its turn has come.
    pub(super) fn begin(
        &mut self,
        id: SubscriptionId,
        offset: Offset,
        delivery: DeliveryId,
        key: Option<Key>,
    ) -> bool {
        self.places.feed(id);
        self.lanes.entry(id).or_default().begin(offset, delivery, key)
    }

    /// The sweep came to `to`, or further: so did those of its riders that had room.
    pub(super) fn swept(&mut self, riders: &[SubscriptionId], to: Offset) {
        self.dirty = true;
        for &id in riders {
            let Some(lane) = self.lanes.get_mut(&id).filter(|lane| !lane.full && lane.at < Some(to)) else {
                continue;
            };
            if let Some(left) = lane.at.replace(to) {
                self.places.leave(left, id);
            }
            self.take_place(id);
        }
    }

    /// A subscription that was full may have room again.
    pub(super) fn relieve(&mut self, id: SubscriptionId, room: Room) {
        let Some(lane) = self.lanes.get_mut(&id).filter(|lane| lane.full && lane.has_room(room)) else {
            return;
        };
        lane.full = false;
        if let Some(at) = lane.at {
            self.places.leave(at, id);
        }
        self.take_place(id);
    }

    /// A record is done. Gives the delivery whose turn has come by that.
    pub(super) fn settle(&mut self, id: SubscriptionId, offset: Offset) -> Option<DeliveryId> {
        (self.dirty, self.unstored) = (true, true);
        let lane = self.lanes.get_mut(&id)?;
        let next = lane.settle(offset, self.position);
        if let Some(at) = lane.at.filter(|_| lane.is_at_rest()) {
            self.places.starve(at, id);
        }
        self.drop_idle(id);
        next
    }

    /// A record is held.
    pub(super) fn hold_back(&mut self, id: SubscriptionId, offset: Offset) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.hold_back(offset);
        if let Some(at) = lane.at.filter(|_| lane.is_at_rest()) {
            self.places.starve(at, id);
        }
    }

    /// And is so no more.
    pub(super) fn hold_no_more(&mut self, id: SubscriptionId, offset: Offset) {
        self.places.feed(id);
        self.lanes.get_mut(&id).into_iter().for_each(|lane| lane.hold_no_more(offset));
    }

    /// What matched before and was not matched anew up to where the subscription is, with the attempts it had.
    pub(super) fn refuted(&mut self, id: SubscriptionId) -> BTreeMap<Offset, u32> {
        let Some(lane) = self.lanes.get_mut(&id) else { return BTreeMap::new() };
        let refuted = lane.refuted(lane.place(self.position));
        self.drop_idle(id);
        refuted
    }

    /// A record that matched is matched anew when it is read again.
    pub(super) fn doubt(&mut self, id: SubscriptionId, offset: Offset, attempts: u32) {
        self.lanes.entry(id).or_default().doubt(offset, attempts);
    }

    /// A delivery is dropped and not settled.
    pub(super) fn forget_delivery(&mut self, id: SubscriptionId, offset: Offset) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.remove(offset);
        }
        self.drop_idle(id);
    }

    /// A subscription is gone.
    pub(super) fn forget(&mut self, id: SubscriptionId) {
        self.leave_place(id);
        self.awaited.remove(id);
        self.late.remove(&id);
        self.lanes.remove(&id);
        self.locating.values_mut().for_each(|waiting| waiting.retain(|waits| *waits != id));
    }

    /// Leaves the place behind the tail, if it has one.
    fn leave_place(&mut self, id: SubscriptionId) {
        if let Some(at) = self.lanes.get_mut(&id).and_then(|lane| lane.at.take()) {
            self.places.leave(at, id);
        }
    }

    /// Stands where its lane says: behind the tail, waiting for the sweep, or at it.
    fn take_place(&mut self, id: SubscriptionId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let Some(mut at) = lane.at else { return self.at_tail(id) };
        if let Some(earlier) = &lane.earlier {
            at = earlier.first_not_done(at);
        }
        if at >= self.position {
            lane.at = None;
            return self.at_tail(id);
        }
        lane.at = Some(at);
        lane.earlier.take_if(|earlier| earlier.end() <= at);
        self.places.stand(at, id, lane.is_at_rest());
    }

    /// Stands at the tail, and needs no lane when nothing is left to remember.
    fn at_tail(&mut self, id: SubscriptionId) {
        self.awaited.remove(id);
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.earlier.take_if(|earlier| earlier.end() <= self.position);
        if lane.earlier.is_some() {
            self.late.insert(id);
        }
        self.drop_idle(id);
    }

    fn drop_idle(&mut self, id: SubscriptionId) {
        if self.lanes.get(&id).is_some_and(Lane::is_idle) {
            self.lanes.remove(&id);
        }
    }

    /// The cursors of all that do not stand at the tail with everything done.
    pub(super) fn progress(&mut self) -> impl Iterator<Item = (SubscriptionId, Cursor)> {
        let tail = self.position;
        self.lanes.iter_mut().filter(|(_, lane)| !lane.locating).filter_map(move |(&id, lane)| {
            let cursor = lane.stored_cursor(tail);
            (lane.pinned || cursor != Cursor::at(tail)).then_some((id, cursor))
        })
    }

    /// How far a subscription is; nothing while its beginning is not known.
    pub(super) fn cursor(&self, id: SubscriptionId) -> Option<Cursor> {
        match self.lanes.get(&id) {
            Some(lane) if lane.locating => None,
            Some(lane) => Some(lane.cursor(self.position)),
            None => Some(Cursor::at(self.position)),
        }
    }

    pub(super) fn lane(&self, id: SubscriptionId) -> Option<&Lane> {
        self.lanes.get(&id)
    }

    pub(super) fn lane_mut(&mut self, id: SubscriptionId) -> Option<&mut Lane> {
        self.lanes.get_mut(&id)
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = (SubscriptionId, &Lane)> {
        self.lanes.iter().map(|(&id, lane)| (id, lane))
    }

    pub(super) fn event(&self, offset: Offset) -> Option<&Event> {
        self.window.event(offset)
    }

    /// Keeps an event in the window for one more user. Gives the bytes the window grew by.
    pub(super) fn hold(&mut self, id: SubscriptionId, offset: Offset, event: &Event) -> usize {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.held_bytes += window::charge(event);
        }
        self.window.hold(offset, event)
    }

    /// One user less. Gives the bytes the window shrank by.
    pub(super) fn release(&mut self, id: SubscriptionId, offset: Offset) -> usize {
        let (bytes, last) = self.window.release(offset);
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.held_bytes = lane.held_bytes.saturating_sub(bytes);
        }
        if last { bytes } else { 0 }
    }

    /// All the window holds, when the partition goes away.
    pub(super) fn held_bytes(&self) -> usize {
        self.window.bytes()
    }
}
