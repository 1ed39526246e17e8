//! Who waits for a destination, and in which order.

use super::Activator;
use super::delivery::{Delivery, Stage, Storing, Subject};
use super::table::Table;
use super::timer::Timer;
use crate::effect::EventRef;
use crate::id::DeliveryId;
use crate::time::Time;
use crate::topology::Destination;

/// Where a delivery comes in the queue of its destination.
#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
    /// Before those of its own subscription that are behind it in the channel. What waited for others of its key is as old
    /// as what did not: so a backlog is done from its beginning, whatever its keys are, its events are read again in one
    /// piece where they must be, and no few keys are left at its end.
    ByOffset,
}

/// Whether `other` is of the same subscription, and behind `id` in the same partition.
fn is_behind(deliveries: &Table<Delivery>, other: DeliveryId, id: DeliveryId) -> bool {
    let event = |id| match deliveries.get(id).map(|d| d.subject) {
        Some(Subject::Event(event)) => Some(event),
        _ => None,
    };
    let (Some(other), Some(event)) = (event(other), event(id)) else { return false };
    let lane = |e: EventRef| (e.channel, e.partition, e.subscription);
    lane(other) == lane(event) && other.offset > event.offset
}

impl Activator {
    /// Those of its key that were before it are done: it is handed out, unless it is too early or was delivered before.
    pub(super) fn take_turn(&mut self, now: Time, id: DeliveryId) {
        if self.is_repeated(now, id) {
            return self.repeat(id);
        }
        let due = self.deliveries.get(id).map_or(now, |d| d.due);
        if due <= now {
            return self.queue_up(id, Place::ByOffset);
        }
        self.release(id);
        self.deliveries.get_mut(id).into_iter().for_each(|d| d.stage = Stage::Waiting);
        self.arm(due, Timer::Retry(id));
    }

    /// Puts a delivery behind all others of its destination.
    pub(super) fn enqueue(&mut self, id: DeliveryId) {
        self.queue_up(id, Place::Last);
    }

    /// Puts a delivery before all others: it had its turn already.
    pub(super) fn enqueue_first(&mut self, id: DeliveryId) {
        self.queue_up(id, Place::First);
    }

    fn queue_up(&mut self, id: DeliveryId, place: Place) {
        let Some(destination) = self.destination(id) else { return self.forget(id) };
        if self.is_kept_back(id) {
            return self.keep_back(id);
        }
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.stage = match destination {
                Destination::Channel(_) => Stage::Storing { what: Storing::Forward, failures: 0 },
                _ => Stage::Queued,
            };
        }
        let is_call = self.deliveries.get(id).is_some_and(|d| matches!(d.subject, Subject::Call { .. }));
        let queue = match destination {
            Destination::Function(function) => match self.functions.get_mut(&function) {
                Some(function) => {
                    function.calls += u32::from(is_call);
                    &mut function.queue
                }
                None => return self.forget(id),
            },
            Destination::Sink(sink) => &mut self.sinks.entry(sink).or_default().queue,
            Destination::Channel(_) => &mut self.to_store,
            // Who is named is known by now.
            Destination::Named => return self.forget(id),
        };
        let deliveries = &self.deliveries;
        match place {
            Place::First => queue.push_front(id),
            Place::Last => queue.push_back(id),
            Place::ByOffset => {
                let is_before = |other: &DeliveryId| !is_behind(deliveries, *other, id);
                let at = if queue.back().is_none_or(is_before) {
                    queue.len()
                } else {
                    queue.partition_point(is_before)
                };
                queue.insert(at, id);
            }
        }
        self.touched.push(destination);
    }
}
