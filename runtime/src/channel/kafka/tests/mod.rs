//! The channel against a real Kafka, started once for all of it.

#[path = "../../../../../tests/support/kafka.rs"]
mod support;

mod expiry;
mod lost;
mod mirror;
mod moves;
mod opening;
mod outage;
mod raw;
mod reading;
mod records;
#[cfg(feature = "kafka-tls")]
mod secured;
mod sharing;
mod sinks;
mod store;
mod transactions;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::FutureProducer;
use rdkafka::{ClientConfig, TopicPartitionList};

use self::support::KafkaNode;
use super::*;
use crate::channel::conformance::{self, Kind};
use crate::channel::{CreateTopic, Records, Retention, Security, Spec, Start};

/// Far more than anything here takes; reached only by what hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_in_kafka_keeps_its_promises() {
    let node = match KafkaNode::start_new(&[]) {
        Ok(node) => node,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let run = async {
        store::two_runtimes_alone_on_one_group_do_not_stay_so_contrib_4577(&node).await;
        store::who_was_closed_writes_nothing_behind_the_next(&node).await;
        store::a_commit_refused_for_one_partition_has_failed(&node).await;
        transactions::a_reply_and_that_its_event_is_done_are_stored_together(&node).await;
        transactions::a_reply_is_not_stored_where_the_cursor_is_refused(&node).await;
        transactions::what_kafka_refuses_takes_nothing_else_with_it(&node).await;
        transactions::who_was_fenced_by_another_is_told_and_stores_nothing(&node).await;
        mirror::each_subscription_is_seen_where_it_is_keda_5675(&node).await;
        opening::vanished_group_offsets_pass_over_nothing_contrib_3234(&node).await;
        opening::vanished_group_offsets_come_back_from_the_mirror(&node).await;
        moves::a_first_start_goes_on_where_a_cluster_was(&node).await;
        moves::an_offset_set_while_we_were_away_is_obeyed_once(&node).await;
        moves::an_offset_set_while_we_run_is_left_for_the_next_start(&node).await;
        moves::the_cursor_of_a_cluster_that_runs_is_not_obeyed(&node).await;
        moves::a_member_obeys_with_the_first_partitions_it_gets(&node).await;
        what_every_channel_promises(&node).await;
        what_every_channel_promises_of_shared_ones(&node).await;
        sharing::members_share_and_hand_over(&node).await;
        sharing::a_member_can_leave_while_it_is_asked(&node).await;
        reading::events_come_back_in_order_and_a_key_has_one_partition(&node).await;
        opening::a_topic_is_created_with_its_caps(&node).await;
        opening::progress_comes_back_to_a_fresh_client(&node).await;
        reading::who_is_behind_does_not_wait_for_the_tail(&node).await;
        reading::a_dropped_read_loses_nothing(&node).await;
        reading::reads_below_the_tail_leave_it_alone(&node).await;
        records::records_that_are_no_cloudevents_are_events_about_them(&node).await;
        records::header_names_that_are_no_text_stop_nothing(&node).await;
        reading::offsets_without_records_are_passed(&node).await;
        reading::what_retention_took_is_a_gap(&node).await;
        opening::a_topic_made_anew_is_noticed(&node).await;
        opening::a_begin_at_a_time_is_found_and_pinned(&node).await;
        records::an_event_too_large_is_refused_for_good(&node).await;
        sinks::a_sink_writes_records_in_the_mode_it_says(&node).await;
        sinks::an_event_that_is_too_large_as_json_is_refused_for_good(&node).await;
        opening::a_begin_at_the_end_is_pinned(&node).await;
        opening::what_cannot_be_opened_says_why(&node).await;
        outage::nothing_is_lost_when_the_broker_is_killed(&node).await;
    };
    tokio::time::timeout(PATIENCE * 5, run).await.expect("something hangs");
}

async fn what_every_channel_promises(node: &KafkaNode) {
    let count = Cell::new(0);
    let make = |partitions| {
        count.set(count.get() + 1);
        Spec::Kafka(spec(node, &format!("promises-{}", count.get()), partitions).into())
    };
    conformance::suite(&Kind { name: "kafka", make: &make, survives_reopen: true }).await;
}

/// The same, as the only member of a group.
async fn what_every_channel_promises_of_shared_ones(node: &KafkaNode) {
    let count = Cell::new(0);
    let make = |partitions| {
        count.set(count.get() + 1);
        let own = spec(node, &format!("shared-promises-{}", count.get()), partitions);
        Spec::Kafka(KafkaSpec { mode: Mode::Group, ..own }.into())
    };
    conformance::suite(&Kind { name: "kafka, shared", make: &make, survives_reopen: true }).await;
}

fn spec(node: &KafkaNode, topic: &str, partitions: u32) -> KafkaSpec {
    KafkaSpec {
        brokers: vec![node.bootstrap()],
        topic: topic.into(),
        group: format!("hydrant-{topic}"),
        create: Some(CreateTopic { partitions, replication: 1, retention: Retention::default() }),
        start: Start::Earliest,
        records: Records { source: format!("/kafkasources/s#{topic}"), ..Records::default() },
        mirror: true,
        transactions: false,
        marks: None,
        security: Security::default(),
        mode: Mode::Own,
        options: Vec::new(),
    }
}

async fn open(spec: &KafkaSpec) -> (Kafka, Vec<OpenedPartition>) {
    open_for(spec, &[]).await
}

/// With triggers whose places are shown.
async fn open_for(spec: &KafkaSpec, triggers: &[&str]) -> (Kafka, Vec<OpenedPartition>) {
    let Opened { channel, partitions, .. } =
        Kafka::open(spec, subscribers(triggers)).await.expect("Kafka runs");
    (channel, partitions)
}

fn subscribers(triggers: &[&str]) -> Subscribers {
    watch::channel(triggers.iter().map(|name| mirror::mirrored(name)).collect()).1
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
