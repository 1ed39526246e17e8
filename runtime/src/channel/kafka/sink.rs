//! A topic that is only written to, as Knative's KafkaSink has it: no consumer, no group, no cursors.

use std::sync::Arc;

use activator::event::Event;
use tokio::runtime::Handle;

use super::open;
use super::producer::Producer;
use super::reader::{ASK_TIMEOUT, let_go};
use super::settings;
use super::transactions::Transaction;
use crate::channel::{AppendError, OpenError, Position, SinkSpec};

/// An open sink. A cheap handle.
#[derive(Clone)]
pub(crate) struct KafkaSink(Arc<Shared>);

struct Shared {
    /// Nothing once the last handle is gone.
    producer: Option<Producer>,
    brokers: Vec<String>,
}

impl KafkaSink {
    /// Finds the cluster and the topic, which is created when it is not there.
    pub(crate) async fn open(spec: &SinkSpec) -> Result<Self, OpenError> {
        let spec = spec.clone();
        let opening = tokio::task::spawn_blocking(move || open_blocking(&spec));
        opening.await.map_err(|error| OpenError(error.to_string()))?
    }

    /// Done when Kafka has acknowledged the event from all replicas in sync.
    pub(crate) async fn append(&self, event: Event) -> Result<Position, AppendError> {
        self.producer().append(&event).await
    }

    /// The same, in a transaction that says what is done by it.
    pub(crate) async fn append_in(&self, transaction: Transaction, event: Event) -> Result<(), AppendError> {
        if !transaction.reaches(&self.0.brokers) {
            return self.append(event).await.map(drop);
        }
        transaction.append(self.producer().target().clone(), event).await
    }

    /// The same with a key of one's own.
    pub(crate) async fn append_keyed(
        &self,
        event: &Event,
        key: Option<&[u8]>,
    ) -> Result<Position, AppendError> {
        self.producer().append_keyed(event, key).await
    }

    pub(crate) fn event_bytes_max(&self) -> usize {
        self.producer().record_bytes_max()
    }

    fn producer(&self) -> &Producer {
        self.0.producer.as_ref().expect("taken only when the last handle is dropped")
    }
}

fn open_blocking(spec: &SinkSpec) -> Result<KafkaSink, OpenError> {
    let topic = open::topic_alone(&Arc::new(spec.topic.clone()))?;
    let config = settings::writer(&spec.topic)?;
    let start = |error| open::failed("start a Kafka producer", &error);
    let limits = Handle::current().block_on(topic.asked.limits());
    let producer = Producer::start(&config, &spec.topic.topic, limits.record_bytes_max, spec.content);
    let producer = producer.map_err(start)?;
    // An idempotent producer takes half a second to start.
    producer.warm_up(ASK_TIMEOUT).map_err(start)?;
    Ok(KafkaSink(Arc::new(Shared { producer: Some(producer), brokers: spec.topic.brokers.clone() })))
}

impl Drop for Shared {
    fn drop(&mut self) {
        let producer = self.producer.take();
        let_go(move || drop(producer));
    }
}
