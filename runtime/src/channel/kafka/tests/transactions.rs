//! What comes of an event and that it is done, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use activator::cursor::Cursor;
use activator::id::ChannelId;
use rdkafka::admin::{AdminOptions, AlterConfig, ResourceSpecifier};

use super::*;

fn transactional(node: &KafkaNode, topic: &str) -> KafkaSpec {
    KafkaSpec { transactions: true, ..spec(node, topic, 1) }
}

fn origin(offset: u64) -> Origin {
    let (channel, partition, offset) = (ChannelId(0), Partition(0), Offset(offset));
    Origin { channel, partition, offset, subscription: Arc::from("order"), at_tail: true }
}

/// Stores a reply to the event at `offset` of one channel in another.
async fn reply(of: &Kafka, to: &Kafka, offset: u64, data: &str) -> Result<(), AppendError> {
    let transaction = of.transaction(origin(offset)).expect("its spec wants them");
    to.append_in(transaction, event(&offset.to_string(), data)).await
}

fn open_at(unfinished: &[u64], position: u64) -> Progress {
    let position = Offset(position);
    let cursor = Cursor::from_unfinished(unfinished.iter().copied().map(Offset), position);
    Progress { position, behind: vec![("order".into(), cursor)] }
}

async fn begun(spec: &KafkaSpec) -> Kafka {
    let (kafka, _) = open(spec).await;
    for id in 0..4 {
        kafka.append(event(&format!("asks-{id}"), "")).await.unwrap();
    }
    kafka
}

pub(super) async fn a_reply_and_that_its_event_is_done_are_stored_together(node: &KafkaNode) {
    let spec = transactional(node, "together");
    let (kafka, answers) = (begun(&spec).await, open(&self::spec(node, "together-answers", 1)).await.0);
    assert!(reply(&kafka, &answers, 1, "").await.is_err(), "nothing is stored to which it could be added");
    let before = open_at(&[0, 1, 2, 3], 4);
    kafka.commit(vec![(Partition(0), before.clone())]).await.unwrap();
    reply(&kafka, &answers, 1, "").await.unwrap();
    reply(&kafka, &kafka, 2, "").await.unwrap();
    // Made before it was heard that two are done.
    kafka.commit(vec![(Partition(0), before)]).await.unwrap();
    reply(&kafka, &answers, 1, "again, as nobody heard of it").await.unwrap();
    kafka.close().await;
    let (again, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(open_at(&[0, 3], 4)));
    reply(&again, &answers, 3, "").await.unwrap();
    assert_eq!(read_ids(&answers, Partition(0), 0, 2).await, ["1", "3"], "each of them once");
    assert_eq!(read_ids(&again, Partition(0), 4, 1).await, ["2"]);
}

/// Of a partition that Kafka does not have, and we think we do.
pub(super) async fn a_reply_is_not_stored_where_the_cursor_is_refused(node: &KafkaNode) {
    let kafka = begun(&transactional(node, "no-cursor")).await;
    let (answers, _) = open(&spec(node, "no-cursor-answers", 1)).await;
    kafka.commit(vec![(Partition(0), open_at(&[0], 1))]).await.unwrap();
    kafka.0.owned.take(0, [(7, Offset(0), Offset(0))]);
    let (partition, begin, end) = (Partition(7), Offset(0), Offset(1));
    let opened = OpenedPartition { partition, begin, committed: Some(open_at(&[0], 1)) };
    let (store, begin) =
        (kafka.clients().store.clone(), open::Begin { opened, bounds: (Offset(0), end), writer: None });
    tokio::task::spawn_blocking(move || store.found(&[begin])).await.unwrap().unwrap();
    let origin = Origin { partition, ..origin(0) };
    let refused = answers.append_in(kafka.transaction(origin).unwrap(), event("refused", "")).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    reply(&kafka, &answers, 0, "").await.unwrap();
    assert_eq!(read_ids(&answers, Partition(0), 0, 1).await, ["0"], "the other went with its cursor");
}

/// The limit of the topic was another when it was opened.
pub(super) async fn what_kafka_refuses_takes_nothing_else_with_it(node: &KafkaNode) {
    let kafka = begun(&transactional(node, "refusing")).await;
    kafka.commit(vec![(Partition(0), open_at(&[0, 1, 2, 3], 4))]).await.unwrap();
    let (answers, _) = open(&spec(node, "refusing-answers", 1)).await;
    let small = HashMap::from([("max.message.bytes", "2000")]);
    let alter = AlterConfig { specifier: ResourceSpecifier::Topic("refusing-answers"), entries: small };
    let altered = admin(node).alter_configs([&alter], &AdminOptions::new()).await.unwrap();
    assert!(altered[0].is_ok(), "{altered:?}");
    let large = "x".repeat(10_000);
    let ((), second, ()) = tokio::join!(
        until_stored(&kafka, &answers, 0),
        reply(&kafka, &answers, 1, &large),
        until_stored(&kafka, &answers, 2),
    );
    assert!(matches!(second, Err(AppendError::TooLarge { .. })), "{second:?}");
    let alone = reply(&kafka, &answers, 1, &large).await;
    assert!(matches!(alone, Err(AppendError::TooLarge { .. })), "{alone:?}");
    reply(&kafka, &answers, 3, "").await.expect("what comes next is not refused with it");
    let mut stored = read_ids(&answers, Partition(0), 0, 3).await;
    stored.sort();
    assert_eq!(stored, ["0", "2", "3"]);
}

/// As the activator does: what is not stored now is tried again, and what never will be is not.
async fn until_stored(of: &Kafka, to: &Kafka, offset: u64) {
    let storing = async {
        while let Err(error) = reply(of, to, offset, "").await {
            assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
        }
    };
    tokio::time::timeout(PATIENCE, storing).await.expect("it is not too large");
}

/// Two that think they are alone, of which the second has begun.
pub(super) async fn who_was_fenced_by_another_is_told_and_stores_nothing(node: &KafkaNode) {
    let spec = transactional(node, "fenced");
    let first = begun(&spec).await;
    first.commit(vec![(Partition(0), open_at(&[0, 1, 2, 3], 4))]).await.unwrap();
    reply(&first, &first, 0, "").await.unwrap();
    let (second, _) = open(&spec).await;
    reply(&second, &second, 1, "").await.unwrap();
    assert!(reply(&first, &first, 2, "").await.is_err());
    let told = first.stopped().expect("it hears why");
    assert!(told.contains("another runtime"), "{told}");
    assert!(reply(&first, &first, 2, "").await.is_err(), "nothing more goes on");
    reply(&second, &second, 3, "").await.expect_err("it was fenced in turn, and says so once");
    reply(&second, &second, 3, "").await.expect("it is the one that goes on");
    assert_eq!(read_ids(&second, Partition(0), 4, 3).await, ["0", "1", "3"]);
}
