//! What is known of one event in one place, in names that outlive the configuration: what is shown of it, and stored.

use std::sync::Arc;
use std::time::SystemTime;

use activator::effect::ReplyId;
use activator::event::Event;
use activator::filter::Filter;
use activator::id::{ChannelId, Offset, Partition};
use bytes::Bytes;
use smallvec::SmallVec;

use super::Attempt;
use super::delivery::{ATTEMPTS_MAX, Delivery, Settled};
use super::entry::Entry;
use super::wiring::Wiring;

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) spot: Spot,
    pub(super) arrived: SystemTime,
    /// The attribute block.
    pub(super) block: Bytes,
    /// The start of the data.
    pub(super) data: Bytes,
    /// How long the data was.
    pub(super) data_len: usize,
    pub(super) deliveries: SmallVec<[Told; 1]>,
    pub(super) met: Met,
}

/// A place in a channel, by the name people know the channel by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) channel: Arc<str>,
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
}

/// A delivery that began.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) whose: Whose,
    pub(super) filter_revision: u32,
    pub(super) attempts: SmallVec<[Attempt; 1]>,
    pub(super) attempt_count: u32,
    pub(super) settled: Option<Settled>,
}

/// A subscription by its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whose {
    /// `trigger/bill`; empty when nobody knows it any more.
    pub(super) name: Arc<str>,
    /// `fn/bill`.
    pub(super) to: Arc<str>,
    pub(super) function: Option<Arc<str>>,
}

/// Who subscribed to the channel when the event came.
#[derive(Clone, Debug)]
pub(super) enum Met {
    Wired(Arc<Wiring>, ChannelId),
    Stored(Arc<dyn Subscribers>),
}

/// Subscribers that were stored, read when somebody asks.
pub(super) trait Subscribers: std::fmt::Debug + Send + Sync {
    fn all(&self) -> Vec<Subscriber>;
}

/// A subscription, and what it wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subscriber {
    pub(super) whose: Whose,
    pub(super) filter_revision: u32,
    /// Nothing when it cannot be read any more.
    pub(super) filter: Option<Arc<Filter>>,
}

impl Record {
    pub(super) fn of(entry: &Entry) -> Self {
        let (block, data) = entry.copied();
        Self {
            spot: entry.spot(),
            arrived: entry.arrived,
            block,
            data,
            data_len: entry.data_len(),
            deliveries: entry.deliveries.iter().map(|delivery| Told::of(delivery, entry)).collect(),
            met: Met::Wired(Arc::clone(&entry.wiring), entry.place.channel),
        }
    }

    /// The event, with its data as far as it was kept.
    pub(super) fn event(&self) -> Option<Event> {
        Event::from_stored(self.block.clone(), self.data.clone()).ok()
    }

    /// Whether all of the data was kept.
    pub(super) fn is_whole(&self) -> bool {
        self.data.len() == self.data_len
    }

    /// The events that came of it.
    pub(super) fn replies(&self) -> impl Iterator<Item = &ReplyId> {
        self.deliveries.iter().filter_map(|told| told.settled.as_ref()?.reply.as_ref())
    }

    /// What was told later of the same event in the same place: the same with more, or what another run, or another
    /// reading of the channel, made of it.
    pub(super) fn and_then(&mut self, later: Self) {
        if later.arrived == self.arrived {
            *self = later;
            return;
        }
        self.arrived = self.arrived.min(later.arrived);
        self.met = later.met;
        for told in later.deliveries {
            match self.deliveries.iter_mut().find(|known| known.whose.name == told.whose.name) {
                Some(known) => known.and_then(told),
                None => self.deliveries.push(told),
            }
        }
    }
}

impl Told {
    fn of(delivery: &Delivery, of: &Entry) -> Self {
        Self {
            whose: of.whose(delivery).unwrap_or_default(),
            filter_revision: delivery.filter_revision,
            attempts: delivery.attempts.clone(),
            attempt_count: delivery.attempt_count,
            settled: delivery.settled.clone(),
        }
    }

    fn and_then(&mut self, later: Self) {
        self.whose = later.whose;
        self.filter_revision = later.filter_revision;
        self.attempt_count = self.attempt_count.saturating_add(later.attempt_count);
        self.attempts.extend(later.attempts);
        let beyond = self.attempts.len().saturating_sub(ATTEMPTS_MAX);
        self.attempts.drain(..beyond);
        self.settled = later.settled;
    }
}

impl Subscriber {
    /// Whether the event is one of those it asks for.
    pub(super) fn wants(&self, event: &Event) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.matches(event))
    }
}

impl Met {
    pub(super) fn subscribers(&self) -> Vec<Subscriber> {
        match self {
            Self::Wired(wiring, channel) => wiring.subscribers(*channel).collect(),
            Self::Stored(stored) => stored.all(),
        }
    }
}
