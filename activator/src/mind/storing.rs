//! Replies, dead letters and forwarded events on their way into a channel. None counts before it is stored.

use alloc::{boxed::Box, format, string::String};
use base64::{Engine, engine::general_purpose::STANDARD};
use core::time::Duration;

use super::Activator;
use super::delivery::{Stage, Storing};
use super::timer::Timer;
use crate::delivery::{Exhausted, Outcome, extension};
use crate::effect::{Effect, End, EventRef, Origin, ReplyId};
use crate::event::{Event, Reply};
use crate::id::{AppendId, ChannelId, DeliveryId};
use crate::input::Stored;
use crate::time::Time;
use crate::topology::{self, Destination, Order, Start, Subscription};

/// The wait after the first failed append; it doubles with each further one.
const STORE_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between appends of one event.
const STORE_WAIT_MAX: Duration = Duration::from_secs(5);
/// The extension that counts down the hops (Knative, `knativebrokerttl`).
const HOPS: &str = "knativebrokerttl";
/// What of a failed answer is kept (Knative, `knativeerrordata`).
const ERROR_DATA_MAX: usize = 1024;

impl Activator {
    /// Any -> Storing.
    pub(super) fn store(&mut self, id: DeliveryId, what: Storing) {
        if self.is_to_be(id, what) {
            self.to_store.push_back(id);
        }
    }

    fn is_to_be(&mut self, id: DeliveryId, what: Storing) -> bool {
        let delivery = self.deliveries.get_mut(id);
        delivery.map(|delivery| delivery.stage = Stage::Storing { what, failures: 0 }).is_some()
    }

    /// What a function answered, under the id it gave it, or one that is the same whenever it answers this event.
    pub(super) fn named(&self, id: DeliveryId, reply: Reply) -> Result<Event, String> {
        // Whatever is under way is kept in memory.
        let (Some(asked), Some(subscription)) = (self.event_of(id), self.terms(id)) else {
            return Err(String::from("nobody knows any more what it answers"));
        };
        reply.to(&asked, &subscription.name).map_err(|error| format!("{error}"))
    }

    /// Appends what waits, as far as the credit goes.
    pub(super) fn store_next(&mut self, now: Time) {
        // Each is looked at once a turn: one that needs its event read first comes back later.
        for _ in 0..self.to_store.len() {
            if self.appends.len() >= self.limits.appends_max {
                return;
            }
            let Some(id) = self.to_store.pop_front() else { return };
            self.store_one(now, id);
        }
    }

    fn store_one(&mut self, now: Time, id: DeliveryId) {
        let Some(subject) = self.subject(id) else { return self.departed_ends(now, id, End::Removed) };
        let Some(Stage::Storing { what, .. }) = self.deliveries.get(id).map(|d| &d.stage) else { return };
        let what = what.clone();
        if what == Storing::Forward && self.is_repeated(now, id) {
            return self.repeat(id);
        }
        let Some(event) = self.event_of(id) else {
            // Only what is forwarded, or was held, can have been let go of; it is back in the line once it is read
            // again, by the next owner if its partition was asked back.
            if self.is_leaving(id) {
                self.end(id, End::Elsewhere);
            } else if !self.fetch(id) {
                self.to_store.push_back(id);
            }
            return;
        };
        let Some(subscription) = self.terms(id) else { return self.settle(now, id, End::Removed) };
        let hops = self.channels.get(&subscription.channel).map_or(topology::HOPS, |channel| channel.hops);
        let made = match (what, subscription.to, subscription.reply) {
            (Storing::Forward, Destination::Channel(to), _) => hop(&event, &event, hops).map(|e| (to, e)),
            (Storing::Reply { event: reply, .. }, _, Some(to)) => hop(&event, &reply, hops).map(|e| (to, e)),
            (Storing::DeadLetter(outcome), ..) => {
                let own = match subscription.delivery.exhausted {
                    Exhausted::DeadLetter(channel) | Exhausted::Hold(channel) => channel,
                    // Said when it was under way already.
                    Exhausted::Block | Exhausted::Drop => None,
                };
                let attempts = self.deliveries.get(id).map_or(0, |d| d.attempts);
                let letter = dead_letter(&event, subscription, &outcome, attempts);
                Ok((own.unwrap_or(self.dead_letters), letter))
            }
            // The wiring changed while it waited.
            (Storing::Forward, ..) => return self.enqueue(id),
            (Storing::Reply { outcome, .. }, ..) => {
                return self.settle(now, id, End::Delivered { outcome: Some(outcome), reply: None });
            }
        };
        match made {
            Ok((to, event)) => self.append(id, to, event),
            Err(_) if self.is_last(subject.channel) => self.cannot_leave(now, id),
            // In the same turn: nothing else may happen for long that would bring the next one.
            Err(reason) => {
                self.is_to_be(id, Storing::DeadLetter(Box::new(Outcome::MalformedReply(reason))));
                self.store_one(now, id);
            }
        }
    }

