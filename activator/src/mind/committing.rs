//! How far everyone is, stored: at most one commit a channel at a time, soon after something moved.

use alloc::vec::Vec;
use core::time::Duration;

use super::Activator;
use super::partition::Partition;
use super::timer::Timer;
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
    /// Something moved, and a timer runs.
    Armed,
    /// It could not be stored, and a timer runs.
    Failed,
    /// These partitions are being stored.
    UnderWay(Vec<PartitionId>),
}

impl Activator {
    /// Something moved in the channel.
    pub(super) fn commit_soon(&mut self, now: Time, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if channel.commit == CommitState::Clean && channel.partitions.values().any(Partition::is_to_store) {
            channel.commit = CommitState::Armed;
            self.arm(now + self.limits.commit_every, Timer::Commit(id));
        }
    }

    pub(super) fn commit_due(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if !matches!(channel.commit, CommitState::Armed | CommitState::Failed) {
            return;
        }
        let mut progress = Vec::new();
        for (&number, partition) in channel.partitions.iter_mut().filter(|(_, p)| p.is_to_store()) {
            partition.dirty = false;
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
            channel.partitions.get_mut(&number).into_iter().for_each(|p| p.dirty = true);
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
        let moved = self.channels.iter().filter(|(_, c)| c.commit == CommitState::Armed);
        let ids: Vec<ChannelId> = moved.map(|(&id, _)| id).collect();
        for id in ids {
            self.commit_due(id);
        }
    }
}
