//! One number per name, the same over every reload of a process, and never given to another name.

use std::sync::Arc;

use activator::id::{ChannelId, FunctionId, SinkId, SubscriptionId};
use hashbrown::HashMap;

use super::resolved::ChannelKind;

/// Hands out the ids the activator knows things by.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    channels: Names,
    subscriptions: Names,
    functions: Names,
    sinks: Names,
}

impl Ids {
    pub(super) fn channel(&mut self, kind: ChannelKind, name: &str) -> ChannelId {
        ChannelId(self.channels.id(format!("{}/{name}", kind.text())).0)
    }

    /// With its name as it was first heard: there is one of it, however often the configuration is loaded.
    pub(super) fn subscription(&mut self, name: &str) -> (SubscriptionId, Arc<str>) {
        let (id, name) = self.subscriptions.id(name);
        (SubscriptionId(id), name)
    }

    pub(super) fn function(&mut self, name: impl Name) -> FunctionId {
        FunctionId(self.functions.id(name).0)
    }

    pub(super) fn sink(&mut self, url: &str) -> SinkId {
        SinkId(self.sinks.id(url).0)
    }
}

/// A text, or a name that is shared already.
pub(super) trait Name: AsRef<str> + Into<Arc<str>> {}

impl<T: AsRef<str> + Into<Arc<str>>> Name for T {}

#[derive(Debug, Default)]
struct Names(HashMap<Arc<str>, u32>);

impl Names {
    fn id(&mut self, name: impl Name) -> (u32, Arc<str>) {
        if let Some((name, &id)) = self.0.get_key_value(name.as_ref()) {
            return (id, Arc::clone(name));
        }
        let id = u32::try_from(self.0.len()).expect("four billion names do not fit into memory");
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name), id);
        (id, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_id_and_no_other_name_gets_it() {
        let mut ids = Ids::default();
        let (bill, ship) = (ids.function("bill"), ids.function("ship"));
        assert_ne!(bill, ship);
        assert_eq!(ids.function("bill"), bill);
        assert_eq!(ids.function("ship"), ship);
    }

    #[test]
    fn a_broker_and_a_channel_of_one_name_are_two_channels() {
        let mut ids = Ids::default();
        let broker = ids.channel(ChannelKind::Broker, "default");
        assert_ne!(ids.channel(ChannelKind::Channel, "default"), broker);
        assert_eq!(ids.channel(ChannelKind::Broker, "default"), broker);
    }
}
