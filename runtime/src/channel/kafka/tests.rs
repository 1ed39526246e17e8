//! The channel against a real Kafka, started once for all of it.

#[path = "../../../../tests/support/kafka.rs"]
mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use activator::cursor::Cursor;
use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use self::support::KafkaNode;
use super::*;
use crate::channel::conformance::{self, Kind};
use crate::channel::{CreateTopic, Spec, Start};

/// Far more than anything here takes; reached only by what hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_in_kafka_keeps_its_promises() {
    let node = match KafkaNode::start_new() {
        Ok(node) => node,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let run = async {
        what_every_channel_promises(&node).await;
        events_come_back_in_order_and_a_key_has_one_partition(&node).await;
        progress_comes_back_to_a_fresh_client(&node).await;
        a_dropped_read_loses_nothing(&node).await;
        reads_below_the_tail_leave_it_alone(&node).await;
        records_that_are_no_cloudevents_are_events_about_them(&node).await;
        offsets_without_records_are_passed(&node).await;
        what_retention_took_is_a_gap(&node).await;
        a_topic_made_anew_is_noticed(&node).await;
        an_event_too_large_is_refused_for_good(&node).await;
        a_begin_at_the_end_is_pinned(&node).await;
        what_cannot_be_opened_says_why(&node).await;
        nothing_is_lost_when_the_broker_is_killed(&node).await;
    };
    tokio::time::timeout(PATIENCE * 3, run).await.expect("something hangs");
}

async fn what_every_channel_promises(node: &KafkaNode) {
    let count = Cell::new(0);
    let make = |partitions| {
        count.set(count.get() + 1);
        Spec::Kafka(spec(node, &format!("promises-{}", count.get()), partitions))
    };
    conformance::suite(&Kind { name: "kafka", make: &make, survives_reopen: true }).await;
}

async fn events_come_back_in_order_and_a_key_has_one_partition(node: &KafkaNode) {
    let (kafka, opened) = open(&spec(node, "orders", 4)).await;
    assert_eq!(opened.len(), 4);
    assert!(opened.iter().all(|p| p.begin == Offset(0) && p.committed.is_none()), "{opened:?}");
    let mut stored = Vec::new();
    for i in 0..50 {
        let event = event(&i.to_string(), "payload").with("partitionkey", "customer-7").unwrap();
        stored.push(kafka.append(event).await.unwrap());
    }
    let partition = stored[0].partition;
    let offsets: Vec<u64> = stored.iter().map(|p| p.offset.0).collect();
    assert!(stored.iter().all(|p| p.partition == partition), "{stored:?}");
    assert_eq!(offsets, (0..50).collect::<Vec<u64>>());

    let read = read_ids(&kafka, partition, 0, 50).await;
    assert_eq!(read, (0..50).map(|i| i.to_string()).collect::<Vec<_>>());
    let one = kafka.read(partition, Offset(7), 1, 1).await.unwrap();
    let event = &one.records[0].1;
    assert_eq!((event.ty(), event.data()), ("t", &Bytes::from("payload")));
    assert_eq!(event.get("partitionkey"), Some("customer-7"));
}

async fn progress_comes_back_to_a_fresh_client(node: &KafkaNode) {
    let spec = spec(node, "progress", 3);
    let (kafka, _) = open(&spec).await;
    for i in 0..30 {
        let event = event(&i.to_string(), "").with("partitionkey", &i.to_string()).unwrap();
        kafka.append(event).await.unwrap();
    }
    let ends = [0, 1, 2].map(|p| kafka.clients().reader.bounds(p).unwrap().1);
    let busy = (0..3u32).find(|&p| ends[p as usize] >= 4).expect("30 keys over 3 partitions");
    let progress = Progress {
        position: Offset(4),
        behind: vec![("audit".into(), Cursor::from_unfinished([Offset(1), Offset(3)], Offset(4)))],
    };
    kafka.commit(vec![(Partition(busy), progress.clone())]).await.unwrap();
    drop(kafka);

    let (_kafka, opened) = open(&spec).await;
    for partition in opened {
        let expected = (partition.partition.0 == busy).then(|| progress.clone());
        assert_eq!(partition.committed, expected);
    }
}

