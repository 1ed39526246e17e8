//! One event as it arrived, with its deliveries.

use std::num::NonZero;
use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::ReplyId;
use activator::event::Event;
use activator::id::SubscriptionId;
use bytes::Bytes;
use smallvec::SmallVec;

use super::delivery::Delivery;
use super::page::Page;
use super::record::{Spot, Whose};
use super::wiring::Wiring;
use super::{Place, Until};

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) arrived: SystemTime,
    /// What was in force when it arrived: who refused it, and why, follows from that.
    pub(super) wiring: Arc<Wiring>,
    /// Under which its id is found.
    pub(super) id_hash: u32,
    /// The entry before this one whose id has the same hash.
    pub(super) previous: Option<u64>,
    /// Which one it was of those that the archive got, if that has it as it is.
    pub(super) filed: Option<NonZero<u64>>,
    /// Mostly there is one.
    pub(super) deliveries: SmallVec<[Delivery; 1]>,
    /// The attribute block, then the start of the data unless that is in the channel: a piece of a page of our own.
    copy: Bytes,
    block_len: usize,
    data_len: usize,
}

impl Entry {
    pub(super) fn new(
        place: Place,
        arrived: SystemTime,
        wiring: Arc<Wiring>,
        event: &Event,
        id_hash: u32,
        data_max: usize,
        page: &mut Page,
    ) -> Self {
        let block = event.attributes().block();
        let data = event.data();
        let kept = if wiring.holds(place.channel) { 0 } else { data.len().min(data_max) };
        let copy = page.copy(&block, &data[..kept]);
        Self {
            place,
            arrived,
            wiring,
            id_hash,
            previous: None,
            filed: None,
            deliveries: SmallVec::new(),
            copy,
            block_len: block.len(),
            data_len: data.len(),
        }
    }

    /// The event, with its data as far as it was kept, and without the headers that travelled with it.
    pub(super) fn event(&self) -> Event {
        let (block, data) = self.copied();
        Event::from_stored(block, data).expect("the block was copied from a valid event")
    }

    /// The attribute block, and the start of the data.
    pub(super) fn copied(&self) -> (Bytes, Bytes) {
        (self.copy.slice(..self.block_len), self.copy.slice(self.block_len..))
    }

    /// The same to look at.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        self.copy.split_at(self.block_len)
    }

    /// Where it is, as people name it.
    pub(super) fn spot(&self) -> Spot {
        let Place { channel, partition, offset } = self.place;
        Spot { channel: self.wiring.label(channel), partition, offset }
    }

    /// Whose a delivery of it is: nobody's when its subscription is forgotten.
    pub(super) fn whose(&self, delivery: &Delivery) -> Option<Whose> {
        // Who was not there yet is known by what was in force when he came.
        let later = || delivery.wiring.as_ref()?.whose(delivery.subscription);
        self.wiring.whose(delivery.subscription).or_else(later)
    }

    /// The events that came of it.
    pub(super) fn replies(&self) -> impl Iterator<Item = &ReplyId> {
        self.deliveries.iter().filter_map(Delivery::reply)
    }

    /// How long the data was.
    pub(super) const fn data_len(&self) -> usize {
        self.data_len
    }

    /// Has a copy of its own: the page it is a piece of is free when the others that are in it go.
    pub(super) fn leave_page(&mut self) {
        self.copy = Bytes::copy_from_slice(&self.copy);
    }

    /// The delivery to a subscription; begun now when nobody told its beginning, as after a restart.
    pub(super) fn delivery(
        &mut self,
        subscription: SubscriptionId,
        now: Option<&Arc<Wiring>>,
    ) -> &mut Delivery {
        let known = self.deliveries.iter().position(|d| d.subscription == subscription);
        let at = known.unwrap_or_else(|| {
            let other = now.filter(|now| !Arc::ptr_eq(now, &self.wiring));
            let revision = now.map_or(0, |wiring| wiring.filter_revision(subscription));
            self.deliveries.push(Delivery::begun(subscription, other.cloned(), revision));
            self.deliveries.len() - 1
        });
        &mut self.deliveries[at]
    }

    pub(super) fn is_reached(&self, until: Until) -> bool {
        until == Until::Arrived || self.deliveries.iter().all(|d| d.settled.is_some())
    }

    /// Bytes it holds, roughly.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.copy.len() + self.deliveries.iter().map(Delivery::weight).sum::<usize>()
    }
}
