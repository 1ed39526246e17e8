//! What librdkafka calls back to one consumer: log lines, errors, and what its group decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList, config::RDKafkaLogLevel};
use tokio::sync::{mpsc, watch};

use super::log::Log;
use super::owned::Owned;

/// The callbacks of one consumer. They never block, and those of a member leave all decisions to its task.
pub(super) struct Context {
    log: Log,
    group: Option<Group>,
    /// Dropped with the client, once that is closed.
    _closed: Option<watch::Sender<()>>,
}

/// What a consumer needs that is a member of its group.
pub(super) struct Group {
    pub(super) owned: Arc<Owned>,
    pub(super) told: mpsc::UnboundedSender<Told>,
    pub(super) leaving: Arc<AtomicBool>,
}

/// What the group told us. It waits for the answer: an assignment that is taken on or given up.
#[derive(Debug)]
pub(super) enum Told {
    Assigned(Vec<u32>),
    AskedBack(Vec<u32>),
    Lost(Vec<u32>),
}

impl Context {
    pub(super) fn alone(topic: &str) -> Self {
        Self { log: Log::new(topic), group: None, _closed: None }
    }

    /// Also gives what ends when the client is closed and has left its group.
    pub(super) fn member(topic: &str, group: Group) -> (Self, watch::Receiver<()>) {
        let (closing, closed) = watch::channel(());
        (Self { log: Log::new(topic), group: Some(group), _closed: Some(closing) }, closed)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.log.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }
}

impl ConsumerContext for Context {
    /// The default takes on and gives up at once, so that another member begins while our deliveries are under way.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, what: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let answered = match &self.group {
            Some(group) => group.rebalance(consumer, what, list),
            // Only at the end: it was told what to read, and nobody balances.
            None => consumer.unassign(),
        };
        if let Err(error) = answered {
            tracing::warn!("the assignment of partitions: {error}");
        }
    }
}

impl Group {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Context>,
        what: RDKafkaRespErr,
        list: &TopicPartitionList,
    ) -> KafkaResult<()> {
        let numbers = numbers(list);
        let assigns = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let told = match (assigns, consumer.assignment_lost()) {
            (true, _) => Told::Assigned(numbers),
            (false, true) => {
                // Here, not in the task: nothing may be committed from this moment on.
                self.owned.give_up(&numbers);
                Told::Lost(numbers)
            }
            (false, false) => {
                self.owned.ask_back(&numbers);
                Told::AskedBack(numbers)
            }
        };
        if !self.leaving.load(Ordering::Acquire) && self.told.send(told).is_ok() {
            return Ok(());
        }
        // The task is gone, and librdkafka closes only once it is answered.
        if assigns { consumer.incremental_assign(list) } else { consumer.incremental_unassign(list) }
    }
}

fn numbers(list: &TopicPartitionList) -> Vec<u32> {
    list.elements().iter().filter_map(|element| u32::try_from(element.partition()).ok()).collect()
}
