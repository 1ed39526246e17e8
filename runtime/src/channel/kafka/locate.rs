//! Where in a partition a landmark lies, as the cluster knows it.

use activator::id::{Offset, Partition};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;

use super::Kafka;
use super::reader::{self, ASK_TIMEOUT, Client};
use crate::channel::{Landmark, ReadError};

impl Kafka {
    /// The end is the last stable offset: nothing below it is still open in a transaction.
    pub(crate) async fn locate(&self, partition: Partition, landmark: Landmark) -> Result<Offset, ReadError> {
        if self.clients().partitions.get(partition.0 as usize).is_none() {
            return Err(self.0.no_partition(partition));
        }
        let client = self.clients().reader.client.clone();
        let topic = self.0.spec.topic.clone();
        let number = i32::try_from(partition.0).unwrap_or(i32::MAX);
        let asked = tokio::task::spawn_blocking(move || locate(&client, &topic, number, landmark));
        let answer = asked.await.map_err(|error| ReadError(error.to_string()))?;
        answer.map_err(|error| ReadError(format!("failed to find a place in partition {partition}: {error}")))
    }
}

fn locate(client: &Client, topic: &str, partition: i32, landmark: Landmark) -> Result<Offset, KafkaError> {
    let bounds = || reader::bounds(client, topic, partition);
    match landmark {
        Landmark::Beginning => Ok(Offset(bounds()?.0)),
        Landmark::End => Ok(Offset(bounds()?.1)),
        Landmark::Time(time) => match first_since(client, topic, partition, time)? {
            Some(offset) => Ok(offset),
            None => Ok(Offset(bounds()?.1)),
        },
    }
}

/// Nothing when all records are older.
pub(super) fn first_since(
    client: &Client,
    topic: &str,
    partition: i32,
    time: u64,
) -> Result<Option<Offset>, KafkaError> {
    let mut times = TopicPartitionList::with_capacity(1);
    // A time is asked for where an offset is answered.
    let time = rdkafka::Offset::Offset(i64::try_from(time).unwrap_or(i64::MAX));
    times.add_partition_offset(topic, partition, time)?;
    let found = client.offsets_for_times(times, ASK_TIMEOUT)?;
    let Some(element) = found.find_partition(topic, partition) else {
        return Ok(None);
    };
    element.error()?;
    Ok(match element.offset() {
        rdkafka::Offset::Offset(offset) => u64::try_from(offset).ok().map(Offset),
        _ => None,
    })
}
