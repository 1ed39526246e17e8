//! Events that wait to go to a process together: which go in the next request, and when.
//!
//! What came while all requests of the process were under way goes with the next. Beyond that nothing is waited for, unless
//! the function says how long a batch may take to fill.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::batch::Events;
use super::{Job, Work};
use crate::config::resolved::Batch;

/// Data of one request, beside that of a first event.
const BYTES_MAX: usize = 4 << 20;

/// What waits for a request.
#[derive(Debug)]
pub(super) struct Waiting {
    batch: Batch,
    jobs: VecDeque<Job>,
    /// When the first of them came that is still there, or the last request was made.
    since: Instant,
}

/// What goes in one request.
#[derive(Debug)]
pub(super) enum Load {
    Call(Job),
    Events(Events),
}

impl Waiting {
    pub(super) fn new(batch: Batch) -> Self {
        Self { batch, jobs: VecDeque::new(), since: Instant::now() }
    }

    pub(super) fn push(&mut self, now: Instant, job: Job) {
        if self.jobs.is_empty() {
            self.since = now;
        }
        self.jobs.push_back(job);
    }

    /// Whether a request can be made while so many are under way.
    pub(super) fn may_send(&self, under_way: usize) -> bool {
        !self.jobs.is_empty() && under_way < self.batch.requests_max as usize
    }

    /// Whether those that wait have no reason to wait for others.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due_at().is_some_and(|due| due <= now) || self.is_full()
    }

    /// Until they have waited long enough.
    pub(super) async fn waited(waiting: Option<&Self>) {
        match waiting.and_then(Self::due_at) {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    fn due_at(&self) -> Option<Instant> {
        (!self.jobs.is_empty()).then(|| self.since + self.batch.wait)
    }

    /// Whether there is a request's worth of them, or a call, which goes alone and whose caller waits.
    fn is_full(&self) -> bool {
        let bytes = |job: &Job| match &job.work {
            Work::Event(event, _) => event.data().len(),
            Work::Call(_) => BYTES_MAX,
        };
        self.jobs.len() >= self.batch.events_max as usize
            || self.jobs.iter().map(bytes).fold(0, usize::saturating_add) >= BYTES_MAX
    }

    /// What goes next. Those with another time wait for the request after it.
    pub(super) fn next(&mut self, now: Instant) -> Option<Load> {
        let Job { delivery, work, timeout, response } = self.jobs.pop_front()?;
        let event = match work {
            Work::Event(event, _) => event,
            call @ Work::Call(_) => {
                return Some(Load::Call(Job { delivery, work: call, timeout, response }));
            }
        };
        let mut bytes = event.data().len();
        let mut load = Events { events: vec![(delivery, event)], timeout, response };
        let mut others = VecDeque::new();
        for job in self.jobs.drain(..) {
            let Work::Event(event, _) = &job.work else {
                others.push_back(job);
                continue;
            };
            let more = bytes.saturating_add(event.data().len());
            let fits = load.events.len() < self.batch.events_max as usize && more <= BYTES_MAX;
            if fits && job.timeout == timeout {
                bytes = more;
                load.events.push((job.delivery, event.clone()));
            } else {
                others.push_back(job);
            }
        }
        self.jobs = others;
        self.since = now;
        Some(Load::Events(load))
    }

    /// What no request was made for.
    pub(super) fn take(&mut self) -> VecDeque<Job> {
        std::mem::take(&mut self.jobs)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::history::fixture;
    use activator::delivery::Format;
    use activator::id::DeliveryId;

    fn job(slot: u32, bytes: usize, seconds: u64) -> Job {
        Job {
            delivery: DeliveryId { slot, generation: 0 },
            work: Work::Event(
                fixture::event(&slot.to_string(), "/test", "test", &vec![b'x'; bytes]),
                Format::Binary,
            ),
            timeout: Duration::from_secs(seconds),
            response: None,
        }
    }

    fn batch(events_max: u32, requests_max: u32, seconds: u64) -> Batch {
        Batch { events_max, requests_max, wait: Duration::from_secs(seconds) }
    }

    fn slots(waiting: &mut Waiting) -> Vec<u32> {
        match waiting.next(Instant::now()).unwrap() {
            Load::Events(events) => events.events.iter().map(|(delivery, _)| delivery.slot).collect(),
            Load::Call(job) => panic!("{job:?}"),
        }
    }

    #[test]
    fn what_waits_goes_together_up_to_the_bounds() {
        let mut waiting = Waiting::new(batch(3, 2, 0));
        assert!(!waiting.may_send(0), "there is nothing");
        for slot in 0..5 {
            waiting.push(Instant::now(), job(slot, 1, 1));
        }
        assert!(waiting.is_due(Instant::now()) && waiting.may_send(1) && !waiting.may_send(2));
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 1, 2], vec![3, 4]));
        for slot in 0..4 {
            waiting.push(Instant::now(), job(slot, BYTES_MAX / 2, 1));
        }
        waiting.push(Instant::now(), job(4, 2 * BYTES_MAX, 1));
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 1], vec![2, 3]));
        assert_eq!(slots(&mut waiting), [4], "one goes however large it is");
    }

    #[test]
    fn one_that_may_wait_does_so_for_its_time_or_until_it_is_full() {
        let mut waiting = Waiting::new(batch(3, 1, 10));
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        waiting.push(now, job(0, 1, 1));
        waiting.push(after(9), job(1, 1, 1));
        assert!(!waiting.is_due(after(9)));
        assert!(waiting.is_due(after(10)), "the time of the first counts");
        assert_eq!(slots(&mut waiting), [0, 1]);
        (2..5).for_each(|slot| waiting.push(after(11), job(slot, 1, 1)));
        assert!(waiting.is_due(after(11)), "it is full");
        assert_eq!(slots(&mut waiting), [2, 3, 4]);
        waiting.push(after(12), job(5, BYTES_MAX, 1));
        assert!(waiting.is_due(after(12)), "so it is with one that is large");
    }

    #[test]
    fn events_with_other_times_go_apart() {
        let mut waiting = Waiting::new(batch(3, 1, 0));
        for (slot, seconds) in [(0, 1), (1, 2), (2, 1), (3, 2)] {
            waiting.push(Instant::now(), job(slot, 1, seconds));
        }
        assert_eq!((slots(&mut waiting), slots(&mut waiting)), (vec![0, 2], vec![1, 3]));
    }
}
