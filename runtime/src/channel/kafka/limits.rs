//! What a cluster allows: asked beside the start, as nobody needs it to read.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};
use tokio::sync::watch;

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

/// The question, while it is asked and after.
#[derive(Clone)]
pub(super) struct Asked(watch::Receiver<Option<Limits>>);

impl Asked {
    /// Asks; `broker` is one of the cluster. In a tokio runtime.
    pub(super) fn ask(spec: &Arc<KafkaSpec>, broker: Option<i32>) -> Self {
        let (tell, told) = watch::channel(None);
        let spec = Arc::clone(spec);
        tokio::spawn(async move {
            let Ok(admin) = open::admin(&spec) else { return };
            let limits = Limits::ask(&admin, &spec.topic, broker).await;
            reader::let_go(move || drop(admin));
            tell.send(Some(limits)).ok();
        });
        Self(told)
    }

    /// Waits for the answer.
    pub(super) async fn limits(&self) -> Limits {
        let mut told = self.0.clone();
        let limits = told.wait_for(Option::is_some).await.ok().and_then(|limits| *limits);
        limits.unwrap_or(Limits::UNKNOWN)
    }

    /// What is known now.
    pub(super) fn known(&self) -> Limits {
        self.0.borrow().unwrap_or(Limits::UNKNOWN)
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
