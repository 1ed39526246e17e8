//! Appending to the topic: acknowledged by all replicas in sync, or an error. Never something in between.

use std::sync::{Arc, Weak};
use std::time::Duration;

use activator::event::{Event, kafka};
use activator::id::{Offset, Partition};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};
use tokio::sync::oneshot;

use super::log::Log;
use super::reader::{self, ASK_TIMEOUT};
use super::record;
use crate::channel::{AppendError, ContentMode, Position};

/// The thread that serves acknowledgements wakes for each at once; this only bounds how long it outlives the
/// producer.
const SERVE_TURN: Duration = Duration::from_secs(1);

/// A cheap handle.
#[derive(Clone)]
pub(super) struct Producer {
    pub(super) client: Arc<BaseProducer<Acknowledge>>,
    to: Target,
}

/// A topic as those see it who write to it.
#[derive(Clone)]
pub(super) struct Target {
    topic: Arc<str>,
    /// The largest record that client and topic take.
    record_bytes_max: usize,
    content: ContentMode,
}

/// A record on its way.
pub(super) struct Sent {
    acknowledged: oneshot::Receiver<Acknowledged>,
    size: usize,
    limit: usize,
}

/// Gives each acknowledgement to who waits for it.
pub(super) struct Acknowledge(Log);

type Acknowledged = Result<Position, KafkaError>;

impl Producer {
    /// Starts the client and its thread; connects in the background.
    pub(super) fn start(
        config: &ClientConfig,
        topic: &str,
        record_bytes_max: usize,
        content: ContentMode,
    ) -> Result<Self, KafkaError> {
        let client: BaseProducer<_> = config.create_with_context(Acknowledge(Log::new(topic)))?;
        let client = Arc::new(client);
        let served = Arc::downgrade(&client);
        std::thread::Builder::new()
            .name("kafka-producer".into())
            .spawn(move || serve(&served))
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { client, to: Target { topic: topic.into(), record_bytes_max, content } })
    }

    pub(super) const fn record_bytes_max(&self) -> usize {
        self.to.record_bytes_max
    }

    /// Connects and learns the topic now, so that the first event does not wait for it. Blocks.
    pub(super) fn warm_up(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.client.client().fetch_metadata(Some(&self.to.topic), timeout).map(drop)
    }

    /// The same, on a thread of its own.
    pub(super) fn warm_up_beside(&self) {
        let producer = self.clone();
        reader::beside("kafka-warm-up", move || {
            if let Err(error) = producer.warm_up(ASK_TIMEOUT) {
                tracing::warn!(topic = %producer.to.topic, "a Kafka producer is not connected yet: {error}");
            }
        });
    }

    pub(super) async fn append(&self, event: &Event) -> Result<Position, AppendError> {
        self.append_keyed(event, kafka::key(event)).await
    }

    pub(super) async fn append_keyed(
        &self,
        event: &Event,
        key: Option<&[u8]>,
    ) -> Result<Position, AppendError> {
        self.send(&self.to, event, key)?.stored().await
    }

    /// Where this one writes to.
    pub(super) const fn target(&self) -> &Target {
        &self.to
    }

    /// Hands a record over; what becomes of it is told later.
    pub(super) fn send(&self, to: &Target, event: &Event, key: Option<&[u8]>) -> Result<Sent, AppendError> {
        let record::Encoded { headers, value, size } = record::encode(event, to.content);
        let limit = to.record_bytes_max;
        if size > limit {
            return Err(AppendError::TooLarge { size, limit });
        }
        let (acknowledge, acknowledged) = oneshot::channel();
        let mut record = BaseRecord::with_opaque_to(&to.topic, Box::new(acknowledge)).headers(headers);
        if let Some(value) = &value {
            record = record.payload(&value[..]);
        }
        if let Some(key) = key {
            record = record.key(key);
        }
        self.client.send(record).map_err(|(error, _)| refused(&error, size, limit))?;
        Ok(Sent { acknowledged, size, limit })
    }
}

impl Sent {
    async fn stored(self) -> Result<Position, AppendError> {
        match self.acknowledged.await {
            Ok(acknowledged) => acknowledged.map_err(|error| refused(&error, self.size, self.limit)),
            Err(_) => Err(AppendError::Unavailable("the Kafka producer was closed".into())),
        }
    }

    /// Why the record itself was refused in a transaction that was aborted; nothing when it only went down with it. Blocks
    /// until that is known.
    pub(super) fn fault(self) -> Option<AppendError> {
        use RDKafkaErrorCode::{Fatal, Fenced, PurgeInflight, PurgeQueue};
        let error = self.acknowledged.blocking_recv().ok()?.err()?;
        match error.rdkafka_error_code() {
            Some(PurgeInflight | PurgeQueue | Fatal | Fenced) | None => None,
            Some(_) => Some(refused(&error, self.size, self.limit)),
        }
    }
}

fn refused(error: &KafkaError, size: usize, limit: usize) -> AppendError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => AppendError::TooLarge { size, limit },
        Some(RDKafkaErrorCode::QueueFull) => {
            AppendError::Unavailable("too much is waiting for Kafka already".into())
        }
        Some(RDKafkaErrorCode::MessageTimedOut) => {
            AppendError::Unavailable("Kafka did not acknowledge in time".into())
        }
        Some(RDKafkaErrorCode::State) => {
            AppendError::Unavailable("Kafka refused another record of its transaction".into())
        }
        _ => AppendError::Unavailable(error.to_string()),
    }
}

/// Serves acknowledgements until the last handle is gone. Being the last one out, this thread also closes the
/// client, which blocks.
fn serve(client: &Weak<BaseProducer<Acknowledge>>) {
    while let Some(client) = client.upgrade() {
        client.poll(SERVE_TURN);
    }
}

impl ClientContext for Acknowledge {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for Acknowledge {
    type DeliveryOpaque = Box<oneshot::Sender<Acknowledged>>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        let acknowledged = match result {
            Ok(message) => position(message.partition(), message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        // Who waited may have been dropped; the event is stored all the same.
        let _dropped = waiting.send(acknowledged);
    }
}

fn position(partition: i32, offset: i64) -> Acknowledged {
    let (Ok(partition), Ok(offset)) = (u32::try_from(partition), u64::try_from(offset)) else {
        // acks=all always tells where; without it nothing says that the record is stored.
        return Err(KafkaError::MessageProduction(RDKafkaErrorCode::InvalidMessage));
    };
    Ok(Position { partition: Partition(partition), offset: Offset(offset) })
}
