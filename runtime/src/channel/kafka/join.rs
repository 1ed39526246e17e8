//! How a channel becomes open: alone with all partitions, or as a member of the group that shares them out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use super::context::{Context, Group};
use super::lane::Lane;
use super::member::{Member, Seat};
use super::mirror::Mirror;
use super::moves::Moves;
use super::open::{self, Topic};
use super::owned::Owned;
use super::producer::Producer;
use super::reader::{self, Reader};
use super::store::Store;
use super::transactional::Transactional;
use super::transactions::Transactions;
use super::{Clients, Kafka, Membership, Opened, Shared, partition, settings};
use crate::channel::{CommitError, ContentMode, KafkaSpec, OpenError, Subscribers};

/// Taken for how long offsets are kept when the cluster does not say; its default is seven days.
const OFFSETS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often unchanged cursors are written anew while they are kept.
const FRESH_PER_KEPT: u32 = 4;

/// Blocks.
pub(super) fn open_own(spec: &Arc<KafkaSpec>, subscribers: Subscribers) -> Result<Opened, OpenError> {
    let topic = open::topic(spec)?;
    let reader = start(spec, &topic, Context::alone(&spec.topic))?;
    // Before anybody looks where the cursors stand: what a life before left open is ended by it.
    let transactional = spec.transactions.then(|| Transactional::start(spec)).transpose()?;
    let owned = Arc::new(Owned::all(topic.partitions));
    let store = Store::new(&reader.client, spec, &owned);
    let mirror = Mirror::new(spec, &store, subscribers);
    // Each of these connects, and takes its time for that: side by side.
    let producer = start_producer(spec, &topic)?;
    let moves = Moves::ask(spec, &reader.client, &mirror, &owned.numbers());
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
        producer,
        transactions,
        beside,
        endings,
    };
    let channel = parts.assemble(None)?;
    moves.obey(&mut begins, &mirror, &store, &spec.topic).map_err(unstored)?;
    tokio::spawn(keep_fresh(store, Arc::clone(spec), closed, ends));
    let partitions = begins.into_iter().map(|begin| begin.opened).collect();
    Ok(Opened { channel, partitions, changes: None })
}

/// Blocks. No partition is ours until the group says so.
pub(super) fn open_group(spec: &Arc<KafkaSpec>, subscribers: Subscribers) -> Result<Opened, OpenError> {
    let topic = open::topic(spec)?;
    let (owned, leaving) = (Arc::new(Owned::none()), Arc::new(AtomicBool::new(false)));
    let (tell, told) = mpsc::unbounded_channel();
    let group = Group { owned: Arc::clone(&owned), told: tell, leaving: Arc::clone(&leaving) };
    let (context, left) = Context::member(&spec.topic, group);
    let reader = start(spec, &topic, context)?;
    let store = Store::new(&reader.client, spec, &owned);
    let mirror = Mirror::new(spec, &store, subscribers);
    let producer = start_producer(spec, &topic)?;
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
    let parts = Parts {
        spec,
        topic,
        reader,
        owned,
        store,
        mirror,
        producer,
        transactions: None,
        beside,
        endings: vec![left],
    };
    let channel = parts.assemble(Some(Membership { released: release, leaving }))?;
    tokio::spawn(Member { seat, told, released, changes: changed, turn: 0, has_begun: false }.run(closed));
    // The queues of all partitions were split by now; one that is assigned before would give its records elsewhere.
    client.subscribe(&[&spec.topic]).map_err(|error| open::failed("join the group", &error))?;
    Ok(Opened { channel, partitions: Vec::new(), changes: Some(changes) })
}

/// A topic that is created is one that is appended to, and an idempotent producer takes half a second to start. Reading
/// does not wait for it; an event that comes before it is ready does.
fn start_producer(spec: &KafkaSpec, topic: &Topic) -> Result<OnceCell<Producer>, OpenError> {
    if spec.create.is_none() {
        return Ok(OnceCell::new());
    }
    let config = settings::writer(spec)?;
    let started = Producer::start(&config, &spec.topic, topic.record_bytes_max, ContentMode::Binary);
    let producer = started.map_err(|error| open::failed("start a Kafka producer", &error))?;
    producer.warm_up_beside();
    Ok(OnceCell::new_with(Some(producer)))
}

fn start(spec: &KafkaSpec, topic: &Topic, context: Context) -> Result<Reader, OpenError> {
    let config = settings::reader(spec, topic.partitions as usize)?;
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
    producer: OnceCell<Producer>,
    transactions: Option<Transactions>,
    beside: oneshot::Sender<()>,
    endings: Vec<watch::Receiver<()>>,
}

impl Parts<'_> {
    fn assemble(self, membership: Option<Membership>) -> Result<Kafka, OpenError> {
        let Self { spec, topic, reader, owned, store, mirror, producer, transactions, beside, mut endings } =
            self;
        let is_shared = membership.is_some();
        let lanes = (0..topic.partitions).map(|number| Lane::new(&reader, number, &spec.records, is_shared));
        let partitions: Option<Vec<_>> = lanes.map(|lane| lane.map(partition::Partition::new)).collect();
        let partitions =
            partitions.ok_or_else(|| OpenError("librdkafka has no queue for a partition".into()))?;
        let ((end, closed), (ends, ended)) = (oneshot::channel(), watch::channel(()));
        tokio::spawn(mirror.run(store.clone(), closed, ends));
        let beside = vec![beside, end];
        endings.push(ended);
        let look_back = OnceCell::new();
        let clients =
            Some(Clients { partitions, reader, store, look_back, producer, transactions, _beside: beside });
        let shared = Shared { spec: Arc::clone(spec), topic, owned, membership, endings, clients };
        Ok(Kafka(Arc::new(shared)))
    }
}

/// The offsets of a group without members expire, and nobody else renews them. `ended` is dropped once that is over.
async fn keep_fresh(
    store: Store,
    spec: Arc<KafkaSpec>,
    closed: oneshot::Receiver<()>,
    ended: watch::Sender<()>,
) {
    renew(&store, spec, closed).await;
    drop(ended);
    reader::let_go(move || drop(store));
}

/// The first time is at once: they may be old.
async fn renew(store: &Store, spec: Arc<KafkaSpec>, mut closed: oneshot::Receiver<()>) {
    let asking = tokio::task::spawn_blocking(move || open::offsets_kept(&spec));
    let kept = tokio::select! {
        _ = &mut closed => return,
        kept = asking => kept.ok().flatten(),
    };
    let every = kept.unwrap_or(OFFSETS_KEPT) / FRESH_PER_KEPT;
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
