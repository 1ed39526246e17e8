//! How a channel becomes open: alone with all partitions, or as a member of the group that shares them out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use super::context::{Context, Group};
use super::early::Early;
use super::lane::Lane;
use super::limits::Asked;
use super::member::{Member, Seat};
use super::mirror::Mirror;
use super::moves::Moves;
use super::open::{self, Begin, Topic};
use super::owned::Owned;
use super::reader::{self, Reader};
use super::store::Store;
use super::transactional::Transactional;
use super::transactions::Transactions;
use super::{Clients, Kafka, Membership, Opened, Shared, partition, settings};
use crate::channel::{CommitError, KafkaSpec, OpenError, Subscribers};

/// Taken for how long offsets are kept when the cluster does not say; its default is seven days.
const OFFSETS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Of a topic that others made.
const PARTITIONS_EXPECTED: u32 = 1;

/// How often unchanged cursors are written anew while they are kept.
const FRESH_PER_KEPT: u32 = 4;

/// Blocks.
pub(super) fn open_own(spec: &Arc<KafkaSpec>, subscribers: Subscribers) -> Result<Opened, OpenError> {
    let (reader, topic, early) = start_alone(spec, &subscribers)?;
    // Before anybody looks where the cursors stand: what a life before left open is ended by it.
    let transactional = spec.transactions.then(|| Transactional::start(spec)).transpose()?;
    let owned = Arc::new(Owned::all(topic.partitions));
    let store = Store::new(&reader.client, spec, &owned);
    let mirror = Mirror::new(spec, &store, subscribers);
    let moves = Moves::ask(spec, &mirror, &owned.numbers(), early);
    let mut begins = open::partitions(&reader.client, spec, &owned.numbers(), &store.seen)?;
    let unstored = |error: CommitError| OpenError(error.to_string());
    store.found(&begins).map_err(unstored)?;
    let ((beside, closed), (ends, ended)) = (oneshot::channel(), watch::channel(()));
    let mut endings = vec![ended];
    let transactions = transactional.map(|client| {
        let (transactions, ended) = Transactions::start(spec, &store, client);
        endings.push(ended);
        transactions
    });
    let parts = Parts {
        spec,
        topic,
        reader,
        owned,
        store: store.clone(),
        mirror: mirror.clone(),
        transactions,
        beside,
        endings,
    };
    let asked = parts.topic.asked.clone();
    let channel = parts.assemble(&begins, None)?;
    moves.obey(&mut begins, &mirror, &store, &spec.topic).map_err(unstored)?;
    make_ready_to_write(&channel);
    tokio::spawn(keep_fresh(store, asked, closed, ends));
    let partitions = begins.into_iter().map(|begin| begin.opened).collect();
    Ok(Opened { channel, partitions, changes: None })
}

/// Blocks. No partition is ours until the group says so.
pub(super) fn open_group(spec: &Arc<KafkaSpec>, subscribers: Subscribers) -> Result<Opened, OpenError> {
    let topic = open::topic_alone(spec)?;
    let (owned, leaving) = (Arc::new(Owned::none()), Arc::new(AtomicBool::new(false)));
    let (tell, told) = mpsc::unbounded_channel();
    let group = Group { owned: Arc::clone(&owned), told: tell, leaving: Arc::clone(&leaving) };
    let (context, left) = Context::member(&spec.topic, group);
    let reader = start(spec, topic.partitions, context)?;
    let store = Store::new(&reader.client, spec, &owned);
    let mirror = Mirror::new(spec, &store, subscribers);
    let (release, released) = mpsc::unbounded_channel();
    let (changed, changes) = mpsc::unbounded_channel();
    let (beside, closed) = oneshot::channel();
    let client = Arc::clone(&reader.client);
    let seat = Seat {
        client: Arc::clone(&client),
        spec: Arc::clone(spec),
        owned: Arc::clone(&owned),
        leaving: Arc::clone(&leaving),
        store: store.clone(),
        mirror: mirror.clone(),
    };
    let parts =
        Parts { spec, topic, reader, owned, store, mirror, transactions: None, beside, endings: vec![left] };
    let channel = parts.assemble(&[], Some(Membership { released: release, leaving }))?;
    tokio::spawn(Member { seat, told, released, changes: changed, turn: 0, has_begun: false }.run(closed));
    // The queues of all partitions were split by now; one that is assigned before would give its records elsewhere.
    client.subscribe(&[&spec.topic]).map_err(|error| open::failed("join the group", &error))?;
    make_ready_to_write(&channel);
    Ok(Opened { channel, partitions: Vec::new(), changes: Some(changes) })
}

