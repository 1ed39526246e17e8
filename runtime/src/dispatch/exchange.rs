//! One request to a process and its answer.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use activator::delivery::{Format, Outcome};
use activator::event::Event;
use activator::id::DeliveryId;
use hashbrown::HashSet;
use tokio::sync::{SetOnce, watch};

use super::batch::Events;
use super::call::Call;
use super::door::Learned;
use super::pool::{Connection, For, Pool};
use super::request::{Message, To};
use super::wire::{Begun, Unanswered};
use super::{Job, Work};
use crate::process::Listener;

/// A request that has no answer for this long may be waiting for our idle connections to go away: some servers
/// serve one connection at a time.
const UNANSWERED_MAX: Duration = Duration::from_millis(50);
/// One that was idle for this long while another waited was looked at and no other; and when it is closed, the other's turn
/// comes within the second of these times: then it was that, and not a process that had something else to do.
const KEPT_MIN: Duration = Duration::from_millis(25);
const TURN_MAX: Duration = Duration::from_millis(10);
/// A call that must not be repeated is not sent over a connection that was idle for longer: the other side may be
/// closing it. Servers do so after 2 s (gunicorn), 5 s (Node, uvicorn) or later.
const IDLE_MAX_ONCE: Duration = Duration::from_secs(1);

/// What all requests to one process share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) pool: Pool,
    pub(super) learned: Arc<Learned>,
    pub(super) place: watch::Sender<Place>,
    /// When the process accepted its first request.
    pub(super) accepted: watch::Sender<Option<Instant>>,
    /// The listener the process was given.
    pub(super) listener: OnceLock<Arc<Listener>>,
    /// Our ends of the connections that the process never accepted.
    pub(super) withdrawn: Mutex<HashSet<SocketAddr>>,
    /// Whether a request was sent to the process; and whether it answered any.
    pub(super) asked: AtomicBool,
    pub(super) answered: SetOnce<()>,
    /// Whether somebody else starts the process: no time runs for what it is given.
    pub(super) is_attached: bool,
    /// As people read it: `r3`.
    pub(super) revision: String,
}

/// Where the process takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not known yet.
    Unknown,
    At(SocketAddr),
    /// The process is gone.
    Gone,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum Done {
    Outcome(DeliveryId, Outcome),
    /// Of all in a batch.
    Outcomes(Vec<(DeliveryId, Outcome)>),
    /// Nobody took the call: it is given back as it was.
    Returned(DeliveryId, Box<Call>),
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The process never saw the request.
    NotTaken,
    Lost(String),
    /// None began within this time.
    NotBegun(Duration),
}

/// What can be sent over one connection after the other.
pub(super) trait Sending: Sync {
    /// The kind of connection it goes over.
    fn wanted(&self) -> For;

    /// Whether it may also be read twice.
    fn is_repeatable(&self) -> bool;

    fn over(
        &self,
        pool: &Pool,
        connection: Connection,
    ) -> impl Future<Output = Result<(Begun, Connection), Unanswered>> + Send;
}

impl Sending for Message<'_> {
    fn wanted(&self) -> For {
        For::Whole
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn over(&self, _: &Pool, mut connection: Connection) -> Result<(Begun, Connection), Unanswered> {
        let begun = connection.sender.ask(self).await?;
        Ok((begun, connection))
    }
}

impl From<NoAnswer> for Outcome {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::NotTaken => Self::NotTaken,
            NoAnswer::Lost(reason) => Self::Lost(reason),
            NoAnswer::NotBegun(within) => Self::NotBegun(format!("no response began within {within:?}")),
        }
    }
}

impl Context {
    /// Makes the delivery and tells how it ended.
    pub(super) async fn carry_out(&self, job: Job) -> Done {
        match job.work {
            Work::Event(event, format) => {
                let outcome = self.deliver(&event, format, job.timeout, job.response).await;
                Done::Outcome(job.delivery, outcome)
            }
            // Of its own, so that a delivery takes no room for it.
            Work::Call(call) => Box::pin(self.call(job.delivery, call, job.timeout, job.response)).await,
        }
    }