async fn a_dropped_read_loses_nothing(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "dropped", 1)).await;
    for round in 0..20u64 {
        // Dropped at any moment: while it is put there, while it waits, while the event arrives.
        let waiting = kafka.read(Partition(0), Offset(round), 10, 1 << 20);
        let append = async {
            tokio::time::sleep(Duration::from_millis(round)).await;
            kafka.append(event(&round.to_string(), "")).await.unwrap();
        };
        tokio::select! {
            biased;
            () = append => {}
            batch = waiting => assert_eq!(ids(&batch.unwrap()), [round.to_string()]),
        }
        assert_eq!(read_ids(&kafka, Partition(0), round, 1).await, [round.to_string()]);
    }
}

async fn reads_below_the_tail_leave_it_alone(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "below", 1)).await;
    for i in 0..310 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    assert_eq!(read_on(&kafka, 0, 300).await, (0..300).collect::<Vec<_>>());
    // A rewind goes on in large reads and ends exactly at the tail, which then has what it fetched ahead.
    assert_eq!(read_on(&kafka, 40, 260).await, (40..300).collect::<Vec<_>>());
    assert_eq!(kafka.clients().partitions[0].tail_at(), Some(Offset(300)));
    let look_back = kafka.read(Partition(0), Offset(290), 100, 1 << 20).await.unwrap();
    assert_eq!(look_back.next, Offset(300), "the rest is the tail's");
    assert_eq!(read_on(&kafka, 300, 10).await, (300..310).collect::<Vec<_>>());

    let tail = tokio::spawn({
        let kafka = kafka.clone();
        async move { kafka.read(Partition(0), Offset(310), 10, 1 << 20).await }
    });
    for point in [17, 3, 4, 309, 100] {
        let batch = kafka.read(Partition(0), Offset(point), 1, 1 << 20).await.unwrap();
        assert_eq!((ids(&batch), batch.next), (vec![point.to_string()], Offset(point + 1)));
    }
    assert!(!tail.is_finished());
    kafka.append(event("310", "")).await.unwrap();
    let batch = tail.await.unwrap().unwrap();
    assert_eq!((ids(&batch), batch.next), (vec!["310".into()], Offset(311)));
    // Forward, beyond what was read.
    for i in 311..320 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    assert_eq!(read_on(&kafka, 315, 5).await, [315, 316, 317, 318, 319]);
}

async fn records_that_are_no_cloudevents_are_events_about_them(node: &KafkaNode) {
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
        assert_eq!(event.source(), spec.event_source);
        assert_eq!(event.id(), format!("partition:0/offset:{offset}"));
        assert!(event.get("time").is_some_and(|time| time.ends_with('Z')), "{event:?}");
    }
    assert_eq!(events[0].data(), &Bytes::from("plain"));
    assert!(events[1].data().is_empty());
    assert!(events[2].get("hydranterror").is_some(), "{:?}", events[2]);
    assert_eq!(events[3].id(), "after");
}

async fn offsets_without_records_are_passed(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "markers", 1)).await;
    let foreign = foreign_producer(node, &[("transactional.id", "t")]);
    tokio::task::block_in_place(|| foreign.init_transactions(PATIENCE)).unwrap();
    for (id, commits) in [("aborted", false), ("committed", true)] {
        foreign.begin_transaction().unwrap();
        let record = FutureRecord::<str, _>::to("markers").payload(id);
        foreign.send(record, PATIENCE).await.map_err(|(error, _)| error).unwrap();
        tokio::task::block_in_place(|| match commits {
            true => foreign.commit_transaction(PATIENCE),
            false => foreign.abort_transaction(PATIENCE),
        })
        .unwrap();
    }
    // Offsets: 0 aborted, 1 marker, 2 committed, 3 marker.
    let mut from = Offset(0);
    let mut seen = Vec::new();
    while from < Offset(4) {
        let batch = kafka.read(Partition(0), from, 10, 1 << 20).await.unwrap();
        seen.extend(batch.records.iter().map(|(offset, event)| (offset.0, event.data().clone())));
        assert!(batch.next > from, "{batch:?}");
        from = batch.next;
    }
    assert_eq!((seen, from), (vec![(2, Bytes::from("committed"))], Offset(4)));
    // A read for a record that is not there does not wait for one that may never come.
    let gone = kafka.read(Partition(0), Offset(3), 1, 1 << 20).await.unwrap();
    assert_eq!((gone.records.len(), gone.next), (0, Offset(4)));
    kafka.append(event("after", "")).await.unwrap();
    assert_eq!(read_ids(&kafka, Partition(0), 4, 1).await, ["after"]);
}

