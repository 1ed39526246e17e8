//! The configuration an event met: names for people, and which revision each filter has.

use std::collections::BTreeMap;
use std::sync::Arc;

use activator::filter::Filter;
use activator::id::{ChannelId, FunctionId, SubscriptionId};
use activator::topology::{Destination, Subscription};

use super::record::{Subscriber, Whose};
use crate::channel::Spec;
use crate::config::resolved::{ChannelKind, DEAD_LETTERS, NamedChannel, Resolved};

/// One configuration; events share it as long as they are remembered.
#[derive(Debug)]
pub(super) struct Wiring {
    resolved: Arc<Resolved>,
    labels: BTreeMap<ChannelId, Arc<str>>,
    known: BTreeMap<SubscriptionId, Known>,
}

/// A subscription that is wired, or was.
#[derive(Clone, Debug)]
struct Known {
    /// Where it is among those of the configuration.
    at: Option<usize>,
    filter: Arc<Filter>,
    filter_revision: u32,
}

impl Wiring {
    /// The configuration that follows `before`: a filter that is not what it was gets the next revision.
    pub(super) fn following(before: Option<&Self>, resolved: Arc<Resolved>) -> Self {
        // What is not wired now may come back, and must not begin at 1 again.
        let mut known = before.map(|wiring| wiring.known.clone()).unwrap_or_default();
        known.values_mut().for_each(|known| known.at = None);
        for (at, subscription) in resolved.topology.subscriptions.iter().enumerate() {
            let filter = &subscription.filter;
            let filter_revision = match known.get(&subscription.id) {
                Some(known) if known.filter == *filter => known.filter_revision,
                Some(known) => known.filter_revision + 1,
                None => 1,
            };
            let now = Known { at: Some(at), filter: Arc::clone(filter), filter_revision };
            known.insert(subscription.id, now);
        }
        if before.is_none() {
            // Built of all at once its nodes are full; one by one, in order, they are half empty.
            known = known.into_iter().collect();
        }
        let labels = resolved.channels.iter().map(|(&id, channel)| (id, channel_label(channel).into()));
        Self { labels: labels.collect(), known, resolved }
    }

    fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        let at = self.known.get(&id)?.at?;
        Some(&self.resolved.topology.subscriptions[at])
    }

    /// All subscriptions to a channel.
    pub(super) fn subscribers(&self, channel: ChannelId) -> impl Iterator<Item = Subscriber> {
        self.resolved.subscriptions(channel).map(|subscription| Subscriber {
            whose: self.names(subscription),
            filter_revision: self.filter_revision(subscription.id),
            filter: Some(Arc::clone(&subscription.filter)),
        })
    }

    /// A subscription by its names.
    pub(super) fn whose(&self, id: SubscriptionId) -> Option<Whose> {
        self.subscription(id).map(|subscription| self.names(subscription))
    }

    fn names(&self, subscription: &Subscription) -> Whose {
        let function = match subscription.to {
            Destination::Function(id) => self.function_name(id),
            _ => None,
        };
        Whose {
            name: Arc::clone(&subscription.name),
            to: Arc::clone(&subscription.to_name),
            function: function.cloned(),
        }
    }

    pub(super) fn filter_revision(&self, id: SubscriptionId) -> u32 {
        self.known.get(&id).map_or(0, |known| known.filter_revision)
    }

    /// `broker/default`.
    pub(super) fn label(&self, id: ChannelId) -> Arc<str> {
        self.labels.get(&id).cloned().unwrap_or_default()
    }

    pub(super) fn channel_called(&self, label: &str) -> Option<ChannelId> {
        self.labels.iter().find(|(_, known)| &***known == label).map(|(&id, _)| id)
    }

    /// Whether the channel holds events that were delivered, too: their data can be read there.
    pub(super) fn holds(&self, id: ChannelId) -> bool {
        self.resolved.channels.get(&id).is_some_and(|channel| !matches!(channel.spec, Spec::Memory(_)))
    }

    /// Whether the activator leaves the channel alone.
    pub(super) fn is_unread(&self, id: ChannelId) -> bool {
        let keeps = self.resolved.topology.channels.iter().any(|c| c.id == id && c.keeps);
        keeps && self.resolved.subscriptions(id).next().is_none()
    }

    fn function_name(&self, id: FunctionId) -> Option<&Arc<str>> {
        self.resolved.functions.get(&id).map(|function| &function.name)
    }
}

/// A channel as people and URLs name it: `broker/default`, `channel/orders`.
pub(crate) fn channel_label(channel: &NamedChannel) -> String {
    match channel.kind {
        ChannelKind::DeadLetters if channel.name == DEAD_LETTERS => channel.name.clone(),
        ChannelKind::DeadLetters => format!("{DEAD_LETTERS}/{}", channel.name),
        ChannelKind::Replay => channel.kind.text().to_owned(),
        kind => format!("{}/{}", kind.text(), channel.name),
    }
}
