//! Where others moved our subscriptions while we were away: a cluster that ran them, or somebody with Kafka's tools.
//!
//! Asked once, at start, of the groups that show them. Where we have no cursors of our own, all is taken from there;
//! where we have, only what others set. Each group takes a client of its own, so several are asked at a time, beside
//! whatever else a start does, and not for ever.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use activator::cursor::Cursor;
use activator::input::Progress;
use rdkafka::error::KafkaError;

use super::early::{Early, FEW};
use super::mirror::{self, Mirror};
use super::open::Begin;
use super::reader::ASK_TIMEOUT;
use super::shown::{self, Offsets, Shown, Standings};
use super::store::Store;
use crate::channel::{CommitError, KafkaSpec, Mirrored};

/// How long a start waits for the groups when there are cursors of our own. Who is not read by then is found, and
/// told, when its mirror is to be written.
const OBEY_WITHIN: Duration = Duration::from_secs(5);

/// The same when there are none. It is once in the life of a topic, and who is not read begins at the beginning. A
/// group of several waits longer than that for a member that is busy here.
const IMPORT_WITHIN: Duration = Duration::from_secs(30);

/// Groups asked at one start: each costs a client, some 2 ms of a processor. The others are left as out of time.
const GROUPS_MAX: usize = 256;

/// Groups asked at a time: a client takes some 60 ms for its question, and waits for most of it.
const READERS: usize = 32;

/// The question, while it is asked.
pub(super) struct Moves {
    asked: Option<JoinHandle<Found>>,
    /// Whether all partitions have cursors of our own: then it is not worth a long wait.
    is_known: Arc<AtomicBool>,
}

/// What the groups said.
#[derive(Default)]
struct Found {
    stands: Vec<Stands>,
    /// How many subscriptions have no group.
    absent: usize,
    /// How many groups said nothing in time, and why the last of them.
    silent: usize,
    why: Option<KafkaError>,
}

/// What one group says.
struct Stands {
    mirrored: Mirrored,
    standings: Standings,
    /// Whether a cluster runs it now: then what is set is not meant for us.
    has_members: bool,
}

impl Moves {
    /// Begins to ask, with the clients that were made `early`.
    pub(super) fn ask(spec: &Arc<KafkaSpec>, mirror: &Mirror, partitions: &[u32], early: Early) -> Self {
        let subscribers = mirror.subscribers.borrow().clone();
        let is_known = Arc::<AtomicBool>::default();
        if subscribers.is_empty() || partitions.is_empty() {
            return Self { asked: None, is_known };
        }
        let asking = Asking {
            spec: Arc::clone(spec),
            partitions: partitions.to_vec(),
            early: Mutex::new(early),
            begun: Instant::now(),
            is_known: Arc::clone(&is_known),
        };
        let thread = thread::Builder::new().name("kafka-groups".into());
        let asked = thread.spawn(move || asking.all(subscribers));
        let asked = asked.inspect_err(|error| tracing::warn!("no thread to read groups on: {error}")).ok();
        Self { asked, is_known }
    }

    /// Waits for the answers, and lets the subscriptions begin where they say. Done when that is stored. Blocks.
    pub(super) fn obey(
        self,
        begins: &mut [Begin],
        mirror: &Mirror,
        store: &Store,
        topic: &str,
    ) -> Result<(), CommitError> {
        let Some(asked) = self.asked else { return Ok(()) };
        let is_known = begins.iter().all(|begin| begin.opened.committed.is_some());
        self.is_known.store(is_known, Ordering::Relaxed);
        let found = asked.join().map_err(|_| CommitError("reading the offsets of groups failed".into()))?;
        if let Found { silent: groups @ 1.., why, .. } = &found {
            let why = why.as_ref().map_or_else(|| "out of time".to_owned(), KafkaError::to_string);
            tracing::warn!(topic, groups, why, "not read whether others set these groups' offsets");
        }
        let mut moved = Vec::new();
        for begin in begins {
            let progress = match &begin.opened.committed {
                None => found.import(begin, topic),
                Some(progress) => found.correct(begin, progress, topic),
            };
            let Some(progress) = progress else { continue };
            begin.opened.committed = Some(progress.clone());
            moved.push((begin.opened.partition, progress));
        }
        store.moved(moved)?;
        found.tell(mirror);
        Ok(())
    }
}

/// What a reader of groups needs.
struct Asking {
    spec: Arc<KafkaSpec>,
    partitions: Vec<u32>,
    early: Mutex<Early>,
    begun: Instant,
    is_known: Arc<AtomicBool>,
}

