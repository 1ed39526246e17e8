//! Topics that are only written to: what a reader of any make finds there.

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, OwnedMessage};

use super::*;
use crate::channel::SinkSpec;

pub(super) async fn a_sink_writes_records_in_the_mode_it_says(node: &KafkaNode) {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/test"), ("type", "t"), ("partitionkey", "k")] {
        builder.attribute(name, value).unwrap();
    }
    builder.attribute("datacontenttype", "application/json").unwrap();
    let event = builder.build(Bytes::from("{\"a\":1}")).unwrap();
    let written = async |topic: &str, content| {
        let sink = open(node, topic, content).await;
        sink.append(event.clone()).await.unwrap();
        tokio::task::block_in_place(|| first_record(node, topic))
    };

    let record = written("sink-structured", ContentMode::Structured).await;
    assert_eq!(header(&record, "content-type"), Some("application/cloudevents+json"));
    assert_eq!((header(&record, "ce_id"), record.key()), (None, Some(&b"k"[..])));
    let value: serde_json::Value = serde_json::from_slice(record.payload().unwrap()).unwrap();
    assert_eq!((&value["id"], &value["data"]["a"]), (&"1".into(), &1.into()));

    let record = written("sink-binary", ContentMode::Binary).await;
    assert_eq!(header(&record, "content-type"), Some("application/json"));
    assert_eq!((header(&record, "ce_id"), record.key()), (Some("1"), Some(&b"k"[..])));
    assert_eq!(record.payload(), Some(&b"{\"a\":1}"[..]));

    let sink = open(node, "sink-keyed", ContentMode::Binary).await;
    sink.append_keyed(&event, Some(b"o-1")).await.unwrap();
    let record = tokio::task::block_in_place(|| first_record(node, "sink-keyed"));
    assert_eq!((header(&record, "ce_partitionkey"), record.key()), (Some("k"), Some(&b"o-1"[..])));
}

/// Data that JSON cannot hold is a third larger in it.
pub(super) async fn an_event_that_is_too_large_as_json_is_refused_for_good(node: &KafkaNode) {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/test"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    let event = builder.build(Bytes::from(vec![0xff; 1024 * 1024])).unwrap();
    open(node, "sink-large", ContentMode::Binary).await.append(event.clone()).await.unwrap();
    let refused = open(node, "sink-large", ContentMode::Structured).await.append(event).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
}

async fn open(node: &KafkaNode, topic: &str, content: ContentMode) -> KafkaSink {
    KafkaSink::open(&SinkSpec { topic: spec(node, topic, 1), content }).await.expect("Kafka runs")
}

/// Reads as a stranger would.
fn first_record(node: &KafkaNode, topic: &str) -> OwnedMessage {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", node.bootstrap()).set("group.id", "stranger");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, rdkafka::Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    consumer.poll(PATIENCE).expect("a record is there").unwrap().detach()
}

fn header<'r>(record: &'r OwnedMessage, name: &str) -> Option<&'r str> {
    let found = record.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(found.value?).ok()
}
