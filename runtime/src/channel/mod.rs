//! Channels: partitioned logs of events with stored cursors. One narrow face, three kinds behind it, and one
//! conformance suite (`conformance/`) that runs over all of them. A sink is a channel to those who append, and to
//! nobody else.
//!
//! - [`memory`]: a bounded ring; loses everything at exit and says so.
//! - [`durable`]: our own segmented log; survives a kill of the runtime.
//! - [`kafka`]: a topic of a cluster, with the cursors in its consumer group. Only that module knows rdkafka.
//!
//! A handle is cheap to clone. What goes on at the end of a partition is told by waking the reader, never by
//! polling. Nothing in here decides when to read, append or commit: the activator does.

mod clock;
mod durable;
mod gaps;
#[cfg(feature = "kafka")]
mod kafka;
mod mark;
mod memory;
mod murmur2;
mod says;
mod topic;
mod window;

#[cfg(test)]
mod conformance;

use std::path::{Path, PathBuf};
use std::time::Duration;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};
use tokio::sync::mpsc;

pub(crate) use durable::Durable;
#[cfg(feature = "kafka")]
pub(crate) use kafka::{
    BareConsumer, Kafka, KafkaSink, OPTIONS as KAFKA_OPTIONS, check_option as check_kafka_option,
};
pub(crate) use mark::{Done, Legacy, Life, Mark, Marks, take_over};
pub(crate) use memory::Memory;
pub(crate) use says::Says;
pub(crate) use topic::{
    ContentMode, CreateTopic, KafkaSpec, Mechanism, Mirrored, Mode, OptionError, Password, Records, Sasl,
    Security, SinkSpec, Start, Subscribers, Tls, no_subscribers,
};

/// Without Kafka nothing is known of its settings.
#[cfg(not(feature = "kafka"))]
pub(crate) const KAFKA_OPTIONS: &[&str] = &[];

/// Without Kafka nothing is known of its settings.
#[cfg(not(feature = "kafka"))]
pub(crate) fn check_kafka_option(_name: &str, _value: &str) -> Result<(), OptionError> {
    Ok(())
}

/// What a channel is made of; equal specifications are the same channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spec {
    Memory(MemorySpec),
    Durable(DurableSpec),
    Kafka(Box<KafkaSpec>),
    KafkaSink(Box<SinkSpec>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemorySpec {
    pub(crate) partitions: u32,
    /// What the ring holds at most; an append beyond it is refused until the slowest cursor moves.
    pub(crate) bytes_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DurableSpec {
    /// The channel's own folder.
    pub(crate) dir: PathBuf,
    pub(crate) partitions: u32,
    pub(crate) sync: SyncMode,
    pub(crate) retention: Retention,
    pub(crate) reserve: Reserve,
}

/// What a channel does with the last room of a disk that gets full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserve {
    /// It leaves it to those without whom nothing would ever be let go of, and refuses appends.
    Left,
    /// It is one of those.
    Used,
}

/// How far an event has got when it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SyncMode {
    /// To the operating system: it survives a kill of the runtime.
    #[default]
    Os,
    /// To the disk: it survives a power loss.
    Disk,
}

/// The user's caps: what lies beyond them is deleted, also when a cursor still wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// All partitions together.
    pub(crate) bytes: Option<u64>,
    pub(crate) age: Option<Duration>,
}

/// An open channel.
#[derive(Clone)]
pub(crate) enum Channel {
    Memory(Memory),
    Durable(Durable),
    #[cfg(feature = "kafka")]
    Kafka(Kafka),
    #[cfg(feature = "kafka")]
    KafkaSink(KafkaSink),
}

/// A channel that was just opened.
pub(crate) struct Opened {
    pub(crate) channel: Channel,
    /// The partitions that are ours at once, with what was committed.
    pub(crate) partitions: Vec<OpenedPartition>,
    /// Tells which come and go; nothing when none ever does.
    pub(crate) changes: Option<Changes>,
    /// What marks may add to that; nothing where none are made.
    pub(crate) legacy: Option<Legacy>,
}

/// What becomes of partitions that are shared with others, in order.
pub(crate) type Changes = mpsc::UnboundedReceiver<Change>;

