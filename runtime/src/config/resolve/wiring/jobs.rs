//! Jobs: a channel, and a subscription that gives each event of it a process of its own.

use std::time::Duration;

use activator::delivery::{Deduplicate, Format, Policy};
use activator::filter::Filter;
use activator::topology::{Order, Start};

use crate::config::raw;
use crate::config::resolved::{ChannelKind, Found, Protocol};
use crate::config::source::At;

use super::{Draft, Wiring};

/// So long, and for so many, the same event makes no second job.
const KNOWN: Deduplicate = Deduplicate { time: Duration::from_secs(24 * 3600), max: 100_000 };

impl Wiring<'_> {
    /// Knative's JobSink.
    pub(super) fn job(&mut self, name: &At<String>, job: &raw::Job) {
        let references = self.references;
        let known = references.channels.known(ChannelKind::Job, &name.value);
        let (Some(known), Some(to)) = (known, &job.to) else { return };
        self.check_oneshot(name, to);
        self.add(Draft {
            name: format!("job/{}", name.value),
            called: format!("job `{}`", name.value),
            channel: known.id,
            filter: Filter::always(),
            to,
            reply: None,
            delivery: job.channel.delivery.as_ref(),
            policy: Policy { format: Format::File, deduplicate: Some(KNOWN), ..Policy::default() },
            order: Order::None,
            // Nobody else reads the channel: what is there is for the job, also when that is new.
            start: Start::Beginning,
        });
    }

    /// Of a function that is not there yet nobody knows.
    fn check_oneshot(&self, name: &At<String>, to: &At<raw::Destination>) {
        let raw::Destination::Function(function) = &to.value else { return };
        let function = self.references.functions.get(function);
        let Some(Found::Program(program)) = function.map(|function| &function.found) else { return };
        if program.terms.protocol != Protocol::Oneshot {
            let called = format!("`to` in [job.{}]", name.value);
            let help = "protocol = \"oneshot\": a job is a process that ends with its event";
            let (wanted, is) = ("a oneshot function", "one whose processes take many events");
            self.references.problems.bad_value::<()>(&to.place, &called, wanted, is, help);
        }
    }
}
