//! Deliveries whose subscription or partition goes away under them: none is without an end that people are told.
//!
//! What waits ends at once. What is under way for a removed subscription comes to its own end, and counts for whoever
//! bears the name later; for a partition that is somebody else's, nobody here knows the end.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::Activator;
use super::delivery::{Stage, Subject};
use crate::delivery::{Outcome, Verdict};
use crate::effect::{End, EventRef, Report};
use crate::id::{ChannelId, DeliveryId};
use crate::time::Time;

/// What is under way for a subscription that was removed.
#[derive(Debug)]
pub(super) struct Departed {
    event: EventRef,
    /// Under which its cursor stayed behind.
    name: Arc<str>,
    /// Whether an answer is an event to be stored, which nobody does any more.
    replies: bool,
}

impl Activator {
    /// Drops a delivery that has no further attempt here.
    pub(super) fn end(&mut self, id: DeliveryId, end: End) {
        self.tell_end(id, end);
        self.forget(id);
    }

    fn tell_end(&mut self, id: DeliveryId, end: End) {
        let attempts = self.deliveries.get(id).map_or(0, |d| d.attempts);
        if let Some(event) = self.subject(id) {
            self.report(Report::Settled { event, attempts, end });
        }
    }

    /// Cuts a delivery off from its subscription, which is removed.
    pub(super) fn depart(&mut self, id: DeliveryId) {
        self.release(id);
        if !self.is_under_way(id) {
            return self.end(id, End::Removed);
        }
        if let Some(event) = self.subject(id)
            && let Some(subscription) = self.subscriptions.get(&event.subscription)
        {
            let replies = self.terms(id).is_some_and(|terms| terms.reply.is_some());
            let name = subscription.name.clone();
            self.departed.insert(id, Departed { event, name, replies });
        }
        self.detach(id);
    }

    /// Cuts a delivery off from its partition, which is somebody else's.
    pub(super) fn lose_delivery(&mut self, id: DeliveryId) {
        self.release(id);
        if !self.is_under_way(id) {
            return self.end(id, End::Elsewhere);
        }
        self.tell_end(id, End::Elsewhere);
        self.detach(id);
    }

    /// Whether someone holds an answer for it.
    pub(super) fn is_under_way(&self, id: DeliveryId) -> bool {
        let stage = self.deliveries.get(id).map(|d| &d.stage);
        matches!(stage, Some(Stage::UnderWay(_) | Stage::Storing { .. }))
    }

    fn detach(&mut self, id: DeliveryId) {
        self.deliveries.get_mut(id).into_iter().for_each(|d| d.subject = Subject::Detached);
    }

    /// What was cut off is answered.
    pub(super) fn departed_answers(&mut self, now: Time, id: DeliveryId, outcome: Outcome) {
        let replies = self.departed.get(&id).is_some_and(|departed| departed.replies);
        self.departed_ends(now, id, parting(outcome, replies));
    }

    /// What was cut off comes to its end. Done is done, also for whoever bears the name later.
    pub(super) fn departed_ends(&mut self, now: Time, id: DeliveryId, end: End) {
        let attempts = self.deliveries.remove(id).map_or(0, |d| d.attempts);
        let Some(Departed { event, name, .. }) = self.departed.remove(&id) else { return };
        if end != End::Removed
            && let Some(channel) = self.channels.get_mut(&event.channel)
            && let Some(left) = channel.orphans.get_mut(&(event.partition, name))
        {
            left.mark_done(event.offset);
            channel.partitions.get_mut(&event.partition).into_iter().for_each(|p| p.dirty = true);
        }
        self.report(Report::Settled { event, attempts, end });
        self.commit_soon(now, event.channel);
    }

    /// Somebody bears the name: what is under way from before is delivered again, and its end is nobody's.
    pub(super) fn departed_return(&mut self, channel: ChannelId, name: &str) {
        let theirs = |departed: &Departed| departed.event.channel == channel && *departed.name == *name;
        let ids: Vec<_> = self.departed.iter().filter(|(_, d)| theirs(d)).map(|(&id, _)| id).collect();
        for id in ids {
            let attempts = self.deliveries.get(id).map_or(0, |d| d.attempts);
            if let Some(Departed { event, .. }) = self.departed.remove(&id) {
                self.report(Report::Settled { event, attempts, end: End::Removed });
            }
        }
    }
}

/// What an answer means that comes when its subscription is gone. One that is an event was to be stored, if it `replies`, so
/// that is no success.
pub(super) fn parting(outcome: Outcome, replies: bool) -> End {
    match outcome.verdict() {
        Verdict::Delivered(reply) if reply.is_none() || !replies => {
            End::Delivered { outcome: Some(Box::new(outcome)), reply: None }
        }
        _ => End::Removed,
    }
}
