//! What is wired to what: channels, the subscriptions to them, and where each delivers to.
//!
//! Everything that holds events in order is a channel here: a broker's log, a plain channel, a Kafka topic that
//! a source reads, the dead letters. A trigger is a subscription with a filter whose replies go back to its
//! channel; a source is a subscription to its topic. So there is one road for an event, whatever the wiring.

mod traffic;

use alloc::{sync::Arc, vec::Vec};

use crate::delivery::Policy;
use crate::event::Event;
use crate::filter::Filter;
use crate::id::{ChannelId, FunctionId, Offset, SinkId, SubscriptionId};

pub use traffic::{Lot, Share, Traffic};

/// The whole wiring; a reload brings a new one, and equal parts go on undisturbed.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// All channels.
    pub channels: Vec<Channel>,
    /// All subscriptions, of every kind; whoever keeps one shares it.
    pub subscriptions: Vec<Arc<Subscription>>,
    /// Where events go that nobody could take; one of the channels.
    pub dead_letters: ChannelId,
    /// The functions of which not all goes to the latest revision.
    pub traffic: Vec<Traffic>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Which one.
    pub id: ChannelId,
    /// Whether it keeps what it holds until someone reads it: it is not read while nobody subscribes.
    pub keeps: bool,
    /// Whether it is where events go that nobody could take: what fails here has nowhere else to go.
    pub is_last: bool,
    /// How often an event that was read here may be passed on at most, whatever it says itself.
    pub hops: u32,
}

/// How often an event may be passed on from channel to channel, unless its channel says otherwise (Knative's default).
pub const HOPS: u32 = 255;

/// A subscription: which events of a channel go where, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Which one.
    pub id: SubscriptionId,
    /// Its stable name, under which its cursor is stored: `trigger/bill`, `subscription/ship`, `source/orders`.
    pub name: Arc<str>,
    /// The channel it reads.
    pub channel: ChannelId,
    /// Which events it wants.
    pub filter: Arc<Filter>,
    /// Where they go.
    pub to: Destination,
    /// The same as the user wrote it, for dead letters and people: `fn/bill`, `http://...`.
    pub to_name: Arc<str>,
    /// Where replies go; dropped when nothing is given.
    pub reply: Option<ChannelId>,
    /// How hard to try.
    pub delivery: Policy,
    /// Which events wait for one another.
    pub order: Order,
    /// Where it begins in a partition of which nothing is stored for its name.
    pub start: Start,
}

/// Which events of a subscription are delivered one after the other, each only when the one before is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// None: all at once.
    #[default]
    None,
    /// All of a partition.
    Partition,
    /// Those of a partition that have the same `partitionkey`, or else the same `subject`; those with neither wait
    /// for nobody.
    Key,
    /// Those of a partition in which this attribute has the same value; those without it wait for nobody.
    Attribute(Arc<str>),
}

impl Order {
    /// What is to be kept in order with others of the same.
    pub fn key_of<'e>(&self, event: &'e Event) -> Option<&'e str> {
        match self {
            Self::None => None,
            Self::Partition => Some(""),
            Self::Key => event.get("partitionkey").or_else(|| event.get("subject")),
            Self::Attribute(name) => event.get(name),
        }
    }
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// With what comes after it was made (Knative's `latest`).
    #[default]
    Tail,
    /// With the oldest event there is (Knative's `earliest`).
    Beginning,
    /// At an offset, the same in each partition.
    Offset(Offset),
    /// With the first event stored at or after a time, in milliseconds since 1970.
    Time(u64),
}

/// Where a subscription delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// A function, started when it sleeps.
    Function(FunctionId),
    /// Another channel.
    Channel(ChannelId),
    /// A URL.
    Sink(SinkId),
    /// Where the subscription delivers that the event itself names, in its extension `hydrantreplay`.
    Named,
}
