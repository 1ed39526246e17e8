//! The cursor store: what was committed for the partitions that are ours, and the rules for a commit.
//!
//! - One after the other: a slow commit must not overtake the next and set the cursors back.
//! - Only for partitions that are ours when it is sent (librdkafka#5604): Kafka does not check that.
//! - All partitions given, or it has failed; librdkafka fails a commit of which one partition was refused.
//! - Alone, nothing fences one runtime from another that thinks so too. So each text says who wrote it, and is read
//!   back: a foreign one stops this channel.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use activator::id::Partition;
use activator::input::Progress;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use tokio::sync::{Mutex, MutexGuard};

use super::ahead::{Ahead, Done};
use super::open::{self, Begin};
use super::owned::Owned;
use super::progress::{self, METADATA_CHARS_MAX};
use super::reader::{self, ASK_TIMEOUT, Client};
use super::seen::Seen;
use crate::channel::{CommitError, KafkaSpec, Mode};

/// How long a commit may take, and how long it may wait for the one before it.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a commit is sent again because the members of the group change just now, and how often.
const REBALANCE_MAX: Duration = Duration::from_secs(2);
const REBALANCE_LOOK: Duration = Duration::from_millis(20);

/// A clone is the same store.
#[derive(Clone)]
pub(super) struct Store {
    client: Arc<Client>,
    spec: Arc<KafkaSpec>,
    owned: Arc<Owned>,
    /// Held while something is committed.
    turn: Arc<Mutex<Written>>,
    /// This runtime, as others see it.
    name: Arc<str>,
    /// The same, where nothing else tells it from another.
    writer: Option<Arc<str>>,
    stopped: Arc<OnceLock<String>>,
    /// The channel is let go of: whoever opens it next must find nothing written behind its back.
    ended: Arc<AtomicBool>,
    /// Where we ever had something stored.
    pub(super) seen: Arc<Seen>,
}

/// What stands in the store, as far as we know.
#[derive(Default)]
struct Written {
    by_partition: BTreeMap<u32, Entry>,
}

struct Entry {
    progress: Progress,
    /// Who wrote it; nothing when that is not known.
    writer: Option<Arc<str>>,
    /// When it was written by us.
    at: Option<Instant>,
    ahead: Ahead,
}

/// The store while nobody else commits.
pub(super) struct Turn<'s> {
    store: &'s Store,
    written: MutexGuard<'s, Written>,
}

impl Store {
    /// Blocks.
    pub(super) fn new(client: &Arc<Client>, spec: &Arc<KafkaSpec>, owned: &Arc<Owned>) -> Self {
        let is_alone = spec.mode == Mode::Own;
        let name: Arc<str> = format!("{:016x}", RandomState::new().hash_one(0)).into();
        Self {
            client: Arc::clone(client),
            spec: Arc::clone(spec),
            owned: Arc::clone(owned),
            turn: Arc::default(),
            writer: is_alone.then(|| Arc::clone(&name)),
            name,
            stopped: Arc::default(),
            ended: Arc::default(),
            seen: Arc::new(Seen::read(spec)),
        }
    }

    /// Why nothing goes on here, if so: somebody else writes the cursors.
    pub(super) fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// What was found when partitions became ours. Stores where one begins that begins at the end: an event that
    /// comes before the first commit would else be passed over by a restart. Blocks.
    pub(super) fn found(&self, begins: &[Begin]) -> Result<(), CommitError> {
        let mut written = self.turn.blocking_lock();
        for begin in begins {
            if let Some(progress) = begin.opened.committed.clone() {
                let (writer, ahead) = (begin.writer.clone(), Ahead::default());
                let entry = Entry { progress, writer, at: None, ahead };
                written.by_partition.insert(begin.opened.partition.0, entry);
            }
        }
        self.seen.note(written.by_partition.keys().copied());
        let pins = open::to_pin(&self.spec, begins);
        if pins.is_empty() { Ok(()) } else { self.write(&mut written, pins) }
    }

    /// Stores at once where others moved subscriptions: nobody would obey them a second time. Blocks.
    pub(super) fn moved(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        let mut written = self.turn.blocking_lock();
        if progress.is_empty() { Ok(()) } else { self.write(&mut written, progress) }
    }

    /// One request for all partitions given. The offset is the lowest one needed, the rest is its metadata.
    pub(super) async fn commit(&self, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        if progress.is_empty() {
            return Ok(());
        }
        let store = self.clone();
        self.in_turn(move |written| {
            let progress = progress.into_iter().map(|(partition, progress)| {
                let entry = written.by_partition.get_mut(&partition.0);
                let progress = match entry {
                    Some(entry) => entry.ahead.added_to(progress),
                    None => progress,
                };
                (partition, progress)
            });
            let progress = progress.collect();
            store.write(written, progress)
        })
        .await
    }

