//! One event as it arrived, with its deliveries.

use std::sync::Arc;
use std::time::SystemTime;

use activator::event::Event;
use activator::id::SubscriptionId;
use bytes::Bytes;
use smallvec::SmallVec;

use super::delivery::Delivery;
use super::page::Page;
use super::wiring::Wiring;
use super::{Place, Until};

/// What of an event's data is kept.
const DATA_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) arrived: SystemTime,
    /// What was in force when it arrived: who refused it, and why, follows from that.
    pub(super) wiring: Arc<Wiring>,
    /// Under which its id is found.
    pub(super) id_hash: u64,
    /// The entry before this one whose id has the same hash.
    pub(super) previous: Option<u64>,
    /// Mostly there is one.
    pub(super) deliveries: SmallVec<[Delivery; 1]>,
    /// The attribute block, then the start of the data: a piece of a page of our own.
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
        id_hash: u64,
        page: &mut Page,
    ) -> Self {
        let block = event.attributes().block();
        let data = event.data();
        let copy = page.copy(&block, &data[..data.len().min(DATA_MAX)]);
        Self {
            place,
            arrived,
            wiring,
            id_hash,
            previous: None,
            deliveries: SmallVec::new(),
            copy,
            block_len: block.len(),
            data_len: data.len(),
        }
    }

    /// The event, with its data as far as it was kept.
    pub(super) fn event(&self) -> Event {
        Event::from_stored(self.copy.slice(..self.block_len), self.copy.slice(self.block_len..))
            .expect("the block was copied from a valid event")
    }

    /// How long the data was.
    pub(super) const fn data_len(&self) -> usize {
        self.data_len
    }

    /// Whether all of the data was kept.
    pub(super) const fn is_whole(&self) -> bool {
        self.copy.len() == self.block_len + self.data_len
    }

    /// The delivery to a subscription; begun now when nobody told its beginning, as after a restart.
    pub(super) fn delivery(&mut self, subscription: SubscriptionId, filter_revision: u32) -> &mut Delivery {
        let known = self.deliveries.iter().position(|d| d.subscription == subscription);
        let at = known.unwrap_or_else(|| {
            self.deliveries.push(Delivery::begun(subscription, filter_revision));
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
