//! What is over, as it happens. Whoever watches has a queue of his own, which is bounded: nobody waits for him, and where
//! nobody watches, nothing is kept for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use activator::event::Event;
use activator::id::SubscriptionId;
use tokio::sync::Notify;

use super::delivery::Delivery;
use super::entry::Entry;
use super::record::Record;
use super::tell;
use super::view::Ended;

/// Ends that wait for one watcher: what a turn or two of the loop bring. They keep their events in memory.
const WAITING_MAX: usize = 4096;

/// A delivery that is over, or an event that nobody took.
#[derive(Clone, Debug)]
pub(crate) struct End {
    entry: Arc<Entry>,
    subscription: Option<SubscriptionId>,
}

/// Those who watch, and what they are to be told at the end of the turn.
#[derive(Debug, Default)]
pub(super) struct Feed {
    watchers: Vec<Weak<Queue>>,
    settled: Vec<(u64, SubscriptionId)>,
}

/// One who watches, from a moment on; he stops by dropping it.
#[derive(Debug)]
pub(crate) struct Watch {
    queue: Arc<Queue>,
    /// What was over before is the past, and what is told was over since.
    pub(crate) since: SystemTime,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

/// What one who watches has not taken.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) ends: VecDeque<End>,
    /// So many more there were no room for.
    pub(crate) left_out: u64,
}

impl End {
    pub(super) const fn new(entry: Arc<Entry>, subscription: Option<SubscriptionId>) -> Self {
        Self { entry, subscription }
    }

    pub(super) fn delivery(&self) -> Option<&Delivery> {
        let id = self.subscription?;
        self.entry.deliveries.iter().find(|delivery| delivery.subscription == id)
    }

    /// The subscription's name, as `trigger/bill`.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        self.entry.whose(self.delivery()?).map(|whose| whose.name)
    }

    pub(super) fn event(&self) -> Event {
        self.entry.event()
    }

    /// What people see of it; nothing where a subscription is yet to come to the event.
    pub(crate) fn told(&self) -> Option<Ended> {
        let record = Record::of(&self.entry);
        let event = record.event()?;
        match self.name() {
            Some(name) => {
                let told = record.deliveries.iter().find(|told| told.whose.name == name)?;
                tell::ended(&record, &event, Some(told))
            }
            None => tell::ended(&record, &event, None),
        }
    }
}

impl Feed {
    pub(super) fn watch(&mut self, since: SystemTime) -> Watch {
        let queue = Arc::default();
        self.watchers.push(Arc::downgrade(&queue));
        Watch { queue, since }
    }

    pub(super) const fn is_watched(&self) -> bool {
        !self.watchers.is_empty()
    }

    pub(super) fn settled(&mut self, number: u64, subscription: SubscriptionId) {
        if self.is_watched() {
            self.settled.push((number, subscription));
        }
    }

    pub(super) fn take_settled(&mut self) -> Vec<(u64, SubscriptionId)> {
        std::mem::take(&mut self.settled)
    }

    /// Tells all who watch; `forgotten` more are in the history no more.
    pub(super) fn tell(&mut self, ends: &[End], forgotten: u64) {
        self.watchers.retain(|watcher| {
            let Some(queue) = watcher.upgrade() else { return false };
            if !ends.is_empty() || forgotten > 0 {
                queue.put(ends, forgotten);
            }
            true
        });
    }
}

impl Watch {
    /// What came since the last time, as soon as there is something.
    pub(crate) async fn next(&self) -> Waiting {
        loop {
            let waiting = std::mem::take(&mut *self.queue.waiting());
            if !waiting.ends.is_empty() || waiting.left_out > 0 {
                return waiting;
            }
            self.queue.changed.notified().await;
        }
    }
}

impl Queue {
    fn put(&self, ends: &[End], forgotten: u64) {
        let mut waiting = self.waiting();
        let room = WAITING_MAX.saturating_sub(waiting.ends.len()).min(ends.len());
        waiting.ends.extend(ends[..room].iter().cloned());
        waiting.left_out += forgotten + (ends.len() - room) as u64;
        drop(waiting);
        self.changed.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, BILL, arrived, dead_letter, delivered, matched, of, wired};
    use super::super::view::Outcome;
    use super::super::{History, Note};
    use super::*;

    fn event(id: &str, ty: &str) -> Event {
        fixture::event(id, "/shop", ty, b"{}")
    }

    /// What a watcher is told, as `id trigger outcome`.
    async fn told(watch: &Watch) -> Vec<String> {
        let ends = watch.next().await.ends;
        let line = |ended: Ended| {
            format!("{} {} {}", ended.id, ended.trigger.as_deref().unwrap_or("-"), ended.outcome.text())
        };
        ends.iter().filter_map(End::told).map(line).collect()
    }

    #[tokio::test]
    async fn what_is_over_is_told_once_and_in_its_order() {
        let history = History::new(10);
        history.apply([wired(), arrived(0, event("before", "order.created"))]);
        let watch = history.watch();
        let bill = |offset| of(BILL, offset);
        history.apply([
            arrived(1, event("1", "order.created")),
            arrived(2, event("2", "unheard.of")),
            matched(bill(1)),
        ]);
        history.apply([delivered(bill(1)), arrived(3, event("3", "order.created")), matched(bill(3))]);
        history.apply([dead_letter(bill(3), 5)]);
        assert_eq!(told(&watch).await, ["2 - unmatched", "1 bill delivered", "3 bill dead letter"]);
    }

    #[tokio::test]
    async fn an_event_that_a_trigger_has_not_come_to_is_not_over() {
        let history = History::new(10);
        history.apply([wired()]);
        let watch = history.watch();
        history.apply([arrived(0, event("1", "order.created")), arrived(1, event("2", "unheard.of"))]);
        assert_eq!(told(&watch).await, ["2 - unmatched"]);
    }

    #[tokio::test]
    async fn whoever_is_slow_is_told_how_much_he_missed_and_keeps_nothing_alive() {
        let history = History::new(10_000);
        history.apply([wired()]);
        let watch = history.watch();
        let all = WAITING_MAX as u64 + 7;
        for offset in 0..all {
            let notes = [arrived(offset, event("1", "order.created")), matched(of(BILL, offset))];
            history.apply(notes.into_iter().chain([delivered(of(BILL, offset))]));
        }
        let waiting = watch.next().await;
        assert_eq!((waiting.ends.len(), waiting.left_out), (WAITING_MAX, 7));
        let first = waiting.ends[0].told().unwrap();
        assert_eq!((first.offset, first.outcome), (0, Outcome::Delivered));
        assert!(history.is_watched());
        drop(watch);
        history.apply([Note::Reported(activator::effect::Report::Matched { event: of(BILL, all) })]);
        assert!(!history.is_watched(), "nothing is kept for one who is gone");
    }

    #[tokio::test]
    async fn what_was_forgotten_within_the_turn_is_counted() {
        let history = History::new(2);
        history.apply([wired()]);
        let watch = history.watch();
        let notes = (0..5).flat_map(|offset| {
            [
                arrived(offset, event("1", "order.created")),
                matched(of(BILL, offset)),
                delivered(of(BILL, offset)),
            ]
        });
        history.apply(notes.collect::<Vec<_>>());
        let waiting = watch.next().await;
        assert_eq!((waiting.ends.len(), waiting.left_out), (2, 3));
    }
}