    async fn deliver(
        &self,
        event: &Event,
        format: Format,
        timeout: Duration,
        response: Option<Duration>,
    ) -> Outcome {
        tokio::select! {
            biased;
            outcome = self.exchange(event, format, response) => outcome.unwrap_or_else(Outcome::from),
            () = self.time_is_up(timeout) => Outcome::TimedOut,
        }
    }

    /// Delivers events in one request.
    pub(super) async fn carry_out_batch(&self, events: Events) -> Done {
        let message = Message::Batch(events.body());
        let exchange = async {
            let (begun, mut connection) = self.sent(&message, events.response).await?;
            let answer = connection.sender.answer(begun).await.map_err(NoAnswer::Lost)?;
            self.pool.give_back(connection);
            Ok(events.outcomes(&answer))
        };
        Done::Outcomes(tokio::select! {
            biased;
            outcomes = exchange => outcomes.unwrap_or_else(|no_answer: NoAnswer| events.all(&no_answer.into())),
            () = self.time_is_up(events.timeout) => events.all(&Outcome::TimedOut),
        })
    }

    async fn exchange(
        &self,
        event: &Event,
        format: Format,
        response: Option<Duration>,
    ) -> Result<Outcome, NoAnswer> {
        let message = Message::Event { event, format, to: To::FUNCTION };
        let (begun, mut connection) = self.sent(&message, response).await?;
        let answer = connection.sender.answer(begun).await.map_err(NoAnswer::Lost)?;
        self.pool.give_back(connection);
        Ok(answer.outcome())
    }

    /// Sends events and waits for the head of the answer, and only for so long.
    async fn sent(
        &self,
        message: &Message<'_>,
        within: Option<Duration>,
    ) -> Result<(Begun, Connection), NoAnswer> {
        // A future that is passed on by value lies twice in the one that waits for it; so it is pinned first, here and below.
        let sent = pin!(self.send(message));
        self.begun(within, sent).await
    }

    /// Waits for the head of an answer, and only for so long.
    pub(super) async fn begun<A>(
        &self,
        within: Option<Duration>,
        answer: Pin<&mut impl Future<Output = Result<A, NoAnswer>>>,
    ) -> Result<A, NoAnswer> {
        let Some(within) = within else { return answer.await };
        tokio::select! {
            answer = answer => answer,
            () = self.time_is_up(within) => Err(NoAnswer::NotBegun(within)),
        }
    }

    /// Sends a request until somebody takes it, and reads the head of the answer.
    pub(super) async fn send<S: Sending>(&self, request: &S) -> Result<(Begun, Connection), NoAnswer> {
        let idle_max = (!request.is_repeatable()).then_some(IDLE_MAX_ONCE);
        // Once the process may have read it, it is not untouched any more, whatever comes after.
        let mut untaken = NoAnswer::NotTaken;
        let mut again = false;
        loop {
            let Some(address) = self.address().await else { return Err(untaken) };
            // Who cannot be connected to took nothing.
            let connection = if again {
                // On one of its own: what others send must not end with it a second time.
                Box::pin(self.pool.fresh(&[address])).await
            } else {
                self.pool.connection(&[address], request.wanted(), idle_max).await
            };
            let Ok(connection) = connection else { return Err(untaken) };
            if *self.place.borrow() != Place::At(address) {
                continue;
            }
            let (reused, local) = (connection.reused, connection.local);
            let Unanswered { reason, is_unsent } =
                match self.answered(reused, pin!(request.over(&self.pool, connection))).await {
                    Ok(answered) => return Ok(answered),
                    Err(error) => error,
                };
            if reused && is_unsent || self.was_withdrawn(local) {
                continue;
            }
            // A kept-alive connection may end just when it is used again: that is nobody's failure. The end of
            // the process looks the same; then there is nobody to send it to again, and this is what happened.
            untaken = NoAnswer::Lost(reason);
            if !reused || !request.is_repeatable() {
                return Err(untaken);
            }
            again = true;
        }
    }

