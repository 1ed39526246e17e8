//! What waits for one of some threads. Whoever puts something in wakes one of them, beside himself, and that one wakes no other:
//! a channel whose end they share by a lock does, and to wake a thread takes long beside what a start takes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use nix::unistd::{Pid, gettid};
use tokio::sync::Semaphore;

use super::processors::Processors;

/// The end of those who ask. A clone is the same; without any, the threads' end is at its own.
#[derive(Debug)]
pub(super) struct Asks<T>(Arc<Asking<T>>);

#[derive(Debug)]
struct Asking<T>(Arc<Queue<T>>);

/// The threads' end. A clone is the same.
#[derive(Debug)]
pub(super) struct Waiting<T>(Arc<Queue<T>>);

#[derive(Debug)]
struct Queue<T> {
    held: Mutex<Held<T>>,
    processors: Option<Processors>,
    room: Semaphore,
}

#[derive(Debug)]
struct Held<T> {
    waiting: VecDeque<T>,
    /// Threads that have nothing to do, each once.
    idle: Vec<Arc<Seat>>,
    /// Nobody can ask any more.
    is_over: bool,
}

/// Where a thread waits.
#[derive(Debug)]
pub(super) struct Seat {
    thread: Pid,
    news: Condvar,
}

impl Seat {
    /// The calling thread's.
    pub(super) fn take() -> Arc<Self> {
        Arc::new(Self { thread: gettid(), news: Condvar::new() })
    }
}

/// A queue in which so many can wait before those who ask have to wait too. The threads are woken on these processors; without
/// any, where they are.
pub(super) fn queue<T>(most: usize, processors: Option<Processors>) -> (Asks<T>, Waiting<T>) {
    let held = Held { waiting: VecDeque::with_capacity(most), idle: Vec::new(), is_over: false };
    let queue = Arc::new(Queue { held: Mutex::new(held), processors, room: Semaphore::new(most) });
    (Asks(Arc::new(Asking(Arc::clone(&queue)))), Waiting(queue))
}

impl<T> Asks<T> {
    /// Puts one in.
    pub(super) async fn ask(&self, one: T) {
        let queue = &self.0.0;
        // It is never closed.
        queue.room.acquire().await.into_iter().for_each(|room| room.forget());
        let idle = queue.lock().put(one);
        if let Some(seat) = idle {
            queue.processors.iter().for_each(|processors| processors.beside_here(seat.thread));
            seat.news.notify_one();
        }
    }
}

impl<T> Waiting<T> {
    /// Waits for the next, in the calling thread's own seat.
    pub(super) fn next(&self, seat: &Arc<Seat>) -> Option<T> {
        let mut held = self.0.lock();
        while held.waiting.is_empty() && !held.is_over {
            held.idle.push(Arc::clone(seat));
            held = seat.news.wait(held).unwrap_or_else(PoisonError::into_inner);
            // Woken for nothing, it is among them still.
            held.idle.retain(|other| !Arc::ptr_eq(other, seat));
        }
        held.waiting.pop_front().inspect(|_| self.0.room.add_permits(1))
    }
}

impl<T> Held<T> {
    /// Puts one in, and gives a thread to wake for it. One that is woken already, or busy, takes what it finds.
    fn put(&mut self, one: T) -> Option<Arc<Seat>> {
        self.waiting.push_back(one);
        self.idle.pop()
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        let mut held = self.0.lock();
        held.is_over = true;
        held.idle.drain(..).for_each(|seat| seat.news.notify_one());
    }
}

impl<T> Clone for Asks<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for Waiting<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn what_is_asked_is_taken_in_order_until_nobody_can_ask() {
        let (asks, waiting) = queue(2, Processors::ours());
        let seat = Seat::take();
        let another = asks.clone();
        asks.ask(1).await;
        another.ask(2).await;
        drop(asks);
        assert_eq!([waiting.next(&seat), waiting.next(&seat)], [Some(1), Some(2)]);
        let thread = std::thread::spawn(move || waiting.next(&Seat::take()));
        drop(another);
        assert_eq!(thread.join().unwrap(), None, "it does not wait for ever");
    }

    #[tokio::test]
    async fn who_asks_waits_while_there_is_no_room() {
        let (asks, waiting) = queue(1, None);
        let seat = Seat::take();
        asks.ask(1).await;
        let mut second = pin!(asks.ask(2));
        assert!(poll!(&mut second).is_pending());
        assert_eq!(waiting.next(&seat), Some(1));
        second.await;
        assert_eq!(waiting.next(&seat), Some(2));
    }
}
