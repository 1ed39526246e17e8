//! Waiting for jobs on a thread of our own, and for a moment to come.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use tokio::sync::mpsc;

/// Waits for jobs, or until it is time to look at something else. False: there never will be another one.
pub(super) fn wait<T>(
    queue: &mut mpsc::Receiver<T>,
    jobs: &mut Vec<T>,
    jobs_max: usize,
    until: Option<Instant>,
) -> bool {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        let mut receiving = pin!(queue.recv_many(jobs, jobs_max));
        if let Poll::Ready(received) = receiving.as_mut().poll(&mut context) {
            return received > 0;
        }
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(left) if left.is_zero() => return true,
            Some(left) => thread::park_timeout(left),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
