//! What a cluster allows: asked after the start, as nobody needs it to read.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};
use tokio::sync::OnceCell;

use super::log::Log;
use super::open;
use super::reader::{self, ASK_TIMEOUT};
use super::settings::{RECORD_BYTES_MAX, TOPIC_BYTES_MAX};
use crate::channel::KafkaSpec;

/// What a batch of one record adds to it.
const BATCH_BYTES: usize = 128;

/// What is allowed, as far as we may know it.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The largest record the topic takes.
    pub(super) record_bytes_max: usize,
    /// How long the offsets of a group without members are kept.
    pub(super) offsets_kept: Option<Duration>,
}

/// The question, asked once somebody needs the answer.
#[derive(Clone)]
pub(super) struct Asked(Arc<Question>);

struct Question {
    spec: Arc<KafkaSpec>,
    /// One of the cluster's.
    broker: Option<i32>,
    answer: OnceCell<Limits>,
}

impl Asked {
    pub(super) fn new(spec: &Arc<KafkaSpec>, broker: Option<i32>) -> Self {
        Self(Arc::new(Question { spec: Arc::clone(spec), broker, answer: OnceCell::new() }))
    }

    /// Asks, or waits for the answer.
    pub(super) async fn limits(&self) -> Limits {
        let ask = async || {
            // Whoever gives up waiting does not end the question: to let go of its client takes a while.
            let asked = tokio::spawn(Limits::of_topic(Arc::clone(&self.0.spec), self.0.broker));
            asked.await.unwrap_or(Limits::UNKNOWN)
        };
        *self.0.answer.get_or_init(ask).await
    }

    /// What is known now.
    pub(super) fn known(&self) -> Limits {
        self.0.answer.get().copied().unwrap_or(Limits::UNKNOWN)
    }
}

impl Limits {
    /// A topic that we made takes this.
    const UNKNOWN: Self = Self::new(TOPIC_BYTES_MAX, None);

    const fn new(batch_bytes_max: usize, offsets_kept: Option<Duration>) -> Self {
        let record_bytes_max = batch_bytes_max.saturating_sub(BATCH_BYTES);
        let record_bytes_max =
            if record_bytes_max < RECORD_BYTES_MAX { record_bytes_max } else { RECORD_BYTES_MAX };
        Self { record_bytes_max, offsets_kept }
    }

    async fn of_topic(spec: Arc<KafkaSpec>, broker: Option<i32>) -> Self {
        let Ok(admin) = open::admin(&spec) else { return Self::UNKNOWN };
        let limits = Self::ask(&admin, &spec.topic, broker).await;
        reader::let_go(move || drop(admin));
        limits
    }

    async fn ask(admin: &AdminClient<Log>, topic: &str, broker: Option<i32>) -> Self {
        let of = [Some(ResourceSpecifier::Topic(topic)), broker.map(ResourceSpecifier::Broker)];
        let options = AdminOptions::new().request_timeout(Some(ASK_TIMEOUT));
        let answers = admin.describe_configs(of.iter().flatten(), &options).await.unwrap_or_default();
        let answers: Vec<_> = answers.into_iter().flatten().collect();
        let of_topic = |of: &OwnedResourceSpecifier| matches!(of, OwnedResourceSpecifier::Topic(_));
        let of_broker = |of: &OwnedResourceSpecifier| matches!(of, OwnedResourceSpecifier::Broker(_));
        let batch_bytes_max = setting(&answers, of_topic, "max.message.bytes");
        let kept_minutes: Option<u32> = setting(&answers, of_broker, "offsets.retention.minutes");
        let kept = kept_minutes.map(|minutes| Duration::from_secs(60) * minutes);
        Self::new(batch_bytes_max.unwrap_or(TOPIC_BYTES_MAX), kept)
    }
}

fn setting<T: std::str::FromStr>(
    answers: &[ConfigResource],
    of: impl Fn(&OwnedResourceSpecifier) -> bool,
    name: &str,
) -> Option<T> {
    let answer = answers.iter().find(|answer| of(&answer.specifier))?;
    answer.get(name)?.value.as_ref()?.parse().ok()
}
