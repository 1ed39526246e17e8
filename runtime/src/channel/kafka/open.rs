//! Opening: is the cluster there, is the topic, and what was committed.

use std::sync::Arc;
use std::time::Duration;

use activator::id::{Offset, Partition};
use activator::input::{OpenedPartition, Progress};
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataBroker;
use rdkafka::types::RDKafkaRespErr;
use tokio::runtime::Handle;

use super::limits::Asked;
use super::locate;
use super::log::Log;
use super::progress;
use super::reader::{self, ASK_TIMEOUT};
use super::seen::Seen;
use super::settings::{self, TOPIC_BYTES_MAX};
use crate::channel::{CreateTopic, KafkaSpec, OpenError, Retention, Start};

/// A topic just made is known to all brokers a little later.
const CREATED_WITHIN: Duration = Duration::from_secs(5);
const CREATED_LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A topic that is there.
pub(super) struct Topic {
    pub(super) partitions: u32,
    pub(super) asked: Asked,
}

/// What the cluster says of a topic.
struct Found {
    /// 0 = there is no such topic.
    partitions: u32,
    /// One of the cluster's brokers.
    broker: Option<i32>,
}

/// For topics and their settings. To be let go of on a thread of its own, as it looks only now and then whether it is to
/// end.
pub(super) fn admin(spec: &KafkaSpec) -> Result<AdminClient<Log>, OpenError> {
    let admin = settings::admin(spec)?.create_with_context(Log::new(&spec.topic));
    admin.map_err(|error| failed("start a Kafka client", &error))
}

/// Finds the topic with this client, or makes it. Blocks.
pub(super) fn topic(spec: &Arc<KafkaSpec>, client: &Client<impl ClientContext>) -> Result<Topic, OpenError> {
    let Found { partitions, broker } = find(client, spec)?;
    let partitions = match (partitions, spec.create) {
        (0, None) => return Err(OpenError(format!("the topic `{}` does not exist", spec.topic))),
        (0, Some(create)) => create_topic(client, spec, create)?,
        (partitions, _) => partitions,
    };
    Ok(Topic { partitions, asked: Asked::new(spec, broker) })
}

/// The same with a client of its own. Blocks.
pub(super) fn topic_alone(spec: &Arc<KafkaSpec>) -> Result<Topic, OpenError> {
    let admin = admin(spec)?;
    let topic = topic(spec, admin.inner());
    reader::let_go(move || drop(admin));
    topic
}

fn find(client: &Client<impl ClientContext>, spec: &KafkaSpec) -> Result<Found, OpenError> {
    let brokers = spec.brokers.join(",");
    let metadata = client
        .fetch_metadata(Some(&spec.topic), ASK_TIMEOUT)
        .map_err(|error| failed(&format!("reach Kafka at {brokers}"), &error))?;
    let broker = metadata.brokers().first().map(MetadataBroker::id);
    let Some(topic) = metadata.topics().first() else {
        return Ok(Found { partitions: 0, broker });
    };
    let partitions = match topic.error() {
        None => u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX),
        Some(
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
            | RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        ) => 0,
        Some(error) => {
            let reason = RDKafkaErrorCode::from(error);
            return Err(OpenError(format!("the topic `{}` cannot be used: {reason}", spec.topic)));
        }
    };
    Ok(Found { partitions, broker })
}

fn create_topic(
    client: &Client<impl ClientContext>,
    spec: &KafkaSpec,
    create: CreateTopic,
) -> Result<u32, OpenError> {
    let (name, admin) = (&spec.topic, admin(spec)?);
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let bytes_max = TOPIC_BYTES_MAX.to_string();
    let replication = TopicReplication::Fixed(number(create.replication));
    let (kept_bytes, kept_ms) = retention(&create);
    let topic = NewTopic::new(name, number(create.partitions), replication)
        .set("max.message.bytes", &bytes_max)
        .set("retention.bytes", &kept_bytes)
        .set("retention.ms", &kept_ms);
    let options = AdminOptions::new().operation_timeout(Some(ASK_TIMEOUT)).request_timeout(Some(ASK_TIMEOUT));
    let created = Handle::current()
        .block_on(admin.create_topics([&topic], &options))
        .map_err(|error| failed(&format!("create the topic `{name}`"), &error));
    reader::let_go(move || drop(admin));
    match created?.into_iter().next() {
        // Somebody was faster, which is as good.
        Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => {}
        Some(Err((_, reason))) => {
            return Err(OpenError(format!("cannot create the topic `{name}`: {reason}")));
        }
    }
    let looks = CREATED_WITHIN.as_millis() / CREATED_LOOK_AGAIN.as_millis();
    for _ in 0..looks {
        let Found { partitions, .. } = find(client, spec)?;
        if partitions > 0 {
            tracing::info!(topic = %name, partitions, "topic created");
            return Ok(partitions);
        }
        std::thread::sleep(CREATED_LOOK_AGAIN);
    }
    Err(OpenError(format!("the topic `{name}` was created, and is not there yet")))
}

/// `retention.bytes`, which Kafka counts for each partition, and `retention.ms`; -1 is no cap.
fn retention(create: &CreateTopic) -> (String, String) {
    let none = || "-1".to_owned();
    let share = |bytes: u64| (bytes / u64::from(create.partitions.max(1))).max(1).to_string();
    let Retention { bytes, age } = create.retention;
    (bytes.map_or_else(none, share), age.map_or_else(none, |age| age.as_millis().to_string()))
}

