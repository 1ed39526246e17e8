//! What fails may be mended: once a function has another revision, what failed with the one before goes to it at once.
//!
//! Which revision takes an event is as `routing` has it. So one that goes to an old revision, since a share of the traffic
//! does, is not moved by a newer one; and one whose share goes to another revision by now has that for its fix.

use alloc::vec::Vec;

use super::Activator;
use super::delivery::{Delivery, Stage, Subject};
use crate::id::{DeliveryId, FunctionId};
use crate::topology::Destination;

impl Activator {
    /// A function has another revision: whatever waits for its next attempt has it now.
    pub(super) fn mended(&mut self, revision: FunctionId) {
        for (id, _) in self.failed().into_iter().filter(|(_, of)| *of == revision) {
            self.try_at_once(id);
        }
    }

    /// Deliveries that failed, or may be failing now, with the revision each belongs to.
    pub(super) fn failed(&self) -> Vec<(DeliveryId, FunctionId)> {
        let of = |id| match self.destination(id) {
            Some(Destination::Function(revision)) => Some((id, revision)),
            _ => None,
        };
        let may_fail = |delivery: &Delivery| match delivery.stage {
            // One that is left alone for a time did not fail.
            Stage::Waiting => delivery.attempts > 0,
            Stage::UnderWay(_) => matches!(delivery.subject, Subject::Event(_)),
            _ => false,
        };
        self.deliveries.iter().filter(|(_, d)| may_fail(d)).filter_map(|(id, _)| of(id)).collect()
    }

    /// Waiting -> Queued. What is under way with the old revision has its next attempt without a wait, should this one
    /// fail.
    pub(super) fn try_at_once(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        match delivery.stage {
            Stage::Waiting => self.enqueue(id),
            Stage::UnderWay(_) => delivery.is_outdated = true,
            _ => {}
        }
    }
}
