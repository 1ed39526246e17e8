//! What the ingress needs to know: which names there are, and which channels can take events now.

use std::sync::Arc;

use activator::id::{ChannelId, FunctionId};
use hashbrown::{Equivalent, HashMap};
use hyper::header::HeaderValue;

use super::keeper::Keeper;
use crate::channel::Channel;
use crate::config::resolved::{ChannelKind, Found, Protocol, Resolved};
use crate::history::channel_label;

/// One moment's names.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    routes: HashMap<(ChannelKind, String), Route>,
    callees: HashMap<Arc<str>, Callee>,
}

/// Whom a name calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee {
    pub(crate) function: FunctionId,
    /// How it is spoken to, if it is there.
    pub(crate) protocol: Option<Protocol>,
    /// Whether it is this revision that is meant, and no other.
    pub(crate) tagged: bool,
}

/// The way to a channel.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) id: ChannelId,
    /// As people write it: `broker/default`.
    pub(crate) name: String,
    /// The same in the head of an answer.
    pub(crate) header: Option<HeaderValue>,
    /// Nothing while it is not open.
    pub(crate) channel: Option<Channel>,
    /// Why it is not open.
    pub(crate) trouble: Option<String>,
    /// Whether people and programs post to it, if it is a source's: in the place of a topic, or because the source is a program.
    is_posted_to: bool,
}

impl Directory {
    pub(super) fn new(config: &Resolved, keepers: &HashMap<ChannelId, Keeper>) -> Self {
        let routes = config.channels.iter().map(|(id, named)| {
            let keeper = keepers.get(id);
            let name = channel_label(named);
            let route = Route {
                id: *id,
                header: HeaderValue::from_str(&name).ok(),
                name,
                channel: keeper.and_then(Keeper::channel).cloned(),
                trouble: keeper.and_then(|k| k.trouble().map(str::to_owned)),
                is_posted_to: named.stands_in || config.containers.contains_key(&*named.name),
            };
            ((named.kind, named.name.clone()), route)
        });
        let mut callees = HashMap::with_capacity(config.functions.len());
        for (&id, function) in config.functions.iter().filter(|(_, function)| function.of.is_none()) {
            callees.insert(Arc::clone(&function.name), callee(config, id, false));
            for named in &function.named {
                for tag in &named.tags {
                    let callee = callee(config, named.id, true);
                    // A host cannot have an `@`, and Knative has it so.
                    callees.insert(format!("{tag}-{}", function.name).into(), callee);
                    callees.insert(format!("{}@{tag}", function.name).into(), callee);
                }
            }
        }
        Self { routes: routes.collect(), callees }
    }

    /// A channel of any kind, or a sink.
    pub(crate) fn route(&self, kind: ChannelKind, name: &str) -> Option<&Route> {
        self.routes.get(&Called(kind, name))
    }

    /// The same for who posts: a source takes events where it is a program, or has no topic to read.
    pub(crate) fn post_box(&self, kind: ChannelKind, name: &str) -> Option<&Route> {
        self.route(kind, name).filter(|route| kind != ChannelKind::Source || route.is_posted_to)
    }

    /// A function, or one of its revisions that has a tag.
    pub(crate) fn callee(&self, name: &str) -> Option<Callee> {
        self.callees.get(name).copied()
    }

    /// All channels.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }
}

/// A key of the routes that is not kept.
#[derive(Hash)]
struct Called<'a>(ChannelKind, &'a str);

impl Equivalent<(ChannelKind, String)> for Called<'_> {
    fn equivalent(&self, (kind, name): &(ChannelKind, String)) -> bool {
        self.0 == *kind && self.1 == name
    }
}

fn callee(config: &Resolved, function: FunctionId, tagged: bool) -> Callee {
    let protocol = match config.functions.get(&function).map(|function| &function.found) {
        Some(Found::Program(program)) => Some(program.terms.protocol),
        _ => None,
    };
    Callee { function, protocol, tagged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture::{ORDERS, resolved};

    #[test]
    fn a_source_is_posted_to_only_where_it_has_no_topic() {
        let mut config = resolved();
        let is_open = |config: &Resolved| {
            Directory::new(config, &HashMap::new()).post_box(ChannelKind::Source, "orders").is_some()
        };
        config.channels.get_mut(&ORDERS).unwrap().kind = ChannelKind::Source;
        assert!(!is_open(&config));
        config.channels.get_mut(&ORDERS).unwrap().stands_in = true;
        assert!(is_open(&config));
    }
}
