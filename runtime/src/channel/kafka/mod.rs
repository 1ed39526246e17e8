//! A channel kept in a Kafka topic; its cursors are committed offsets of a consumer group. Only this module knows
//! rdkafka.
//!
//! One runtime alone reads a topic here: partitions are assigned, not balanced, and commits are not fenced. Clients:
//! a reader for the tails and the cursors (`reader`), a second one for what lies below a tail, made when first needed
//! (`partition` has the rule), and a producer (`producer`). Nothing here calls librdkafka's blocking half on the loop.

mod bare;
mod headers;
mod lane;
mod locate;
mod log;
mod open;
mod partition;
mod producer;
mod progress;
mod reader;
mod record;
mod settings;
mod sink;
mod stream;
mod taken;

#[cfg(test)]
mod tests;

pub(crate) use bare::BareConsumer;
pub(crate) use sink::KafkaSink;

use std::sync::Arc;
use std::time::Duration;

use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use tokio::sync::{Mutex, OnceCell};

use self::lane::Lane;
use self::open::Topic;
use self::producer::Producer;
use self::progress::METADATA_CHARS_MAX;
use self::reader::{ASK_TIMEOUT, Client, Reader};
use self::taken::Want;
use super::{AppendError, CommitError, ContentMode, KafkaSpec, OpenError, Position, ReadError};

/// How long a commit may take, and how long it may wait for the one before it.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// An open topic. A cheap handle.
#[derive(Clone)]
pub(crate) struct Kafka(Arc<Shared>);

struct Shared {
    spec: KafkaSpec,
    topic: Topic,
    /// Nothing once the last handle is gone.
    clients: Option<Clients>,
    /// Commits go one after the other: a slow one must not overtake the next and set the cursors back.
    commit_turn: Arc<Mutex<()>>,
}

struct Clients {
    /// In the order of their numbers, which Kafka counts from 0.
    partitions: Vec<partition::Partition>,
    reader: Reader,
    look_back: OnceCell<Reader>,
    producer: OnceCell<Producer>,
}

impl Kafka {
    /// Finds the cluster and the topic, which is created if that is wanted, and what was committed.
    pub(crate) async fn open(spec: &KafkaSpec) -> Result<(Self, Vec<OpenedPartition>), OpenError> {
        let spec = spec.clone();
        let opening = tokio::task::spawn_blocking(move || open_blocking(spec));
        opening.await.map_err(|error| OpenError(error.to_string()))?
    }

    /// Done when Kafka has acknowledged the event from all replicas in sync.
    pub(crate) async fn append(&self, event: Event) -> Result<Position, AppendError> {
        let make = async || self.0.start_producer();
        let producer = self.clients().producer.get_or_try_init(make).await;
        let producer = producer.map_err(|error| AppendError::Unavailable(error.to_string()))?;
        producer.append(&event).await
    }

    pub(crate) async fn read(
        &self,
        partition: Partition,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        let Some(lanes) = self.clients().partitions.get(partition.0 as usize) else {
            return Err(self.0.no_partition(partition));
        };
        let want = Want { from, records_max, bytes_max, until: None };
        lanes.read(want, async || self.look_back(partition).await).await
    }

    /// One request for all partitions given. The offset is the lowest one needed, the rest is its metadata.
    pub(crate) async fn commit(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        if progress.is_empty() {
            return Ok(());
        }
        let list = offsets(&self.0.spec.topic, &progress).map_err(|e| uncommitted(&e))?;
        let turn = Arc::clone(&self.0.commit_turn).lock_owned();
        let Ok(turn) = tokio::time::timeout(COMMIT_TIMEOUT, turn).await else {
            return Err(CommitError("the commit before is still under way".into()));
        };
        let client = Arc::clone(&self.clients().reader.client);
        let committing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            commit_blocking(&client, &list)
        });
        match tokio::time::timeout(COMMIT_TIMEOUT, committing).await {
            Ok(Ok(committed)) => committed,
            Ok(Err(error)) => Err(CommitError(error.to_string())),
            Err(_) => Err(CommitError("Kafka did not answer in time".into())),
        }
    }

    async fn look_back(&self, partition: Partition) -> Result<Lane, ReadError> {
        let make = async || {
            let config =
                settings::look_back(&self.0.spec, self.clients().partitions.len()).map_err(|e| e.0)?;
            Reader::start(&config, &self.0.spec.topic).map_err(|error| error.to_string())
        };
        let reader = self.clients().look_back.get_or_try_init(make).await.map_err(ReadError)?;
        let lane = Lane::new(reader, partition.0, &self.0.spec.event_source);
        lane.ok_or_else(|| self.0.no_partition(partition))
    }

    fn clients(&self) -> &Clients {
        self.0.clients.as_ref().expect("taken only when the last handle is dropped")
    }
}

