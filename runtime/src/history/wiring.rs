//! The configuration an event met: names for people, and which revision each filter has.

use std::collections::BTreeMap;
use std::sync::Arc;

use activator::filter::Filter;
use activator::id::{ChannelId, FunctionId, SubscriptionId};
use activator::topology::{Destination, Subscription};

use crate::config::resolved::{ChannelKind, DEAD_LETTERS, NamedChannel, Resolved};

/// One configuration; events share it as long as they are remembered.
#[derive(Debug)]
pub(super) struct Wiring {
    resolved: Arc<Resolved>,
    filters: BTreeMap<SubscriptionId, (Arc<Filter>, u32)>,
}

impl Wiring {
    /// The configuration that follows `before`: a filter that is not what it was gets the next revision.
    pub(super) fn following(before: Option<&Self>, resolved: Arc<Resolved>) -> Self {
        let known = |id| before.and_then(|wiring| wiring.filters.get(&id));
        // What is not wired now may come back, and must not begin at 1 again.
        let mut filters = before.map(|wiring| wiring.filters.clone()).unwrap_or_default();
        for subscription in &resolved.topology.subscriptions {
            let revision = match known(subscription.id) {
                Some((filter, revision)) if *filter == subscription.filter => *revision,
                Some((_, revision)) => revision + 1,
                None => 1,
            };
            filters.insert(subscription.id, (subscription.filter.clone(), revision));
        }
        Self { resolved, filters }
    }

    pub(super) fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.resolved.topology.subscriptions.iter().map(Arc::as_ref).find(|s| s.id == id)
    }

    /// All subscriptions to a channel.
    pub(super) fn subscribers(&self, channel: ChannelId) -> impl Iterator<Item = &Subscription> {
        self.resolved.subscriptions(channel).map(Arc::as_ref)
    }

    pub(super) fn filter_revision(&self, id: SubscriptionId) -> u32 {
        self.filters.get(&id).map_or(0, |(_, revision)| *revision)
    }

    /// `broker/default`.
    pub(super) fn channel(&self, id: ChannelId) -> String {
        self.resolved.channels.get(&id).map(channel_label).unwrap_or_default()
    }

    pub(super) fn channel_called(&self, label: &str) -> Option<ChannelId> {
        let mut channels = self.resolved.channels.iter();
        channels.find(|(_, channel)| channel_label(channel) == label).map(|(&id, _)| id)
    }

    /// Whether the activator leaves the channel alone.
    pub(super) fn is_unread(&self, id: ChannelId) -> bool {
        let keeps = self.resolved.topology.channels.iter().any(|c| c.id == id && c.keeps);
        keeps && self.subscribers(id).next().is_none()
    }

    /// What kind of channel it is.
    pub(super) fn kind(&self, id: ChannelId) -> Option<ChannelKind> {
        self.resolved.channels.get(&id).map(|channel| channel.kind)
    }

    /// The name of the function a subscription delivers to, if it is one.
    pub(super) fn function(&self, subscription: &Subscription) -> Option<String> {
        let Destination::Function(id) = subscription.to else { return None };
        self.function_name(id).map(Into::into)
    }

    fn function_name(&self, id: FunctionId) -> Option<&str> {
        self.resolved.functions.get(&id).map(|function| &*function.name)
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
