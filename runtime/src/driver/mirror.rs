//! Which consumer group shows where a subscription is: the names Knative gives them, so that a trigger is found under
//! the same name wherever it runs.

use activator::id::ChannelId;

use super::Driver;
use crate::channel::{Mirrored, Spec};
use crate::config::resolved::Resolved;

impl Driver {
    /// Tells every channel whose places it is to show.
    pub(super) fn mirror(&mut self) {
        let config = self.config.borrow();
        for (id, keeper) in &self.keepers {
            keeper.mirror(mirrored(&config, *id));
        }
    }
}

pub(super) fn mirrored(config: &Resolved, channel: ChannelId) -> Vec<Mirrored> {
    // Whatever else holds events shows nobody anything.
    let kafka = config.channels.get(&channel).filter(|named| matches!(named.spec, Spec::Kafka(_)));
    let Some(named) = kafka else { return Vec::new() };
    config
        .subscriptions(channel)
        .filter_map(|s| Some(Mirrored { group: group(&s.name, &named.name)?, subscription: s.name.clone() }))
        .collect()
}

/// Nothing for a source: its group is the store itself, and of the user's own naming. Where Knative has a subscription's
/// UID, we have its name.
fn group(subscription: &str, channel: &str) -> Option<String> {
    match subscription.split_once('/')? {
        ("trigger", name) => Some(format!("knative-trigger-default-{name}")),
        ("subscription", name) => Some(format!("kafka.default.{channel}.{name}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_as_knative_names_them() {
        assert_eq!(group("trigger/bill", "default").as_deref(), Some("knative-trigger-default-bill"));
        assert_eq!(group("subscription/ship", "orders").as_deref(), Some("kafka.default.orders.ship"));
        assert_eq!(group("source/in/shop.orders", "in/shop.orders"), None);
    }
}
