//! Events that are held: their attempts are used up, and their subscription wants them to wait for another revision of
//! its function, or for somebody who asks. One that is held is unfinished and keeps no payload, so its cursor stays before it
//! and others pass it, but for those of its key. Another life begins it anew.
//!
//! They do not count among the events that a subscription has under way, or it would stand still because of them; so they
//! have a bound of their own, beyond which the oldest become dead letters.

use alloc::{boxed::Box, vec::Vec};

use super::Activator;
use super::delivery::{Stage, Storing};
use crate::delivery::Outcome;
use crate::effect::{End, EventRef, Report};
use crate::id::{DeliveryId, SubscriptionId};

/// One subscription holds at most this part of all that may be held, in a partition.
const SHARE: usize = 16;
/// And at most this part of what is left of that.
const LEFT_SHARE: usize = 2;

impl Activator {
    /// UnderWay -> Held. Of something that was mended meanwhile, it goes to that.
    pub(super) fn hold_back(&mut self, id: DeliveryId, event: EventRef, outcome: Outcome) {
        if self.is_leaving(id) {
            return self.end(id, End::Elsewhere);
        }
        self.release(id);
        self.release_successors(event);
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        delivery.stage = Stage::Held(Box::new(outcome.clone().without_reply()));
        let (attempts, is_outdated) = (delivery.attempts, delivery.is_outdated);
        self.held += 1;
        if let Some(partition) = self.partition(event.channel, event.partition) {
            partition.hold_back(event.subscription, event.offset);
        }
        self.relieve(event);
        self.report(Report::Held { event, attempts, outcome: Box::new(outcome) });
        if is_outdated {
            return self.try_at_once(id);
        }
        self.make_way(event);
    }

    /// Held -> Storing, for the oldest of too many.
    fn make_way(&mut self, event: EventRef) {
        let left = self.limits.held_max.saturating_sub(self.held) / LEFT_SHARE;
        let most = left.min(self.limits.held_max / SHARE).max(self.limits.unfinished_min);
        let too_many = |mind: &mut Self| {
            let lane = mind.partition(event.channel, event.partition)?.lane(event.subscription)?;
            lane.oldest_held_beyond(most)
        };
        while let Some(oldest) = too_many(self) {
            let (Some(about), Some(outcome)) = (self.subject(oldest), self.hold_no_more(oldest)) else {
                return;
            };
            self.report(Report::MadeWay { event: about, most });
            self.store(oldest, Storing::DeadLetter(outcome));
        }
    }

    /// Held -> Blocked, until the caller says what it waits for instead. Gives what its last attempt saw.
    pub(super) fn hold_no_more(&mut self, id: DeliveryId) -> Option<Box<Outcome>> {
        let delivery = self.deliveries.get_mut(id).filter(|d| matches!(d.stage, Stage::Held(_)))?;
        let was = core::mem::replace(&mut delivery.stage, Stage::Blocked);
        self.held -= 1;
        if let Some(event) = self.subject(id)
            && let Some(partition) = self.partition(event.channel, event.partition)
        {
            partition.hold_no_more(event.subscription, event.offset);
        }
        match was {
            Stage::Held(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Somebody wants that what failed at a subscription is tried now.
    pub(super) fn asked_to_retry(&mut self, subscription: SubscriptionId) {
        let theirs = |id| self.terms(id).is_some_and(|terms| terms.id == subscription);
        let failed: Vec<DeliveryId> = self.failed().into_iter().filter(|id| theirs(*id)).collect();
        for id in failed {
            self.try_at_once(id);
        }
    }
}