    /// Waits until no commit is under way, and keeps others from it. Blocks.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { store: self, written: self.turn.blocking_lock() }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// What stands in the store for the partitions that are ours. Blocks.
    pub(super) fn written(&self) -> BTreeMap<u32, Progress> {
        let written = self.turn.blocking_lock();
        let ours = written.by_partition.iter().filter(|(number, _)| self.owned.foreign([**number]).is_none());
        ours.map(|(number, entry)| (*number, entry.progress.clone())).collect()
    }

    /// What tells this life of the channel from others, for people.
    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Nothing is renewed any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Writes anew what was not written for that long: the offsets of a group without members expire.
    pub(super) async fn refresh(&self, older_than: Duration) -> Result<(), CommitError> {
        let store = self.clone();
        self.in_turn(move |written| {
            if store.is_ended() {
                return Ok(());
            }
            let is_old = |entry: &Entry| entry.at.is_none_or(|at| at.elapsed() >= older_than);
            let old = written.by_partition.iter().filter(|(_, entry)| is_old(entry));
            let old: Vec<_> =
                old.map(|(number, entry)| (Partition(*number), entry.progress.clone())).collect();
            if old.is_empty() { Ok(()) } else { store.write(written, old) }
        })
        .await
    }

    /// Does something while no commit is under way. Blocks.
    pub(super) fn between_commits<T>(&self, work: impl FnOnce() -> T) -> T {
        let _turn: MutexGuard<'_, Written> = self.turn.blocking_lock();
        work()
    }

    /// The blocking thread keeps the turn to its end, also when nobody waits for it any more.
    async fn in_turn<F>(&self, work: F) -> Result<(), CommitError>
    where
        F: FnOnce(&mut Written) -> Result<(), CommitError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).lock_owned();
        let Ok(mut turn) = tokio::time::timeout(COMMIT_TIMEOUT, turn).await else {
            return Err(CommitError("the commit before is still under way".into()));
        };
        let working = tokio::task::spawn_blocking(move || work(&mut turn));
        match tokio::time::timeout(COMMIT_TIMEOUT, working).await {
            Ok(Ok(committed)) => committed,
            Ok(Err(error)) => Err(CommitError(error.to_string())),
            Err(_) => Err(CommitError("Kafka did not answer in time".into())),
        }
    }

    /// Blocks.
    fn write(&self, written: &mut Written, progress: Vec<(Partition, Progress)>) -> Result<(), CommitError> {
        if let Some(reason) = self.stopped() {
            return Err(CommitError(reason.into()));
        }
        let list = self.list(&progress).map_err(|error| uncommitted(&error))?;
        if self.writer.is_some() {
            self.look(written)?;
        }
        self.send(&list, &progress)?;
        self.stands(written, progress);
        Ok(())
    }

    fn stands(&self, written: &mut Written, progress: Vec<(Partition, Progress)>) {
        self.seen.note(progress.iter().map(|(partition, _)| partition.0));
        let at = Some(Instant::now());
        for (partition, progress) in progress {
            let ahead =
                written.by_partition.remove(&partition.0).map(|entry| entry.ahead).unwrap_or_default();
            let entry = Entry { progress, writer: self.writer.clone(), at, ahead };
            written.by_partition.insert(partition.0, entry);
        }
    }

    /// While members come and go, a commit may still bear the generation before, and is refused; the next one bears the
    /// new one, and all that was done meanwhile would else come again elsewhere. Blocks.
    fn send(&self, list: &TopicPartitionList, progress: &[(Partition, Progress)]) -> Result<(), CommitError> {
        let begun = Instant::now();
        loop {
            self.check_ours(progress)?;
            match self.client.commit(list, CommitMode::Sync) {
                Err(error) if is_rebalancing(&error) && begun.elapsed() < REBALANCE_MAX => {
                    std::thread::sleep(REBALANCE_LOOK);
                }
                answer => return answer.map_err(|error| uncommitted(&error)),
            }
        }
    }

    fn check_ours(&self, progress: &[(Partition, Progress)]) -> Result<(), CommitError> {
        let foreign = self.owned.foreign(progress.iter().map(|(partition, _)| partition.0));
        if let Some(foreign) = foreign {
            return Err(CommitError(format!("partition {foreign} is not ours any more")));
        }
        if self.spec.mode == Mode::Group && self.client.assignment_lost() {
            return Err(CommitError("the group took the partitions away".into()));
        }
        Ok(())
    }

    /// Whether the last to write each of our partitions was who we think. Takes a third of what a commit takes. Blocks.
    fn look(&self, written: &Written) -> Result<(), CommitError> {
        let numbers = self.owned.numbers();
        let found = reader::committed(&*self.client, &self.spec.topic, &numbers, ASK_TIMEOUT);
        for element in found.map_err(|error| uncommitted(&error))?.elements() {
            let Some(writer) = progress::writer(element.metadata()) else { continue };
            let number = u32::try_from(element.partition()).unwrap_or_default();
            let known = written.by_partition.get(&number).and_then(|entry| entry.writer.as_deref());
            if known != Some(writer) && self.writer.as_deref() != Some(writer) {
                return Err(CommitError(self.stop(writer)));
            }
        }
        Ok(())
    }

    fn stop(&self, writer: &str) -> String {
        let KafkaSpec { topic, group, .. } = &*self.spec;
        let reason = format!(
            "another runtime ({writer}) reads topic `{topic}` as group `{group}`, and mode = \"own\" means one alone: \
             stop one of the two, or set mode = \"group\" in both; this one goes on after a restart"
        );
        tracing::error!("{reason}");
        self.stopped.get_or_init(|| reason).clone()
    }

    fn list(&self, progress: &[(Partition, Progress)]) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(progress.len());
        for (partition, progress) in progress {
            let number = i32::try_from(partition.0).unwrap_or(i32::MAX);
            let mut element = list.add_partition(&self.spec.topic, number);
            let low = i64::try_from(progress.low().0).unwrap_or(i64::MAX);
            element.set_offset(rdkafka::Offset::Offset(low))?;
            element.set_metadata(progress::encode(progress, self.writer.as_deref(), METADATA_CHARS_MAX));
        }
        Ok(list)
    }
}

