//! What a Kafka channel is made of, as the configuration says it. It knows no Kafka library: a build without one reads
//! the same configuration.

use super::Retention;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KafkaSpec {
    /// `host:port` of one or more brokers.
    pub(crate) brokers: Vec<String>,
    pub(crate) topic: String,
    /// The consumer group whose committed offsets and metadata are the cursor store.
    pub(crate) group: String,
    /// Created with this many partitions when it does not exist; nothing = it must exist (a source's topic).
    pub(crate) create: Option<CreateTopic>,
    /// Where reading begins when nothing was ever committed.
    pub(crate) start: Start,
    /// `source` of events made from records that are no CloudEvents.
    pub(crate) event_source: String,
    /// Whether this runtime is the only one.
    pub(crate) mode: Mode,
    /// Further librdkafka settings, as the user wrote them.
    pub(crate) options: Vec<(String, String)>,
}

/// Who reads a topic for a consumer group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One runtime alone: all partitions are its own, at once and for good.
    Own,
    /// All runtimes that say so: the group shares the partitions out among them.
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CreateTopic {
    pub(crate) partitions: u32,
    pub(crate) replication: u32,
    pub(crate) retention: Retention,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Earliest,
    Latest,
}
