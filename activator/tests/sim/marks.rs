//! Records that say what is done by them. Whoever opens the channels after a crash finds it there, before the mind is told
//! where everyone was.

use std::sync::Arc;

use activator::effect::Origin;
use activator::input::Progress;
use activator::topology::Start;

use super::bugs::Bug;
use super::storage::At;
use super::world::World;

/// What is done, and the record that says so.
pub(crate) type Mark = (Origin, At);

impl World {
    /// What was done in the life that ended is known to the next one.
    pub(crate) fn take_over_marks(&mut self) {
        for (origin, record) in std::mem::take(&mut self.marks) {
            let shelf = self.logs.get(&record.0).and_then(|log| log.shelves.get(record.1.0 as usize));
            let is_stored = shelf.is_some_and(|shelf| shelf.records.contains_key(&record.2));
            if is_stored || self.bug == Some(Bug::MarkOfTheUnstored) {
                self.take_over(origin);
            }
        }
    }

    fn take_over(&mut self, Origin { channel, partition, offset, subscription, .. }: Origin) {
        let at_tail = self.is_at_tail(&subscription);
        // Others may have what they share, and do not look there.
        let Some(log) = self.logs.get_mut(&channel).filter(|log| !log.shared) else { return };
        let shelf = log.shelf(partition);
        // A power cut took it, and its place is another's next.
        if offset >= shelf.next {
            return;
        }
        let begin = || Progress { position: shelf.begin(), behind: Vec::new() };
        let mut progress = shelf.stored.clone().unwrap_or_else(begin);
        if progress.mark_done(&subscription, at_tail, [offset]) {
            self.coverage.count("mark taken over");
            let keeps = self.all.channels.iter().any(|c| c.id == channel && c.keeps);
            self.oracle.commits((channel, partition), shelf.stored.as_ref(), &progress, keeps);
            shelf.store(progress);
        }
    }

    fn is_at_tail(&self, name: &Arc<str>) -> bool {
        self.wired.subscriptions.iter().any(|s| s.name == *name && s.start == Start::Tail)
    }
}