async fn what_retention_took_is_a_gap(node: &KafkaNode) {
    let spec = spec(node, "retention", 1);
    let (kafka, _) = open(&spec).await;
    for i in 0..10 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    let mut below = TopicPartitionList::new();
    below.add_partition_offset("retention", 0, rdkafka::Offset::Offset(6)).unwrap();
    admin(node).delete_records(&below, &AdminOptions::new()).await.unwrap();
    let batch = kafka.read(Partition(0), Offset(2), 10, 1 << 20).await.unwrap();
    assert_eq!((batch.records.len(), batch.next), (0, Offset(6)));
    assert_eq!(read_ids(&kafka, Partition(0), 6, 4).await, ["6", "7", "8", "9"]);
    let (_kafka, opened) = open(&spec).await;
    assert_eq!(opened[0].begin, Offset(6));
}

async fn a_topic_made_anew_is_noticed(node: &KafkaNode) {
    let spec = spec(node, "anew", 1);
    let (kafka, _) = open(&spec).await;
    for i in 0..5 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    kafka.commit(vec![(Partition(0), at(5))]).await.unwrap();
    drop(kafka);
    // The tool's way to say the same as a new topic of that name: an offset that lies beyond the end.
    let (kafka, _) = open(&spec).await;
    kafka.commit(vec![(Partition(0), at(50))]).await.unwrap();
    let beyond = kafka.read(Partition(0), Offset(50), 1, 1).await.unwrap_err();
    assert!(beyond.to_string().contains("made anew"), "{beyond}");
    let (_kafka, opened) = open(&spec).await;
    assert_eq!((opened[0].begin, opened[0].committed.clone()), (Offset(0), None));
}