/// What reading does not wait for. A topic that is created is one that is appended to, and an idempotent producer takes half
/// a second to start; an event that comes before it is ready does wait.
fn make_ready_to_write(channel: &Kafka) {
    let (asked, channel) = (channel.0.topic.asked.clone(), Arc::downgrade(&channel.0));
    tokio::spawn(async move {
        // Whoever closes the channel meanwhile does not wait for this.
        asked.limits().await;
        let channel = channel.upgrade().map(Kafka);
        let Some(channel) = channel.filter(|channel| channel.0.spec.create.is_some()) else { return };
        match channel.producer().await {
            Ok(producer) => producer.warm_up_beside(),
            Err(error) => {
                tracing::warn!(topic = %channel.0.spec.topic, "cannot start a Kafka producer yet: {error}")
            }
        }
    });
}

/// The reader of all partitions, which finds the topic too: so the connections it needs are made as soon as may be. It
/// is started anew where there are more partitions than was expected, as that is in its settings.
fn start_alone(
    spec: &Arc<KafkaSpec>,
    subscribers: &Subscribers,
) -> Result<(Reader, Topic, Early), OpenError> {
    let expected = spec.create.map_or(PARTITIONS_EXPECTED, |create| create.partitions);
    let start = |partitions| {
        let reader = start(spec, partitions, Context::alone(&spec.topic))?;
        reader::hasten(&reader.client, &spec.topic);
        Ok(reader)
    };
    let reader = start(expected)?;
    let subscribers = subscribers.borrow().clone();
    let early = Early::connect(spec, &subscribers);
    let topic = open::topic(spec, reader.client.client())?;
    if settings::ahead_kbytes(topic.partitions) == settings::ahead_kbytes(expected) {
        return Ok((reader, topic, early));
    }
    Ok((start(topic.partitions)?, topic, early))
}

fn start(spec: &KafkaSpec, partitions: u32, context: Context) -> Result<Reader, OpenError> {
    let config = settings::reader(spec, partitions)?;
    settings::writer(spec)?;
    let failed = |error| open::failed("start a Kafka client", &error);
    Reader::start(&config, &spec.topic, context).map_err(failed)
}

/// What a channel is put together from.
struct Parts<'s> {
    spec: &'s Arc<KafkaSpec>,
    topic: Topic,
    reader: Reader,
    owned: Arc<Owned>,
    store: Store,
    mirror: Mirror,
    transactions: Option<Transactions>,
    beside: oneshot::Sender<()>,
    endings: Vec<watch::Receiver<()>>,
}

impl Parts<'_> {
    /// `begins`: where the partitions begin and end, in the order of their numbers, when that is known.
    fn assemble(self, begins: &[Begin], membership: Option<Membership>) -> Result<Kafka, OpenError> {
        let Self { spec, topic, reader, owned, store, mirror, transactions, beside, mut endings } = self;
        let is_shared = membership.is_some();
        let lanes = (0..topic.partitions).zip(begins.iter().map(Some).chain(std::iter::repeat(None)));
        let lanes = lanes.map(|(number, begin)| {
            let lane = Lane::new(&reader, number, &spec.records, is_shared)?;
            Some(lane.found(begin.map(|begin| begin.bounds)))
        });
        let partitions: Option<Vec<_>> = lanes.map(|lane| lane.map(partition::Partition::new)).collect();
        let partitions =
            partitions.ok_or_else(|| OpenError("librdkafka has no queue for a partition".into()))?;
        let ((end, closed), (ends, ended)) = (oneshot::channel(), watch::channel(()));
        tokio::spawn(mirror.run(store.clone(), closed, ends));
        let beside = vec![beside, end];
        endings.push(ended);
        let (look_back, producer) = (OnceCell::new(), OnceCell::new());
        let clients =
            Some(Clients { partitions, reader, store, look_back, producer, transactions, _beside: beside });
        let shared = Shared { spec: Arc::clone(spec), topic, owned, membership, endings, clients };
        Ok(Kafka(Arc::new(shared)))
    }
}

/// The offsets of a group without members expire, and nobody else renews them. `ended` is dropped once that is over.
async fn keep_fresh(store: Store, asked: Asked, closed: oneshot::Receiver<()>, ended: watch::Sender<()>) {
    renew(&store, asked, closed).await;
    drop(ended);
    reader::let_go(move || drop(store));
}

/// The first time is at once: they may be old.
async fn renew(store: &Store, asked: Asked, mut closed: oneshot::Receiver<()>) {
    let limits = tokio::select! {
        _ = &mut closed => return,
        limits = asked.limits() => limits,
    };
    let every = limits.offsets_kept.unwrap_or(OFFSETS_KEPT) / FRESH_PER_KEPT;
    loop {
        if let Err(error) = store.refresh(every).await {
            tracing::warn!("the cursors are not renewed: {error}");
        }
        tokio::select! {
            _ = &mut closed => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}
