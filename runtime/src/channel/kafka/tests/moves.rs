//! Where others moved our subscriptions while we were away, and while we run.

use std::time::Instant;

use activator::cursor::Cursor;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};

use super::mirror::{joined, mirrored, seen};
use super::sharing::Member;
use super::*;

/// Sets a group's offset as Kafka's tools do: it says nothing about it.
fn set(node: &KafkaNode, trigger: &str, topic: &str, offset: i64) {
    set_with(node, trigger, topic, offset, "");
}

fn set_with(node: &KafkaNode, trigger: &str, topic: &str, offset: i64, metadata: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", node.bootstrap()).set("group.id", mirrored(trigger).group);
    let client: BaseConsumer = config.create().unwrap();
    tokio::task::block_in_place(|| commit(&client, topic, offset, metadata));
}

fn commit(client: &BaseConsumer, topic: &str, offset: i64, metadata: &str) {
    let mut list = TopicPartitionList::new();
    let mut element = list.add_partition(topic, 0);
    element.set_offset(rdkafka::Offset::Offset(offset)).unwrap();
    element.set_metadata(metadata);
    client.commit(&list, CommitMode::Sync).unwrap();
}

/// A topic with six records and nobody's cursors.
async fn written(node: &KafkaNode, topic: &str) -> KafkaSpec {
    let spec = spec(node, topic, 1);
    let (writer, _) = open(&KafkaSpec { group: format!("writer-{topic}"), ..spec.clone() }).await;
    for i in 0..6 {
        writer.append(event(&i.to_string(), "")).await.unwrap();
    }
    spec
}

fn standing(position: u64, behind: &[(&str, u64)]) -> Option<Progress> {
    let cursor =
        |&(trigger, offset): &(&str, u64)| (mirrored(trigger).subscription, Cursor::at(Offset(offset)));
    let behind = behind.iter().map(cursor).collect();
    Some(sorted(Progress { position: Offset(position), behind }))
}

fn sorted(mut progress: Progress) -> Progress {
    progress.behind.sort_by(|(one, _), (other, _)| one.cmp(other));
    progress
}

/// What is stored as our own cursors.
fn stored(node: &KafkaNode, spec: &KafkaSpec) -> Option<Progress> {
    let (offset, text) = tokio::task::block_in_place(|| seen(node, &spec.group, &spec.topic))?;
    Some(sorted(progress::decode(Offset(offset), &text)))
}

/// What a start finds. The groups are asked side by side, so in any order.
async fn found(spec: &KafkaSpec, triggers: &[&str]) -> Option<Progress> {
    let (kafka, opened) = open_for(spec, triggers).await;
    kafka.close().await;
    opened[0].committed.clone().map(sorted)
}

pub(super) async fn a_first_start_goes_on_where_a_cluster_was(node: &KafkaNode) {
    let spec = written(node, "moved-in").await;
    set(node, "in-slow", "moved-in", 2);
    set(node, "in-fast", "moved-in", 5);
    let expected = standing(5, &[("in-fast", 5), ("in-slow", 2)]);
    assert_eq!(found(&spec, &["in-fast", "in-slow"]).await, expected);
    // A runtime that was ended right after, and a group that says something else by now.
    set(node, "in-fast", "moved-in", 1);
    assert_eq!(found(&spec, &[]).await, expected, "it was stored at once");

    let other = KafkaSpec { group: "moved-in-2".into(), ..spec.clone() };
    let expected = standing(0, &[("in-slow", 2)]);
    assert_eq!(found(&other, &["in-slow", "in-new"]).await, expected, "who was nowhere begins at the begin");
    let other = KafkaSpec { group: "moved-in-3".into(), ..spec.clone() };
    set(node, "in-beyond", "moved-in", 7);
    assert_eq!(found(&other, &["in-beyond"]).await, None, "of a topic that was another");
    let silent = KafkaSpec { group: "moved-in-4".into(), mirror: false, ..spec };
    assert_eq!(found(&silent, &["in-slow"]).await, None, "it was turned off");
}