impl Asking {
    fn all(&self, mut subscribers: Vec<Mirrored>) -> Found {
        let all = subscribers.len();
        self.keep_existing(&mut subscribers);
        let mut found = Found { absent: all - subscribers.len(), ..Found::default() };
        if subscribers.is_empty() {
            return found;
        }
        // Where there are more than there is time for, each start begins with others.
        let first = RandomState::new().hash_one(0) as usize % subscribers.len();
        subscribers.rotate_left(first);
        found.silent = subscribers.len().saturating_sub(GROUPS_MAX);
        subscribers.truncate(GROUPS_MAX);
        let (next, found) = (AtomicUsize::new(0), Mutex::new(found));
        let read = || {
            while let Some(mirrored) = subscribers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let left = self.left();
                let answer = (!left.is_zero()).then(|| self.one(mirrored, left.min(ASK_TIMEOUT)));
                found.lock().unwrap_or_else(PoisonError::into_inner).add(answer);
            }
        };
        thread::scope(|scope| {
            for _ in 0..READERS.min(subscribers.len()) {
                scope.spawn(read);
            }
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Groups that nobody ever wrote are not worth a question each, and the cluster lists the others at once. A few are
    /// asked all the same, as the list takes its time.
    fn keep_existing(&self, subscribers: &mut Vec<Mirrored>) {
        let Some(first) = subscribers.first().filter(|_| subscribers.len() > FEW) else { return };
        let listed = Shown::connect(&self.spec, &first.group).and_then(|shown| {
            let existing = shown.existing()?;
            shown.let_go();
            Ok(existing)
        });
        match listed {
            Ok(existing) => subscribers.retain(|mirrored| existing.contains(&mirrored.group)),
            Err(error) => {
                tracing::debug!(topic = %self.spec.topic, "cannot list groups, and asks for each: {error}");
            }
        }
    }

    fn left(&self) -> Duration {
        let within = if self.is_known.load(Ordering::Relaxed) { OBEY_WITHIN } else { IMPORT_WITHIN };
        within.saturating_sub(self.begun.elapsed())
    }

    fn one(&self, mirrored: &Mirrored, patience: Duration) -> Result<Stands, KafkaError> {
        let early = self.early.lock().unwrap_or_else(PoisonError::into_inner).take(&mirrored.group);
        let shown = early.map_or_else(|| Shown::connect(&self.spec, &mirrored.group), Ok)?;
        let standings = shown.read(&self.partitions, patience)?;
        let is_ours = standings.values().all(|standing| standing.is_ours);
        let has_members = !is_ours && shown.has_members()?;
        shown.let_go();
        Ok(Stands { mirrored: mirrored.clone(), standings, has_members })
    }
}

impl Found {
    fn add(&mut self, answer: Option<Result<Stands, KafkaError>>) {
        match answer {
            Some(Ok(stands)) => self.stands.push(stands),
            Some(Err(error)) => {
                self.silent += 1;
                self.why = Some(error);
            }
            None => self.silent += 1,
        }
    }

    /// Where all begin in a partition without cursors of our own. Whoever comes later begins with the furthest of them;
    /// when one is not known, with the partition.
    fn import(&self, begin: &Begin, topic: &str) -> Option<Progress> {
        let partition = begin.opened.partition;
        let cursor = |stands: &Stands| {
            let standing =
                stands.standings.get(&partition.0).filter(|standing| standing.offset <= begin.end())?;
            Some((Arc::clone(&stands.mirrored.subscription), Cursor::at(standing.offset)))
        };
        let behind: Vec<_> = self.stands.iter().filter_map(cursor).collect();
        let furthest = behind.iter().map(|(_, cursor)| cursor.prefix()).max()?;
        let unknown = self.absent + self.silent + self.stands.len() - behind.len();
        let position = if unknown == 0 { furthest } else { begin.opened.begin };
        tracing::info!(
            topic, %partition, subscriptions = behind.len(), unknown,
            "no cursors of our own yet: these go on from the offsets of their groups"
        );
        Some(Progress { position, behind })
    }

    /// Our cursors, but for those that others set. Nothing when there are none.
    fn correct(&self, begin: &Begin, progress: &Progress, topic: &str) -> Option<Progress> {
        let partition = begin.opened.partition;
        let mut corrected = progress.clone();
        let own = BTreeMap::from([(partition.0, progress.clone())]);
        for Stands { mirrored, standings, .. } in self.stands.iter().filter(|stands| !stands.has_members) {
            let set = shown::set_by_others(standings, &mirror::offsets(&mirrored.subscription, &own));
            let Some(&offset) = set.get(&partition.0) else { continue };
            let (subscription, group) = (&mirrored.subscription, &mirrored.group);
            if offset > begin.end() {
                tracing::warn!(topic, group, %partition, %offset, end = %begin.end(), "not obeyed: it is beyond the end");
                continue;
            }
            tracing::warn!(topic, group, %partition, %offset, "somebody set this offset: {subscription} goes on from it");
            corrected.behind.retain(|(name, _)| name != subscription);
            corrected.behind.push((Arc::clone(subscription), Cursor::at(offset)));
        }
        (corrected != *progress).then_some(corrected)
    }

    /// Tells the mirror what was obeyed, and is its own to write from now on.
    fn tell(self, mirror: &Mirror) {
        let mut settled = HashMap::new();
        for Stands { mirrored, standings, has_members, .. } in self.stands {
            if has_members {
                mirror.leave_to_members(&mirrored.group);
                continue;
            }
            let others = standings.into_iter().filter(|(_, standing)| !standing.is_ours);
            let others: Offsets = others.map(|(number, standing)| (number, standing.offset)).collect();
            if !others.is_empty() {
                settled.insert(mirrored.group, others);
            }
        }
        mirror.settle(settled);
    }
}