impl Turn<'_> {
    /// Whether it is stored already that this is done, and who asks has not heard of it.
    pub(super) fn is_ahead(&self, done: &Done) -> bool {
        self.written.by_partition.get(&done.partition.0).is_some_and(|entry| entry.ahead.has(done))
    }

    /// What is to be stored so that all of this is done. Of each its cursor [is known](Self::knows).
    pub(super) fn with_done<'d>(&self, all: impl Iterator<Item = &'d Done>) -> Vec<(Partition, Progress)> {
        let mut progress = BTreeMap::new();
        for done in all {
            let Some(entry) = self.written.by_partition.get(&done.partition.0) else { continue };
            done.add_to(progress.entry(done.partition).or_insert_with(|| entry.progress.clone()));
        }
        progress.into_iter().collect()
    }

    /// Whether a transaction can say that this is done.
    pub(super) fn knows(&self, done: &Done) -> bool {
        let entry = self.written.by_partition.get(&done.partition.0);
        entry.is_some_and(|entry| done.is_known_to(&entry.progress))
    }

    /// The same as Kafka takes it, and for whom.
    pub(super) fn offsets(
        &self,
        progress: &[(Partition, Progress)],
    ) -> Result<(TopicPartitionList, ConsumerGroupMetadata), KafkaError> {
        let group = self.store.client.group_metadata().ok_or(KafkaError::Canceled)?;
        Ok((self.store.list(progress)?, group))
    }

    /// A transaction stored that.
    pub(super) fn stands<'d>(
        &mut self,
        progress: Vec<(Partition, Progress)>,
        all: impl Iterator<Item = &'d Done>,
    ) {
        self.store.stands(&mut self.written, progress);
        for done in all {
            let entry = self.written.by_partition.get_mut(&done.partition.0);
            entry.into_iter().for_each(|entry| entry.ahead.note(done.clone()));
        }
    }

    /// Fails when somebody else wrote there: then the channel is stopped. Blocks.
    pub(super) fn look(&self) -> Result<(), CommitError> {
        self.store.look(&self.written)
    }

    /// Whether this is what stands in Kafka. Blocks.
    pub(super) fn is_stored(&self, progress: &[(Partition, Progress)]) -> Result<bool, CommitError> {
        let store = self.store;
        let list = store.list(progress).map_err(|error| uncommitted(&error))?;
        let numbers: Vec<u32> = progress.iter().map(|(partition, _)| partition.0).collect();
        let found = reader::committed(&*store.client, &store.spec.topic, &numbers, ASK_TIMEOUT);
        let found = found.map_err(|error| uncommitted(&error))?;
        let before = progress.iter().filter_map(|(partition, _)| {
            Some((*partition, self.written.by_partition.get(&partition.0)?.progress.clone()))
        });
        let before = store.list(&before.collect::<Vec<_>>()).map_err(|error| uncommitted(&error))?;
        if before == list {
            // It says nothing that was not said before.
            return Ok(false);
        }
        let stands = |wanted: &TopicPartitionListElem<'_>| {
            let found = found.find_partition(wanted.topic(), wanted.partition());
            found.is_some_and(|found| {
                (found.offset(), found.metadata()) == (wanted.offset(), wanted.metadata())
            })
        };
        Ok(list.elements().iter().all(stands))
    }
}

fn is_rebalancing(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{IllegalGeneration, RebalanceInProgress};
    matches!(error.rdkafka_error_code(), Some(IllegalGeneration | RebalanceInProgress))
}

fn uncommitted(error: &KafkaError) -> CommitError {
    use rdkafka::error::RDKafkaErrorCode::UnknownMemberId;
    CommitError(match error.rdkafka_error_code() {
        Some(UnknownMemberId) => "another program is a member of the group and owns its offsets".into(),
        _ => error.to_string(),
    })
}
