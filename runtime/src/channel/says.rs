//! What a write says besides what it stores: of which event it is what came, and so what is done by it.

use activator::effect::Origin;

#[cfg(feature = "kafka")]
use super::kafka::Transaction;
use super::{Channel, Life, Mark};

/// How it says that.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// By a mark in the record.
    Mark(Mark),
    /// By the cursor, which is written with it.
    #[cfg(feature = "kafka")]
    Transaction(Transaction),
}

impl Channel {
    /// How what comes of an event of this channel says, where it is stored, that the event is done; nothing where it says
    /// nothing. `life` is this one's.
    pub(crate) fn says(&self, origin: Origin, life: Option<Life>) -> Option<Says> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => channel.transaction(origin).map(Says::Transaction),
            _ => {
                let Origin { partition, offset, subscription, .. } = origin;
                Some(Says::Mark(Mark { life: life?, partition, offset, subscription }))
            }
        }
    }
}
