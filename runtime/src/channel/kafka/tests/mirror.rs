//! What others see of our cursors.

use activator::cursor::Cursor;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::*;
use crate::channel::Mirrored;

/// The offset and metadata of a group, as any tool would ask for them.
pub(super) fn seen(node: &KafkaNode, group: &str, topic: &str) -> Option<(u64, String)> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", node.bootstrap()).set("group.id", group);
    let client: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, 0);
    let list = client.committed_offsets(list, PATIENCE).unwrap();
    let element = list.find_partition(topic, 0)?;
    let rdkafka::Offset::Offset(offset) = element.offset() else { return None };
    Some((offset as u64, element.metadata().to_owned()))
}

pub(super) fn mirrored(name: &str) -> Mirrored {
    Mirrored { subscription: format!("trigger/{name}").into(), group: format!("mirror-{name}") }
}

/// What lags is seen to lag, and what does not is not (KEDA#5675: markers of transactions are no lag). It is written
/// when the channel is closed; the rounds before that are the same.
pub(super) async fn each_subscription_is_seen_where_it_is_keda_5675(node: &KafkaNode) {
    let spec = spec(node, "mirrored", 1);
    let (kafka, _) = open_for(&spec, &["slow", "fast", "run-elsewhere"]).await;
    for i in 0..6 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    let elsewhere = mirrored("run-elsewhere").group;
    let foreign = tokio::task::block_in_place(|| joined(node, &elsewhere, "mirrored"));
    let slow = Cursor::from_unfinished([Offset(2), Offset(4)], Offset(6));
    let progress = Progress { position: Offset(6), behind: vec![("trigger/slow".into(), slow)] };
    kafka.commit(vec![(Partition(0), progress)]).await.unwrap();
    kafka.close().await;

    tokio::task::block_in_place(|| {
        let (offset, metadata) = seen(node, "mirror-slow", "mirrored").expect("it was written at the end");
        assert_eq!((offset, metadata.starts_with("h1:")), (2, true), "{metadata}");
        assert_eq!(seen(node, "mirror-fast", "mirrored").map(|(offset, _)| offset), Some(6), "no lag");
        assert_eq!(seen(node, &elsewhere, "mirrored"), None, "a cluster runs it, and its cursor is its own");
        drop(foreign);
    });

    let silent = KafkaSpec { mirror: false, group: "silent".into(), ..spec };
    let (kafka, _) = open_for(&silent, &["unseen"]).await;
    kafka.commit(vec![(Partition(0), at(6))]).await.unwrap();
    kafka.close().await;
    let unseen = tokio::task::block_in_place(|| seen(node, "mirror-unseen", "mirrored"));
    assert_eq!(unseen, None, "it was turned off");
}

/// A member of a group, as a cluster's dispatcher is one. Blocks until it has joined.
pub(super) fn joined(node: &KafkaNode, group: &str, topic: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", node.bootstrap())
        .set("group.id", group)
        .set("enable.auto.commit", "false");
    let member: BaseConsumer = config.create().unwrap();
    member.subscribe(&[topic]).unwrap();
    let begun = std::time::Instant::now();
    while member.assignment().unwrap().count() == 0 {
        assert!(begun.elapsed() < PATIENCE, "it does not join");
        member.poll(Duration::from_millis(100));
    }
    member
}
