//! Single records: foreign ones, and those that are too large.

use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;

use super::*;

pub(super) async fn records_that_are_no_cloudevents_are_events_about_them(node: &KafkaNode) {
    let spec = spec(node, "foreign", 1);
    let (kafka, _) = open(&spec).await;
    let foreign = foreign_producer(node, &[]);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "ce_id", value: Some(&b"\xff\xfe"[..]) })
        .insert(Header { key: "X-Null", value: None::<&[u8]> });
    let records = [
        FutureRecord::to("foreign").key("k").payload("plain"),
        FutureRecord::<str, str>::to("foreign").key("tombstone"),
        FutureRecord::to("foreign").key("k").payload("broken").headers(headers),
    ];
    for record in records {
        foreign.send(record, PATIENCE).await.map_err(|(error, _)| error).unwrap();
    }
    kafka.append(event("after", "")).await.unwrap();

    let events = read_events(&kafka, Partition(0), 0, 4).await;
    for (offset, event) in events[..3].iter().enumerate() {
        assert_eq!(event.ty(), "dev.knative.kafka.event");
        assert_eq!(event.source(), spec.records.source);
        assert_eq!(event.id(), format!("partition:0/offset:{offset}"));
        assert!(event.get("time").is_some_and(|time| time.ends_with('Z')), "{event:?}");
    }
    assert_eq!(events[0].data(), &Bytes::from("plain"));
    assert!(events[1].data().is_empty());
    assert!(events[2].get("hydranterror").is_some(), "{:?}", events[2]);
    assert_eq!(events[3].id(), "after");
}

/// The library for Kafka takes every header name for text, and panics on one that is not: one such record, and each
/// restart ended at it again.
pub(super) async fn header_names_that_are_no_text_stop_nothing(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "names", 1)).await;
    let produce = |headers: &[raw::Header<'_>], value: &[u8]| {
        tokio::task::block_in_place(|| raw::produce(&node.bootstrap(), "names", headers, value));
    };
    let event: [raw::Header<'_>; 4] = [
        (b"ce_specversion", Some(b"1.0")),
        (b"ce_id", Some(b"sent")),
        (b"ce_source", Some(b"/test")),
        (b"ce_type", Some(b"t")),
    ];
    let no_text: raw::Header<'_> = (b"\xff\xfe", Some(b"nothing is left of the name"));
    produce(&[no_text, (b"Caf\xe9", Some(b"au lait")), (b"\xfe", None), (b"", Some(b"-"))], b"foreign");
    produce(&[&event[..], &[no_text]].concat(), b"an event");
    produce(&[&event[..], &[(b"ce_\xff", Some(b"x"))]].concat(), b"no event");
    kafka.append(super::event("after", "")).await.unwrap();

    let events = read_events(&kafka, Partition(0), 0, 4).await;
    assert_eq!(events[0].get("kafkaheadercaf"), Some("au lait"), "{:?}", events[0]);
    assert_eq!(events[0].get("kafkaheader"), None, "{:?}", events[0]);
    assert_eq!((events[0].data(), events[0].get("hydranterror")), (&Bytes::from("foreign"), None));
    assert_eq!((events[1].id(), events[1].data()), ("sent", &Bytes::from("an event")));
    assert!(events[2].get("hydranterror").is_some(), "{:?}", events[2]);
    assert_eq!(events[2].data(), &Bytes::from("no event"));
    assert_eq!(events[3].id(), "after");
}

pub(super) async fn an_event_too_large_is_refused_for_good(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "large", 1)).await;
    let limit = "x".repeat(1024 * 1024);
    kafka.append(event("fits", &limit)).await.unwrap();
    let batch = kafka.read(Partition(0), Offset(0), 1, 1).await.unwrap();
    assert_eq!(batch.records[0].1.data().len(), limit.len());
    let refused = kafka.append(event("too large", &limit.repeat(2))).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");

    let small = NewTopic::new("small", 1, TopicReplication::Fixed(1)).set("max.message.bytes", "2000");
    admin(node).create_topics([&small], &AdminOptions::new()).await.unwrap();
    let (kafka, _) = open(&spec(node, "small", 1)).await;
    let refused = kafka.append(event("too large", &limit[..1900])).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { limit: 1872, .. })), "{refused:?}");
    kafka.append(event("fits", &limit[..1700])).await.unwrap();
}
