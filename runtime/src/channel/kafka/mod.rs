//! A channel kept in a Kafka topic; its cursors are committed offsets of a consumer group. Only this module knows
//! rdkafka.
//!
//! One runtime alone has all partitions of a topic (`Mode::Own`), or several share them as members of the consumer
//! group (`Mode::Group`, `member`); `owned` knows which are ours. Clients: a reader for the tails and the cursors
//! (`reader`), a second one for what lies below a tail, made when first needed (`partition` has the rule), and a
//! producer (`producer`), and where it is wanted one more that stores what comes of events and that they are done in one
//! transaction (`transactions`). Nothing here calls librdkafka's blocking half on the loop.

mod ahead;
mod bare;
mod context;
mod early;
mod headers;
mod join;
mod lane;
mod limits;
mod locate;
mod log;
mod member;
mod mirror;
mod moves;
mod open;
mod options;
mod owned;
mod partition;
mod producer;
mod progress;
mod reader;
mod record;
mod security;
mod seen;
mod settings;
mod shown;
mod sink;
mod store;
mod stream;
mod taken;
mod transactional;
mod transactions;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use activator::effect::Origin;
use activator::event::Event;
use activator::id::{Offset, Partition};
use activator::input::{Batch, OpenedPartition, Progress};
use rdkafka::error::KafkaError;
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

pub(crate) use self::bare::BareConsumer;
pub(crate) use self::options::{OPTIONS, check_option};
pub(crate) use self::sink::KafkaSink;
pub(crate) use self::transactions::Transaction;

use self::context::Context;
use self::join::{open_group, open_own};
use self::lane::Lane;
use self::limits::Limits;
use self::open::Topic;
use self::owned::Owned;
use self::producer::Producer;
use self::reader::Reader;
use self::store::Store;
use self::taken::Want;
use self::transactions::Transactions;
use super::{
    AppendError, Changes, CommitError, ContentMode, KafkaSpec, Mode, OpenError, Position, ReadError,
    Subscribers, no_subscribers,
};

/// How long a member may take to leave its group, and the mirror to be written a last time.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// An open topic. A cheap handle.
#[derive(Clone)]
pub(crate) struct Kafka(Arc<Shared>);

/// A topic that was just opened.
pub(crate) struct Opened {
    pub(crate) channel: Kafka,
    pub(crate) partitions: Vec<OpenedPartition>,
    pub(crate) changes: Option<Changes>,
}

struct Shared {
    spec: Arc<KafkaSpec>,
    topic: Topic,
    owned: Arc<Owned>,
    membership: Option<Membership>,
    /// Each ends when something is done that whoever closes waits for: leaving the group, the last renewal of the
    /// cursors, the mirror's last round.
    endings: Vec<watch::Receiver<()>>,
    /// Nothing once the last handle is gone.
    clients: Option<Clients>,
}

struct Clients {
    /// Dropped first, they end the tasks beside: the member's or the one that keeps the cursors fresh, and the mirror's.
    _beside: Vec<oneshot::Sender<()>>,
    /// In the order of their numbers, which Kafka counts from 0.
    partitions: Vec<partition::Partition>,
    reader: Reader,
    store: Store,
    look_back: OnceCell<Reader>,
    producer: OnceCell<Producer>,
    transactions: Option<Transactions>,
}

/// Our end of the task that answers the group.
struct Membership {
    released: mpsc::UnboundedSender<Vec<Partition>>,
    leaving: Arc<AtomicBool>,
}

impl Kafka {
    /// Finds the cluster and the topic, which is created if that is wanted, and what was committed; or joins those who
    /// share it.
    pub(crate) async fn open(spec: &KafkaSpec, subscribers: Subscribers) -> Result<Opened, OpenError> {
        let spec = Arc::new(spec.clone());
        let subscribers = if spec.mirror { subscribers } else { no_subscribers() };
        let opening = tokio::task::spawn_blocking(move || match spec.mode {
            Mode::Own => open_own(&spec, subscribers),
            Mode::Group => open_group(&spec, subscribers),
        });
        opening.await.map_err(|error| OpenError(error.to_string()))?
    }

    /// Done when Kafka has acknowledged the event from all replicas in sync.
    pub(crate) async fn append(&self, event: Event) -> Result<Position, AppendError> {
        self.producer().await?.append(&event).await
    }