pub(super) async fn an_offset_set_while_we_were_away_is_obeyed_once(node: &KafkaNode) {
    let spec = written(node, "reset").await;
    let triggers = ["set-back", "set-ahead", "ours", "not-set"];
    let (kafka, _) = open_for(&spec, &triggers).await;
    kafka.commit(vec![(Partition(0), standing(4, &[("ours", 3)]).unwrap())]).await.unwrap();
    kafka.close().await;
    set(node, "set-back", "reset", 1);
    set(node, "set-ahead", "reset", 6);
    // A mirror of ours that is old says nothing.
    set_with(node, "ours", "reset", 2, "h1:before");

    let expected = standing(4, &[("set-back", 1), ("set-ahead", 6), ("ours", 3)]);
    let (kafka, _) = open_for(&spec, &triggers).await;
    assert_eq!(stored(node, &spec), expected, "stored at once");
    // What goes on from there is ours, also when it is quicker than the mirror.
    kafka.commit(vec![(Partition(0), at(5))]).await.unwrap();
    tokio::task::block_in_place(|| {
        let begun = Instant::now();
        let is_ours =
            |trigger| seen(node, &mirrored(trigger).group, "reset").is_some_and(|(_, text)| !text.is_empty());
        while !triggers[..2].iter().all(|trigger| is_ours(trigger)) {
            assert!(begun.elapsed() < PATIENCE, "it would be obeyed at every start");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    kafka.close().await;
    assert_eq!(found(&spec, &triggers).await, Some(at(5)), "it was obeyed already");
}

pub(super) async fn an_offset_set_while_we_run_is_left_for_the_next_start(node: &KafkaNode) {
    let spec = written(node, "reset-late").await;
    let (kafka, _) = open_for(&spec, &["late", "other"]).await;
    kafka.commit(vec![(Partition(0), at(3))]).await.unwrap();
    set(node, "late", "reset-late", 1);
    kafka.close().await;
    let group = mirrored("late").group;
    let stands = tokio::task::block_in_place(|| seen(node, &group, "reset-late"));
    assert_eq!(stands, Some((1, String::new())), "it was written over");
    let other = tokio::task::block_in_place(|| seen(node, &mirrored("other").group, "reset-late"));
    assert_eq!(other.map(|(offset, _)| offset), Some(3), "the others are shown as ever");
    assert_eq!(found(&spec, &["late", "other"]).await, standing(3, &[("late", 1)]));
}

pub(super) async fn the_cursor_of_a_cluster_that_runs_is_not_obeyed(node: &KafkaNode) {
    let spec = written(node, "run-there").await;
    let (kafka, _) = open_for(&spec, &["there"]).await;
    kafka.commit(vec![(Partition(0), at(6))]).await.unwrap();
    kafka.close().await;
    let group = mirrored("there").group;
    let member = tokio::task::block_in_place(|| {
        let member = joined(node, &group, "run-there");
        commit(&member, "run-there", 2, "");
        member
    });
    assert_eq!(found(&spec, &["there"]).await, Some(at(6)), "it is where that cluster is, not a wish");
    tokio::task::block_in_place(|| drop(member));
    assert_eq!(
        found(&spec, &["there"]).await,
        standing(6, &[("there", 2)]),
        "the cluster stopped: on from there"
    );
}

/// As the only member of a group, whose partitions come later.
pub(super) async fn a_member_obeys_with_the_first_partitions_it_gets(node: &KafkaNode) {
    let spec = KafkaSpec { mode: Mode::Group, ..written(node, "moved-shared").await };
    set(node, "shared", "moved-shared", 4);
    for (sets, expected) in [(4, standing(4, &[("shared", 4)])), (1, standing(4, &[("shared", 1)]))] {
        set(node, "shared", "moved-shared", sets);
        let mut member = Member::join_for(&spec, &["shared"]).await;
        member.wait_for(1).await;
        assert_eq!(member.owned[&Partition(0)].committed, expected);
        member.kafka.close().await;
        assert_eq!(stored(node, &spec), expected);
    }
}
