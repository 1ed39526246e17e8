//! The mirror: where each subscription stands, as the committed offset of a group that bears its name, as Knative
//! names it. So every tool for Kafka shows its lag, and a cluster can go on where we are.
//!
//! The cursors are in the store. A mirror is read back only to see whether others set it: at start by `moves`, which
//! obeys, and here before it is written over, which is then left alone and told. A group is written by a client that
//! lives as long as the commit, one after the other. Only what changed is written, so a trigger without events costs
//! nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use activator::id::Offset;
use activator::input::Progress;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::{Notify, oneshot, watch};

use super::reader::{self, ASK_TIMEOUT};
use super::shown::{self, Offsets, Shown};
use super::store::Store;
use crate::channel::{KafkaSpec, Subscribers};

/// How often what changed is written.
const EVERY: Duration = Duration::from_secs(10);

/// Groups written in one round: each takes a client of its own, and where there are thousands they take turns.
const GROUPS_MAX: usize = 16;

/// How long one round may take: it has its time before the next, and at the end nobody waits longer.
const ROUND_MAX: Duration = Duration::from_secs(8);
const LAST_ROUND_MAX: Duration = Duration::from_secs(1);

/// Who is mirrored. A clone is the same mirror.
#[derive(Clone)]
pub(super) struct Mirror {
    spec: Arc<KafkaSpec>,
    /// Who we are, for people.
    name: Arc<str>,
    pub(super) subscribers: Subscribers,
    state: Arc<Mutex<State>>,
    /// Somebody's offsets were obeyed: they are replaced by ours at once, or the next start would obey them again.
    obeyed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// What stands in each group, as far as we wrote it.
    written: HashMap<String, Offsets>,
    /// What others set and is obeyed, or cannot be.
    settled: HashMap<String, Offsets>,
    /// Groups that are not ours to write before the next start.
    left_alone: HashSet<String>,
    /// Whose turn is next, when a round was too short for all.
    next: usize,
}

/// What became of writing a group.
enum Wrote {
    Yes,
    /// Others set these.
    SetByOthers(Offsets),
    /// A cluster runs that trigger.
    HasMembers,
}

impl Mirror {
    pub(super) fn new(spec: &Arc<KafkaSpec>, store: &Store, subscribers: Subscribers) -> Self {
        let (state, obeyed) = (Arc::default(), Arc::default());
        Self { spec: Arc::clone(spec), name: store.name(), subscribers, state, obeyed }
    }

    /// What others set in these groups is settled, and may be written over.
    pub(super) fn settle(&self, settled: HashMap<String, Offsets>) {
        if settled.is_empty() {
            return;
        }
        let mut state = self.state();
        // A round that came before the answer left them alone.
        state.left_alone.retain(|group| !settled.contains_key(group));
        state.settled.extend(settled);
        drop(state);
        self.obeyed.notify_one();
    }

    /// A group has members, so a cluster runs that trigger.
    pub(super) fn leave_to_members(&self, group: &str) {
        tracing::warn!(topic = %self.spec.topic, group, "has members: a cluster runs it; not mirrored any more");
        self.state().left_alone.insert(group.to_owned());
    }

    /// Writes what changed, now and then until the channel is let go, and a last time then. `ended` is dropped after
    /// that.
    pub(super) async fn run(self, store: Store, mut closed: oneshot::Receiver<()>, ended: watch::Sender<()>) {
        loop {
            let is_over = tokio::select! {
                _ = &mut closed => true,
                () = tokio::time::sleep(EVERY) => false,
                () = self.obeyed.notified() => false,
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
        let (begun, mut has_replaced) = (Instant::now(), false);
        for Changed { group, offsets } in self.changed(progress) {
            if begun.elapsed() >= time {
                break;
            }
            let outcome = self.write(&group, &offsets);
            has_replaced |= self.wrote(group, offsets, outcome);
        }
        if has_replaced && !self.state().settled.is_empty() {
            self.obeyed.notify_one();
        }
    }

    /// The groups to write: first those of others' offsets, then from the one that waits longest.
    fn changed(&self, progress: &BTreeMap<u32, Progress>) -> Vec<Changed> {
        let (state, subscribers) = (self.state(), self.subscribers.borrow());
        let (done, waiting) = subscribers.split_at(state.next.min(subscribers.len()));
        let to_write =
            waiting.iter().chain(done).filter(|mirrored| !state.left_alone.contains(&mirrored.group));
        let (settled, others): (Vec<_>, Vec<_>) =
            to_write.partition(|mirrored| state.settled.contains_key(&mirrored.group));
        let changed = settled.into_iter().chain(others).map(|mirrored| Changed {
            group: mirrored.group.clone(),
            offsets: offsets(&mirrored.subscription, progress),
        });
        changed
            .filter(|changed| {
                !changed.offsets.is_empty() && state.written.get(&changed.group) != Some(&changed.offsets)
            })
            .take(GROUPS_MAX)
            .collect()
    }

    /// Blocks.
    fn write(&self, group: &str, offsets: &Offsets) -> Result<Wrote, KafkaError> {
        let shown = Shown::connect(&self.spec, group)?;
        let partitions: Vec<u32> = offsets.keys().copied().collect();
        let mut others = shown::set_by_others(&shown.read(&partitions, ASK_TIMEOUT)?, offsets);
        if let Some(settled) = self.state().settled.get(group) {
            others.retain(|number, offset| settled.get(number) != Some(offset));
        }
        if others.is_empty() {
            shown.write(offsets, &self.name)?;
            shown.let_go();
            return Ok(Wrote::Yes);
        }
        Ok(if shown.has_members()? { Wrote::HasMembers } else { Wrote::SetByOthers(others) })
    }

    /// Whether somebody's offsets were replaced by ours.
    fn wrote(&self, group: String, offsets: Offsets, outcome: Result<Wrote, KafkaError>) -> bool {
        let topic = &self.spec.topic;
        if let Some(at) = self.subscribers.borrow().iter().position(|mirrored| mirrored.group == group) {
            self.state().next = at + 1;
        }
        match outcome {
            Ok(Wrote::Yes) => {
                let mut state = self.state();
                let has_replaced = state.settled.remove(&group).is_some();
                state.written.insert(group, offsets);
                return has_replaced;
            }
            Ok(Wrote::HasMembers) => self.leave_to_members(&group),
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownMemberId) => {
                self.leave_to_members(&group);
            }
            Ok(Wrote::SetByOthers(set)) => {
                tracing::warn!(
                    %topic, group, set = %text(&set),
                    "somebody set the offsets of this group: restart hydrant to go on from there; until then they stay, \
                     and the group shows no progress"
                );
                self.state().left_alone.insert(group);
            }
            Err(error) => tracing::debug!(%topic, group, "not mirrored now: {error}"),
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Changed {
    group: String,
    offsets: Offsets,
}

/// Where a subscription stands in each partition: what it needs next.
pub(super) fn offsets(subscription: &str, progress: &BTreeMap<u32, Progress>) -> Offsets {
    progress.iter().map(|(number, progress)| (*number, stands(subscription, progress))).collect()
}

fn stands(subscription: &str, progress: &Progress) -> Offset {
    let own = progress.behind.iter().find(|(name, _)| &**name == subscription);
    own.map_or(progress.position, |(_, cursor)| cursor.prefix())
}

/// `PARTITION:OFFSET`, as people read them.
fn text(offsets: &Offsets) -> String {
    let each: Vec<String> = offsets.iter().map(|(number, offset)| format!("{number}:{offset}")).collect();
    each.join(" ")
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
