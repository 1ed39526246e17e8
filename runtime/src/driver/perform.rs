//! One arm per effect.

use std::sync::Arc;

use activator::Effect;
use activator::delivery::Outcome;
use activator::effect::{Origin, Payload, Refusal, Target};
use activator::id::{CallId, ChannelId, DeliveryId, InstanceId, SinkId};
use activator::topology::Start;

use super::Driver;
use super::keeper::{Ask, Keeper};
use super::mirror::mirrored;
use crate::channel::Says;
use crate::dispatch::{CallError, Job, Order, Work};
use crate::letters;

impl Driver {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open { channel } => {
                let config = self.config.borrow().clone();
                let Some(named) = config.channels.get(&channel).cloned() else {
                    return self.heirs.miss(channel);
                };
                let shown = mirrored(&config, channel);
                let at_tail = config.subscriptions(channel).filter(|s| s.start == Start::Tail);
                let at_tail = at_tail.map(|s| Arc::clone(&s.name)).collect();
                let heir = self.heirs.heir(channel, named.name.clone(), at_tail);
                let keeper = Keeper::open(channel, named, shown, heir, self.inbox.clone(), &mut self.tasks);
                self.keepers.insert(channel, keeper);
            }
            Effect::Close { channel } => drop(self.keepers.remove(&channel)),
            Effect::Read { channel, partition, epoch, from, records_max, bytes_max } => {
                self.ask(channel, Ask::Read { partition, epoch, from, records_max, bytes_max });
            }
            Effect::Locate { channel, partition, epoch, start } => {
                self.ask(channel, Ask::Locate { partition, epoch, start });
            }
            Effect::Append { append, channel, event, origin } => {
                let is_letter = self.is_of_dead_letters(channel);
                let event = if is_letter { letters::stamped(event, jiff::Timestamp::now()) } else { event };
                let says = origin.and_then(|origin| self.says(origin));
                self.ask(channel, Ask::Append { append, event, says });
            }
            Effect::Release { channel, partitions } => {
                // A channel that is gone holds none.
                if let Some(channel) = self.keepers.get(&channel).and_then(Keeper::channel) {
                    channel.release(partitions);
                }
            }
            Effect::Remember { name, identity } => self.repeats.delivered(name, identity),
            Effect::Commit { channel, progress } => self.ask(channel, Ask::Commit { progress }),
            Effect::Spawn { instance, .. } => self.fleet.start(instance),
            Effect::Attach { attach, instance, .. } => {
                if let Some(asks) = self.attaching.remove(&attach) {
                    asks.answer.send(Ok(())).ok();
                    self.fleet.attach(instance, asks.upgrade);
                }
            }
            Effect::Decline { attach, why } => {
                self.attaching.remove(&attach).map(|asks| asks.answer.send(Err(why)));
            }
            Effect::Deliver { delivery, to, what, timeout, response } => {
                let Some(work) = self.work(delivery, what) else { return };
                self.deliver(to, Job { delivery, work, timeout, response });
            }
            // Gone already: its exit is on the way.
            Effect::Pause { instance } => drop(self.fleet.tell(instance, Order::Pause)),
            Effect::Resume { instance } => drop(self.fleet.tell(instance, Order::Resume)),
            Effect::Terminate { instance, kill } => {
                let order = if kill { Order::Kill } else { Order::Terminate };
                // Gone already: its exit is on the way.
                self.fleet.tell(instance, order).ok();
            }
            Effect::Refuse { call, why } => self.refuse(call, why),
            Effect::Report(_) => {}
        }
    }

    /// How it is said what is done; not at all where the event's channel does not outlive this life.
    fn says(&self, origin: Origin) -> Option<Says> {
        let keeper = self.keepers.get(&origin.channel)?;
        keeper.channel()?.says(origin, keeper.life())
    }

    fn ask(&self, channel: ChannelId, ask: Ask) {
        if let Some(keeper) = self.keepers.get(&channel) {
            keeper.ask(ask);
        }
    }

    fn work(&mut self, delivery: DeliveryId, what: Payload) -> Option<Work> {
        match what {
            Payload::Event(event, format) => Some(Work::Event(event, format)),
            Payload::Call(id) => {
                self.record.calling(delivery, id);
                match self.calls.remove(&id) {
                    Some(call) => Some(Work::Call(call)),
                    // The caller hung up in this very turn.
                    None => {
                        self.answer_later(delivery, Outcome::Lost("the caller hung up".to_owned()));
                        None
                    }
                }
            }
        }
    }

    fn deliver(&mut self, to: Target, job: Job) {
        self.record.handed_over(job.delivery, to, &self.fleet);
        match to {
            Target::Sink(id) => match self.sinks.get(&id) {
                Some(sink) => drop(self.tasks.spawn(sink.clone().carry_out(job, self.inbox.clone()))),
                None => {
                    let outcome = self.to_caller(id, &job.work);
                    self.answer_later(job.delivery, outcome);
                }
            },
            Target::Instance(id) => self.deliver_to(id, job),
        }
    }

    fn to_caller(&self, id: SinkId, work: &Work) -> Outcome {
        match (self.config.borrow().requests.get(&id), work) {
            (Some(request), Work::Event(event, _)) => self.callers.answer(id, request, event),
            _ => Outcome::Lost("this URL is not configured any more".to_owned()),
        }
    }

    fn deliver_to(&mut self, id: InstanceId, job: Job) {
        let Err(refused) = self.fleet.tell(id, Order::Deliver(job)) else { return };
        let Order::Deliver(Job { delivery, work, .. }) = *refused else { return };
        let inbox = self.inbox.clone();
        self.tasks.spawn(async move { inbox.not_taken(delivery, work).await });
    }

    /// Answers as a task would, so that the loop never answers itself within a turn.
    fn answer_later(&mut self, delivery: DeliveryId, outcome: Outcome) {
        let inbox = self.inbox.clone();
        self.tasks.spawn(async move { inbox.outcome(delivery, outcome).await });
    }

    fn refuse(&mut self, id: CallId, why: Refusal) {
        let Some(call) = self.calls.remove(&id) else { return };
        let error = match why {
            Refusal::Unknown => CallError::Unknown,
            Refusal::Broken(reason) => CallError::Broken(reason),
            Refusal::Full => CallError::Full,
            Refusal::Stopping => CallError::Stopping,
        };
        call.answer.send(Err(error)).ok();
    }
}
