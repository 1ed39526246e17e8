//! A runtime as one member among others of a consumer group: the task that answers what the group decides.
//!
//! The group is told that partitions are taken on when it is known where their cursors stand, and that they are given
//! up when whoever delivers from them is done with them: until then no other member begins. So a move costs nobody a
//! second delivery, unless a member dies or takes too long.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use activator::id::Partition;
use activator::input::OpenedPartition;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use tokio::sync::{mpsc, oneshot};

use super::context::Told;
use super::early::Early;
use super::mirror::Mirror;
use super::moves::Moves;
use super::open;
use super::owned::Owned;
use super::reader::{self, Client};
use super::store::Store;
use crate::channel::{Change, KafkaSpec};

/// How long what is asked back may be kept. The group waits no longer than `max.poll.interval.ms` for a member that
/// it asked to join anew, and this one joins when it has given up.
const RELEASE_WITHIN: Duration = Duration::from_secs(40);

/// How long to wait before a question to the cluster is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// What the task acts on. A clone is the same member.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) client: Arc<Client>,
    pub(super) spec: Arc<KafkaSpec>,
    pub(super) owned: Arc<Owned>,
    pub(super) leaving: Arc<AtomicBool>,
    pub(super) store: Store,
    pub(super) mirror: Mirror,
}

/// The task's own end of what others tell it.
pub(super) struct Member {
    pub(super) seat: Seat,
    pub(super) told: mpsc::UnboundedReceiver<Told>,
    pub(super) released: mpsc::UnboundedReceiver<Vec<Partition>>,
    pub(super) changes: mpsc::UnboundedSender<Change>,
    /// How often partitions were assigned.
    pub(super) turn: u64,
    /// Whether there were any among them.
    pub(super) has_begun: bool,
}

impl Member {
    /// Works until the channel is let go, then answers what is open: a client closes only after that.
    pub(super) async fn run(mut self, mut closed: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                _ = &mut closed => break,
                told = self.told.recv() => match told {
                    Some(told) => if !self.act(told, &mut closed).await { break },
                    None => break,
                },
            }
        }
        let Self { seat, mut told, .. } = self;
        // What is told from here on is answered where it is heard.
        told.close();
        reader::let_go(move || {
            while let Ok(told) = told.try_recv() {
                seat.answer(&told);
            }
        });
    }

    /// Whether it goes on.
    async fn act(&mut self, told: Told, closed: &mut oneshot::Receiver<()>) -> bool {
        match told {
            Told::Assigned(numbers) => self.take_on(numbers).await,
            Told::AskedBack(numbers) => return self.hand_over(numbers, closed).await,
            Told::Lost(numbers) => {
                tracing::warn!(topic = %self.seat.spec.topic, partitions = ?numbers, "the group took partitions away");
                self.change(Change::Lost(numbers.iter().copied().map(Partition).collect()));
                self.give_up(numbers).await;
            }
        }
        true
    }

    async fn take_on(&mut self, numbers: Vec<u32>) {
        self.turn += 1;
        let (seat, turn, begins) = (self.seat.clone(), self.turn, !self.has_begun);
        self.has_begun |= !numbers.is_empty();
        match tokio::task::spawn_blocking(move || seat.take_on(&numbers, turn, begins)).await {
            // A member for whom there is nothing yet is assigned that.
            Ok(Some(opened)) if !opened.is_empty() => self.change(Change::Assigned(opened)),
            Ok(_) => {}
            Err(error) => tracing::error!("the assignment of partitions: {error}"),
        }
    }

    async fn hand_over(&mut self, numbers: Vec<u32>, closed: &mut oneshot::Receiver<()>) -> bool {
        let mut kept: BTreeSet<u32> = numbers.iter().copied().collect();
        self.change(Change::Revoking(numbers.iter().copied().map(Partition).collect()));
        let late = tokio::time::sleep(RELEASE_WITHIN);
        tokio::pin!(late);
        let mut goes_on = true;
        while !kept.is_empty() && goes_on {
            tokio::select! {
                released = self.released.recv() => match released {
                    Some(released) => kept.retain(|number| !released.contains(&Partition(*number))),
                    None => goes_on = false,
                },
                _ = &mut *closed => goes_on = false,
                () = &mut late => {
                    tracing::warn!(topic = %self.seat.spec.topic, partitions = ?kept, "given up unfinished: others wait");
                    self.seat.owned.give_up(&numbers);
                    self.change(Change::Lost(kept.iter().copied().map(Partition).collect()));
                    kept.clear();
                }
            }
        }
        self.give_up(numbers).await;
        goes_on
    }

    async fn give_up(&self, numbers: Vec<u32>) {
        let seat = self.seat.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || seat.give_up(&numbers)).await {
            tracing::error!("the assignment of partitions: {error}");
        }
    }

    fn change(&self, change: Change) {
        // Nobody listens when the channel is being closed.
        self.changes.send(change).ok();
    }
}

