//! What transactions stored as done, of which the activator has not heard yet: what it commits meanwhile says that it is
//! open, and must not set the cursors back.

use std::sync::Arc;

use activator::id::{Offset, Partition};
use activator::input::Progress;

/// A record that is done for a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) partition: Partition,
    pub(super) offset: Offset,
    pub(super) subscription: Arc<str>,
    /// Whether the subscription stands at the position where it is not named.
    pub(super) at_tail: bool,
}

/// Of one partition, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Ahead(Vec<Done>);

impl Done {
    /// Whether that was news.
    pub(super) fn add_to(&self, progress: &mut Progress) -> bool {
        progress.mark_done(&self.subscription, self.at_tail, [self.offset])
    }

    /// Whether it is known where the subscription stands.
    pub(super) fn is_known_to(&self, progress: &Progress) -> bool {
        self.at_tail || progress.behind.iter().any(|(name, _)| *name == self.subscription)
    }
}

impl Ahead {
    pub(super) fn note(&mut self, done: Done) {
        self.0.push(done);
    }

    pub(super) fn has(&self, done: &Done) -> bool {
        self.0.contains(done)
    }

    /// What the activator wants to be stored, with what is ahead of it. What it knows itself is forgotten here.
    pub(super) fn added_to(&mut self, mut progress: Progress) -> Progress {
        self.0.retain(|done| done.add_to(&mut progress));
        progress
    }
}

#[cfg(test)]
mod tests {
    use activator::cursor::Cursor;

    use super::*;

    fn done(offset: u64, at_tail: bool) -> Done {
        let (partition, offset) = (Partition(0), Offset(offset));
        Done { partition, offset, subscription: "order".into(), at_tail }
    }

    fn open(unfinished: &[u64], position: u64) -> Progress {
        let position = Offset(position);
        let cursor = Cursor::from_unfinished(unfinished.iter().copied().map(Offset), position);
        Progress { position, behind: vec![("order".into(), cursor)] }
    }

    #[test]
    fn what_is_committed_before_it_is_heard_of_does_not_open_it_again() {
        let mut ahead = Ahead::default();
        ahead.note(done(4, true));
        assert_eq!(ahead.added_to(open(&[3, 4], 6)), open(&[3], 6));
        assert!(ahead.has(&done(4, true)), "the activator does not know yet");
        assert_eq!(ahead.added_to(open(&[3], 7)), open(&[3], 7));
        assert!(!ahead.has(&done(4, true)), "now it does");
        assert_eq!(ahead.added_to(open(&[3, 4], 7)), open(&[3, 4], 7), "and may want it open again");
    }

    #[test]
    fn who_has_no_cursor_and_does_not_stand_at_the_tail_is_not_known() {
        let nobody = Progress { position: Offset(3), behind: Vec::new() };
        assert!(!done(4, false).is_known_to(&nobody));
        assert!(done(4, true).is_known_to(&nobody));
        assert!(done(4, false).is_known_to(&open(&[4], 5)));
    }
}
