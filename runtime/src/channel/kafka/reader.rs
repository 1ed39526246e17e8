//! One consumer client of the topic. It reads where it is told to; the one for the tails may be a member of the group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::id::Offset;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, TopicPartitionList};
use tokio::sync::oneshot;

use super::context::Context;

/// How long a question to the cluster may take.
pub(super) const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to ask again while the cluster elects who answers.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Longer than that nobody gains from it.
const HASTEN_WITHIN: Duration = Duration::from_secs(1);

/// Partitions asked for their bounds at a time.
const ASKERS: usize = 16;

pub(super) type Client = StreamConsumer<Context>;

/// The client, and the task that serves what is not a record: log lines and errors. Everything that blocks says so.
pub(super) struct Reader {
    pub(super) client: Arc<Client>,
    pub(super) topic: Arc<str>,
    /// Dropped with the reader, it ends the task.
    _serving: oneshot::Sender<()>,
}

impl Reader {
    pub(super) fn start(config: &ClientConfig, topic: &str, context: Context) -> Result<Self, KafkaError> {
        let client: Arc<Client> = Arc::new(config.create_with_context(context)?);
        let (serving, closed) = oneshot::channel();
        tokio::spawn(serve(Arc::clone(&client), closed));
        Ok(Self { client, topic: topic.into(), _serving: serving })
    }
}

/// Has a client that was just made connect to a broker of the topic as soon as it knows one. It lets go of the connection it
/// began with once it was told of the brokers, and with that of what was asked over it; to one of those it connects only
/// 11 ms after the first, but to a leader that is asked for something at once. Nobody waits for the answer.
pub(super) fn hasten(client: &Arc<impl Consumer<Context> + Send + Sync + 'static>, topic: &str) {
    let (client, topic) = (Arc::clone(client), topic.to_owned());
    beside("kafka-leader", move || {
        // Whatever is wrong is told by the question that matters.
        client.fetch_watermarks(&topic, 0, HASTEN_WITHIN).ok();
    });
}

/// What the client's group committed for these partitions. Blocks, for twice as long as it has patience at most.
pub(super) fn committed(
    client: &impl Consumer<Context>,
    topic: &str,
    partitions: &[u32],
    patience: Duration,
) -> Result<TopicPartitionList, KafkaError> {
    once_elected(patience, || {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(topic, i32::try_from(*partition).unwrap_or(i32::MAX));
        }
        client.committed_offsets(list, patience)
    })
}

/// Asks until there is somebody to answer. Blocks.
fn once_elected<T>(patience: Duration, ask: impl Fn() -> Result<T, KafkaError>) -> Result<T, KafkaError> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error) if is_electing(&error) && begun.elapsed() < patience => {
                std::thread::sleep(ASK_AGAIN);
            }
            answer => return answer,
        }
    }
}

/// A cluster that just started has no coordinator for the group yet, and a topic just made no leader; librdkafka does
/// not wait for them here.
fn is_electing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        CoordinatorLoadInProgress, CoordinatorNotAvailable, LeaderNotAvailable, NotCoordinator,
        NotLeaderForPartition,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | NotCoordinator
                | LeaderNotAvailable
                | NotLeaderForPartition
        )
    )
}

/// Where a partition begins and ends; the end is the last stable one, so nothing below it is still open in a
/// transaction. Blocks.
pub(super) fn bounds(client: &Client, topic: &str, partition: i32) -> Result<(u64, u64), KafkaError> {
    let ask = || client.fetch_watermarks(topic, partition, ASK_TIMEOUT);
    let (low, high) = once_elected(ASK_TIMEOUT, ask)?;
    Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
}

/// The same of several partitions, by their number. Blocks.
pub(super) fn all_bounds(
    client: &Client,
    topic: &str,
    partitions: &[u32],
) -> Result<BTreeMap<i32, (Offset, Offset)>, KafkaError> {
    let one = |number: &u32| {
        let number = i32::try_from(*number).unwrap_or(i32::MAX);
        let (begin, end) = bounds(client, topic, number)?;
        Ok((number, (Offset(begin), Offset(end))))
    };
    let some = |numbers: &[u32]| numbers.iter().map(one).collect();
    std::thread::scope(|scope| {
        let share = partitions.len().div_ceil(ASKERS).max(1);
        let asked: Vec<_> = partitions.chunks(share).map(|numbers| scope.spawn(|| some(numbers))).collect();
        let mut all = BTreeMap::new();
        for asked in asked {
            let found: Result<Vec<_>, KafkaError> = asked.join().unwrap_or(Err(KafkaError::Canceled));
            all.extend(found?);
        }
        Ok(all)
    })
}

async fn serve(client: Arc<Client>, mut closed: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            _ = &mut closed => break,
            // Errors were logged on their way here, and librdkafka goes on by itself.
            served = client.recv() => if served.is_ok() {
                tracing::error!("a record came outside the queue of its partition");
            },
        }
    }
    let_go(move || drop(client));
}

/// Closes a client, or whatever else blocks at the end, elsewhere.
pub(super) fn let_go(work: impl FnOnce() + Send + 'static) {
    beside("kafka-close", work);
}

/// Does what blocks on a thread of its own.
pub(super) fn beside(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(work) {
        tracing::warn!("no thread for {name}: {error}");
    }
}
