//! Offsets of a group without members expire, on a Kafka that keeps them for a minute.

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};

use super::*;

/// It takes a little more than that minute.
const EXPIRED_WITHIN: Duration = Duration::from_secs(240);

fn consumer(node: &KafkaNode, group: &str) -> BaseConsumer {
    ClientConfig::new().set("bootstrap.servers", node.bootstrap()).set("group.id", group).create().unwrap()
}

fn committed(node: &KafkaNode, group: &str) -> rdkafka::Offset {
    let mut list = TopicPartitionList::new();
    list.add_partition("kept", 0);
    let list = consumer(node, group).committed_offsets(list, PATIENCE).unwrap();
    list.find_partition("kept", 0).unwrap().offset()
}

/// components-contrib#3234: a group at zero comes back, and its offsets have vanished.
#[tokio::test(flavor = "multi_thread")]
async fn cursors_outlive_the_time_offsets_are_kept_contrib_3234() {
    let settings = ["offsets.retention.minutes=1", "offsets.retention.check.interval.ms=1000"];
    let node = match KafkaNode::start_new(&settings) {
        Ok(node) => node,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let (kafka, _) = open(&spec(&node, "kept", 1)).await;
    kafka.append(event("1", "")).await.unwrap();
    kafka.commit(vec![(Partition(0), at(1))]).await.unwrap();
    tokio::task::block_in_place(|| {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("kept", 0, rdkafka::Offset::Offset(1)).unwrap();
        consumer(&node, "nobody-renews").commit(&list, CommitMode::Sync).unwrap();
        let begun = std::time::Instant::now();
        while committed(&node, "nobody-renews") != rdkafka::Offset::Invalid {
            assert!(begun.elapsed() < EXPIRED_WITHIN, "this Kafka keeps offsets for longer");
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    kafka.close().await;
    let (_kafka, opened) = open(&spec(&node, "kept", 1)).await;
    assert_eq!(opened[0].committed, Some(at(1)), "it was written anew while it was unchanged");
}
