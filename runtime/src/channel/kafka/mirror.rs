//! The mirror: where each subscription stands, as the committed offset of a group that bears its name, as Knative
//! names it. So every tool for Kafka shows its lag, and a cluster can go on where we are.
//!
//! Nothing here reads the mirror; the cursors are in the store. A group is written by a client that lives as long as
//! the commit, one after the other: the library commits only for the group a client was made for. Only what changed
//! is written, so a trigger without events costs nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use activator::id::Offset;
use activator::input::Progress;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::{oneshot, watch};

use super::context::Context;
use super::reader;
use super::settings;
use super::store::Store;
use crate::channel::{KafkaSpec, Mirrored};

/// How often what changed is written.
const EVERY: Duration = Duration::from_secs(10);

/// Groups written in one round: each takes a client of its own, and where there are thousands they take turns.
const GROUPS_MAX: usize = 16;

/// How long one round may take: it has its time before the next, and at the end nobody waits longer.
const ROUND_MAX: Duration = Duration::from_secs(8);
const LAST_ROUND_MAX: Duration = Duration::from_secs(1);

/// Tells ours from an offset that somebody set.
const TAG: &str = "h1";

/// Who is mirrored. A clone is the same mirror.
#[derive(Clone)]
pub(super) struct Mirror {
    spec: Arc<KafkaSpec>,
    /// Who we are, for people.
    name: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    subscriptions: Vec<Mirrored>,
    /// What stands in each group, as far as we wrote it.
    written: HashMap<String, Offsets>,
    /// Groups that have members: a cluster runs that trigger.
    taken: HashSet<String>,
    /// Whose turn is next, when a round was too short for all.
    next: usize,
}

type Offsets = BTreeMap<u32, Offset>;

impl Mirror {
    pub(super) fn new(spec: &Arc<KafkaSpec>, store: &Store) -> Self {
        Self { spec: Arc::clone(spec), name: store.name(), state: Arc::default() }
    }

    pub(super) fn set(&self, subscriptions: Vec<Mirrored>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.subscriptions = subscriptions;
        state.next = 0;
    }

    /// Writes what changed, now and then until the channel is let go, and a last time then. `ended` is dropped after
    /// that.
    pub(super) async fn run(self, store: Store, mut closed: oneshot::Receiver<()>, ended: watch::Sender<()>) {
        loop {
            let is_over = tokio::select! {
                _ = &mut closed => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            let (mirror, looked_at) = (self.clone(), store.clone());
            if is_over {
                // Others wait for our partitions, and nobody for the mirror: first the client is closed.
                reader::let_go(move || drop(store));
                mirror.blocking(looked_at, LAST_ROUND_MAX).await;
                break;
            }
            mirror.blocking(looked_at, ROUND_MAX).await;
        }
        drop(ended);
    }

    async fn blocking(self, store: Store, time: Duration) {
        let work = move || {
            let progress = store.written();
            drop(store);
            self.round(&progress, time);
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!("the mirror of the cursors: {error}");
        }
    }

    /// Blocks.
    fn round(&self, progress: &BTreeMap<u32, Progress>, time: Duration) {
        let begun = Instant::now();
        for Changed { group, offsets } in self.changed(progress) {
            if begun.elapsed() >= time {
                return;
            }
            let outcome = self.write(&group, &offsets);
            self.wrote(group, offsets, outcome);
        }
    }

    /// The groups to write, beginning with the one that waits longest.
    fn changed(&self, progress: &BTreeMap<u32, Progress>) -> Vec<Changed> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, waiting) = state.subscriptions.split_at(state.next.min(state.subscriptions.len()));
        let to_write = waiting.iter().chain(done).filter(|mirrored| !state.taken.contains(&mirrored.group));
        to_write
            .map(|mirrored| Changed {
                group: mirrored.group.clone(),
                offsets: offsets(&mirrored.subscription, progress),
            })
            .filter(|changed| {
                !changed.offsets.is_empty() && state.written.get(&changed.group) != Some(&changed.offsets)
            })
            .take(GROUPS_MAX)
            .collect()
    }

    fn wrote(&self, group: String, offsets: Offsets, outcome: Result<(), KafkaError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = state.subscriptions.iter().position(|mirrored| mirrored.group == group) {
            state.next = at + 1;
        }
        match outcome {
            Ok(()) => drop(state.written.insert(group, offsets)),
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownMemberId) => {
                tracing::warn!(topic = %self.spec.topic, group, "has members: a cluster runs it; not mirrored any more");
                state.taken.insert(group);
            }
            Err(error) => tracing::debug!(topic = %self.spec.topic, group, "not mirrored now: {error}"),
        }
    }

    fn write(&self, group: &str, offsets: &Offsets) -> Result<(), KafkaError> {
        let config =
            settings::mirror(&self.spec, group).map_err(|error| KafkaError::ClientCreation(error.0))?;
        let client: BaseConsumer<Context> = config.create_with_context(Context::alone(&self.spec.topic))?;
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (number, offset) in offsets {
            let number = i32::try_from(*number).unwrap_or(i32::MAX);
            let mut element = list.add_partition(&self.spec.topic, number);
            element.set_offset(rdkafka::Offset::Offset(i64::try_from(offset.0).unwrap_or(i64::MAX)))?;
            element.set_metadata(format!("{TAG}:{}", self.name));
        }
        client.commit(&list, CommitMode::Sync)
    }
}

struct Changed {
    group: String,
    offsets: Offsets,
}

/// Where a subscription stands in each partition: what it needs next.
fn offsets(subscription: &str, progress: &BTreeMap<u32, Progress>) -> Offsets {
    let at = |progress: &Progress| {
        let own = progress.behind.iter().find(|(name, _)| &**name == subscription);
        own.map_or(progress.position, |(_, cursor)| cursor.prefix())
    };
    progress.iter().map(|(number, progress)| (*number, at(progress))).collect()
}

#[cfg(test)]
mod tests {
    use activator::cursor::Cursor;

    use super::*;

    #[test]
    fn a_subscription_stands_at_its_prefix_or_where_all_others_do() {
        let cursor = Cursor::from_unfinished([Offset(3), Offset(5)], Offset(9));
        let progress = Progress { position: Offset(9), behind: vec![("trigger/slow".into(), cursor)] };
        let progress = BTreeMap::from([(0, progress), (4, Progress { position: Offset(2), behind: vec![] })]);
        let check = |name, expected| assert_eq!(offsets(name, &progress), expected, "{name}");
        check("trigger/slow", BTreeMap::from([(0, Offset(3)), (4, Offset(2))]));
        check("trigger/fast", BTreeMap::from([(0, Offset(9)), (4, Offset(2))]));
    }
}