    pub(super) async fn answered<A>(
        &self,
        reused: bool,
        sent: Pin<&mut impl Future<Output = Result<A, Unanswered>>>,
    ) -> Result<A, Unanswered> {
        // One that was used before was accepted long ago.
        let answer = if reused {
            sent.await
        } else {
            self.asked.store(true, Ordering::Relaxed);
            Box::pin(self.making_way(sent)).await
        };
        answer.inspect(|_| drop(self.answered.set(())))
    }

    /// Waits for an answer over a new connection, which may not be accepted yet.
    async fn making_way<A>(&self, mut answer: Pin<&mut impl Future<Output = A>>) -> A {
        let until = tokio::time::Instant::now() + UNANSWERED_MAX;
        // Before the process accepts anything, nobody is in anybody's way.
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = self.accepts() => {}
        }
        if let Ok(answer) = tokio::time::timeout_at(until, &mut answer).await {
            return answer;
        }
        let outside = self.outside();
        let alone = outside.and_then(|outside| self.pool.alone_for(outside));
        let _way = outside.is_none_or(|outside| outside > 0).then(|| self.pool.make_way());
        if alone.is_some_and(|idle| idle > KEPT_MIN) {
            let answered = tokio::time::timeout(TURN_MAX, &mut answer).await;
            if answered.is_ok() || self.outside() < outside {
                self.learned.serves_one_connection();
            }
            if let Ok(answer) = answered {
                return answer;
            }
        }
        answer.await
    }

    /// How many connections were not accepted yet. Only of our listener the kernel tells.
    fn outside(&self) -> Option<u32> {
        if !self.pool.is_one_each() {
            return Some(0);
        }
        let listener = self.listener.get()?;
        let at_listener = listener.addr().is_ok_and(|address| *self.place.borrow() == Place::At(address));
        if at_listener { Some(listener.unaccepted().unwrap_or(0)) } else { None }
    }

    /// Takes back what the process never accepted: those requests were seen by nobody.
    pub(super) fn withdraw(&self) {
        let Some(listener) = self.listener.get() else { return };
        match listener.withdraw() {
            Ok(callers) => self.withdrawn().extend(callers),
            Err(error) => {
                tracing::warn!(%error, "requests that a process never accepted could not be taken back");
            }
        }
    }

    fn was_withdrawn(&self, local: SocketAddr) -> bool {
        self.withdrawn().contains(&local)
    }

    fn withdrawn(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr>> {
        self.withdrawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the process accepted anything yet. Asked of the kernel too: a process can accept a request and die
    /// of it before anyone looks.
    pub(super) fn took_a_request(&self) -> bool {
        let from_listener = |listener: &Arc<Listener>| {
            listener.unaccepted().is_ok_and(|waiting| waiting < self.pool.connected())
        };
        let answered = self.answered.initialized() || self.accepted.borrow().is_some();
        answered || self.listener.get().is_some_and(from_listener)
    }

    pub(super) async fn address(&self) -> Option<SocketAddr> {
        if let Place::At(address) = *self.place.borrow() {
            return Some(address);
        }
        let mut place = self.place.subscribe();
        let known = Box::pin(place.wait_for(|place| *place != Place::Unknown)).await.ok()?;
        match *known {
            Place::At(address) => Some(address),
            Place::Unknown | Place::Gone => None,
        }
    }

    /// Waits until the process has accepted a request; for ever where it ends before.
    async fn accepts(&self) {
        if self.accepted.borrow().is_none() {
            let mut accepted = self.accepted.subscribe();
            if Box::pin(accepted.wait_for(Option::is_some)).await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// The time of an attempt runs from the moment the process accepts requests.
    pub(super) async fn time_is_up(&self, timeout: Duration) {
        if self.is_attached {
            return std::future::pending().await;
        }
        self.accepts().await;
        tokio::time::sleep(timeout).await;
    }
}

/// An error with its causes, on one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
