//! The wiring of the worlds: a broker with triggers, a topic whose source feeds a channel, a channel with
//! subscriptions, a source straight to a URL, dead letters; and how a reload changes it.

use std::sync::Arc;
use std::time::Duration;

use activator::delivery::{Backoff, Deduplicate, Exhausted, Format, Policy};
use activator::filter::{Expression, Filter};
use activator::id::{ChannelId, FunctionId, Offset, SinkId, SubscriptionId};
use activator::topology::{Channel, Destination, HOPS, Order, Share, Start, Subscription, Topology, Traffic};

use super::random::Random;

pub(crate) const DEAD_LETTERS: ChannelId = ChannelId(0);
pub(crate) const BROKER: ChannelId = ChannelId(1);
pub(crate) const TOPIC: ChannelId = ChannelId(2);
pub(crate) const ORDERS: ChannelId = ChannelId(3);
/// Where some subscriptions have their dead letters.
pub(crate) const OWN_LETTERS: ChannelId = ChannelId(4);
/// What people want delivered again; nobody reads it but for those it names.
pub(crate) const REPLAYS: ChannelId = ChannelId(5);
pub(crate) const REPLAY: SubscriptionId = SubscriptionId(99);
/// Whom a replay may name: these, and one that never was.
pub(crate) const REPLAYED: [&str; 7] = [
    "trigger/bill",
    "trigger/ship",
    "trigger/thumb",
    "trigger/both",
    "subscription/ship",
    "source/direct",
    "trigger/nobody",
];
/// The one that several runtimes share, in some worlds.
pub(crate) const SHARED: ChannelId = TOPIC;
/// Each with its partitions.
pub(crate) const CHANNELS: [(ChannelId, u64); 6] =
    [(DEAD_LETTERS, 1), (BROKER, 2), (TOPIC, 3), (ORDERS, 2), (OWN_LETTERS, 1), (REPLAYS, 1)];

pub(crate) const BILL: FunctionId = FunctionId(0);
/// It is spoken to in lines.
pub(crate) const SHIP: FunctionId = FunctionId(1);
/// A oneshot function.
pub(crate) const THUMB: FunctionId = FunctionId(2);
/// The bad neighbour of some worlds.
pub(crate) const LAZY: FunctionId = FunctionId(3);
/// Older revisions of two of them, which are kept beside the latest.
pub(crate) const BILL_KEPT: FunctionId = FunctionId(4);
pub(crate) const SHIP_KEPT: FunctionId = FunctionId(5);
pub(crate) const FUNCTIONS: [FunctionId; 6] = [BILL, SHIP, THUMB, LAZY, BILL_KEPT, SHIP_KEPT];

const DESTINATIONS: [Destination; 5] = [
    Destination::Function(BILL),
    Destination::Function(SHIP),
    Destination::Function(THUMB),
    Destination::Sink(SinkId(0)),
    Destination::Sink(SinkId(1)),
];

/// How many more triggers want everything, of a bad neighbour.
const LAZY_TRIGGERS: usize = 9;

