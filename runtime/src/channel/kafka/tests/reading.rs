//! Reads: what comes, in which order, and what is passed over.

use rdkafka::admin::AdminOptions;
use rdkafka::producer::{FutureRecord, Producer as _};

use super::*;

pub(super) async fn events_come_back_in_order_and_a_key_has_one_partition(node: &KafkaNode) {
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

/// A start with somebody behind the tail: both are read for at once, and nothing new ever comes.
pub(super) async fn who_is_behind_does_not_wait_for_the_tail(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "behind", 1)).await;
    for i in 0..3 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    let tail = kafka.read(Partition(0), Offset(3), 10, 1 << 20);
    let behind = kafka.read(Partition(0), Offset(1), 10, 1 << 20);
    let first = async {
        tokio::select! {
            // The tail is asked first, and has not been put anywhere when the other comes.
            biased;
            batch = tail => panic!("nothing is there: {batch:?}"),
            batch = behind => batch.unwrap(),
        }
    };
    let batch = tokio::time::timeout(PATIENCE, first).await.expect("it waits for the next event");
    assert_eq!(ids(&batch), ["1", "2"]);
}

pub(super) async fn a_dropped_read_loses_nothing(node: &KafkaNode) {
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

pub(super) async fn reads_below_the_tail_leave_it_alone(node: &KafkaNode) {
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

/// EKB#4451: gaps that transactions leave stop the commits. KEDA#5675: a marker at the end is a lag of 1 for ever.
pub(super) async fn offsets_without_records_are_passed(node: &KafkaNode) {
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
    kafka.commit(vec![(Partition(0), at(from.0))]).await.unwrap();
    let client = &kafka.clients().reader.client;
    let (_, end) = tokio::task::block_in_place(|| reader::bounds(client, "markers", 0)).unwrap();
    assert_eq!(end, from.0, "what is committed behind the markers is the end: no lag");
    // A read for a record that is not there does not wait for one that may never come.
    let gone = kafka.read(Partition(0), Offset(3), 1, 1 << 20).await.unwrap();
    assert_eq!((gone.records.len(), gone.next), (0, Offset(4)));
    kafka.append(event("after", "")).await.unwrap();
    assert_eq!(read_ids(&kafka, Partition(0), 4, 1).await, ["after"]);
}

pub(super) async fn what_retention_took_is_a_gap(node: &KafkaNode) {
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
