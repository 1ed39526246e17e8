//! Who takes what, what came of it, and when to try again.

use alloc::boxed::Box;
use core::time::Duration;

use super::Activator;
use super::delivery::{Stage, Storing, Subject};
use super::fetching::Hold;
use super::timer::Timer;
use crate::delivery::{Exhausted, Outcome, Verdict};
use crate::effect::{Effect, End, EventRef, Payload, Report, Target};
use crate::filter::hash;
use crate::id::{ChannelId, DeliveryId, FunctionId, SinkId};
use crate::lifecycle::Finish;
use crate::time::Time;
use crate::topology::{Destination, Subscription};

impl Activator {
    /// Where it goes as things are: of a function, which of its revisions.
    pub(super) fn destination(&self, id: DeliveryId) -> Option<Destination> {
        let delivery = self.deliveries.get(id)?;
        let to = match delivery.subject {
            Subject::Call { function, .. } => Destination::Function(function),
            Subject::Event(_) => self.terms(id)?.to,
            Subject::Detached => return None,
        };
        Some(match to {
            Destination::Function(function) => {
                Destination::Function(self.revision_of(function, delivery.lot))
            }
            other => other,
        })
    }

    /// Hands out what waits for a function, starting processes as needed.
    pub(super) fn dispatch_to_function(&mut self, now: Time, id: FunctionId) {
        self.start_wanted(now, id);
        let mut is_as_it_was = true;
        while !self.is_stopping() {
            let Some(function) = self.functions.get_mut(&id) else { return };
            let Some(&next) = function.queue.front() else {
                // What left the queue without going to a process, as a repetition does, is wanted by nobody now.
                if !is_as_it_was {
                    self.start_wanted(now, id);
                }
                return self.pause_standby(id);
            };
            is_as_it_was = false;
            if self.deliveries.get(next).is_none_or(|d| d.stage != Stage::Queued) {
                function.queue.pop_front();
                continue;
            }
            let Some((instance, cold)) = function.machine.place() else { return self.overflow(id) };
            if !self.hand_over(now, next, Target::Instance(instance), cold) {
                return self.starved.push(Destination::Function(id));
            }
        }
    }

    pub(super) fn dispatch_to_sink(&mut self, now: Time, id: SinkId) {
        while !self.is_stopping() {
            let Some(sink) = self.sinks.get_mut(&id) else { return };
            let Some(&next) = sink.queue.front() else { return };
            if self.deliveries.get(next).is_none_or(|d| d.stage != Stage::Queued) {
                sink.queue.pop_front();
                continue;
            }
            if sink.in_flight >= self.limits.sink_concurrency {
                return;
            }
            if !self.hand_over(now, next, Target::Sink(id), false) {
                return self.starved.push(Destination::Sink(id));
            }
        }
    }

    /// Begins an attempt with the delivery at the front of its queue, or fetches its event first. Says whether
    /// there was credit for that.
    fn hand_over(&mut self, now: Time, id: DeliveryId, to: Target, cold: bool) -> bool {
        let Some(delivery) = self.deliveries.get(id) else { return true };
        let settings = self.settings_at(to);
        let (what, timeout) = match delivery.subject {
            Subject::Detached => {
                self.forget(id);
                return true;
            }
            Subject::Call { call, .. } => {
                self.count_out(to);
                (Payload::Call(call), settings.map_or(Duration::ZERO, |s| s.call_timeout))
            }
            Subject::Event(_) if self.is_repeated(now, id) => {
                self.pop_front(to);
                self.repeat(id);
                return true;
            }
            Subject::Event(_) => {
                let Some(event) = self.event_of(id) else {
                    let room = self.fetch(id);
                    if room {
                        self.pop_front(to);
                    }
                    return room;
                };
                self.hold(id, &event, Hold::Always);
                let Some(Subscription { delivery, .. }) = self.terms(id) else {
                    self.forget(id);
                    return true;
                };
                (Payload::Event(event, delivery.format), delivery.timeout)
            }
        };
        self.pop_front(to);
        match to {
            Target::Instance(instance) => self.began(instance),
            Target::Sink(sink) => self.sinks.entry(sink).or_default().in_flight += 1,
        }
        let Some(delivery) = self.deliveries.get_mut(id) else { return true };
        delivery.attempts += 1;
        delivery.is_outdated = false;
        delivery.stage = Stage::UnderWay(to);
        if let Subject::Event(event) = delivery.subject {
            let attempt = delivery.attempts;
            self.report(Report::Attempting { delivery: id, event, attempt, cold });
        }
        let response = settings.and_then(|settings| settings.response_timeout);
        self.ask(Effect::Deliver { delivery: id, to, what, timeout, response });
        true
    }

