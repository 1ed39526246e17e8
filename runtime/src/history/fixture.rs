//! A small world for tests: broker `default` with triggers `bill` and `audit`, channel `orders` that nobody reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use activator::delivery::{Advice, Outcome, Policy, Status};
use activator::effect::{End, EventRef, ReplyId, Report};
use activator::event::Event;
use activator::filter::Filter;
use activator::id::{ChannelId, FunctionId, Offset, Partition, SubscriptionId};
use activator::topology::{Channel, Destination, Order, Start, Subscription, Topology};
use bytes::Bytes;

use super::{Attempt, Bounds, Note};
use crate::channel::{MemorySpec, Spec};
use crate::config::resolved::{ChannelKind, Found, Function, NamedChannel, Resolved, Runtime};

pub(crate) const DEFAULT: ChannelId = ChannelId(0);
pub(crate) const ORDERS: ChannelId = ChannelId(1);
pub(crate) const DEAD_LETTERS: ChannelId = ChannelId(2);
pub(crate) const BILL: SubscriptionId = SubscriptionId(0);
pub(crate) const AUDIT: SubscriptionId = SubscriptionId(1);

pub(crate) fn resolved() -> Resolved {
    let channels = [
        (DEFAULT, ChannelKind::Broker, "default"),
        (ORDERS, ChannelKind::Channel, "orders"),
        (DEAD_LETTERS, ChannelKind::DeadLetters, "dlq"),
    ];
    let named = |kind, name: &str| NamedChannel {
        kind,
        name: name.into(),
        spec: Spec::Memory(MemorySpec { partitions: 1, bytes_max: 1 << 20 }),
        stands_in: false,
    };
    Resolved {
        kafka: None,
        runtime: runtime(),
        topology: Topology {
            channels: channels
                .iter()
                .map(|c| Channel {
                    id: c.0,
                    keeps: c.1 != ChannelKind::Broker,
                    is_last: c.1 == ChannelKind::DeadLetters,
                    hops: activator::topology::HOPS,
                })
                .collect(),
            subscriptions: [trigger(BILL, "bill", "order.created"), trigger(AUDIT, "audit", "audit")]
                .map(Arc::new)
                .into(),
            dead_letters: DEAD_LETTERS,
            traffic: Vec::new(),
        },
        channels: channels.iter().map(|&(id, kind, name)| (id, named(kind, name))).collect(),
        functions: ["bill", "audit"]
            .map(function)
            .into_iter()
            .zip(0..)
            .map(|(f, id)| (FunctionId(id), f))
            .collect(),
        sinks: BTreeMap::new(),
        requests: BTreeMap::new(),
        pings: BTreeMap::new(),
        containers: BTreeMap::new(),
        polls: BTreeMap::new(),
        file_watches: BTreeMap::new(),
        watch: crate::config::resolved::Watch::default(),
    }
}

fn runtime() -> Runtime {
    Runtime {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin: "127.0.0.1:0".parse().unwrap(),
        functions: Vec::new(),
        state: None,
        body_bytes_max: 1 << 20,
        budget_bytes: 64 << 20,
        cgroup: crate::config::resolved::Cgroup::Off,
        drain: Duration::from_secs(10),
        holds: false,
        ephemeral: false,
        revisions_max: 10,
        history: Bounds { events: 100, age: Duration::from_secs(3600), bytes: 1 << 20 },
    }
}

pub(crate) fn trigger(id: SubscriptionId, name: &str, ty: &str) -> Subscription {
    Subscription {
        id,
        name: format!("trigger/{name}").into(),
        channel: DEFAULT,
        filter: Filter::exact("type", ty).into(),
        to: Destination::Function(FunctionId(id.0)),
        to_name: format!("fn/{name}").into(),
        reply: Some(DEFAULT),
        delivery: Policy::default(),
        order: Order::None,
        start: Start::Tail,
    }
}

fn function(name: &str) -> Arc<Function> {
    Arc::new(Function {
        name: name.into(),
        found: Found::Absent,
        secret_files: Box::default(),
        build: None,
        named: Box::default(),
        of: None,
    })
}

pub(crate) fn wired() -> Note {
    Note::Wired(Arc::new(resolved()))
}

pub(crate) fn event(id: &str, source: &str, ty: &str, data: &[u8]) -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", id), ("source", source), ("type", ty), ("datacontenttype", "text/plain")] {
        event.attribute(name, value).unwrap();
    }
    event.build(Bytes::copy_from_slice(data)).unwrap()
}

pub(crate) fn arrived(offset: u64, event: Event) -> Note {
    Note::Arrived { channel: DEFAULT, partition: Partition(0), records: vec![(Offset(offset), event)] }
}

pub(crate) fn of(subscription: SubscriptionId, offset: u64) -> EventRef {
    EventRef { subscription, channel: DEFAULT, partition: Partition(0), offset: Offset(offset) }
}

pub(crate) fn matched(event: EventRef) -> Note {
    Note::Reported(Report::Matched { event })
}

pub(crate) fn attempted(event: EventRef, status: u16) -> Note {
    let attempt = Attempt {
        started: SystemTime::now(),
        ms: 2.5,
        start_ms: None,
        status: Status::Http(status),
        error: None,
        revision: None,
        cold: false,
    };
    Note::Attempted { event, attempt }
}

pub(crate) fn answered(status: u16) -> Box<Outcome> {
    Box::new(Outcome::Answered { status, reply: None, excerpt: Bytes::new(), advice: Advice::None })
}

pub(crate) fn delivered(event: EventRef) -> Note {
    let end = End::Delivered { outcome: Some(answered(200)), reply: None };
    Note::Reported(Report::Settled { event, attempts: 1, end })
}

/// Answered with an event.
pub(crate) fn replied(event: EventRef, source: &str, id: &str) -> Note {
    let reply = Some(ReplyId { source: source.into(), id: id.into() });
    let end = End::Delivered { outcome: Some(answered(200)), reply };
    Note::Reported(Report::Settled { event, attempts: 1, end })
}

pub(crate) fn dead_letter(event: EventRef, attempts: u32) -> Note {
    Note::Reported(Report::Settled { event, attempts, end: End::DeadLetter(answered(500)) })
}
