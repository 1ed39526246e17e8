//! Sources: topics, each a channel and a subscription to it; and those that fire, into a channel that is there or, before a
//! function or URL, into one of their own.

use std::sync::Arc;
use std::time::Duration;

use activator::delivery::{Deduplicate, Policy};
use activator::filter::Filter;
use activator::topology::{Order, Start};
use jiff::Timestamp;

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::raw;
use crate::config::resolved::ChannelKind;
use crate::config::source::At;
use crate::ping::{Missed, Ping};

use super::super::channels::source_channel;
use super::{Draft, Wiring};

/// KafkaSource's own defaults, where they are not those of triggers.
const SOURCE_DELAY: Duration = Duration::from_millis(300);
const SOURCE_TIMEOUT: Duration = Duration::from_secs(600);
/// So long, and of so many, the event of one time is delivered once though it was stored twice.
const KNOWN: Deduplicate = Deduplicate { time: Duration::from_secs(24 * 3600), max: 10_000 };

impl Wiring<'_> {
    pub(super) fn source(&mut self, name: &At<String>, source: &raw::Source) {
        match source {
            raw::Source::Kafka(source) => self.topics(name, source),
            raw::Source::Ping(source) => self.ping(name, source),
        }
    }

    fn topics(&mut self, name: &At<String>, source: &raw::KafkaSource) {
        let Some(to) = &source.to else { return };
        for topic in &source.topics {
            let channel = source_channel(&name.value, &topic.value);
            let Some(known) = self.references.channels.known(ChannelKind::Source, &channel) else {
                continue;
            };
            self.add(Draft {
                name: format!("source/{channel}"),
                called: format!("source `{}`", name.value),
                channel: known.id,
                filter: Filter::always(),
                to,
                reply: None,
                delivery: source.delivery.as_ref(),
                policy: Policy { delay: SOURCE_DELAY, timeout: SOURCE_TIMEOUT, ..Policy::default() },
                order: source.order.clone(),
                // Its topic says where it begins.
                start: Start::Tail,
            });
        }
    }

    fn ping(&mut self, name: &At<String>, source: &raw::PingSource) {
        let called = format!("source `{}`", name.value);
        let Some(to) = &source.to else { return };
        match self.references.channels.known(ChannelKind::Source, &name.value) {
            Some(known) => self.add(Draft {
                name: format!("source/{}", name.value),
                called: called.clone(),
                channel: known.id,
                filter: Filter::always(),
                to,
                reply: None,
                delivery: source.delivery.as_ref(),
                policy: Policy { deduplicate: Some(KNOWN), ..Policy::default() },
                order: Order::None,
                // Nobody else reads the channel: what is there is for it, also when that is new.
                start: Start::Beginning,
            }),
            None => drop(self.references.destination_channel(&called, to)),
        }
        self.note_idle_keys(&called, source);
        let Some(ping) = resolved(name, source, to) else { return };
        if let Err(error) = ping.event("1", Timestamp::default()) {
            let (wanted, help) = ("what an event can bear", "mend `content_type` or `extensions`");
            self.references.problems.bad_value::<()>(&name.place, &called, wanted, error, help);
        }
        self.pings.insert(Arc::clone(&ping.name), Arc::new(ping));
    }

    /// Keys that do nothing as things are.
    fn note_idle_keys(&self, called: &str, source: &raw::PingSource) {
        let note = |place, title: String, help: &str| {
            self.references
                .problems
                .report(Diagnostic::new(Code::NoEffect, title).at(place, "has no effect").help(help));
        };
        if let Some(place) = source.delivery_place.as_ref().filter(|_| !source.has_channel()) {
            let help = "whoever reads there has a `delivery` of its own";
            note(
                place,
                format!("{called} delivers nothing itself: its events are stored where `to` says"),
                help,
            );
        }
        if let Some(missed) = source
            .missed
            .as_ref()
            .filter(|m| m.value == Missed::Once && self.references.runtime.state.is_none())
        {
            let help = "set `state` to a folder";
            note(&missed.place, format!("{called} cannot know what it missed: no state is kept"), help);
        }
    }
}

fn resolved(name: &At<String>, source: &raw::PingSource, to: &At<raw::Destination>) -> Option<Ping> {
    let own = || (ChannelKind::Source, name.value.clone());
    Some(Ping {
        name: name.value.as_str().into(),
        schedule: source.schedule.clone()?,
        missed: source.missed.as_ref().map(|missed| missed.value).unwrap_or_default(),
        channel: to.value.channel().unwrap_or_else(own),
        to: to.value.to_string(),
        data: source.data.clone(),
        content_type: source.content_type.clone(),
        extensions: source.extensions.clone(),
    })
}