/// Where reading a partition begins.
pub(super) struct Begin {
    pub(super) opened: OpenedPartition,
    /// Where the log begins and ends now.
    pub(super) bounds: (Offset, Offset),
    /// Who committed, where that is said.
    pub(super) writer: Option<Arc<str>>,
}

impl Begin {
    pub(super) const fn end(&self) -> Offset {
        self.bounds.1
    }

    /// The first offset that anybody still needs.
    pub(super) fn low(&self) -> Offset {
        self.opened.committed.as_ref().map_or(self.opened.begin, Progress::low)
    }
}

/// These partitions with what the group committed; `seen` knows where it once did. Blocks.
pub(super) fn partitions(
    client: &reader::Client,
    spec: &KafkaSpec,
    numbers: &[u32],
    seen: &Seen,
) -> Result<Vec<Begin>, OpenError> {
    let (committed, bounds) = std::thread::scope(|scope| {
        // Two brokers answer, so they are asked at a time.
        let bounds = scope.spawn(|| reader::all_bounds(client, &spec.topic, numbers));
        (reader::committed(client, &spec.topic, numbers, ASK_TIMEOUT), bounds.join())
    });
    let committed =
        committed.map_err(|error| failed(&format!("read the offsets of group `{}`", spec.group), &error))?;
    let bounds = bounds
        .unwrap_or(Err(KafkaError::Canceled))
        .map_err(|error| failed("read where the topic begins and ends", &error))?;
    let elements = committed.elements();
    let (mut partitions, mut vanished) = (Vec::with_capacity(elements.len()), Vec::new());
    for element in &elements {
        element.error().map_err(|error| failed("read committed offsets", &error))?;
        let bounds = bounds.get(&element.partition()).copied().unwrap_or_default();
        let committed = match element.offset() {
            rdkafka::Offset::Offset(offset) => {
                u64::try_from(offset).ok().map(|offset| progress::decode(Offset(offset), element.metadata()))
            }
            _ => None,
        };
        let partition = u32::try_from(element.partition()).unwrap_or_default();
        let start = match spec.start {
            _ if committed.is_some() => Start::Earliest,
            // It is no newcomer, and nobody knows how far it was.
            Start::Latest if seen.was_stored(partition) => Start::Earliest,
            start => start,
        };
        if committed.is_none() && seen.was_stored(partition) {
            vanished.push(partition);
        }
        let begin = match start {
            Start::Earliest => bounds.0,
            Start::Latest => bounds.1,
            Start::Time(time) => {
                let since = locate::first_since(client, &spec.topic, element.partition(), time)
                    .map_err(|error| failed("find the records since `start`", &error))?;
                // All records are older.
                since.unwrap_or(bounds.1)
            }
        };
        partitions.push(Begin {
            opened: opened(Partition(partition), bounds, committed, begin, spec),
            bounds,
            writer: progress::writer(element.metadata()).map(Arc::from),
        });
    }
    if !vanished.is_empty() {
        tell_vanished(spec, &vanished);
    }
    Ok(partitions)
}

fn tell_vanished(spec: &KafkaSpec, partitions: &[u32]) {
    let KafkaSpec { topic, group, .. } = spec;
    tracing::warn!(
        %topic, group, ?partitions,
        "Kafka has lost the cursors of this group: they expired while hydrant was down (offsets.retention.minutes), or \
         the group or the topic was deleted. All that is still there is delivered again, but to triggers whose own \
         groups say where they were; to begin elsewhere, stop hydrant and set the offsets of this group"
    );
}

/// Progress beyond the end belongs to a topic of the same name that is no more, or to records a cluster lost: what
/// lies there now was read by nobody.
fn opened(
    partition: Partition,
    (low, high): (Offset, Offset),
    committed: Option<Progress>,
    begin: Offset,
    spec: &KafkaSpec,
) -> OpenedPartition {
    let (begin, committed) = match committed {
        Some(progress) if progress.low() > high => {
            let committed = progress.low();
            tracing::warn!(
                topic = %spec.topic, group = %spec.group, %partition, %committed, end = %high,
                "the topic ends before the committed offset: was it made anew? reading it from its begin"
            );
            (low, None)
        }
        Some(progress) if progress.position > high => (begin, Some(at(progress.low()))),
        committed => (begin, committed),
    };
    OpenedPartition { partition, begin, committed }
}

/// Where a channel that begins at the end begins, as nothing was committed yet.
pub(super) fn to_pin(spec: &KafkaSpec, partitions: &[Begin]) -> Vec<(Partition, Progress)> {
    match spec.start {
        Start::Earliest => Vec::new(),
        Start::Latest | Start::Time(_) => partitions
            .iter()
            .map(|begin| &begin.opened)
            .filter(|opened| opened.committed.is_none())
            .map(|opened| (opened.partition, at(opened.begin)))
            .collect(),
    }
}

fn at(position: Offset) -> Progress {
    Progress { position, behind: Vec::new() }
}

pub(super) fn failed(what: &str, error: &KafkaError) -> OpenError {
    OpenError(format!("failed to {what}: {error}"))
}
