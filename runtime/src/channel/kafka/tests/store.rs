//! The cursor store: who may write it, and what is refused.

use super::*;

/// components-contrib#4577: two owners of the same records, and neither knows. One of them is told, and stops.
pub(super) async fn two_runtimes_alone_on_one_group_do_not_stay_so_contrib_4577(node: &KafkaNode) {
    let spec = spec(node, "owners", 1);
    let (first, _) = open(&spec).await;
    for i in 0..4 {
        first.append(event(&i.to_string(), "")).await.unwrap();
    }
    first.commit(vec![(Partition(0), at(1))]).await.unwrap();
    let (second, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(at(1)));
    second.commit(vec![(Partition(0), at(2))]).await.unwrap();

    let told = wait_until_told([&first, &second]).await;
    for says in ["another runtime", "`owners`", "mode = \"group\""] {
        assert!(told.contains(says), "{told}");
    }
    let (stopped, other) =
        if first.clients().store.stopped().is_some() { (first, second) } else { (second, first) };
    let refused = stopped.read(Partition(0), Offset(0), 1, 1).await.unwrap_err().to_string();
    assert_eq!(refused, format!("cannot read: {told}"), "it delivers nothing any more");
    other.commit(vec![(Partition(0), at(3))]).await.unwrap();
    assert!(stopped.commit(vec![(Partition(0), at(1))]).await.is_err());
    stopped.close().await;
    other.close().await;
    let (third, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(at(3)), "nothing of the other's was written over");
    third.commit(vec![(Partition(0), at(4))]).await.expect("who comes after a restart is the one");
}

async fn wait_until_told(both: [&Kafka; 2]) -> String {
    let told = async {
        loop {
            for one in both {
                let refused = one.commit(vec![(Partition(0), at(2))]).await.is_err();
                // Kafka may also be slow, which is no reason to stop.
                if let (true, Some(reason)) = (refused, one.clients().store.stopped()) {
                    return reason.to_owned();
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("one of two is told")
}

/// A renewal that came late was taken for another runtime's, and the next start for a second one.
pub(super) async fn who_was_closed_writes_nothing_behind_the_next(node: &KafkaNode) {
    let spec = spec(node, "behind", 1);
    let (first, _) = open(&spec).await;
    first.commit(vec![(Partition(0), at(0))]).await.unwrap();
    first.close().await;
    for round in 0..20 {
        open(&spec).await.0.close().await;
        let (next, _) = open(&spec).await;
        next.commit(vec![(Partition(0), at(0))]).await.unwrap_or_else(|error| panic!("{round}: {error}"));
        next.close().await;
    }
}

pub(super) async fn a_commit_refused_for_one_partition_has_failed(node: &KafkaNode) {
    let (kafka, _) = open(&spec(node, "partial", 1)).await;
    // One that Kafka does not have, and we think we do.
    kafka.0.owned.take(0, [(7, Offset(0), Offset(0))]);
    let refused = kafka.commit(vec![(Partition(0), at(1)), (Partition(7), at(1))]).await;
    assert!(refused.is_err(), "the caller would think that both are stored");
}