    /// The same, in a transaction that says what is done by it.
    pub(crate) async fn append_in(&self, transaction: Transaction, event: Event) -> Result<(), AppendError> {
        if !transaction.reaches(&self.0.spec.brokers) {
            return self.append(event).await.map(drop);
        }
        transaction.append(self.producer().await?.target().clone(), event).await
    }

    /// In which events of this topic are done by what comes of them; nothing where that is not wanted.
    pub(crate) fn transaction(&self, origin: Origin) -> Option<Transaction> {
        let transactions = self.clients().transactions.as_ref()?;
        Some(transactions.of(origin))
    }

    async fn producer(&self) -> Result<&Producer, AppendError> {
        let make = async || self.0.start_producer(self.0.topic.asked.limits().await);
        let producer = self.clients().producer.get_or_try_init(make).await;
        producer.map_err(|error| AppendError::Unavailable(error.to_string()))
    }

    pub(crate) fn event_bytes_max(&self) -> usize {
        self.0.topic.asked.known().record_bytes_max
    }

    pub(crate) async fn read(
        &self,
        partition: Partition,
        from: Offset,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Batch, ReadError> {
        let Some(lanes) = self.clients().partitions.get(partition.0 as usize) else {
            return Err(self.0.no_partition(partition));
        };
        if let Some(reason) = self.clients().store.stopped() {
            return Err(ReadError(reason.into()));
        }
        let foreign = || ReadError(format!("partition {partition} of `{}` is not ours", self.0.spec.topic));
        let hold = self.0.owned.reading(partition.0).ok_or_else(foreign)?;
        let want = Want { from, records_max, bytes_max, until: None };
        tokio::select! {
            biased;
            () = self.0.owned.over(partition.0, hold.turn) => Err(foreign()),
            read = lanes.read(hold, want, async || self.look_back(partition).await) => read,
        }
    }

    pub(crate) async fn commit(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        self.clients().store.commit(progress).await
    }

    pub(crate) fn stopped(&self) -> Option<&str> {
        self.clients().store.stopped()
    }

    pub(crate) fn release(&self, partitions: Vec<Partition>) {
        if let Some(membership) = &self.0.membership {
            // A member that is gone has given up all it had.
            membership.released.send(partitions).ok();
        }
    }

    /// Done when a member has left its group: the others take over at once, and need not find out. And when the mirror
    /// was written a last time, and no renewal of the cursors is under way.
    pub(crate) async fn close(self) {
        let endings = self.0.endings.clone();
        drop(self);
        let ended = async {
            for mut ending in endings {
                ending.changed().await.ok();
            }
        };
        tokio::time::timeout(CLOSE_WITHIN, ended).await.ok();
    }

    async fn look_back(&self, partition: Partition) -> Result<Lane, ReadError> {
        let Shared { spec, .. } = &*self.0;
        let make = async || {
            let config = settings::look_back(spec, self.0.topic.partitions).map_err(|e| e.0)?;
            let context = Context::alone(&spec.topic);
            Reader::start(&config, &spec.topic, context).map_err(|error| error.to_string())
        };
        let reader = self.clients().look_back.get_or_try_init(make).await.map_err(ReadError)?;
        let lane = Lane::new(reader, partition.0, &spec.records, false);
        lane.ok_or_else(|| self.0.no_partition(partition))
    }

    fn clients(&self) -> &Clients {
        self.0.clients.as_ref().expect("taken only when the last handle is dropped")
    }
}

impl Shared {
    fn start_producer(&self, limits: Limits) -> Result<Producer, KafkaError> {
        let config = settings::writer(&self.spec).map_err(|error| KafkaError::ClientCreation(error.0))?;
        Producer::start(&config, &self.spec.topic, limits.record_bytes_max, ContentMode::Binary)
    }

    fn no_partition(&self, partition: Partition) -> ReadError {
        ReadError(format!("the topic `{}` has no partition {partition}", self.spec.topic))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(membership) = &self.membership {
            membership.leaving.store(true, Ordering::Release);
        }
        let clients = self.clients.take();
        if let Some(clients) = &clients {
            clients.store.end();
        }
        reader::let_go(move || drop(clients));
    }
}
