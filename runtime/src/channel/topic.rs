//! What a Kafka channel is made of, as the configuration says it. It knows no Kafka library: a build without one reads
//! the same configuration.

use std::path::PathBuf;
use std::sync::Arc;

use activator::event::kafka::KeyType;
use tokio::sync::watch;

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
    /// How records become events.
    pub(crate) records: Records,
    /// Whether this runtime is the only one.
    pub(crate) mode: Mode,
    /// Whether what comes of an event, and that it is done, are stored in one transaction; only for `Mode::Own`.
    pub(crate) transactions: bool,
    /// Whether each subscription's offset is shown as that of a group of its own.
    pub(crate) mirror: bool,
    /// The folder that keeps in mind whose cursors were stored; nothing where nothing is kept.
    pub(crate) marks: Option<PathBuf>,
    pub(crate) security: Security,
    /// Further librdkafka settings, as the user wrote them.
    pub(crate) options: Vec<(String, String)>,
}

/// A subscription whose offset is shown, and the group that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirrored {
    pub(crate) subscription: Arc<str>,
    pub(crate) group: String,
}

/// The subscriptions that are shown, as they come and go.
pub(crate) type Subscribers = watch::Receiver<Vec<Mirrored>>;

/// Who shows nothing to anybody.
pub(crate) fn no_subscribers() -> Subscribers {
    watch::channel(Vec::new()).1
}

/// How records become events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    /// `source` of events made from records that are no CloudEvents.
    pub(crate) source: String,
    /// What the keys of such records are.
    pub(crate) key: KeyType,
    /// Attributes that every event gets, also one that has them.
    pub(crate) extensions: Vec<(String, String)>,
}

/// How to reach a cluster that is not open to all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Security {
    pub(crate) tls: Option<Tls>,
    pub(crate) sasl: Option<Sasl>,
}

/// Files in PEM form, absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Whom to trust; nothing = those the system trusts.
    pub(crate) ca: Option<PathBuf>,
    /// Who we are, when the cluster asks: a certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sasl {
    pub(crate) mechanism: Mechanism,
    pub(crate) user: String,
    pub(crate) password: Password,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

/// Where the password is; it is read when a client starts, and kept nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    File(PathBuf),
    Env(String),
}

/// What may be wrong with a further setting.
#[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "only the library knows"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OptionError {
    /// hydrant itself sets it.
    Ours,
    /// It holds a secret, and has a place of its own.
    Secret,
    Unknown,
    /// Its value is not allowed, and why.
    Value(String),
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
    /// With the first record of this time or later, in milliseconds since 1970.
    Time(u64),
}

/// A topic that is only written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SinkSpec {
    /// What is said there of reading means nothing here.
    pub(crate) topic: KafkaSpec,
    pub(crate) content: ContentMode,
}

/// Where in a record the attributes of an event are; the CloudEvents bindings' own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentMode {
    /// In its headers, and its value is the data.
    Binary,
    /// In its value, beside the data.
    Structured,
}