/// All that is ever wired.
pub(crate) fn all(bad_neighbour: bool, random: &mut Random) -> Topology {
    let function = Destination::Function;
    let wires = [
        ("trigger/bill", BROKER, function(BILL), exact("order"), Some(BROKER)),
        ("trigger/ship", BROKER, function(SHIP), prefix("o"), None),
        ("trigger/thumb", BROKER, function(THUMB), exact("image"), Some(BROKER)),
        ("trigger/both", BROKER, function(BILL), Filter::Any(vec![exact("order"), exact("image")]), None),
        ("source/orders", TOPIC, Destination::Channel(ORDERS), Filter::always(), None),
        ("subscription/ship", ORDERS, function(SHIP), Filter::always(), Some(BROKER)),
        ("subscription/mirror", ORDERS, Destination::Sink(SinkId(0)), Filter::always(), None),
        ("source/direct", TOPIC, Destination::Sink(SinkId(1)), Filter::Not(Box::new(exact("image"))), None),
        ("subscription/dead", DEAD_LETTERS, Destination::Sink(SinkId(0)), Filter::always(), None),
    ];
    let mut wires: Vec<_> = wires
        .into_iter()
        .map(|(name, channel, to, filter, reply)| (name.to_string(), channel, to, filter, reply))
        .collect();
    for number in 0..=if bad_neighbour { LAZY_TRIGGERS } else { 0 } {
        wires.push((format!("trigger/lazy{number}"), BROKER, function(LAZY), Filter::always(), None));
    }
    let subscriptions = wires.into_iter().zip(0..).map(|((name, channel, to, filter, reply), id)| {
        let id = SubscriptionId(id);
        let delivery = policy(id, random);
        Arc::new(Subscription {
            id,
            name: name.as_str().into(),
            channel,
            filter: filter.into(),
            to,
            to_name: "somewhere".into(),
            reply,
            delivery,
            order: order(random),
            // Begins with the oldest event, or at an offset it may not have reached.
            start: match &*name {
                "trigger/both" => Start::Beginning,
                "subscription/mirror" => Start::Offset(Offset(2)),
                _ => Start::Tail,
            },
        })
    });
    let replays = Subscription {
        id: REPLAY,
        name: "replay/any".into(),
        channel: REPLAYS,
        filter: Filter::always().into(),
        to: Destination::Named,
        to_name: "whom it names".into(),
        reply: None,
        delivery: Policy::default(),
        order: Order::None,
        start: Start::Beginning,
    };
    Topology {
        channels: channels(),
        subscriptions: subscriptions.chain([Arc::new(replays)]).collect(),
        dead_letters: DEAD_LETTERS,
        traffic: traffic(random),
    }
}

/// Sometimes none, as it is by default.
fn traffic(random: &mut Random) -> Vec<Traffic> {
    let mut all = Vec::new();
    for (function, kept) in [(BILL, BILL_KEPT), (SHIP, SHIP_KEPT)] {
        let percent = [0, 10, 50, 100][random.index(4)];
        let shares = [(kept, percent), (function, 100 - percent)];
        let shares = shares.into_iter().filter(|(_, percent)| *percent > 0);
        let shares: Vec<_> = shares.map(|(to, percent)| Share { to, percent }).collect();
        if percent > 0 {
            all.push(Traffic { function, shares });
        }
    }
    all
}

/// Mostly none, as it is by default.
fn order(random: &mut Random) -> Order {
    let kinds = [Order::None, Order::None, Order::Partition, Order::Key, Order::Attribute("type".into())];
    kinds[random.index(kinds.len())].clone()
}

fn channels() -> Vec<Channel> {
    let is_last = |id| id == DEAD_LETTERS || id == OWN_LETTERS;
    let channel = |id| Channel { id, keeps: is_last(id) || id == TOPIC, is_last: is_last(id), hops: HOPS };
    CHANNELS.iter().map(|&(id, _)| channel(id)).collect()
}

fn exact(ty: &str) -> Filter {
    Filter::exact("type", ty)
}

fn cesql(text: &str) -> Filter {
    Filter::Cesql(Expression::parse(text).expect("it parses"))
}

fn prefix(ty: &str) -> Filter {
    Filter::prefix("type", ty)
}

/// The nanoseconds of a timeout, which the mind's microseconds do not see, name the subscription.
fn policy(id: SubscriptionId, random: &mut Random) -> Policy {
    let exhausted = [
        Exhausted::DeadLetter(None),
        Exhausted::DeadLetter(Some(OWN_LETTERS)),
        Exhausted::Block,
        Exhausted::Drop,
        Exhausted::Hold(None),
        Exhausted::Hold(Some(OWN_LETTERS)),
        Exhausted::Hold(None),
        Exhausted::Hold(None),
    ];
    Policy {
        retry: u32::try_from(random.between(0, 4)).expect("small"),
        backoff: if random.chance(500) { Backoff::Linear } else { Backoff::Exponential },
        delay: Duration::from_millis(random.between(5, 300)),
        delay_max: Duration::from_millis(random.between(300, 3_000)),
        jitter: random.chance(300),
        retry_after_max: Duration::from_millis(random.between(0, 2_000)),
        // Mostly the runtime's own dead letters, as it is by default.
        exhausted: if random.chance(500) {
            Exhausted::DeadLetter(None)
        } else {
            exhausted[random.index(exhausted.len())]
        },
        format: if random.chance(100) { Format::Structured } else { Format::Binary },
        timeout: Duration::from_millis(random.between(500, 8_000))
            + Duration::from_nanos(u64::from(id.0) + 1),
        after: Duration::from_millis([0, 0, 0, random.between(1, 5_000)][random.index(4)]),
        deduplicate: random.chance(400).then(|| Deduplicate {
            time: Duration::from_millis(random.between(500, 60_000)),
            max: [1, 4, 1_000][random.index(3)],
        }),
    }
}