    fn append(&mut self, id: DeliveryId, channel: ChannelId, event: Event) {
        let append = self.next_append;
        self.next_append = AppendId(append.0 + 1);
        self.appends.insert(append, id);
        let origin = self.origin(id);
        self.ask(Effect::Append { append, channel, event, origin });
    }

    /// What is done by an append. Of what is kept in order only when all that was done before is stored: else those before
    /// it would be delivered again behind it.
    fn origin(&self, id: DeliveryId) -> Option<Origin> {
        let EventRef { subscription, channel, partition, offset } = self.subject(id)?;
        let subscription = self.subscriptions.get(&subscription)?;
        let known = self.channels.get(&channel)?;
        let is_free = subscription.order == Order::None || known.has_stored_all(partition);
        let (name, at_tail) = (subscription.name.clone(), subscription.start == Start::Tail);
        is_free.then_some(Origin { channel, partition, offset, subscription: name, at_tail })
    }

    pub(super) fn appended(&mut self, now: Time, append: AppendId, stored: Stored) {
        let Some(id) = self.appends.remove(&append) else { return };
        let Some(Stage::Storing { what, .. }) = self.deliveries.get(id).map(|d| &d.stage) else { return };
        let is_dead_letter = self.subject(id).is_some_and(|subject| self.is_last(subject.channel));
        match (stored, what.clone()) {
            (Stored::Yes, Storing::Forward) => {
                self.settle(now, id, End::Delivered { outcome: None, reply: None });
            }
            (Stored::Yes, Storing::Reply { event, outcome }) => {
                let reply = Some(ReplyId { source: event.source().into(), id: event.id().into() });
                self.settle(now, id, End::Delivered { outcome: Some(outcome), reply });
            }
            (Stored::Yes, Storing::DeadLetter(outcome)) => self.settle(now, id, End::DeadLetter(outcome)),
            // A failed dead letter is not progress.
            (Stored::NotNow, _) | (Stored::Never(_), Storing::DeadLetter(_)) => self.store_later(now, id),
            (Stored::Never(_), _) if is_dead_letter => self.cannot_leave(now, id),
            (Stored::Never(reason), _) => {
                self.store(id, Storing::DeadLetter(Box::new(Outcome::MalformedReply(reason))));
            }
        }
    }

    /// What comes of a dead letter can never be stored, and there is no other place for it. The dead letter itself
    /// waits for another wiring, unless a function had it: then only the answer is lost, and the report says so.
    fn cannot_leave(&mut self, now: Time, id: DeliveryId) {
        match self.deliveries.get(id).map(|d| &d.stage) {
            Some(Stage::Storing { what: Storing::Reply { outcome, .. }, .. }) => {
                let outcome = Some(outcome.clone());
                self.settle(now, id, End::Delivered { outcome, reply: None });
            }
            _ => self.store_later(now, id),
        }
    }

    fn store_later(&mut self, now: Time, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        let Stage::Storing { failures, .. } = &mut delivery.stage else { return };
        let wait = STORE_WAIT.saturating_mul(1 << (*failures).min(16)).min(STORE_WAIT_MAX);
        *failures += 1;
        self.arm(now + wait, Timer::Store(id));
    }
}

/// The event with one hop less than the one it comes from.
fn hop(from: &Event, event: &Event, most: u32) -> Result<Event, String> {
    let left = from.get(HOPS).and_then(|hops| hops.parse().ok()).unwrap_or(most).min(most);
    let left =
        left.checked_sub(1).ok_or_else(|| String::from("passed on too often: its hops are used up"))?;
    event.with(HOPS, &format!("{left}")).map_err(|e| format!("{e}"))
}

/// The event with Knative's error extensions (data plane spec, "Error extensions"), and with what people need to know
/// beside them: whose it was, why in a word, and how often it was tried.
fn dead_letter(event: &Event, subscription: &Subscription, outcome: &Outcome, attempts: u32) -> Event {
    let excerpt = outcome.excerpt();
    let data = STANDARD.encode(&excerpt[..excerpt.len().min(ERROR_DATA_MAX)]);
    let extensions = [
        (extension::TO, &*subscription.to_name),
        (extension::CODE, &format!("{}", outcome.code())),
        (extension::DATA, &data),
        (extension::SUBSCRIPTION, &subscription.name),
        (extension::REASON, &format!("{}", outcome.status())),
        (extension::ATTEMPTS, &format!("{attempts}")),
    ];
    extensions.into_iter().fold(event.clone(), |event, (name, value)| {
        // A name that no attribute may hold is better left out than the dead letter lost.
        event.with(name, value).unwrap_or(event)
    })
}
