//! What a group takes away without asking, on the library's own mock of a cluster: it can be told to refuse.

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::sharing::Member;
use super::*;
use crate::channel::Change;

fn mocked(cluster: &MockCluster<'_, impl rdkafka::ClientContext>) -> KafkaSpec {
    cluster.create_topic("mocked", 2, 1).unwrap();
    KafkaSpec {
        brokers: vec![cluster.bootstrap_servers()],
        topic: "mocked".into(),
        group: "g".into(),
        create: None,
        start: Start::Earliest,
        records: Records::default(),
        mirror: true,
        transactions: false,
        marks: None,
        security: Security::default(),
        mode: Mode::Group,
        options: Vec::new(),
    }
}

/// librdkafka#5604: a member that was put out of its group, and commits when it is in again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_for_what_was_lost_librdkafka_5604() {
    let cluster = MockCluster::new(1).unwrap();
    let spec = mocked(&cluster);
    let mut member = Member::join(&spec).await;
    member.wait_for(2).await;
    member.kafka.commit(vec![(Partition(0), at(0))]).await.unwrap();

    cluster.request_errors(RDKafkaApiKey::Heartbeat, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
    let Change::Lost(lost) = member.change().await else { panic!("they are gone without a question") };
    assert_eq!(lost.len(), 2);
    // By us, whatever Kafka would say to it.
    let late = member.kafka.commit(vec![(Partition(0), at(9))]).await.unwrap_err().to_string();
    assert!(late.contains("not ours"), "{late}");
    member.wait_for(2).await;
    assert_eq!(member.owned[&Partition(0)].committed, Some(at(0)), "it goes on where it was committed");
    member.kafka.commit(vec![(Partition(0), at(0))]).await.unwrap();
    member.kafka.close().await;
}

/// The generation fences who is not heard of: a commit that is refused for good has failed, and is told as that.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_an_old_generation_has_failed() {
    let cluster = MockCluster::new(1).unwrap();
    let spec = mocked(&cluster);
    let mut member = Member::join(&spec).await;
    member.wait_for(2).await;
    // As often as it may be sent before the member hears that it is none any more.
    let refusals = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION; 200];
    cluster.request_errors(RDKafkaApiKey::OffsetCommit, &refusals);
    let refused = member.kafka.commit(vec![(Partition(0), at(9))]).await.unwrap_err().to_string();
    let reasons = [RDKafkaErrorCode::IllegalGeneration.to_string(), "not ours".into()];
    assert!(reasons.iter().any(|reason| refused.contains(reason)), "{refused}");
    assert!(matches!(member.change().await, Change::Lost(_)));
    member.wait_for(2).await;
    assert_eq!(member.owned[&Partition(0)].committed, None);
    member.kafka.close().await;
}
