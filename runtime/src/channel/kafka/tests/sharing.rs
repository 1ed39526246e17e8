//! Members of one group: what moves between them, and what must not.

use std::collections::BTreeSet;
use std::time::Instant;

use super::*;
use crate::channel::Change;

pub(super) struct Member {
    pub(super) kafka: Kafka,
    pub(super) changes: Changes,
    pub(super) owned: BTreeMap<Partition, OpenedPartition>,
}

impl Member {
    pub(super) async fn join(spec: &KafkaSpec) -> Self {
        Self::join_for(spec, &[]).await
    }

    pub(super) async fn join_for(spec: &KafkaSpec, triggers: &[&str]) -> Self {
        let opened = Kafka::open(spec, subscribers(triggers)).await;
        let Opened { channel, partitions, changes } = opened.expect("Kafka runs");
        assert!(partitions.is_empty(), "none is ours before the group says so: {partitions:?}");
        Self { kafka: channel, changes: changes.expect("a group changes"), owned: BTreeMap::new() }
    }

    pub(super) async fn change(&mut self) -> Change {
        let change = tokio::time::timeout(PATIENCE, self.changes.recv()).await.expect("something changes");
        let change = change.expect("the member lives");
        match &change {
            Change::Assigned(opened) => {
                self.owned.extend(opened.iter().map(|opened| (opened.partition, opened.clone())));
            }
            Change::Revoking(gone) | Change::Lost(gone) => {
                self.owned.retain(|partition, _| !gone.contains(partition));
            }
        }
        change
    }

    /// Goes along with the group until so many partitions are ours.
    pub(super) async fn wait_for(&mut self, partitions: usize) {
        while self.owned.len() != partitions {
            if let Change::Revoking(asked_back) = self.change().await {
                self.kafka.release(asked_back);
            }
        }
    }

    async fn first(&self, partition: Partition, from: u64) -> Offset {
        let read = self.kafka.read(partition, Offset(from), 1, 1 << 20);
        tokio::time::timeout(PATIENCE, read).await.expect("it is there").unwrap().records[0].0
    }
}

pub(super) fn shared(node: &KafkaNode, topic: &str, partitions: u32) -> KafkaSpec {
    KafkaSpec { mode: Mode::Group, ..spec(node, topic, partitions) }
}

async fn read_at_end(kafka: &Kafka, number: u32) -> Result<Batch, ReadError> {
    let client = &kafka.clients().reader.client;
    let partition = i32::try_from(number).unwrap();
    let (_, end) =
        tokio::task::block_in_place(|| reader::bounds(client, &kafka.0.spec.topic, partition)).unwrap();
    kafka.read(Partition(number), Offset(end), 1, 1 << 20).await
}

async fn fill(kafka: &Kafka, partitions: u32, each: usize) {
    let mut stored = BTreeMap::<Partition, usize>::new();
    for key in 0.. {
        if stored.len() == partitions as usize && stored.values().all(|&count| count >= each) {
            return;
        }
        let event = event(&key.to_string(), "").with("partitionkey", &key.to_string()).unwrap();
        *stored.entry(kafka.append(event).await.unwrap().partition).or_default() += 1;
    }
}

/// librdkafka#2782 and #1977: what was fetched ahead before a move must not be given after it. librdkafka#5604: a
/// commit for a partition that is another's.
pub(super) async fn members_share_and_hand_over(node: &KafkaNode) {
    let spec = shared(node, "shared", 4);
    let mut first = Member::join(&spec).await;
    first.wait_for(4).await;
    fill(&first.kafka, 4, 20).await;
    for partition in (0..4).map(Partition) {
        // Fetches everything, and takes one.
        assert_eq!(first.first(partition, 0).await, Offset(0));
    }
    let waiting = tokio::spawn({
        let kafka = first.kafka.clone();
        // At the ends, where nothing comes any more.
        async move {
            let reads = (0..4).map(|number| Box::pin(read_at_end(&kafka, number)));
            futures_util::future::select_all(reads).await.0
        }
    });

    let mut second = Member::join(&spec).await;
    let Change::Revoking(asked_back) = first.change().await else { panic!("two of four are asked back") };
    assert_eq!(asked_back.len(), 2);
    let ended = tokio::time::timeout(PATIENCE, waiting).await.expect("its read ends").unwrap();
    assert!(ended.unwrap_err().to_string().contains("not ours"));
    let moves = asked_back[0];
    let refused = first.kafka.read(moves, Offset(1), 1, 1 << 20).await;
    assert!(refused.is_err(), "nothing new is read of what is asked back");
    first.kafka.commit(asked_back.iter().map(|&partition| (partition, at(7))).collect()).await.unwrap();
    assert!(second.changes.try_recv().is_err(), "it is not the other's before it is released");

    first.kafka.release(asked_back.clone());
    let released = Instant::now();
    second.wait_for(2).await;
    println!("taken over {:?} after the release", released.elapsed());
    assert_eq!(second.owned.keys().copied().collect::<Vec<_>>(), asked_back);
    for (partition, opened) in &second.owned {
        assert_eq!(opened.committed, Some(at(7)));
        assert_eq!(second.first(*partition, 7).await, Offset(7));
    }
    let late = first.kafka.commit(vec![(moves, at(9))]).await;
    assert!(late.unwrap_err().to_string().contains("not ours"), "another has it");
    let kept = *first.owned.keys().next().unwrap();
    let mixed = first.kafka.commit(vec![(kept, at(5)), (moves, at(9))]).await;
    assert!(mixed.is_err(), "all partitions given, or none");

    second.kafka.commit(asked_back.iter().map(|&partition| (partition, at(9))).collect()).await.unwrap();
    let left = Instant::now();
    second.kafka.close().await;
    first.wait_for(4).await;
    println!("taken over {:?} after a member left", left.elapsed());
    for partition in asked_back {
        let opened = &first.owned[&partition];
        assert_eq!(opened.committed, Some(at(9)));
        assert_eq!(first.first(partition, 9).await, Offset(9), "fetched ahead before the move");
        // Below where this turn began.
        assert_eq!(first.first(partition, 2).await, Offset(2));
    }
    assert_eq!(first.owned[&kept].committed, None, "nothing of the mixed commit was stored");
    first.kafka.close().await;

    // components-contrib#3234, EKB#2201 and #3767: nobody was left, and whoever comes goes on where it was committed.
    let mut again = Member::join(&spec).await;
    again.wait_for(4).await;
    assert_eq!(again.owned[&moves].committed, Some(at(9)));
    again.kafka.close().await;
}

/// Who does not release in time keeps nobody waiting for ever, and a member that goes meanwhile does not hang.
pub(super) async fn a_member_can_leave_while_it_is_asked(node: &KafkaNode) {
    let spec = shared(node, "leaving", 2);
    let mut first = Member::join(&spec).await;
    first.wait_for(2).await;
    let mut second = Member::join(&spec).await;
    assert!(matches!(first.change().await, Change::Revoking(_)));
    first.kafka.close().await;
    second.wait_for(2).await;
    let numbers: BTreeSet<u32> = second.owned.keys().map(|partition| partition.0).collect();
    assert_eq!(numbers, BTreeSet::from([0, 1]));
    second.kafka.close().await;
}
