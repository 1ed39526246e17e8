//! What waits for one of some threads. Whoever puts something in wakes one of them, and that one wakes no other: a channel whose
//! end they share by a lock does, and to wake a thread takes long beside what a start takes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

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
    news: Condvar,
    room: Semaphore,
}

#[derive(Debug)]
struct Held<T> {
    waiting: VecDeque<T>,
    /// Nobody can ask any more.
    is_over: bool,
}

/// A queue in which so many can wait before those who ask have to wait too.
pub(super) fn queue<T>(most: usize) -> (Asks<T>, Waiting<T>) {
    let held = Mutex::new(Held { waiting: VecDeque::with_capacity(most), is_over: false });
    let queue = Arc::new(Queue { held, news: Condvar::new(), room: Semaphore::new(most) });
    (Asks(Arc::new(Asking(Arc::clone(&queue)))), Waiting(queue))
}

impl<T> Asks<T> {
    /// Puts one in.
    pub(super) async fn ask(&self, one: T) {
        let queue = &self.0.0;
        // It is never closed.
        queue.room.acquire().await.into_iter().for_each(|room| room.forget());
        queue.lock().waiting.push_back(one);
        queue.news.notify_one();
    }
}

impl<T> Waiting<T> {
    /// Waits for the next.
    pub(super) fn next(&self) -> Option<T> {
        let is_idle = |held: &mut Held<T>| held.waiting.is_empty() && !held.is_over;
        let held = self.0.news.wait_while(self.0.lock(), is_idle);
        let next = held.unwrap_or_else(PoisonError::into_inner).waiting.pop_front();
        next.inspect(|_| self.0.room.add_permits(1))
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.news.notify_all();
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
        let (asks, waiting) = queue(2);
        let another = asks.clone();
        asks.ask(1).await;
        another.ask(2).await;
        drop(asks);
        assert_eq!([waiting.next(), waiting.next()], [Some(1), Some(2)]);
        let thread = std::thread::spawn(move || waiting.next());
        drop(another);
        assert_eq!(thread.join().unwrap(), None, "it does not wait for ever");
    }

    #[tokio::test]
    async fn who_asks_waits_while_there_is_no_room() {
        let (asks, waiting) = queue(1);
        asks.ask(1).await;
        let mut second = pin!(asks.ask(2));
        assert!(poll!(&mut second).is_pending());
        assert_eq!(waiting.next(), Some(1));
        second.await;
        assert_eq!(waiting.next(), Some(2));
    }
}
