//! Where others moved our subscriptions while we were away: a cluster that ran them, or somebody with Kafka's tools.
//!
//! Asked once, at start, of the groups that show them. Where we have no cursors of our own, all is taken from there;
//! where we have, only what others set. Each group takes a client of its own, so several are asked at a time, beside
//! whatever else a start does, and not for ever.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use activator::cursor::Cursor;
use activator::input::Progress;
use rdkafka::error::KafkaError;

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

/// Groups asked at a time: a client takes some 60 ms for its question, and waits for most of it.
const READERS: usize = 32;

/// The question, while it is asked.
pub(super) struct Moves(Option<JoinHandle<Found>>);

/// What the groups said.
#[derive(Default)]
struct Found {
    stands: Vec<Stands>,
    /// How many groups said nothing in time, and why the last of them.
    silent: usize,
    why: Option<KafkaError>,
}

/// What one group says.
struct Stands {
    mirrored: Mirrored,
    standings: Standings,
    /// Where that differs from our cursors, and is not our writing.
    set: Offsets,
    /// Whether a cluster runs it now: then what is set is not meant for us.
    has_members: bool,
}

impl Moves {
    /// Begins to ask.
    pub(super) fn ask(spec: &Arc<KafkaSpec>, mirror: &Mirror, begins: &[Begin]) -> Self {
        let subscribers = mirror.subscribers.borrow().clone();
        if subscribers.is_empty() || begins.is_empty() {
            return Self(None);
        }
        let own = |begin: &Begin| Some((begin.opened.partition.0, begin.opened.committed.clone()?));
        let asking = Asking {
            spec: Arc::clone(spec),
            partitions: begins.iter().map(|begin| begin.opened.partition.0).collect(),
            own: begins.iter().filter_map(own).collect(),
        };
        let thread = thread::Builder::new().name("kafka-groups".into());
        let asked = thread.spawn(move || asking.all(subscribers));
        Self(asked.inspect_err(|error| tracing::warn!("no thread to read groups on: {error}")).ok())
    }

    /// Waits for the answers, and lets the subscriptions begin where they say. Done when that is stored. Blocks.
    pub(super) fn obey(
        self,
        begins: &mut [Begin],
        mirror: &Mirror,
        store: &Store,
        topic: &str,
    ) -> Result<(), CommitError> {
        let Some(asked) = self.0 else { return Ok(()) };
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
    /// The cursors of our own.
    own: BTreeMap<u32, Progress>,
}

impl Asking {
    fn all(&self, mut subscribers: Vec<Mirrored>) -> Found {
        let is_import = self.own.len() < self.partitions.len();
        let end = Instant::now() + if is_import { IMPORT_WITHIN } else { OBEY_WITHIN };
        // Where there are more than there is time for, each start begins with others.
        let first = RandomState::new().hash_one(0) as usize % subscribers.len();
        subscribers.rotate_left(first);
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
        let read = || {
            while let Some(mirrored) = subscribers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let left = end.saturating_duration_since(Instant::now());
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

    fn one(&self, mirrored: &Mirrored, patience: Duration) -> Result<Stands, KafkaError> {
        let shown = Shown::connect(&self.spec, &mirrored.group)?;
        let standings = shown.read(&self.partitions, patience)?;
        let set = shown::set_by_others(&standings, &mirror::offsets(&mirrored.subscription, &self.own));
        let has_members = !set.is_empty() && shown.has_members()?;
        shown.let_go();
        Ok(Stands { mirrored: mirrored.clone(), standings, set, has_members })
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
                stands.standings.get(&partition.0).filter(|standing| standing.offset <= begin.end)?;
            Some((Arc::clone(&stands.mirrored.subscription), Cursor::at(standing.offset)))
        };
        let behind: Vec<_> = self.stands.iter().filter_map(cursor).collect();
        let furthest = behind.iter().map(|(_, cursor)| cursor.prefix()).max()?;
        let unknown = self.stands.len() + self.silent - behind.len();
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
        for Stands { mirrored, set, .. } in self.stands.iter().filter(|stands| !stands.has_members) {
            let Some(&offset) = set.get(&partition.0) else { continue };
            let (subscription, group) = (&mirrored.subscription, &mirrored.group);
            if offset > begin.end {
                tracing::warn!(topic, group, %partition, %offset, end = %begin.end, "not obeyed: it is beyond the end");
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