async fn an_event_too_large_is_refused_for_good(node: &KafkaNode) {
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

async fn a_begin_at_the_end_is_pinned(node: &KafkaNode) {
    let (writer, _) = open(&spec(node, "latest", 1)).await;
    writer.append(event("before", "")).await.unwrap();
    let late =
        KafkaSpec { start: Start::Latest, group: "late".into(), create: None, ..spec(node, "latest", 1) };
    let (_, opened) = open(&late).await;
    assert_eq!(opened[0].begin, Offset(1));
    writer.append(event("first", "")).await.unwrap();
    let (_, opened) = open(&late).await;
    assert_eq!(opened[0].committed, Some(at(1)), "the restart passed over the first event");
}

async fn what_cannot_be_opened_says_why(node: &KafkaNode) {
    let base = spec(node, "never", 1);
    let missing = KafkaSpec { create: None, ..base.clone() };
    let option =
        |key: &str, value: &str| KafkaSpec { options: vec![(key.into(), value.into())], ..base.clone() };
    let away = KafkaSpec { brokers: vec!["127.0.0.1:1".into()], ..base.clone() };
    for (spec, says) in [
        (missing.clone(), "the topic `never` does not exist"),
        (missing, "the topic `never` does not exist"),
        (option("no.such.key", "1"), "`no.such.key = 1` is refused"),
        (option("linger.ms", "soon"), "`linger.ms = soon` is refused"),
        (option("group.id", "mine"), "`group.id` is set by hydrant itself"),
        (away, "reach Kafka at 127.0.0.1:1"),
    ] {
        let begun = Instant::now();
        let error = Kafka::open(&spec).await.err().expect("it cannot be opened").to_string();
        assert!(error.contains(says), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{error} came late");
    }
}

async fn nothing_is_lost_when_the_broker_is_killed(node: &KafkaNode) {
    let spec = spec(node, "killed", 1);
    let (kafka, _) = open(&spec).await;
    let appending = tokio::spawn({
        let kafka = kafka.clone();
        async move {
            let mut acknowledged = Vec::new();
            let mut refused = 0;
            for i in 0..2_000 {
                match kafka.append(event(&i.to_string(), "")).await {
                    Ok(_) => acknowledged.push(i.to_string()),
                    Err(AppendError::Unavailable(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
                // At once when the broker is there, and often enough while it is away.
                tokio::time::sleep(Duration::from_millis(5)).await;
                if acknowledged.len() > 500 {
                    break;
                }
            }
            (acknowledged, refused)
        }
    });
    let reading = tokio::spawn({
        let kafka = kafka.clone();
        async move {
            let mut from = Offset(0);
            let mut seen = Vec::<String>::new();
            loop {
                // The caller's rule: say so and try again.
                let Ok(batch) = kafka.read(Partition(0), from, 100, 1 << 20).await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                seen.extend(ids(&batch));
                from = batch.next;
                if seen.iter().any(|id| id == "last") {
                    return seen;
                }
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::task::block_in_place(|| node.kill9());
    let refused = kafka.commit(vec![(Partition(0), at(0))]).await;
    assert!(refused.is_err(), "committed to nobody");
    tokio::task::block_in_place(|| node.start());
    let back = Instant::now();
    let (acknowledged, refused) = appending.await.unwrap();
    loop {
        if kafka.append(event("last", "")).await.is_ok() {
            break;
        }
    }
    let seen = reading.await.unwrap();
    assert!(back.elapsed() < Duration::from_secs(15), "resumed after {:?}", back.elapsed());
    for id in &acknowledged {
        assert!(seen.contains(id), "{id} was acknowledged and is lost ({refused} were refused)");
    }
    tokio::time::timeout(PATIENCE, async {
        while kafka.commit(vec![(Partition(0), at(3))]).await.is_err() {}
    })
    .await
    .expect("commits work again");
    let (_kafka, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(at(3)));
}

fn spec(node: &KafkaNode, topic: &str, partitions: u32) -> KafkaSpec {
    KafkaSpec {
        brokers: vec![node.bootstrap()],
        topic: topic.into(),
        group: format!("hydrant-{topic}"),
        create: Some(CreateTopic { partitions, replication: 1 }),
        start: Start::Earliest,
        event_source: format!("/kafkasources/s#{topic}"),
        options: Vec::new(),
    }
}

async fn open(spec: &KafkaSpec) -> (Kafka, Vec<OpenedPartition>) {
    Kafka::open(spec).await.expect("Kafka runs")
}

async fn read_events(kafka: &Kafka, partition: Partition, from: u64, count: usize) -> Vec<Event> {
    let mut from = Offset(from);
    let mut events = Vec::new();
    while events.len() < count {
        let read = kafka.read(partition, from, 100, 1 << 20);
        let batch = tokio::time::timeout(PATIENCE, read).await.expect("records are there").unwrap();
        from = batch.next;
        events.extend(batch.records.into_iter().map(|(_, event)| event));
    }
    events
}

/// The ids of the next `count` records of the only partition, none beyond them asked for.
async fn read_on(kafka: &Kafka, from: u64, count: usize) -> Vec<u64> {
    let mut from = Offset(from);
    let mut seen = Vec::new();
    while seen.len() < count {
        let wanted = (count - seen.len()).min(64) as u32;
        let batch = kafka.read(Partition(0), from, wanted, 1 << 20).await.unwrap();
        seen.extend(ids(&batch).iter().map(|id| id.parse::<u64>().unwrap()));
        from = batch.next;
    }
    seen
}

async fn read_ids(kafka: &Kafka, partition: Partition, from: u64, count: usize) -> Vec<String> {
    let events = read_events(kafka, partition, from, count).await;
    events.iter().map(|event| event.id().to_owned()).collect()
}

fn ids(batch: &Batch) -> Vec<String> {
    batch.records.iter().map(|(_, event)| event.id().to_owned()).collect()
}

fn event(id: &str, data: &str) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", id), ("source", "/test"), ("type", "t")] {
        builder.attribute(name, value).unwrap();
    }
    builder.build(Bytes::from(data.to_owned())).unwrap()
}

fn at(position: u64) -> Progress {
    Progress { position: Offset(position), behind: Vec::new() }
}

fn foreign_producer(node: &KafkaNode, options: &[(&str, &str)]) -> FutureProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", node.bootstrap());
    for (key, value) in options {
        config.set(*key, *value);
    }
    config.create().unwrap()
}

fn admin(node: &KafkaNode) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", node.bootstrap()).create().unwrap()
}
