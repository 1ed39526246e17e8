//! Requests: a subscription to the broker that gives answers to whoever waits for them.

use std::sync::Arc;

use activator::delivery::Policy;
use activator::filter::Filter;
use activator::topology::{Destination, Order, Start, Subscription};

use crate::channel::{Mode, Spec};
use crate::config::raw;
use crate::config::resolved::{ChannelKind, Request};
use crate::config::source::At;

use super::super::channels::DEFAULT_BROKER;
use super::Wiring;

impl Wiring<'_> {
    pub(super) fn request(&mut self, name: &At<String>, request: &raw::Request) {
        let called = format!("request `{}`", name.value);
        let (broker, place) = match &request.broker {
            Some(broker) => (&*broker.value, &broker.place),
            None => (DEFAULT_BROKER, &name.place),
        };
        let references = self.references;
        let Some(known) = references.channel(&called, ChannelKind::Broker, broker, place) else { return };
        let spec = references.channels.all.get(&known.id).map(|channel| &channel.spec);
        if matches!(spec, Some(Spec::Kafka(kafka)) if kafka.mode == Mode::Group) {
            let help = "an answer could arrive at another runtime than the one that waits for it";
            let called = format!("the broker of {called}");
            references.problems.bad_value::<()>(
                place,
                &called,
                "one that this runtime has to itself",
                "shared",
                help,
            );
        }
        // No URL looks like it.
        let sink = self.ids.sink(&format!("request/{}", name.value));
        self.requests.insert(
            sink,
            Request {
                name: name.value.clone(),
                broker: broker.to_owned(),
                timeout: request.timeout,
                correlation: request.correlation.clone(),
                reply: request.reply.clone(),
            },
        );
        // No trigger of the same broker can be called so.
        let (id, full_name) = self.ids.subscription(&format!("request/{}.answer", name.value));
        self.subscriptions.push(Arc::new(Subscription {
            id,
            name: full_name,
            channel: known.id,
            // It is there, whatever it says: who waits is known only when it arrives.
            filter: Filter::prefix(&request.reply, "").into(),
            to: Destination::Sink(sink),
            to_name: "whoever asked".into(),
            reply: None,
            delivery: Policy::default(),
            order: Order::None,
            start: Start::default(),
        }));
    }
}
