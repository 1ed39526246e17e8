//! The client of a channel whose transactions hold records and offsets. Everything here blocks.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;

use super::open;
use super::producer::Producer;
use super::settings;
use crate::channel::{ContentMode, KafkaSpec, OpenError};

/// How long Kafka may take for one step of a transaction before it is asked again.
const STEP: Duration = Duration::from_secs(5);

/// How long a step is asked for that may be given up.
const STEP_MAX: Duration = Duration::from_secs(10);

/// Before a step is asked for again that was answered at once.
const ASK_AGAIN: Duration = Duration::from_millis(20);

pub(super) struct Transactional {
    pub(super) producer: Producer,
}

/// A transaction has failed.
pub(super) enum Failed {
    /// Nothing of it is stored, and another may begin.
    Aborted(String),
    /// This client does nothing more, and whether all or nothing is stored is not known here.
    Unknown(String),
}

impl Transactional {
    /// From now on whoever had the same name commits nothing any more, and what they left open is ended: what is found
    /// stays.
    pub(super) fn start(spec: &KafkaSpec) -> Result<Self, OpenError> {
        let config = settings::transactional(spec)?;
        let failed = |error: &KafkaError| open::failed("start transactions", error);
        // It writes to whatever topics it is told.
        let producer = Producer::start(&config, &spec.topic, usize::MAX, ContentMode::Binary);
        let producer = producer.map_err(|error| failed(&error))?;
        let until = Instant::now() + STEP_MAX;
        let ready = again(|| Instant::now() < until, || producer.client.init_transactions(STEP));
        ready.map_err(|error| failed(&error))?;
        Ok(Self { producer })
    }

    pub(super) fn begin(&self) -> Result<(), KafkaError> {
        self.producer.client.begin_transaction()
    }

    pub(super) fn offsets(
        &self,
        (offsets, group): &(TopicPartitionList, ConsumerGroupMetadata),
        goes_on: impl Fn() -> bool,
    ) -> Result<(), Failed> {
        let until = Instant::now() + STEP_MAX;
        let send = || self.producer.client.send_offsets_to_transaction(offsets, group, STEP);
        again(|| goes_on() && Instant::now() < until, send).map_err(|error| match error {
            KafkaError::Transaction(error) if error.is_fatal() => Failed::Unknown(error.to_string()),
            // A record may have been refused meanwhile. Nothing is committed yet, so it can always be given up.
            error => self.abort(error.to_string(), goes_on),
        })
    }

    /// Done when it is known what became of it, or `goes_on` no more.
    pub(super) fn commit(&self, goes_on: impl Fn() -> bool) -> Result<(), Failed> {
        again(&goes_on, || self.producer.client.commit_transaction(STEP)).map_err(|error| match error {
            KafkaError::Transaction(error) if error.txn_requires_abort() => {
                self.abort(error.to_string(), goes_on)
            }
            // Kafka may still commit it.
            error => Failed::Unknown(error.to_string()),
        })
    }

    /// Gives up what was begun.
    pub(super) fn abort(&self, why: String, goes_on: impl Fn() -> bool) -> Failed {
        match again(goes_on, || self.producer.client.abort_transaction(STEP)) {
            Ok(()) => Failed::Aborted(why),
            Err(error) => Failed::Unknown(format!("{why}; {error}")),
        }
    }
}

/// Asks while that may help and it `goes_on`.
fn again(goes_on: impl Fn() -> bool, ask: impl Fn() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    loop {
        match ask() {
            Err(error) if is_retriable(&error) && goes_on() => std::thread::sleep(ASK_AGAIN),
            answer => return answer,
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable() && !error.txn_requires_abort(),
        // What is under way has its own end.
        KafkaError::Flush(code) => *code == RDKafkaErrorCode::OperationTimedOut,
        _ => false,
    }
}
