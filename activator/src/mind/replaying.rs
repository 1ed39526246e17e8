//! Events that are delivered again because somebody wants it: they are on a channel of their own, and each names the one
//! subscription that gets it. Its settings count, whatever its filter says; its own place in its channel is not touched.

use alloc::{collections::BTreeMap, sync::Arc};

use super::Activator;
use super::delivery::Subject;
use super::departing::parting;
use crate::delivery::{Outcome, extension};
use crate::event::Event;
use crate::id::{DeliveryId, SubscriptionId};
use crate::time::Time;
use crate::topology::{Destination, Subscription};

/// Which subscription bears which name; made when it is first asked for.
pub(super) type Names = Option<BTreeMap<Arc<str>, SubscriptionId>>;

impl Activator {
    /// The subscription whose settings count for a delivery: its own, or the one that its event names. Nothing for calls,
    /// and when that was removed.
    pub(super) fn terms(&self, id: DeliveryId) -> Option<&Subscription> {
        let delivery = self.deliveries.get(id)?;
        let Subject::Event(event) = delivery.subject else { return None };
        let id = delivery.bearer.unwrap_or(event.subscription);
        self.subscriptions.get(&id).map(|subscription| &**subscription)
    }

    /// Who gets an event that is delivered again; nothing when nobody bears the name it says.
    pub(super) fn bearer(&mut self, event: &Event) -> Option<SubscriptionId> {
        let all = &self.subscriptions;
        let names = self.names.get_or_insert_with(|| {
            let real = all.values().filter(|s| s.to != Destination::Named);
            real.map(|s| (s.name.clone(), s.id)).collect()
        });
        names.get(event.get(extension::REPLAY)?).copied()
    }

    /// Who was to have it again was removed while it was under way.
    pub(super) fn bearer_answered(&mut self, now: Time, id: DeliveryId, outcome: Outcome) {
        self.settle(now, id, parting(outcome, true));
    }

    /// The wiring changed: what waits to be delivered again goes where it belongs by now.
    pub(super) fn replays_go_elsewhere(&mut self, now: Time) {
        self.names = None;
        let replays = self.subscriptions.values().find(|s| s.to == Destination::Named).cloned();
        if let Some(replays) = replays {
            self.rewire(now, replays);
        }
    }
}
