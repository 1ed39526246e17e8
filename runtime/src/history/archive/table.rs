//! Who subscribed to a channel under one configuration: written once in a segment, and named by the records of all events
//! that met it. So what each of ten thousand triggers refused takes no room.

use std::sync::Arc;

use bytes::Bytes;

use super::super::record::{Record, Subscriber, Subscribers};
use super::wire::{Reading, put_bytes, put_number, put_text};
use super::{body, filters};

/// What is stored of it; the subscribers are read when somebody asks for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) channel: Arc<str>,
    subscribers: Bytes,
}

/// All that a record of its kind says.
pub(super) fn encode(channel: &str, subscribers: impl Iterator<Item = Subscriber>) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, Some(channel));
    let subscribers: Vec<_> = subscribers.collect();
    put_number(&mut bytes, subscribers.len() as u64);
    let mut filter = Vec::new();
    for subscriber in &subscribers {
        body::put_whose(&mut bytes, &subscriber.whose);
        put_number(&mut bytes, u64::from(subscriber.filter_revision));
        filter.clear();
        subscriber.filter.iter().for_each(|known| filters::put(&mut filter, known));
        put_bytes(&mut bytes, &filter);
    }
    bytes
}

impl Table {
    pub(super) fn decode(body: Bytes) -> Option<Self> {
        let mut reading = Reading(body);
        let channel = reading.text()?;
        Some(Self { channel, subscribers: reading.0 })
    }

    /// The record of an event that met it.
    pub(super) fn record(self: &Arc<Self>, from: &mut Reading) -> Option<Record> {
        body::take(from, Arc::clone(&self.channel), Arc::clone(self) as Arc<dyn Subscribers>)
    }
}

impl Subscribers for Table {
    fn all(&self) -> Vec<Subscriber> {
        let mut reading = Reading(self.subscribers.clone());
        let count = reading.count().unwrap_or_default();
        (0..count).map_while(|_| subscriber(&mut reading)).collect()
    }
}

fn subscriber(from: &mut Reading) -> Option<Subscriber> {
    Some(Subscriber {
        whose: body::take_whose(from)?,
        filter_revision: from.small()?,
        filter: filters::take(&mut Reading(from.bytes()?)).map(Arc::new),
    })
}
