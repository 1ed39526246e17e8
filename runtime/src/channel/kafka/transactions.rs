//! What comes of the events of a channel, stored in one transaction with the cursors that say they are done: after a crash
//! there are both or neither.
//!
//! A thread of its own stores what waits: all that comes while Kafka works on one transaction is in the next. The cursors
//! are those that stand in the store, with what is done by the records; what the activator commits beside that is held
//! together with it by [`ahead`](super::ahead).

use std::sync::Arc;
use std::time::Duration;

use activator::effect::Origin;
use activator::event::{Event, kafka};
use activator::id::Partition;
use activator::input::Progress;
use tokio::sync::{mpsc, oneshot, watch};

use super::ahead::Done;
use super::producer::{Sent, Target};
use super::reader;
use super::store::{Store, Turn};
use super::transactional::{Failed, Transactional};
use crate::channel::{AppendError, KafkaSpec};

/// What one transaction stores at most: Kafka is to be done with it in a moment.
const RECORDS_MAX: usize = 512;

/// How long who appends waits; as long as for a record without a transaction, and what is under way then.
const APPEND_MAX: Duration = Duration::from_secs(15);

/// Before it is asked again what became of a transaction.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The transactions of one channel. A cheap handle; the thread ends with the last.
#[derive(Clone)]
pub(super) struct Transactions {
    asks: mpsc::UnboundedSender<Item>,
    brokers: Arc<[String]>,
}

/// What one append says by its transaction.
#[derive(Clone)]
pub(crate) struct Transaction {
    of: Transactions,
    done: Done,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.done.fmt(f)
    }
}

/// One record that waits to be stored.
struct Item {
    to: Target,
    event: Event,
    done: Done,
    answer: oneshot::Sender<Result<(), AppendError>>,
}

impl Transactions {
    /// Starts the thread; the other value ends with it.
    pub(super) fn start(
        spec: &Arc<KafkaSpec>,
        store: &Store,
        client: Transactional,
    ) -> (Self, watch::Receiver<()>) {
        let (asks, waiting) = mpsc::unbounded_channel();
        let (ends, ended) = watch::channel(());
        let (spec, store) = (Arc::clone(spec), store.clone());
        let brokers = spec.brokers.clone().into();
        let writer = Writer { spec, store, client: Some(client) };
        reader::beside("kafka-transactions", move || {
            writer.work(waiting);
            drop(ends);
        });
        (Self { asks, brokers }, ended)
    }

    pub(super) fn of(&self, Origin { partition, offset, subscription, at_tail, .. }: Origin) -> Transaction {
        Transaction { of: self.clone(), done: Done { partition, offset, subscription, at_tail } }
    }
}

impl Transaction {
    /// Whether its cluster is this one.
    pub(super) fn reaches(&self, brokers: &[String]) -> bool {
        *self.of.brokers == *brokers
    }

    /// Done when both the event and that another is done by it are stored.
    pub(super) async fn append(self, to: Target, event: Event) -> Result<(), AppendError> {
        let (answer, answered) = oneshot::channel();
        let closed = || AppendError::Unavailable("the channel of the event is closed".into());
        self.of.asks.send(Item { to, event, done: self.done, answer }).map_err(|_| closed())?;
        match tokio::time::timeout(APPEND_MAX, answered).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(closed())),
            // Should it be stored yet, then it is when it is asked for again.
            Err(_) => Err(AppendError::Unavailable("Kafka did not end a transaction in time".into())),
        }
    }
}

/// What the thread has.
struct Writer {
    spec: Arc<KafkaSpec>,
    store: Store,
    /// Nothing when the last one broke.
    client: Option<Transactional>,
}

/// Those of a batch that are not stored, and why.
type Unstored = (Vec<Item>, String);

