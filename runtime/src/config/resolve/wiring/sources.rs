//! Sources: topics, each a channel and a subscription to it; and all others, which put their events into a channel that is
//! there or, before a function or URL, into one of their own.

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
use crate::config::source::{At, Place};
use crate::ping::{Missed, Ping};
use crate::sources::Outlet;
use crate::sources::container::Container;
use crate::sources::file_watch::FileWatch;

use super::super::channels::source_channel;
use super::polls;
use super::{Draft, Wiring};

/// KafkaSource's own defaults, where they are not those of triggers.
const SOURCE_DELAY: Duration = Duration::from_millis(300);
const SOURCE_TIMEOUT: Duration = Duration::from_secs(600);
/// So long, and of so many, an event is delivered once though it was stored twice.
const KNOWN: Deduplicate = Deduplicate { time: Duration::from_secs(24 * 3600), max: 10_000 };

impl Wiring<'_> {
    pub(super) fn source(&mut self, name: &At<String>, source: &raw::Source) {
        match source {
            raw::Source::Kafka(source) => self.topics(name, source),
            raw::Source::Ping(source) => self.ping(name, source),
            raw::Source::Container(source) => self.container(name, source),
            raw::Source::Poll(source) => self.poll(name, source),
            raw::Source::FileWatch(source) => self.file_watch(name, source),
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
        self.note_idle_missed(&called, source);
        let Some(outlet) = self.outlet(name, &source.outlet) else { return };
        let Some(ping) = resolved(name, source, outlet) else { return };
        if let Err(error) = ping.event("1", Timestamp::default()) {
            let (wanted, help) = ("what an event can bear", "mend `content_type` or `extensions`");
            self.references.problems.bad_value::<()>(&name.place, &called, wanted, error, help);
        }
        self.pings.insert(Arc::clone(&ping.name), Arc::new(ping));
    }

    fn container(&mut self, name: &At<String>, source: &raw::ContainerSource) {
        let Some(outlet) = self.outlet(name, &source.outlet) else { return };
        let programs = &self.references.functions.programs;
        let Some(program) = programs.get(&name.value) else { return };
        let container = Container {
            name: name.value.as_str().into(),
            found: program.found.clone(),
            files: program.files.clone(),
            outlet,
        };
        self.containers.insert(Arc::clone(&container.name), Arc::new(container));
    }

    fn poll(&mut self, name: &At<String>, source: &raw::PollSource) {
        let Some(outlet) = self.outlet(name, &source.outlet) else { return };
        let Some(url) = source.url.clone() else { return };
        let references = &self.references;
        let poll = polls::resolved(name, source, (url, outlet), references.project, references.problems);
        self.polls.insert(Arc::clone(&poll.name), Arc::new(poll));
    }

    fn file_watch(&mut self, name: &At<String>, source: &raw::FileWatchSource) {
        let Some(outlet) = self.outlet(name, &source.outlet) else { return };
        let Some((folder, names)) = source.path.clone() else { return };
        let watch = FileWatch {
            name: name.value.as_str().into(),
            folder: self.references.project.join(folder),
            names,
            on: source.on.clone(),
            data: source.data,
            existing: source.existing,
            event_type: source.event_type.clone(),
            outlet,
        };
        self.file_watches.insert(Arc::clone(&watch.name), Arc::new(watch));
    }

    /// Where a source puts its events. What is before a function or URL is a subscription to a channel of its own.
    fn outlet(&mut self, name: &At<String>, outlet: &raw::Outlet) -> Option<Outlet> {
        let called = format!("source `{}`", name.value);
        self.note_idle_delivery(&called, outlet);
        let to = outlet.to.as_ref()?;
        match self.references.channels.known(ChannelKind::Source, &name.value) {
            Some(known) => self.add(Draft {
                name: format!("source/{}", name.value),
                called,
                channel: known.id,
                filter: Filter::always(),
                to,
                reply: None,
                delivery: outlet.delivery.as_ref(),
                policy: Policy { deduplicate: Some(KNOWN), ..Policy::default() },
                order: Order::None,
                // Nobody else reads the channel: what is there is for it, also when that is new.
                start: Start::Beginning,
            }),
            None => drop(self.references.destination_channel(&called, to)),
        }
        let own = || (ChannelKind::Source, name.value.clone());
        Some(Outlet {
            channel: to.value.channel().unwrap_or_else(own),
            to: to.value.to_string(),
            extensions: outlet.extensions.clone(),
        })
    }

    fn note_idle_delivery(&self, called: &str, outlet: &raw::Outlet) {
        if let Some(place) = outlet.delivery_place.as_ref().filter(|_| !outlet.has_channel()) {
            let title = format!("{called} delivers nothing itself: its events are stored where `to` says");
            self.note(place, title, "whoever reads there has a `delivery` of its own");
        }
    }

    fn note_idle_missed(&self, called: &str, source: &raw::PingSource) {
        let keeps_state = self.references.runtime.state.is_some();
        let missed = source.missed.as_ref().filter(|missed| missed.value == Missed::Once && !keeps_state);
        if let Some(missed) = missed {
            let title = format!("{called} cannot know what it missed: no state is kept");
            self.note(&missed.place, title, "set `state` to a folder");
        }
    }

    /// A key that does nothing as things are.
    fn note(&self, place: &Place, title: String, help: &str) {
        let finding = Diagnostic::new(Code::NoEffect, title).at(place, "has no effect").help(help);
        self.references.problems.report(finding);
    }
}

fn resolved(name: &At<String>, source: &raw::PingSource, outlet: Outlet) -> Option<Ping> {
    Some(Ping {
        name: name.value.as_str().into(),
        schedule: source.schedule.clone()?,
        missed: source.missed.as_ref().map(|missed| missed.value).unwrap_or_default(),
        outlet,
        data: source.data.clone(),
        content_type: source.content_type.clone(),
    })
}
