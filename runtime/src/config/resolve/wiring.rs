//! Who gets which events: triggers, subscriptions and sources as they are written, and then the implicit ones.

mod flows;
mod jobs;
mod polls;
mod requests;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use activator::delivery::Policy;
use activator::filter::Filter;
use activator::id::{ChannelId, SinkId};
use activator::topology::{Destination, Order, Start, Subscription};

use crate::config::codes::Code;
use crate::config::diagnostic::Diagnostic;
use crate::config::ids::Ids;
use crate::config::raw::{self, Delivery};
use crate::config::resolved::{ChannelKind, Request};
use crate::config::source::{At, Place};
use crate::ping::Ping;
use crate::sources::container::Container;
use crate::sources::file_watch::FileWatch;
use crate::sources::poll::Poll;

use super::channels::{DEFAULT_BROKER, dead_letters_for};
use super::functions::Function;
use super::implicit;
use super::policy::policy;
use super::reference::References;

/// The subscriptions of every kind, as far as they are known.
pub(super) struct Wiring<'a> {
    pub(super) subscriptions: Vec<Arc<Subscription>>,
    pub(super) sinks: BTreeMap<SinkId, hyper::Uri>,
    pub(super) requests: BTreeMap<SinkId, Request>,
    pub(super) pings: BTreeMap<Arc<str>, Arc<Ping>>,
    pub(super) containers: BTreeMap<Arc<str>, Arc<Container>>,
    pub(super) polls: BTreeMap<Arc<str>, Arc<Poll>>,
    pub(super) file_watches: BTreeMap<Arc<str>, Arc<FileWatch>>,
    references: References<'a>,
    ids: &'a mut Ids,
}

/// What all kinds of subscription have in common.
struct Draft<'d> {
    /// `trigger/bill`.
    name: String,
    /// `` trigger `bill` ``.
    called: String,
    channel: ChannelId,
    filter: Filter,
    to: &'d At<raw::Destination>,
    reply: Option<ChannelId>,
    delivery: Option<&'d Delivery>,
    policy: Policy,
    order: Order,
    start: Start,
}

impl<'a> Wiring<'a> {
    pub(super) fn new(file: &raw::File, references: References<'a>, ids: &'a mut Ids) -> Self {
        let mut wiring = Self {
            subscriptions: Vec::new(),
            sinks: BTreeMap::new(),
            requests: BTreeMap::new(),
            pings: BTreeMap::new(),
            containers: BTreeMap::new(),
            polls: BTreeMap::new(),
            file_watches: BTreeMap::new(),
            references,
            ids,
        };
        for (name, trigger) in &file.triggers {
            wiring.trigger(name, trigger);
        }
        for (name, subscription) in &file.subscriptions {
            wiring.subscription(name, subscription);
        }
        for (name, source) in &file.sources {
            wiring.source(name, source);
        }
        for (name, sequence) in &file.sequences {
            wiring.sequence(name, sequence);
        }
        for (name, parallel) in &file.parallels {
            wiring.parallel(name, parallel);
        }
        for (name, request) in &file.requests {
            wiring.request(name, request);
        }
        for (name, job) in &file.jobs {
            wiring.job(name, job);
        }
        wiring.dead_letters(file);
        wiring.replays();
        let implicit = implicit::triggers(file, references, &wiring.subscriptions, wiring.ids);
        wiring.subscriptions.extend(implicit);
        wiring
    }

    fn trigger(&mut self, name: &At<String>, trigger: &raw::Trigger) {
        let called = format!("trigger `{}`", name.value);
        let (broker, place) = match &trigger.broker {
            Some(broker) => (&*broker.value, &broker.place),
            None => (DEFAULT_BROKER, &name.place),
        };
        let known = self.references.channel(&called, ChannelKind::Broker, broker, place);
        let (Some(known), Some(to)) = (known, &trigger.to) else {
            return;
        };
        self.add(Draft {
            name: format!("trigger/{}", name.value),
            called,
            channel: known.id,
            filter: trigger.filter.clone(),
            to,
            reply: Some(known.id),
            delivery: trigger.delivery.as_ref().or(known.delivery.as_ref()),
            policy: Policy::default(),
            order: trigger.order.clone(),
            start: trigger.start,
        });
    }