    /// A call leaves the queue it waited in.
    fn count_out(&mut self, to: Target) {
        if let Target::Instance(instance) = to {
            self.functions.get_mut(&instance.function).into_iter().for_each(|f| f.calls -= 1);
        }
    }

    fn pop_front(&mut self, to: Target) {
        match to {
            Target::Instance(instance) => {
                self.functions.get_mut(&instance.function).and_then(|f| f.queue.pop_front());
            }
            Target::Sink(sink) => drop(self.sinks.get_mut(&sink).and_then(|s| s.queue.pop_front())),
        }
    }

    pub(super) fn outcome(&mut self, now: Time, id: DeliveryId, outcome: Outcome) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        let Stage::UnderWay(target) = delivery.stage else { return };
        let subject = delivery.subject;
        self.free(now, target, &outcome);
        match subject {
            Subject::Event(event) => self.conclude(now, id, event, outcome),
            Subject::Detached => self.departed_answers(now, id, outcome),
            Subject::Call { call, .. } if outcome == Outcome::NotTaken => self.call_again(now, id, call),
            Subject::Call { call, .. } => {
                self.calls.remove(&call);
                self.deliveries.remove(id);
            }
        }
    }

    /// The instance or URL has room for another one.
    fn free(&mut self, now: Time, target: Target, outcome: &Outcome) {
        match target {
            Target::Sink(id) => {
                let sink = self.sinks.entry(id).or_default();
                sink.in_flight = sink.in_flight.saturating_sub(1);
                self.touched.push(Destination::Sink(id));
            }
            Target::Instance(id) => {
                let how = match outcome {
                    Outcome::NotTaken => Finish::NotTaken,
                    Outcome::TimedOut | Outcome::NotBegun(_) => Finish::TimedOut,
                    _ => Finish::Answered,
                };
                self.instance_finished(now, id, how);
            }
        }
    }

    /// What an attempt means for its event.
    fn conclude(&mut self, now: Time, id: DeliveryId, event: EventRef, outcome: Outcome) {
        let Some(subscription) = self.terms(id) else { return self.bearer_answered(now, id, outcome) };
        let reply_to = subscription.reply;
        let attempts = self.deliveries.get(id).map_or(0, |d| d.attempts);
        let verdict = match outcome.verdict() {
            // It was killed with its process: that says nothing about the event, which comes again.
            Verdict::Retry | Verdict::Reject if self.is_cut() => Verdict::Again,
            verdict => verdict,
        };
        match verdict {
            // The next attempt is the next owner's, and so is its death, should this have been the last.
            Verdict::Again | Verdict::Retry if self.is_leaving(id) => self.end(id, End::Elsewhere),
            Verdict::Delivered(Some(reply)) if reply_to.is_some() => match self.named(id, reply) {
                Ok(event) => self.store(id, Storing::Reply { event, outcome: Box::new(outcome) }),
                Err(reason) => self.retry(now, id, event, Outcome::MalformedReply(reason)),
            },
            Verdict::Delivered(_) => {
                self.settle(now, id, End::Delivered { outcome: Some(Box::new(outcome)), reply: None });
            }
            Verdict::Again => {
                self.report(Report::Retrying {
                    event,
                    attempt: attempts,
                    outcome: Box::new(outcome),
                    wait: Duration::ZERO,
                });
                self.again(id);
            }
            Verdict::Reject => self.give_up(now, id, event, outcome),
            Verdict::Retry => self.retry(now, id, event, outcome),
        }
    }

    pub(super) fn is_leaving(&self, id: DeliveryId) -> bool {
        let partition = |subject: EventRef| {
            self.channels.get(&subject.channel).and_then(|known| known.partitions.get(&subject.partition))
        };
        self.subject(id).and_then(partition).is_some_and(|partition| partition.leaving.is_some())
    }

    /// Back to the front: nobody ran anything, so nothing counts.
    pub(super) fn again(&mut self, id: DeliveryId) {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.attempts -= 1;
        }
        self.enqueue_first(id);
    }

    /// UnderWay -> Waiting, until there are no attempts left.
    fn retry(&mut self, now: Time, id: DeliveryId, event: EventRef, outcome: Outcome) {
        let (attempts, outdated) =
            self.deliveries.get(id).map_or((0, false), |d| (d.attempts, d.is_outdated));
        let Some(subscription) = self.terms(id) else { return };
        let random = hash(attempts as usize, &(event.offset.0 ^ now.as_micros()).to_le_bytes());
        match subscription.delivery.wait_after(attempts, outcome.retry_after(), random) {
            // That was with something else than the next attempt has.
            Some(_) if outdated => self.try_again_after(now, id, event, outcome, Duration::ZERO),
            Some(wait) => self.try_again_after(now, id, event, outcome, wait),
            None => self.give_up(now, id, event, outcome),
        }
    }

    /// UnderWay -> Storing as a dead letter, mostly. One that its function rejects is not held: nobody is to mend anything.
    /// A dead letter that fails has nowhere else to go: it stays where it is and is tried on.
    fn give_up(&mut self, now: Time, id: DeliveryId, event: EventRef, outcome: Outcome) {
        let Some(subscription) = self.terms(id) else { return };
        let wait = subscription.delivery.endless_wait();
        match subscription.delivery.exhausted {
            Exhausted::Drop => self.settle(now, id, End::Dropped(Box::new(outcome))),
            Exhausted::Hold(_) if !self.is_last(event.channel) && outcome.verdict() != Verdict::Reject => {
                self.hold_back(id, event, outcome);
            }
            Exhausted::DeadLetter(_) | Exhausted::Hold(_) if !self.is_last(event.channel) => {
                self.store(id, Storing::DeadLetter(Box::new(outcome)));
            }
            Exhausted::DeadLetter(_) | Exhausted::Hold(_) | Exhausted::Block => {
                self.try_again_after(now, id, event, outcome, wait);
            }
        }
    }

    /// Whether what fails in a channel has nowhere else to go.
    pub(super) fn is_last(&self, channel: ChannelId) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.is_last)
    }

    /// UnderWay -> Waiting.
    fn try_again_after(
        &mut self,
        now: Time,
        id: DeliveryId,
        event: EventRef,
        outcome: Outcome,
        wait: Duration,
    ) {
        if self.is_leaving(id) {
            // The next attempt is the partition's next owner's.
            return self.end(id, End::Elsewhere);
        }
        self.release(id);
        self.release_successors(event);
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        delivery.stage = Stage::Waiting;
        delivery.due = now + wait;
        let attempt = delivery.attempts;
        self.arm(now + wait, Timer::Retry(id));
        self.report(Report::Retrying { event, attempt, outcome: Box::new(outcome), wait });
    }

    /// Waiting -> Queued, unless that is the timer of an attempt that was made before its time.
    pub(super) fn retry_due(&mut self, now: Time, id: DeliveryId) {
        if self.deliveries.get(id).is_some_and(|d| d.stage == Stage::Waiting && d.due <= now) {
            self.enqueue(id);
        }
    }

    /// The event is not in its channel any more.
    pub(super) fn gone(&mut self, now: Time, id: DeliveryId) {
        if self.deliveries.get(id).is_some_and(|d| matches!(d.stage, Stage::Fetching { .. })) {
            self.settle(now, id, End::Gone);
        }
    }

    /// The delivery is over: the cursor may pass.
    pub(super) fn settle(&mut self, now: Time, id: DeliveryId, end: End) {
        let Some(event) = self.subject(id) else { return self.departed_ends(now, id, end) };
        self.release(id);
        let delivered = self.to_remember(id, &end);
        let attempts = self.deliveries.remove(id).map_or(0, |d| d.attempts);
        let partition = self.partition(event.channel, event.partition);
        let next = partition.and_then(|p| p.settle(event.subscription, event.offset));
        self.relieve(event);
        self.report(Report::Settled { event, attempts, end });
        if let Some((name, identity, how)) = delivered {
            self.remember(now, name, identity, how);
        }
        if let Some(next) = next {
            self.take_turn(now, next);
        }
        self.commit_soon(now, event.channel);
    }

    /// Drops a delivery without settling it: its event is about to be matched anew from a cursor that was taken before.
    pub(super) fn forget(&mut self, id: DeliveryId) {
        self.hold_no_more(id);
        self.release(id);
        if let Some(event) = self.subject(id)
            && let Some(partition) = self.partition(event.channel, event.partition)
        {
            partition.forget_delivery(event.subscription, event.offset);
        }
        self.deliveries.remove(id);
    }
}