/// Partitions come and go.
#[derive(Debug)]
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "nothing else is shared"))]
pub(crate) enum Change {
    /// They are ours from now on.
    Assigned(Vec<OpenedPartition>),
    /// They are asked back, and stay ours until they are released: nothing more is read of them, and what is under
    /// way may end and be committed.
    Revoking(Vec<Partition>),
    /// They are others' already: nothing can be committed for them.
    Lost(Vec<Partition>),
}

/// Where an event was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
}

/// A place in a partition that can be found without knowing its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landmark {
    /// The first record that is there.
    Beginning,
    /// Behind the last one.
    End,
    /// The first record of this time or later, in milliseconds since 1970; the end when all are older.
    Time(u64),
}

/// A channel could not be opened; the caller says so and tries again.
#[derive(Debug, thiserror::Error)]
#[error("cannot open: {0}")]
pub(crate) struct OpenError(pub(crate) String);

/// An event was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// It never will be.
    #[error("the event has {size} bytes, the channel takes {limit}")]
    TooLarge { size: usize, limit: usize },
    /// Not now.
    #[error("the channel cannot store now: {0}")]
    Unavailable(String),
}

/// Reading failed; the caller says so and tries again.
#[derive(Debug, thiserror::Error)]
#[error("cannot read: {0}")]
pub(crate) struct ReadError(pub(crate) String);

/// Progress was not stored; the caller says so and tries again.
#[derive(Debug, thiserror::Error)]
#[error("cannot commit: {0}")]
pub(crate) struct CommitError(pub(crate) String);

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "memory",
            Self::Durable(_) => "durable",
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => "kafka",
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => "kafka sink",
        })
    }
}

// What waits for Kafka has a box of its own: those who wait for another channel must not make room for it.
impl Channel {
    /// Opens the channel, recovering what a crash left. A sink has no partitions that could be read. Where
    /// `subscribers` are is shown to whoever looks from outside, and who moved them there meanwhile is obeyed.
    pub(crate) async fn open(spec: &Spec, subscribers: Subscribers) -> Result<Opened, OpenError> {
        let (channel, partitions) = match spec {
            // Nobody looks from outside.
            Spec::Memory(spec) => Ok(Memory::open(spec)).map(|(c, p)| (Self::Memory(c), p)),
            Spec::Durable(spec) => {
                let (channel, partitions, legacy) = Durable::open(spec).await?;
                let (channel, legacy) = (Self::Durable(channel), Some(legacy));
                return Ok(Opened { channel, partitions, changes: None, legacy });
            }
            #[cfg(feature = "kafka")]
            Spec::Kafka(spec) => {
                let kafka::Opened { channel, partitions, changes } = Kafka::open(spec, subscribers).await?;
                return Ok(Opened { channel: Self::Kafka(channel), partitions, changes, legacy: None });
            }
            #[cfg(feature = "kafka")]
            Spec::KafkaSink(spec) => KafkaSink::open(spec).await.map(|c| (Self::KafkaSink(c), Vec::new())),
            #[cfg(not(feature = "kafka"))]
            Spec::Kafka(_) | Spec::KafkaSink(_) => {
                drop(subscribers);
                Err(OpenError("this hydrant was built without Kafka".into()))
            }
        }?;
        Ok(Opened { channel, partitions, changes: None, legacy: None })
    }

    /// Stores an event; done when it is as durable as the channel says of itself. The partition follows the
    /// event's `partitionkey` (murmur2, as Kafka's clients have it), else any.
    pub(crate) async fn append(&self, event: Event) -> Result<Position, AppendError> {
        match self {
            Self::Memory(channel) => channel.append(event),
            Self::Durable(channel) => channel.append(event).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => Box::pin(channel.append(event)).await,
            #[cfg(feature = "kafka")]
            Self::KafkaSink(sink) => Box::pin(sink.append(event)).await,
        }
    }

    /// The bytes of the largest event that it takes.
    pub(crate) fn event_bytes_max(&self) -> usize {
        match self {
            Self::Memory(channel) => channel.event_bytes_max(),
            Self::Durable(channel) => channel.event_bytes_max(),
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => channel.event_bytes_max(),
            #[cfg(feature = "kafka")]
            Self::KafkaSink(sink) => sink.event_bytes_max(),
        }
    }

