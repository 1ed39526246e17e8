//! A consumer and nothing else: the floor that our channel is measured against.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a topic from its begin, with the settings that matter for speed as ours.
pub(crate) struct BareConsumer(StreamConsumer);

impl BareConsumer {
    pub(crate) async fn start(brokers: &str, topic: &str) -> anyhow::Result<Self> {
        let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
        tokio::task::spawn_blocking(move || Self::start_blocking(&brokers, &topic)).await?
    }

    fn start_blocking(brokers: &str, topic: &str) -> anyhow::Result<Self> {
        let client: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "hydrant-bench")
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "5")
            .create()?;
        let metadata = client.fetch_metadata(Some(topic), ASK_TIMEOUT)?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::try_from(partitions)? {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        client.assign(&list)?;
        Ok(Self(client))
    }

    /// The data of the next record.
    pub(crate) async fn next(&self) -> anyhow::Result<Bytes> {
        let message = self.0.recv().await?;
        Ok(Bytes::copy_from_slice(message.payload().unwrap_or_default()))
    }
}
