//! Sequences and parallels: nothing but channels and subscriptions that nobody has to write.

use activator::delivery::Policy;
use activator::filter::Filter;
use activator::topology::Start;

use crate::config::raw;
use crate::config::resolved::ChannelKind;
use crate::config::source::At;

use super::super::channels::step_channel;
use super::{Draft, Wiring, self_delivery};

impl Wiring<'_> {
    /// A channel before each step, and a subscription that puts what the step answers into the next one.
    pub(super) fn sequence(&mut self, name: &At<String>, sequence: &raw::Sequence) {
        let called = format!("sequence `{}`", name.value);
        let references = self.references;
        let before = |step| {
            let channel = step_channel(&name.value, step);
            references.channels.known(ChannelKind::Sequence, &channel).map(|known| known.id)
        };
        let reply = sequence.reply.as_ref();
        let reply = reply.and_then(|reply| references.destination_channel(&called, reply));
        let is_own = |to: &raw::Destination| *to == raw::Destination::Sequence(name.value.clone());
        for (step, number) in sequence.steps.iter().zip(1..) {
            let Some(channel) = before(number) else { continue };
            // Of one step, it is what every subscription is looked at for.
            if is_own(&step.to.value) && number > 1 {
                references.problems.report(self_delivery(&called, &step.to.place));
            }
            self.add(Draft {
                name: format!("sequence/{}.{number}", name.value),
                called: called.clone(),
                channel,
                filter: Filter::always(),
                to: &step.to,
                reply: before(number + 1).or_else(|| reply.map(|reply| reply.id)),
                delivery: step.delivery.as_ref().or(sequence.channel.delivery.as_ref()),
                policy: Policy::default(),
                order: sequence.order.clone(),
                // Nobody else reads the channel: what is there is for the step, also when that is new.
                start: Start::Beginning,
            });
        }
    }

    /// A channel, and a subscription for each branch.
    pub(super) fn parallel(&mut self, name: &At<String>, parallel: &raw::Parallel) {
        let called = format!("parallel `{}`", name.value);
        let references = self.references;
        let Some(known) = references.channels.known(ChannelKind::Parallel, &name.value) else { return };
        let for_all = parallel.reply.as_ref();
        let for_all = for_all.and_then(|reply| references.destination_channel(&called, reply));
        for (branch, number) in parallel.branches.iter().zip(1..) {
            let reply = match &branch.reply {
                Some(own) => references.destination_channel(&called, own),
                None => for_all,
            };
            self.add(Draft {
                name: format!("parallel/{}.{number}", name.value),
                called: called.clone(),
                channel: known.id,
                filter: branch.filter.clone(),
                to: &branch.to,
                reply: reply.map(|reply| reply.id),
                delivery: branch.delivery.as_ref().or(parallel.channel.delivery.as_ref()),
                policy: Policy::default(),
                order: parallel.order.clone(),
                start: Start::default(),
            });
        }
    }
}
