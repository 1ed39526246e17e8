//! How far everyone is, stored: at most one commit a channel at a time. What is done is stored at once, unless the last
//! commit was a moment ago; that the tail moved past what nobody wants can wait.

use alloc::vec::Vec;
use core::time::Duration;

use super::partition::Partition;
use super::timer::Timer;
use super::{Activator, Channel};
use crate::effect::Effect;
use crate::id::{ChannelId, Partition as PartitionId};
use crate::input::Progress;
use crate::time::Time;

/// The wait after a failed commit.
const COMMIT_RETRY: Duration = Duration::from_secs(1);

/// Where a channel's commit is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CommitState {
    /// All that moved is stored, or about to be noticed.
    Clean,
    /// Something is to be stored, at the end of this turn or when a timer fires.
    Armed,
    /// It could not be stored, and a timer runs.
    Failed,
    /// These partitions are being stored.
    UnderWay(Vec<PartitionId>),
}

impl Channel {
    /// Whether something is to be stored and nobody cares for it yet.
    pub(super) fn is_to_commit(&self) -> bool {
        let is_to_store = || self.partitions.values().any(Partition::is_to_store);
        self.is_open && self.commit == CommitState::Clean && is_to_store()
    }

    /// Whether nothing is done in a partition that a crash would bring back.
    pub(super) fn has_stored_all(&self, number: PartitionId) -> bool {
        let under_way = matches!(&self.commit, CommitState::UnderWay(stored) if stored.contains(&number));
        !under_way && self.partitions.get(&number).is_some_and(|partition| !partition.unstored)
    }
}

impl Activator {
    /// Something is done in the channel, and would be done again after a crash.
    pub(super) fn commit_soon(&mut self, now: Time, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id).filter(|c| c.is_to_commit()) else { return };
        channel.commit = CommitState::Armed;
        let due = channel.commit_next.max(now);
        channel.commit_next = due + self.limits.commit_every;
        if due > now {
            return self.arm(due, Timer::Commit(id));
        }
        self.to_commit.push(id);
    }

    /// The tail of a channel moved. After a crash it would be read again, and nothing be done twice.
    pub(super) fn commit_later(&mut self, now: Time, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id).filter(|c| !c.commits_later && c.is_to_commit())
        else {
            return;
        };
        channel.commits_later = true;
        self.arm(now + self.limits.commit_tail_every, Timer::CommitTail(id));
    }

    pub(super) fn commit_tail_due(&mut self, now: Time, id: ChannelId) {
        self.channels.get_mut(&id).into_iter().for_each(|c| c.commits_later = false);
        self.commit_soon(now, id);
    }

    /// Stores what is due in this turn, with all that was done in it.
    pub(super) fn commit_next(&mut self) {
        while let Some(id) = self.to_commit.pop() {
            self.commit_due(id);
        }
    }

    pub(super) fn commit_due(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if !matches!(channel.commit, CommitState::Armed | CommitState::Failed) {
            return;
        }
        let mut progress = Vec::new();
        for (&number, partition) in channel.partitions.iter_mut().filter(|(_, p)| p.is_to_store()) {
            (partition.dirty, partition.unstored) = (false, false);
            let live = partition
                .progress()
                .filter_map(|(id, cursor)| Some((self.subscriptions.get(&id)?.name.clone(), cursor)));
            let orphans = channel.orphans.iter().filter(|((n, _), _)| *n == number);
            let behind =
                live.chain(orphans.map(|((_, name), cursor)| (name.clone(), cursor.clone()))).collect();
            progress.push((number, Progress { position: partition.position(), behind }));
        }
        if progress.is_empty() {
            channel.commit = CommitState::Clean;
            return;
        }
        channel.commit = CommitState::UnderWay(progress.iter().map(|(number, _)| *number).collect());
        self.ask(Effect::Commit { channel: id, progress });
    }

    pub(super) fn committed(&mut self, now: Time, id: ChannelId, stored: bool) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let CommitState::UnderWay(partitions) = core::mem::replace(&mut channel.commit, CommitState::Clean)
        else {
            return;
        };
        if stored {
            self.commit_soon(now, id);
            return self.close_if_stored(id);
        }
        for number in partitions {
            let partition = channel.partitions.get_mut(&number);
            partition.into_iter().for_each(|p| (p.dirty, p.unstored) = (true, true));
        }
        channel.commit = CommitState::Failed;
        self.arm(now + COMMIT_RETRY, Timer::Commit(id));
    }

    /// Commits what moved in a channel without waiting for its timer.
    pub(super) fn commit_at_once(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if channel.commit == CommitState::Clean {
            channel.commit = CommitState::Armed;
        }
        self.commit_due(id);
    }

    /// Commits at once whatever moved.
    pub(super) fn commit_now(&mut self) {
        let moved = self.channels.iter().filter(|(_, c)| c.commit == CommitState::Armed || c.is_to_commit());
        let ids: Vec<ChannelId> = moved.map(|(&id, _)| id).collect();
        for id in ids {
            self.commit_at_once(id);
        }
    }
}