/// Which subscription a delivery is for.
pub(crate) fn subscription_of(timeout: Duration) -> Option<SubscriptionId> {
    (timeout.subsec_nanos() % 1_000).checked_sub(1).map(SubscriptionId)
}

/// The wiring after a change by the user.
pub(crate) fn changed(all: &Topology, now: &Topology, random: &mut Random) -> Topology {
    let mut new = now.clone();
    // Nobody can change what replays are.
    let users = new.subscriptions.len() - 1;
    let replays = new.subscriptions.iter().position(|s| s.id == REPLAY).expect("it is always wired");
    new.subscriptions.swap(replays, users);
    let at = random.index(users.max(1));
    match random.between(0, 9) {
        _ if users == 0 => return all.clone(),
        0 => drop(new.subscriptions.remove(at)),
        1 | 2 => bring_back(all, &mut new, random),
        3 => remove_channel(&mut new, if random.chance(500) { ORDERS } else { TOPIC }),
        4 => bring_channels_back(all, &mut new),
        9 => new.traffic = traffic(random),
        kind => rewire(Arc::make_mut(&mut new.subscriptions[at]), kind, random),
    }
    new.subscriptions.retain(|s| new.channels.iter().any(|c| c.id == s.channel));
    if new.subscriptions.len() == 1 { all.clone() } else { new }
}

fn rewire(subscription: &mut Subscription, kind: u64, random: &mut Random) {
    let forwards = matches!(subscription.to, Destination::Channel(_));
    match kind {
        5 => {
            let filters =
                [Filter::always(), exact("order"), exact("image"), prefix("o"), cesql("type = 'order'")];
            subscription.filter = filters[random.index(filters.len())].clone().into();
        }
        6 if !forwards => subscription.to = random.pick(&DESTINATIONS).expect("not empty"),
        7 if !forwards && [BROKER, ORDERS].contains(&subscription.channel) => {
            // Under the same name to another channel.
            subscription.channel = if subscription.channel == BROKER { ORDERS } else { BROKER };
        }
        8 if !forwards => subscription.reply = subscription.reply.map_or(Some(BROKER), |_| None),
        _ => subscription.delivery = policy(subscription.id, random),
    }
}

fn bring_back(all: &Topology, new: &mut Topology, random: &mut Random) {
    let wired = |s: &Subscription| new.subscriptions.iter().any(|n| n.id == s.id);
    let open = |channel: ChannelId| new.channels.iter().any(|c| c.id == channel);
    let fits = |s: &&Arc<Subscription>| {
        !wired(s) && open(s.channel) && !matches!(s.to, Destination::Channel(to) if !open(to))
    };
    let missing: Vec<&Arc<Subscription>> = all.subscriptions.iter().filter(fits).collect();
    if let Some(back) = random.pick(&missing) {
        let back = Arc::clone(back);
        new.subscriptions.push(back);
    }
}

fn remove_channel(new: &mut Topology, channel: ChannelId) {
    new.channels.retain(|c| c.id != channel);
    new.subscriptions.retain(|s| s.channel != channel && s.to != Destination::Channel(channel));
}

fn bring_channels_back(all: &Topology, new: &mut Topology) {
    new.channels = all.channels.clone();
    let missing = all.subscriptions.iter().filter(|s| new.subscriptions.iter().all(|n| n.id != s.id));
    let missing: Vec<_> = missing.cloned().collect();
    new.subscriptions.extend(missing);
}