    fn subscription(&mut self, name: &At<String>, subscription: &raw::Subscription) {
        let called = format!("subscription `{}`", name.value);
        let references = self.references;
        let reply = subscription.reply.as_ref();
        let reply = reply.and_then(|reply| references.destination_channel(&called, reply));
        let known = subscription.channel.as_ref().and_then(|channel| {
            references.channel(&called, ChannelKind::Channel, &channel.value, &channel.place)
        });
        let (Some(known), Some(to)) = (known, &subscription.to) else {
            return;
        };
        self.add(Draft {
            name: format!("subscription/{}", name.value),
            called,
            channel: known.id,
            filter: subscription.filter.clone(),
            to,
            reply: reply.map(|reply| reply.id),
            delivery: subscription.delivery.as_ref().or(known.delivery.as_ref()),
            policy: Policy::default(),
            order: subscription.order.clone(),
            start: subscription.start,
        });
    }

    /// Whoever gets dead letters, of which each waits in a channel for it. There is no reply to one.
    fn dead_letters(&mut self, file: &raw::File) {
        let mut known = BTreeSet::new();
        for (kind, name, delivery) in file.deliveries() {
            let Some(to) = &delivery.dead_letter else { continue };
            let letters = dead_letters_for(&to.value).filter(|letters| known.insert(letters.clone()));
            let letters =
                letters.and_then(|name| self.references.channels.known(ChannelKind::DeadLetters, &name));
            let Some(letters) = letters else { continue };
            self.add(Draft {
                name: format!("dead-letter/{}", to.value),
                called: format!("{kind} `{}`", name.value),
                channel: letters.id,
                filter: Filter::always(),
                to,
                reply: None,
                delivery: None,
                policy: Policy::default(),
                order: Order::None,
                // It may be new, and what is there is for it.
                start: Start::Beginning,
            });
        }
    }

    /// What is delivered again goes to whom it names.
    fn replays(&mut self) {
        let (id, name) = self.ids.subscription("replay/any");
        self.subscriptions.push(Arc::new(Subscription {
            id,
            name,
            channel: self.references.channels.replays,
            filter: Filter::always().into(),
            to: Destination::Named,
            to_name: "whom it names".into(),
            reply: None,
            delivery: Policy::default(),
            order: Order::None,
            start: Start::Beginning,
        }));
    }

    fn add(&mut self, draft: Draft<'_>) {
        let Some((to, function)) = self.destination(&draft.called, draft.to) else {
            return;
        };
        if let Destination::Channel(id) = to
            && self.references.channels.are_one(id, draft.channel)
        {
            let finding = self_delivery(&draft.called, &draft.to.place);
            self.references.problems.report(finding);
        }
        let (id, name) = self.ids.subscription(&draft.name);
        self.subscriptions.push(Arc::new(Subscription {
            id,
            name,
            channel: draft.channel,
            filter: draft.filter.into(),
            to,
            to_name: draft.to.value.to_string().into(),
            reply: draft.reply,
            delivery: policy(&draft.called, draft.delivery, function, draft.policy, self.references),
            order: draft.order,
            start: draft.start,
        }));
    }

    /// Where it goes, with the function if it is one.
    fn destination(
        &mut self,
        called: &str,
        to: &At<raw::Destination>,
    ) -> Option<(Destination, Option<&'a Function>)> {
        match &to.value {
            raw::Destination::Function(name) => {
                let function = self.references.function(called, name, &to.place)?;
                Some((Destination::Function(function.id), Some(function)))
            }
            raw::Destination::Url(uri) => {
                let id = self.ids.sink(&uri.to_string());
                self.sinks.insert(id, uri.clone());
                Some((Destination::Sink(id), None))
            }
            _ => {
                let known = self.references.destination_channel(called, to)?;
                Some((Destination::Channel(known.id), None))
            }
        }
    }
}

fn self_delivery(called: &str, place: &Place) -> Diagnostic {
    Diagnostic::new(Code::SelfDelivery, format!("{called} delivers into what it reads"))
        .at(place, "every event would come back for ever")
        .help("deliver to a function, or to another channel or broker")
}
