//! One number per name, the same over every reload of a process, and never given to another name.

use std::collections::HashMap;

use activator::id::{ChannelId, FunctionId, SinkId, SubscriptionId};

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
        ChannelId(self.channels.id(&format!("{}/{name}", kind.text())))
    }

    pub(super) fn subscription(&mut self, name: &str) -> SubscriptionId {
        SubscriptionId(self.subscriptions.id(name))
    }

    pub(super) fn function(&mut self, name: &str) -> FunctionId {
        FunctionId(self.functions.id(name))
    }

    pub(super) fn sink(&mut self, url: &str) -> SinkId {
        SinkId(self.sinks.id(url))
    }
}

#[derive(Debug, Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn id(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.0.get(name) {
            return id;
        }
        let id = u32::try_from(self.0.len()).expect("four billion names do not fit into memory");
        self.0.insert(name.into(), id);
        id
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
