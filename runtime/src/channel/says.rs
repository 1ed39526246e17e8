//! What a write says besides what it stores: of which event it is what came, and so what is done by it.

use activator::effect::Origin;
use activator::event::Event;

#[cfg(feature = "kafka")]
use super::kafka::Transaction;
use super::{AppendError, Channel, Life, Mark};

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

    /// Stores what came of an event that a channel holds: a reply, a dead letter, or the event itself on its way. A
    /// channel that outlives a crash says with the same write what is done by that.
    pub(crate) async fn pass_on(&self, event: Event, says: Option<Says>) -> Result<(), AppendError> {
        match (self, says) {
            (Self::Memory(channel), _) => channel.pass_on(event).map(drop),
            (Self::Durable(channel), Some(Says::Mark(mark))) => {
                channel.append_marked(event, Some(mark)).await.map(drop)
            }
            (Self::Durable(channel), _) => channel.append_marked(event, None).await.map(drop),
            // These hold as much as a disk does.
            #[cfg(feature = "kafka")]
            (Self::Kafka(channel), Some(Says::Transaction(transaction))) => {
                Box::pin(channel.append_in(transaction, event)).await
            }
            #[cfg(feature = "kafka")]
            (Self::KafkaSink(sink), Some(Says::Transaction(transaction))) => {
                Box::pin(sink.append_in(transaction, event)).await
            }
            #[cfg(feature = "kafka")]
            (Self::Kafka(_) | Self::KafkaSink(_), _) => self.append(event).await.map(drop),
        }
    }
}
