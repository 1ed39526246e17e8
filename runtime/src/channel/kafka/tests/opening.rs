//! What a fresh client finds, and why one cannot be had.

use activator::cursor::Cursor;
use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::producer::FutureRecord;

use super::*;

pub(super) async fn a_topic_is_created_with_its_caps(node: &KafkaNode) {
    let retention = Retention { bytes: Some(3 << 20), age: Some(Duration::from_secs(3_600)) };
    let create = Some(CreateTopic { partitions: 3, replication: 1, retention });
    let spec = KafkaSpec { create, ..spec(node, "capped", 3) };
    let (_kafka, _) = open(&spec).await;
    let asked = [ResourceSpecifier::Topic("capped")];
    let answer = admin(node).describe_configs(&asked, &AdminOptions::new()).await.unwrap();
    let config = answer.into_iter().next().unwrap().unwrap();
    let value = |key| config.get(key).unwrap().value.clone().unwrap();
    assert_eq!(value("retention.ms"), "3600000");
    assert_eq!(value("retention.bytes"), (1 << 20).to_string(), "Kafka counts each partition alone");
}

pub(super) async fn progress_comes_back_to_a_fresh_client(node: &KafkaNode) {
    let spec = spec(node, "progress", 3);
    let (kafka, _) = open(&spec).await;
    for i in 0..30 {
        let event = event(&i.to_string(), "").with("partitionkey", &i.to_string()).unwrap();
        kafka.append(event).await.unwrap();
    }
    let ends = [0, 1, 2].map(|p| reader::bounds(&kafka.clients().reader.client, "progress", p).unwrap().1);
    let busy = (0..3u32).find(|&p| ends[p as usize] >= 4).expect("30 keys over 3 partitions");
    let progress = Progress {
        position: Offset(4),
        behind: vec![("audit".into(), Cursor::from_unfinished([Offset(1), Offset(3)], Offset(4)))],
    };
    kafka.commit(vec![(Partition(busy), progress.clone())]).await.unwrap();
    kafka.close().await;

    let (_kafka, opened) = open(&spec).await;
    for partition in opened {
        let expected = (partition.partition.0 == busy).then(|| progress.clone());
        assert_eq!(partition.committed, expected);
    }
}

pub(super) async fn a_topic_made_anew_is_noticed(node: &KafkaNode) {
    let spec = spec(node, "anew", 1);
    let (kafka, _) = open(&spec).await;
    for i in 0..5 {
        kafka.append(event(&i.to_string(), "")).await.unwrap();
    }
    kafka.commit(vec![(Partition(0), at(5))]).await.unwrap();
    kafka.close().await;
    // The tool's way to say the same as a new topic of that name: an offset that lies beyond the end.
    let (kafka, _) = open(&spec).await;
    kafka.commit(vec![(Partition(0), at(50))]).await.unwrap();
    let beyond = kafka.read(Partition(0), Offset(50), 1, 1).await.unwrap_err();
    assert!(beyond.to_string().contains("made anew"), "{beyond}");
    let (_kafka, opened) = open(&spec).await;
    assert_eq!((opened[0].begin, opened[0].committed.clone()), (Offset(0), None));
}