fn open_blocking(spec: KafkaSpec) -> Result<(Kafka, Vec<OpenedPartition>), OpenError> {
    let topic = open::topic(&spec)?;
    let count = topic.partitions;
    let start = |error| open::failed("start a Kafka client", &error);
    let reader = Reader::start(&settings::reader(&spec, count as usize)?, &spec.topic).map_err(start)?;
    settings::writer(&spec)?;
    let opened = open::partitions(&reader, &spec, count)?;
    let pins = open::to_pin(&spec, &opened);
    if !pins.is_empty() {
        let list = offsets(&spec.topic, &pins).map_err(|e| open::failed("pin the begin", &e))?;
        commit_blocking(&reader.client, &list).map_err(|error| OpenError(error.to_string()))?;
    }
    let lanes = (0..count).map(|number| Lane::new(&reader, number, &spec.event_source));
    let partitions: Option<Vec<_>> = lanes.map(|lane| lane.map(partition::Partition::new)).collect();
    let shared = Shared {
        clients: Some(Clients {
            partitions: partitions
                .ok_or_else(|| OpenError("librdkafka has no queue for a partition".into()))?,
            reader,
            look_back: OnceCell::new(),
            producer: OnceCell::new(),
        }),
        topic,
        spec,
        commit_turn: Arc::default(),
    };
    // A topic that is created is one that is appended to: an idempotent producer takes half a second to start.
    if shared.spec.create.is_some() {
        shared.warm_producer()?;
    }
    Ok((Kafka(Arc::new(shared)), opened))
}

impl Shared {
    fn start_producer(&self) -> Result<Producer, KafkaError> {
        let config = settings::writer(&self.spec).map_err(|error| KafkaError::ClientCreation(error.0))?;
        Producer::start(&config, &self.spec.topic, self.topic.record_bytes_max, ContentMode::Binary)
    }

    fn warm_producer(&self) -> Result<(), OpenError> {
        let start = |error| open::failed("start a Kafka producer", &error);
        let producer = self.start_producer().map_err(start)?;
        producer.warm_up(ASK_TIMEOUT).map_err(start)?;
        if let Some(clients) = &self.clients {
            let _is_first = clients.producer.set(producer);
        }
        Ok(())
    }

    fn no_partition(&self, partition: Partition) -> ReadError {
        ReadError(format!("the topic `{}` has no partition {partition}", self.spec.topic))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        reader::let_go(self.clients.take());
    }
}

fn offsets(topic: &str, progress: &[(Partition, Progress)]) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(progress.len());
    for (partition, progress) in progress {
        let mut element = list.add_partition(topic, i32::try_from(partition.0).unwrap_or(i32::MAX));
        element.set_offset(rdkafka::Offset::Offset(i64::try_from(progress.low().0).unwrap_or(i64::MAX)))?;
        element.set_metadata(progress::encode(progress, METADATA_CHARS_MAX));
    }
    Ok(list)
}

fn commit_blocking(client: &Client, list: &TopicPartitionList) -> Result<(), CommitError> {
    client.commit(list, CommitMode::Sync).map_err(|e| uncommitted(&e))
}

fn uncommitted(error: &KafkaError) -> CommitError {
    use rdkafka::error::RDKafkaErrorCode::UnknownMemberId;
    CommitError(match error.rdkafka_error_code() {
        Some(UnknownMemberId) => "another program is a member of the group and owns its offsets".into(),
        _ => error.to_string(),
    })
}