    /// Records from `from` on, at least one if there is any, waiting at the end of the partition for the next
    /// one. At most `records_max` and about `bytes_max` bytes. May be dropped while it waits.
    pub(crate) async fn read(
        &self,
        partition: Partition,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        match self {
            Self::Memory(channel) => channel.read(partition, from, records_max, bytes_max).await,
            Self::Durable(channel) => channel.read(partition, from, records_max, bytes_max).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => Box::pin(channel.read(partition, from, records_max, bytes_max)).await,
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => Err(unread()),
        }
    }

    /// Where a landmark lies: a read from there gives what it means.
    pub(crate) async fn locate(&self, partition: Partition, landmark: Landmark) -> Result<Offset, ReadError> {
        match self {
            Self::Memory(channel) => channel.locate(partition, landmark),
            Self::Durable(channel) => channel.locate(partition, landmark).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => Box::pin(channel.locate(partition, landmark)).await,
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => Err(unread()),
        }
    }

    /// Stores how far the subscriptions are, all partitions given or none. What lies below the lowest of them
    /// may then be deleted.
    pub(crate) async fn commit(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        match self {
            Self::Memory(channel) => {
                channel.commit(&progress);
                Ok(())
            }
            Self::Durable(channel) => channel.commit(progress).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => Box::pin(channel.commit(progress)).await,
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => Ok(()),
        }
    }

    /// Begins a life of the channel, in which marks are made. What the one before left has been taken over, and is
    /// stored with it. Nothing where none are made.
    pub(crate) async fn begin(
        &self,
        progress: Vec<(Partition, Progress)>,
    ) -> Result<Option<Life>, CommitError> {
        match self {
            Self::Durable(channel) => channel.begin(progress).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Why nothing goes on in an open channel until the program is started anew, if so.
    pub(crate) fn stopped(&self) -> Option<&str> {
        match self {
            Self::Memory(_) | Self::Durable(_) => None,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => channel.stopped(),
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => None,
        }
    }

    /// Gives partitions up that were asked back, once all that were asked back together are released. Nothing can be
    /// committed for them any more.
    pub(crate) fn release(&self, partitions: Vec<Partition>) {
        match self {
            // Nobody ever asks for theirs.
            Self::Memory(_) | Self::Durable(_) => drop(partitions),
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => channel.release(partitions),
            #[cfg(feature = "kafka")]
            Self::KafkaSink(_) => drop(partitions),
        }
    }

    /// Lets go of this handle; done when all are gone and nothing of the channel is under way any more, so that
    /// it can be opened again.
    pub(crate) async fn close(self) {
        match self {
            Self::Memory(channel) => drop(channel),
            Self::Durable(channel) => channel.close().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(channel) => channel.close().await,
            #[cfg(feature = "kafka")]
            Self::KafkaSink(sink) => drop(sink),
        }
    }
}

/// How many events the durable log in `dir` holds that these subscriptions have not had; none where there is no log.
///
/// # Errors
/// There is one, and it cannot be opened.
pub(crate) async fn left_in(dir: &Path, subscriptions: &[&str]) -> Result<u64, OpenError> {
    durable::left(dir, subscriptions).await
}

impl Spec {
    /// The topic behind it, if there is one.
    pub(crate) fn topic(&self) -> Option<&str> {
        match self {
            Self::Memory(_) | Self::Durable(_) => None,
            Self::Kafka(spec) => Some(&spec.topic),
            Self::KafkaSink(spec) => Some(&spec.topic.topic),
        }
    }

    /// Where that topic is.
    pub(crate) fn brokers(&self) -> &[String] {
        match self {
            Self::Memory(_) | Self::Durable(_) => &[],
            Self::Kafka(spec) => &spec.brokers,
            Self::KafkaSink(spec) => &spec.topic.brokers,
        }
    }
}

#[cfg(feature = "kafka")]
fn unread() -> ReadError {
    ReadError("a sink is only written to".into())
}