impl Seat {
    /// At the end, when nobody reads any more. Blocks.
    fn answer(&self, told: &Told) {
        match told {
            Told::Assigned(numbers) => drop(self.take_on(numbers, 0, false)),
            Told::AskedBack(numbers) | Told::Lost(numbers) => self.give_up(numbers),
        }
    }

    /// Nothing when we are leaving. A runtime that `begins` looks whether others moved its subscriptions; later, those
    /// that had the partitions did. Blocks.
    fn take_on(&self, numbers: &[u32], turn: u64, begins: bool) -> Option<Vec<OpenedPartition>> {
        let opened = self.find(numbers);
        let moves = opened
            .as_ref()
            .filter(|_| begins)
            .map(|_| Moves::ask(&self.spec, &self.mirror, numbers, Early::default()));
        let (mut list, mut held) = (TopicPartitionList::new(), Vec::new());
        for (number, begin) in numbers.iter().zip(opened.iter().flatten()) {
            let (from, end) = (begin.low(), begin.end());
            let offset = rdkafka::Offset::Offset(i64::try_from(from.0).unwrap_or(i64::MAX));
            let partition = i32::try_from(*number).unwrap_or(i32::MAX);
            if let Err(error) = list.add_partition_offset(&self.spec.topic, partition, offset) {
                tracing::error!("the assignment of partitions: {error}");
            }
            held.push((*number, from, end));
        }
        if let Err(error) = self.client.incremental_assign(&list) {
            tracing::warn!(topic = %self.spec.topic, "cannot take partitions on: {error}");
        }
        let mut opened = opened?;
        self.owned.take(turn, held);
        if let Err(error) = self.store.found(&opened) {
            // The first commit stores it, too.
            tracing::warn!(topic = %self.spec.topic, "cannot store where reading begins: {error}");
        }
        if let Some(moves) = moves
            && let Err(error) = moves.obey(&mut opened, &self.mirror, &self.store, &self.spec.topic)
        {
            tracing::warn!(topic = %self.spec.topic, "cannot store where others moved subscriptions: {error}");
        }
        Some(opened.into_iter().map(|begin| begin.opened).collect())
    }

    /// Where the cursors of these stand; asks until it is known.
    fn find(&self, numbers: &[u32]) -> Option<Vec<open::Begin>> {
        loop {
            if self.leaving.load(Ordering::Acquire) {
                return None;
            }
            match open::partitions(&self.client, &self.spec, numbers, &self.store.seen) {
                Ok(opened) => return Some(opened),
                Err(error) => tracing::warn!(topic = %self.spec.topic, "{error}; trying again"),
            }
            std::thread::sleep(ASK_AGAIN);
        }
    }

    /// Blocks.
    fn give_up(&self, numbers: &[u32]) {
        let mut list = TopicPartitionList::new();
        for number in numbers {
            list.add_partition(&self.spec.topic, i32::try_from(*number).unwrap_or(i32::MAX));
        }
        // An assignment does not change under a commit: the generation it bears is the one it was checked in.
        let given_up = self.store.between_commits(|| {
            self.owned.give_up(numbers);
            self.client.incremental_unassign(&list)
        });
        if let Err(error) = given_up {
            tracing::warn!(topic = %self.spec.topic, "cannot give partitions up: {error}");
        }
    }
}
