//! What the oracle learns from what the mind hears.

use activator::Time;
use activator::delivery::{Outcome, Verdict};
use activator::effect::Target;
use activator::id::{DeliveryId, Partition, SubscriptionId};
use activator::input::Input;
use activator::lifecycle::Availability;

use super::{Call, Callee, Oracle};
use crate::storage::At;
use crate::truth::{Case, Truth};
use crate::wiring::CHANNELS;

impl Oracle {
    pub(crate) fn hears(&mut self, now: Time, input: &Input) {
        self.pace.inputs += 1;
        self.shares.hear(input);
        match input {
            Input::Wired(topology) => {
                self.holds.mended();
                self.truth.wired(topology);
                // Where somebody was in a partition that is not the mind's, only those know who have it.
                for (channel, partitions) in CHANNELS {
                    let owned = self.owned.range((channel, Partition(0))..=(channel, Partition(u32::MAX)));
                    if (owned.count() as u64) < partitions {
                        self.truth.forget_removed(Some(channel));
                    }
                }
                let gone = |s: SubscriptionId, truth: &Truth, at: At| {
                    truth.current(s).is_none_or(|now| now.channel != at.0)
                };
                for d in self.under_way.values_mut() {
                    d.detached |= d.case.is_some_and(|(s, at)| gone(s, &self.truth, at));
                }
                self.cases.retain(|&(s, at), _| !gone(s, &self.truth, at));
                // A reply that was not stored yet goes with its subscription.
                let kept = |&(s, at): &Case| !gone(s, &self.truth, at) || self.settled.contains(&(s, at));
                self.told.retain(kept);
                self.requeued.retain(|&(s, at)| !gone(s, &self.truth, at));
            }
            Input::Opened { channel, partitions, .. } => {
                self.open.insert(*channel);
                self.owned.extend(partitions.iter().map(|p| ((*channel, p.partition), None)));
            }
            Input::Assigned { channel, partitions, .. } => {
                self.owned.extend(partitions.iter().map(|p| ((*channel, p.partition), None)));
            }
            Input::Revoking { channel, partitions } => {
                for partition in partitions {
                    self.owned.get_mut(&(*channel, *partition)).into_iter().for_each(|o| *o = Some(now));
                }
            }
            Input::Pause { name } => drop(self.paused.insert(name.clone())),
            Input::Resume { name } => drop(self.paused.remove(name)),
            Input::Remembered { name, seen } => self.repeats.recall(now, name, seen),
            Input::Appended { append, .. } => drop(self.appends.remove(append)),
            Input::Committed { channel, .. } => drop(self.commits.remove(channel)),
            Input::Ready { instance } => {
                if let Some(known) = self.instances.get_mut(instance).filter(|known| !known.ready) {
                    known.ready = true;
                    if !known.attached {
                        self.not_before.remove(&instance.function);
                        let proven = self.proven.entry(instance.function).or_default();
                        *proven = known.settings.revision.max(*proven);
                    }
                    known.idle_since = (known.in_flight == 0).then_some(now);
                }
            }
            Input::Exited { instance, .. } => {
                let known = self.instances.remove(instance);
                if known.as_ref().is_some_and(|known| known.attached) {
                    self.holds.mended();
                }
                self.slandered =
                    known.is_some_and(|known| known.told_to_end && !known.took_any && !known.overdue);
            }
            Input::Outcomes(outcomes) => {
                outcomes.iter().for_each(|(id, outcome)| self.outcome(now, *id, outcome));
            }
            Input::Called { call, function, tagged } => {
                self.calls.insert(*call, Call::Waiting);
                self.callees.insert(*call, Callee { function: *function, tagged: *tagged });
            }
            Input::Attaching { attach, function } => {
                self.holds.mended();
                self.wishes.insert(*attach, *function);
            }
            Input::HungUp { call } => {
                if let Some(state) = self.calls.get_mut(call) {
                    *state = if *state == Call::UnderWay { Call::HungUp } else { Call::Over };
                }
            }
            Input::Revised { function, now: Availability::Present(settings) } => {
                self.holds.mended();
                self.not_before.remove(function);
                self.wished.insert(*function, **settings);
            }
            Input::Revised { function, now: Availability::Broken(_) } => {
                self.not_before.remove(function);
                self.wished.remove(function);
            }
            Input::Revised { function, now: Availability::Absent } | Input::Reap { function } => {
                let mine = self.instances.iter_mut().filter(|(id, _)| id.function == *function);
                mine.for_each(|(_, known)| known.unwanted = true);
            }
            Input::Retry { .. } => self.holds.mended(),
            Input::Drain => self.instances.values_mut().for_each(|known| known.unwanted = true),
            // Of what is lost the world told us first.
            Input::Records { .. } | Input::Located { .. } | Input::Lost { .. } => {}
        }
    }

    fn outcome(&mut self, now: Time, id: DeliveryId, outcome: &Outcome) {
        let Some(over) = self.under_way.remove(&id) else { return };
        match over.to {
            Target::Sink(sink) => *self.sinks.entry(sink).or_default() -= 1,
            Target::Instance(instance) => {
                if let Some(known) = self.instances.get_mut(&instance) {
                    known.in_flight -= 1;
                    known.idle_since = (known.in_flight == 0).then_some(now);
                    let timed_out = matches!(outcome, Outcome::TimedOut | Outcome::NotBegun(_));
                    known.timeouts = if timed_out { known.timeouts + 1 } else { 0 };
                    known.unwanted |= timed_out || *outcome == Outcome::NotTaken;
                }
            }
        }
        if let Some(call) = over.call {
            let waits = *outcome == Outcome::NotTaken && self.calls.get(&call) == Some(&Call::UnderWay);
            self.calls.insert(call, if waits { Call::Waiting } else { Call::Over });
        }
        let Some(case) = over.case.filter(|_| !over.detached) else { return };
        self.cases.remove(&case);
        if *outcome != Outcome::NotTaken {
            *self.attempts.entry(case).or_default() += 1;
        }
        if matches!(outcome.verdict(), Verdict::Delivered(_)) {
            self.told.insert(case);
        } else {
            self.requeued.insert(case);
        }
    }
}