impl Writer {
    fn work(mut self, mut asks: mpsc::UnboundedReceiver<Item>) {
        while let Some(first) = asks.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < RECORDS_MAX
                && let Ok(more) = asks.try_recv()
            {
                batch.push(more);
            }
            self.store_all(batch);
        }
    }

    /// Stores them together. Those that Kafka refuses are taken out, and the others are tried again without them.
    fn store_all(&mut self, batch: Vec<Item>) {
        let store = self.store.clone();
        let mut turn = store.turn();
        let mut batches = vec![batch];
        while let Some(batch) = batches.pop() {
            match self.try_all(&mut turn, batch) {
                Ok(others) => batches.extend(others),
                Err((batch, why)) => batch.into_iter().for_each(|item| item.waits(&why)),
            }
        }
    }

    /// Gives back what is still to be stored.
    fn try_all(&mut self, turn: &mut Turn<'_>, batch: Vec<Item>) -> Result<Vec<Vec<Item>>, Unstored> {
        let batch = to_store(turn, batch);
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let client = match self.client(turn) {
            Ok(client) => client,
            Err(error) => return Err((batch, error)),
        };
        if let Err(error) = client.begin() {
            return Err((batch, error.to_string()));
        }
        let sent = send(&client, batch);
        let progress = turn.with_done(sent.iter().map(|(item, _)| &item.done));
        match self.end(&client, turn, &progress) {
            Ok(()) => {
                self.client = Some(client);
                stored(turn, progress, sent);
                Ok(Vec::new())
            }
            Err(Failed::Aborted(why)) => match without_faulty(sent) {
                // Kafka waits for the number of a record that it refused, and would refuse the next ones for that: a new
                // client counts from the begin.
                Ok(others) => Ok(others),
                Err(others) => {
                    self.client = Some(client);
                    Err((others, why))
                }
            },
            Err(Failed::Unknown(why)) => {
                drop(client);
                self.find_out(turn, progress, sent, why)
            }
        }
    }

    /// The client, or a new one: then nobody else may have written meanwhile.
    fn client(&mut self, turn: &Turn<'_>) -> Result<Transactional, String> {
        if let Some(reason) = self.store.stopped() {
            return Err(reason.to_owned());
        }
        if let Some(client) = self.client.take() {
            return Ok(client);
        }
        let client = Transactional::start(&self.spec).map_err(|error| error.0)?;
        turn.look().map_err(|error| error.to_string())?;
        Ok(client)
    }

    /// Adds the cursors to what was sent.
    fn end(
        &self,
        client: &Transactional,
        turn: &Turn<'_>,
        progress: &[(Partition, Progress)],
    ) -> Result<(), Failed> {
        let goes_on = || !self.store.is_ended();
        if progress.is_empty() {
            return Err(client.abort("none of it can be sent".to_owned(), goes_on));
        }
        match turn.offsets(progress) {
            Ok(offsets) => client.offsets(&offsets, goes_on)?,
            Err(error) => return Err(client.abort(error.to_string(), goes_on)),
        }
        client.commit(goes_on)
    }

    /// The client broke, and Kafka knows what became of its transaction.
    fn find_out(
        &mut self,
        turn: &mut Turn<'_>,
        progress: Vec<(Partition, Progress)>,
        sent: Vec<(Item, Sent)>,
        why: String,
    ) -> Result<Vec<Vec<Item>>, Unstored> {
        let topic = &*self.spec.topic.clone();
        tracing::warn!(topic, "a transaction broke off: {why}; asking Kafka what became of it");
        loop {
            let client = self.client(turn);
            let found = client.and_then(|client| {
                self.client = Some(client);
                turn.is_stored(&progress).map_err(|error| error.to_string())
            });
            match found {
                Ok(true) => {
                    stored(turn, progress, sent);
                    return Ok(Vec::new());
                }
                Ok(false) => return Err((items(sent), why)),
                Err(error) if self.store.stopped().is_some() || self.store.is_ended() => {
                    return Err((items(sent), error));
                }
                Err(error) => tracing::warn!(topic, "{error}; trying again"),
            }
            std::thread::sleep(ASK_AGAIN);
        }
    }
}

impl Item {
    fn fails(self, error: AppendError) {
        // Who gave up meanwhile asks again.
        self.answer.send(Err(error)).ok();
    }

    fn waits(self, why: &str) {
        self.fails(AppendError::Unavailable(why.to_owned()));
    }

    fn succeeds(self) {
        self.answer.send(Ok(())).ok();
    }
}

/// Answers those of which it is known already what becomes of them.
fn to_store(turn: &Turn<'_>, batch: Vec<Item>) -> Vec<Item> {
    let mut rest = Vec::with_capacity(batch.len());
    for item in batch {
        if turn.is_ahead(&item.done) {
            item.succeeds();
        } else if !turn.knows(&item.done) {
            let why = format!("the cursor of {} is not stored yet", item.done.subscription);
            item.waits(&why);
        } else if !item.answer.is_closed() {
            rest.push(item);
        }
    }
    rest
}

fn send(client: &Transactional, batch: Vec<Item>) -> Vec<(Item, Sent)> {
    let mut all = Vec::with_capacity(batch.len());
    for item in batch {
        match client.producer.send(&item.to, &item.event, kafka::key(&item.event)) {
            Ok(sent) => all.push((item, sent)),
            Err(error) => item.fails(error),
        }
    }
    all
}

fn stored(turn: &mut Turn<'_>, progress: Vec<(Partition, Progress)>, sent: Vec<(Item, Sent)>) {
    turn.stands(progress, sent.iter().map(|(item, _)| &item.done));
    items(sent).into_iter().for_each(Item::succeeds);
}

/// What is left of an aborted batch when those are answered that Kafka refused; an error when it refused none. What it
/// refuses as too large came with others, which it refuses, too: so the halves are tried.
fn without_faulty(sent: Vec<(Item, Sent)>) -> Result<Vec<Vec<Item>>, Vec<Item>> {
    let (all, mut others, mut is_large) = (sent.len(), Vec::new(), false);
    for (item, sent) in sent {
        match sent.fault() {
            Some(AppendError::TooLarge { .. }) if all > 1 => {
                is_large = true;
                others.push(item);
            }
            Some(error) => item.fails(error),
            None => others.push(item),
        }
    }
    if is_large {
        let half = others.split_off(others.len() / 2);
        return Ok(vec![half, others]);
    }
    if others.len() < all { Ok(vec![others]) } else { Err(others) }
}

fn items(sent: Vec<(Item, Sent)>) -> Vec<Item> {
    sent.into_iter().map(|(item, _)| item).collect()
}
