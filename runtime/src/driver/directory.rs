//! What the ingress needs to know: which names there are, and which channels can take events now.

use std::collections::HashMap;

use activator::id::{ChannelId, FunctionId};

use super::keeper::Keeper;
use crate::channel::Channel;
use crate::config::resolved::{ChannelKind, Found, Protocol, Resolved};
use crate::history::channel_label;

/// One moment's names.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    routes: HashMap<(ChannelKind, String), Route>,
    functions: HashMap<String, (FunctionId, Option<Protocol>)>,
}

/// The way to a channel.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) id: ChannelId,
    /// As people write it: `broker/default`.
    pub(crate) name: String,
    /// Nothing while it is not open.
    pub(crate) channel: Option<Channel>,
    /// Why it is not open.
    pub(crate) trouble: Option<String>,
}

impl Directory {
    pub(super) fn new(config: &Resolved, keepers: &HashMap<ChannelId, Keeper>) -> Self {
        let routes = config.channels.iter().map(|(id, named)| {
            let keeper = keepers.get(id);
            let route = Route {
                id: *id,
                name: channel_label(named),
                channel: keeper.and_then(Keeper::channel).cloned(),
                trouble: keeper.and_then(|k| k.trouble().map(str::to_owned)),
            };
            ((named.kind, named.name.clone()), route)
        });
        let functions = config.functions.iter().map(|(id, function)| {
            let protocol = match &function.found {
                Found::Program(program) => Some(program.protocol),
                Found::Absent | Found::Broken(_) => None,
            };
            (function.name.clone(), (*id, protocol))
        });
        Self { routes: routes.collect(), functions: functions.collect() }
    }

    /// A broker, a channel or a sink.
    pub(crate) fn route(&self, kind: ChannelKind, name: &str) -> Option<&Route> {
        self.routes.get(&(kind, name.to_owned()))
    }

    /// A function, and how it is spoken to if it is there.
    pub(crate) fn function(&self, name: &str) -> Option<(FunctionId, Option<Protocol>)> {
        self.functions.get(name).copied()
    }

    /// All channels.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }
}