pub(super) async fn a_begin_at_the_end_is_pinned(node: &KafkaNode) {
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

pub(super) async fn a_begin_at_a_time_is_found_and_pinned(node: &KafkaNode) {
    let (writer, _) = open(&spec(node, "since", 1)).await;
    let foreign = foreign_producer(node, &[]);
    for time in [1_000, 2_000, 3_000] {
        let record = FutureRecord::<str, str>::to("since").payload("x").timestamp(time);
        foreign.send(record, PATIENCE).await.map_err(|(error, _)| error).unwrap();
    }
    for (time, begin) in [(0, 0), (1_500, 1), (3_000, 2), (3_001, 3)] {
        let group = format!("since-{time}");
        let since = KafkaSpec { start: Start::Time(time), group, create: None, ..spec(node, "since", 1) };
        let (kafka, opened) = open(&since).await;
        assert_eq!(opened[0].begin, Offset(begin), "since {time}");
        kafka.close().await;
        writer.append(event("later", "")).await.unwrap();
        let (_, opened) = open(&KafkaSpec { start: Start::Latest, ..since }).await;
        assert_eq!(opened[0].committed, Some(at(begin)), "stored when it was found");
    }
}

/// components-contrib#3234: a group whose offsets are gone begins as a newcomer would, and passes over what waits.
pub(super) async fn vanished_group_offsets_pass_over_nothing_contrib_3234(node: &KafkaNode) {
    let (writer, _) = open(&spec(node, "vanished", 1)).await;
    writer.append(event("before", "")).await.unwrap();
    let marks = tempfile::tempdir().unwrap();
    let late = KafkaSpec {
        start: Start::Latest,
        group: "vanishing/late".into(),
        create: None,
        marks: Some(marks.path().join("kafka")),
        ..spec(node, "vanished", 1)
    };
    let (kafka, opened) = open(&late).await;
    assert_eq!(opened[0].begin, Offset(1), "a newcomer begins at the end");
    writer.append(event("waits", "")).await.unwrap();
    kafka.close().await;
    delete_groups(node, &[&late.group]).await;
    let (kafka, opened) = open(&late).await;
    assert_eq!(opened[0].begin, Offset(0), "what waits, and what was delivered, comes again");
    kafka.close().await;
    let (kafka, opened) = open(&late).await;
    assert_eq!(opened[0].committed, Some(at(0)), "stored when it was found");
    kafka.close().await;
}

/// Who is shown is known from there: nearly nothing comes again.
pub(super) async fn vanished_group_offsets_come_back_from_the_mirror(node: &KafkaNode) {
    let marks = tempfile::tempdir().unwrap();
    let spec = KafkaSpec { marks: Some(marks.path().into()), ..spec(node, "vanished-shown", 1) };
    let (kafka, _) = open_for(&spec, &["shown"]).await;
    for id in ["1", "2", "3"] {
        kafka.append(event(id, "")).await.unwrap();
    }
    kafka.commit(vec![(Partition(0), at(2))]).await.unwrap();
    kafka.close().await;
    delete_groups(node, &[&spec.group]).await;
    let (_, opened) = open_for(&spec, &["shown"]).await;
    assert_eq!(opened[0].committed.as_ref().map(Progress::low), Some(Offset(2)));
}

async fn delete_groups(node: &KafkaNode, groups: &[&str]) {
    for deleted in admin(node).delete_groups(groups, &AdminOptions::new()).await.unwrap() {
        deleted.unwrap();
    }
}

pub(super) async fn what_cannot_be_opened_says_why(node: &KafkaNode) {
    let base = spec(node, "never", 1);
    let missing = KafkaSpec { create: None, ..base.clone() };
    let option =
        |key: &str, value: &str| KafkaSpec { options: vec![(key.into(), value.into())], ..base.clone() };
    let away = KafkaSpec { brokers: vec!["127.0.0.1:1".into()], ..base.clone() };
    for (spec, says) in [
        (missing.clone(), "the topic `never` does not exist"),
        (missing, "the topic `never` does not exist"),
        (option("no.such.key", "1"), "`no.such.key = 1` is refused: there is no such"),
        (option("linger.ms", "soon"), "`linger.ms = soon` is refused"),
        (option("group.id", "mine"), "`group.id` is set by hydrant itself"),
        (away, "reach Kafka at 127.0.0.1:1"),
    ] {
        let opening = tokio::time::timeout(PATIENCE, Kafka::open(&spec, no_subscribers()));
        let error = opening.await.expect("it is told").err().expect("it cannot be opened").to_string();
        assert!(error.contains(says), "{error}");
    }
}
