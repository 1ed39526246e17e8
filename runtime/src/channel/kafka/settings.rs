//! The settings of our librdkafka clients: what the promises need, then what makes them fast, then the user's.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

use super::options::check_option;
use super::security;
use crate::channel::{KafkaSpec, Mode, OpenError, OptionError};

/// The largest record: the ingress takes events of 1 MiB, and attributes, key and framing come on top.
pub(super) const RECORD_BYTES_MAX: usize = (1024 + 64) * 1024;

/// What a topic of ours takes: Kafka counts the framing of a whole batch too.
pub(super) const TOPIC_BYTES_MAX: usize = (1024 + 128) * 1024;

/// An append is refused after this long, so that who sent the event hears of it while still there.
const APPEND_TIMEOUT_MS: u32 = 10_000;

/// Kafka ends a transaction that is open for so long. Who reads the topic waits behind it, should nobody start us again;
/// it is more than an append may take.
const TRANSACTION_MS: u32 = 30_000;

/// What may wait in the producer while the broker is away; more is refused at once.
const APPEND_QUEUE_KBYTES: u32 = 64 * 1024;

/// How long the broker waits for a record when there is none: idle, that is two requests a second. It delays no
/// record, as the broker answers at once when there is one.
const FETCH_WAIT_MS: u32 = 500;

/// A client asks a broker one thing at a time, so a jump waits for the request under way. Below the tail there
/// always is a record, and nothing is fetched when nobody reads: a short wait costs nothing.
const LOOK_BACK_WAIT_MS: u32 = 10;

/// What is fetched ahead of the reads, all partitions together.
const READ_AHEAD_KBYTES: u32 = 16 * 1024;

/// For topics and their partitions.
pub(super) fn admin(spec: &KafkaSpec) -> Result<ClientConfig, OpenError> {
    with_options(common(spec), spec)
}

/// For reading, and for the cursors. Without `subscribe` it is never a member of the group.
pub(super) fn reader(spec: &KafkaSpec, partitions: u32) -> Result<ClientConfig, OpenError> {
    let mut config = reader_with(spec, partitions, FETCH_WAIT_MS);
    if spec.mode == Mode::Group {
        config
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("heartbeat.interval.ms", HEARTBEAT_MS.to_string())
            .set("max.poll.interval.ms", REJOIN_WITHIN_MS.to_string());
    }
    with_options(config, spec)
}

/// How often a member shows that it lives; so soon the others hear of one that joins or leaves.
const HEARTBEAT_MS: u32 = 250;

/// The group gives the partitions of a member away that was silent for so long; brokers take no less by default.
const SILENT_MS: u32 = 6_000;

/// How long the group waits for a member that is to join anew, and so for its partitions. The wrapper wakes up twice
/// in this time to show that somebody still polls.
const REJOIN_WITHIN_MS: u32 = 60_000;

/// For one commit of another group's offsets.
pub(super) fn mirror(spec: &KafkaSpec, group: &str) -> Result<ClientConfig, OpenError> {
    let mut config = common(spec);
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("session.timeout.ms", SILENT_MS.to_string());
    with_options(config, spec)
}

/// For reading below the tails, now here and now there.
pub(super) fn look_back(spec: &KafkaSpec, partitions: u32) -> Result<ClientConfig, OpenError> {
    with_options(reader_with(spec, partitions, LOOK_BACK_WAIT_MS), spec)
}

/// What is fetched ahead of each partition: with split queues the bound counts for each.
pub(super) fn ahead_kbytes(partitions: u32) -> u32 {
    (READ_AHEAD_KBYTES / partitions.max(1)).clamp(256, 4096)
}

fn reader_with(spec: &KafkaSpec, partitions: u32, wait_ms: u32) -> ClientConfig {
    let ahead_kbytes = ahead_kbytes(partitions);
    let fetch_bytes = ahead_kbytes.min(1024) * 1024;
    let mut config = common(spec);
    config
        .set("group.id", &spec.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        // A record below the begin of the log is gone, which `Lane` finds out and reports.
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", wait_ms.to_string())
        // Its default waits a second once the queue was full.
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.message.max.bytes", fetch_bytes.to_string())
        .set("queued.max.messages.kbytes", ahead_kbytes.to_string())
        // Also bounds how long a commit waits for the group's coordinator.
        .set("session.timeout.ms", SILENT_MS.to_string())
        // Not a member, so nobody waits for our polls; the longest there is keeps the wrapper's wake-ups rare.
        .set("max.poll.interval.ms", "86400000");
    config
}

/// For appending: acknowledged means stored on all replicas in sync, once, in order.
pub(super) fn writer(spec: &KafkaSpec) -> Result<ClientConfig, OpenError> {
    with_options(appends(spec), spec)
}

/// For appending together with cursors. There is one such client of a topic and group: a new one ends what the one
/// before it left open, and fences it.
pub(super) fn transactional(spec: &KafkaSpec) -> Result<ClientConfig, OpenError> {
    let mut config = appends(spec);
    // No topic has a colon in its name.
    config
        .set("transactional.id", format!("hydrant:{}:{}", spec.topic, spec.group))
        .set("transaction.timeout.ms", TRANSACTION_MS.to_string());
    with_options(config, spec)
}

fn appends(spec: &KafkaSpec) -> ClientConfig {
    let mut config = common(spec);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("message.max.bytes", RECORD_BYTES_MAX.to_string())
        .set("message.timeout.ms", APPEND_TIMEOUT_MS.to_string())
        .set("queue.buffering.max.kbytes", APPEND_QUEUE_KBYTES.to_string())
        // As Kafka's Java clients have it: a key is in the same partition whoever appends it.
        .set("partitioner", "murmur2_random");
    config
}

fn common(spec: &KafkaSpec) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", spec.brokers.join(","))
        .set("client.id", "hydrant")
        .set("allow.auto.create.topics", "false")
        // A broker that comes back is found within a second; the default waits up to ten.
        .set("reconnect.backoff.max.ms", "1000")
        // A client that is to connect to its second broker waits for half of this too, so it is no wait at all at a start.
        .set("reconnect.backoff.ms", "20")
        .set("socket.timeout.ms", "10000")
        .set("log.connection.close", "false")
        .set_log_level(RDKafkaLogLevel::Info);
    config
}

fn with_options(mut config: ClientConfig, spec: &KafkaSpec) -> Result<ClientConfig, OpenError> {
    security::secure(&mut config, &spec.security)?;
    for (key, value) in &spec.options {
        check_option(key, value).map_err(|error| refused(key, value, &error))?;
        config.set(key, value);
    }
    // Also what does not go together is told before any client exists.
    config.create_native_config().map_err(|error| invalid(&error))?;
    Ok(config)
}

fn refused(key: &str, value: &str, error: &OptionError) -> OpenError {
    OpenError(match error {
        OptionError::Ours => format!("the Kafka option `{key}` is set by hydrant itself: remove it"),
        OptionError::Secret => format!("the Kafka option `{key}` is a secret: use `[kafka] sasl`"),
        OptionError::Unknown => {
            format!("the Kafka option `{key} = {value}` is refused: there is no such option")
        }
        OptionError::Value(why) => format!("the Kafka option `{key} = {value}` is refused: {why}"),
    })
}

/// Says nothing of the value: it may be a secret.
fn invalid(error: &KafkaError) -> OpenError {
    OpenError(match error {
        KafkaError::ClientConfig(_, why, key, _) => format!("the Kafka setting `{key}` is refused: {why}"),
        other => format!("the Kafka settings are refused: {other}"),
    })
}
