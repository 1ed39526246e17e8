//! What fails may be mended: once a function has another revision, what failed with the one before goes to it at once.
//!
//! Which revision takes an event is as `routing` has it. So one that goes to an old revision, since a share of the traffic
//! does, is not moved by a newer one; and one whose share goes to another revision by now has that for its fix.

use alloc::vec::Vec;

use super::Activator;
use super::delivery::{Delivery, Stage, Subject};
use crate::effect::EventRef;
use crate::id::{ChannelId, DeliveryId, FunctionId, Offset, Partition};
use crate::topology::Destination;

impl Activator {
    /// A function has another revision, or another process than ours: whatever waits for its next attempt has it now.
    pub(super) fn mended(&mut self, revision: FunctionId) {
        for (id, _) in self.failed_at_functions().into_iter().filter(|(_, of)| *of == revision) {
            self.try_at_once(id);
        }
    }

    /// What failed at functions, or may be failing there now, with the revision it belongs to.
    pub(super) fn failed_at_functions(&self) -> Vec<(DeliveryId, FunctionId)> {
        let of = |id| match self.destination(id) {
            Some(Destination::Function(revision)) => Some((id, revision)),
            _ => None,
        };
        self.failed().into_iter().filter_map(of).collect()
    }

    /// Deliveries that failed, or may be failing now, as their events came.
    pub(super) fn failed(&self) -> Vec<DeliveryId> {
        let may_fail = |delivery: &Delivery| match delivery.stage {
            // One that is left alone for a time did not fail.
            Stage::Waiting => delivery.attempts > 0,
            Stage::Held(_) => true,
            Stage::UnderWay(_) => matches!(delivery.subject, Subject::Event(_)),
            _ => false,
        };
        let failed = self.deliveries.iter().filter(|(_, delivery)| may_fail(delivery));
        let mut failed: Vec<_> = failed.map(|(id, _)| (self.subject(id).map(place), id)).collect();
        failed.sort_unstable_by_key(|(place, id)| (*place, id.slot));
        failed.into_iter().map(|(_, id)| id).collect()
    }

    /// Waiting -> Queued; Held -> Queued, its attempts anew. What is under way with what was there before has its next attempt
    /// without a wait, should this one fail.
    pub(super) fn try_at_once(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        match delivery.stage {
            Stage::Waiting => self.enqueue(id),
            Stage::Held(_) => {
                delivery.attempts = 0;
                self.hold_no_more(id);
                self.enqueue(id);
            }
            Stage::UnderWay(_) => delivery.is_outdated = true,
            _ => {}
        }
    }
}

/// Where an event is.
pub(super) const fn place(event: EventRef) -> (ChannelId, Partition, Offset) {
    (event.channel, event.partition, event.offset)
}
