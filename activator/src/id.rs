//! Newtypes for everything that is counted or named, so that two integers never meet by accident.
//!
//! The body hands out [`ChannelId`], [`SubscriptionId`], [`FunctionId`] and [`SinkId`], one per name and never
//! used again for another name while it runs. The mind hands out the rest.

use core::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A channel: a partitioned log of events, also the one behind a broker, a source or the dead letters.
    ChannelId(u32)
);
id!(
    /// A subscription to a channel; a trigger is one with a filter.
    SubscriptionId(u32)
);
id!(
    /// A function: a name in the folder, whatever stands behind it at the moment.
    FunctionId(u32)
);
id!(
    /// A URL outside that events are delivered to.
    SinkId(u32)
);
id!(
    /// A partition of a channel.
    Partition(u32)
);
id!(
    /// A place in a partition; every record has its own, and none is ever used twice.
    Offset(u64)
);
id!(
    /// Which assignment of a partition is meant: news of an earlier one is stale.
    Epoch(u32)
);
id!(
    /// Which content and settings of a function are meant; counts up with every change.
    Revision(u32)
);
id!(
    /// A request/response call to a function, named by the ingress that holds it.
    CallId(u64)
);
id!(
    /// Somebody's wish to be a function's process, named by whoever holds it.
    AttachId(u64)
);
id!(
    /// One append the mind asked for.
    AppendId(u64)
);

impl Offset {
    /// The offset behind this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One process of a function; the generation is never used twice for the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId {
    /// Whose process it is.
    pub function: FunctionId,
    /// The how-manieth of this function since the runtime started.
    pub generation: u32,
}

/// One delivery under way; late news about an earlier user of the slot bears another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    /// The place in the mind's table.
    pub slot: u32,
    /// How often the place was used before.
    pub generation: u32,
}
