//! What is wired in a scene: triggers of the broker, and events that they want.

use std::time::Duration;

use activator::delivery::{Backoff, Policy};
use activator::event::Event;
use activator::filter::Filter;
use activator::id::{FunctionId, SubscriptionId};
use activator::topology::{Destination, Order, Start, Subscription};

use crate::scene::{BROKER, REPLAYS};

pub(crate) fn replays() -> Subscription {
    Subscription {
        id: SubscriptionId(100),
        name: "replay/any".into(),
        channel: REPLAYS,
        filter: Filter::always().into(),
        to: Destination::Named,
        reply: None,
        ..trigger(100, 0, "")
    }
}

pub(crate) fn policy() -> Policy {
    Policy { retry: 2, backoff: Backoff::Exponential, delay: Duration::from_millis(200), ..Policy::default() }
}

pub(crate) fn trigger(id: u32, function: u32, ty: &str) -> Subscription {
    Subscription {
        id: SubscriptionId(id),
        name: format!("trigger/{id}").as_str().into(),
        channel: BROKER,
        filter: Filter::exact("type", ty).into(),
        to: Destination::Function(FunctionId(function)),
        to_name: format!("fn/{function}").as_str().into(),
        order: Order::None,
        start: Start::Tail,
        reply: Some(BROKER),
        delivery: policy(),
    }
}

pub(crate) fn event(id: &str, ty: &str) -> Event {
    let mut event = Event::builder();
    for (name, value) in [("id", id), ("source", "/shop"), ("type", ty)] {
        event.attribute(name, value).expect("an attribute");
    }
    event.build(bytes::Bytes::new()).expect("complete")
}
