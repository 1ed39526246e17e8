//! One partition as librdkafka streams it to one client. It knows no reads: `lane` says where the stream stands.

use std::sync::Arc;

use activator::id::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{Consumer as _, MessageStream};
use rdkafka::error::KafkaError;

use super::context::Context;
use super::reader::{self, ASK_TIMEOUT, Client, Reader};

/// The records of one partition, from where it was last told to.
pub(super) struct Stream {
    client: Arc<Client>,
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    queue: StreamPartitionQueue<Context>,
    fetching: Fetching,
    /// Whether a group decides what is fetched.
    is_shared: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetching {
    /// The partition was never read.
    Never,
    Yes,
    Paused,
}

impl Stream {
    /// Nothing is fetched until the first seek.
    pub(super) fn new(reader: &Reader, partition: u32, is_shared: bool) -> Option<Self> {
        let partition = i32::try_from(partition).ok()?;
        // Split before it is ever assigned: librdkafka then leaves the queue alone for good.
        let queue = reader.client.split_partition_queue(&reader.topic, partition)?;
        let (client, topic) = (Arc::clone(&reader.client), Arc::clone(&reader.topic));
        Some(Self { client, topic, partition, queue, fetching: Fetching::Never, is_shared })
    }

    /// What came and comes. May be dropped and asked for again.
    pub(super) fn records(&self) -> MessageStream<'_, Context> {
        self.queue.stream()
    }

    /// Where the partition begins and ends. Blocks.
    pub(super) fn bounds(&self) -> Result<(Offset, Offset), KafkaError> {
        let (low, high) = reader::bounds(&self.client, &self.topic, self.partition)?;
        Ok((Offset(low), Offset(high)))
    }

    /// Fetches from `to` on. Blocks.
    pub(super) fn seek(&mut self, to: Offset) -> Result<(), KafkaError> {
        // Offsets come from Kafka, where they are signed; the others are refused when they are compared.
        let to = rdkafka::Offset::Offset(i64::try_from(to.0).unwrap_or(i64::MAX));
        if self.fetching == Fetching::Never {
            if self.is_shared {
                return Err(KafkaError::Seek("the partition is not assigned".into()));
            }
            self.client.incremental_assign(&self.list(to)?)?;
        } else {
            // Records of the old place that are still queued are dropped by librdkafka.
            self.client.seek(&self.topic, self.partition, to, ASK_TIMEOUT)?;
        }
        if self.fetching == Fetching::Paused {
            self.client.resume(&self.list(to)?)?;
            // Having nothing to fetch, librdkafka's thread for the broker looks up once a second, or when there
            // is a request to send.
            let _only_to_wake_it = self.bounds();
        }
        self.fetching = Fetching::Yes;
        Ok(())
    }

    /// The group assigned it, and it is fetched already. What is left of an earlier turn is dropped by librdkafka.
    pub(super) const fn assigned(&mut self) {
        self.fetching = Fetching::Yes;
    }

    /// Stops fetching ahead until the next seek. Blocks.
    pub(super) fn pause(&mut self) -> Result<(), KafkaError> {
        self.client.pause(&self.list(rdkafka::Offset::Invalid)?)?;
        self.fetching = Fetching::Paused;
        Ok(())
    }

    fn list(&self, offset: rdkafka::Offset) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, self.partition, offset)?;
        Ok(list)
    }
}
