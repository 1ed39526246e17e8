//! Which events of the past are meant, to be listed or delivered again.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use activator::event::Event;
use activator::filter::Filter;
use activator::id::{Offset, Partition};

use super::archive::{Times, millis};
use super::delivery::How;
use super::feed::End;
use super::record::{Record, Spot, Told};
use super::tell;
use super::view::Outcome;
use crate::config::is_called;
use crate::config::resolved::ChannelKind;

/// Which events are meant; what is not said means any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) id: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) filter: Option<Filter>,
    /// Where they are: a channel as `broker/default`, and the first and the last offset.
    pub(crate) channel: Option<String>,
    pub(crate) partition: Option<Partition>,
    pub(crate) offsets: Option<RangeInclusive<Offset>>,
    /// When they arrived.
    pub(crate) since: Option<SystemTime>,
    pub(crate) until: Option<SystemTime>,
    /// Only where the delivery failed for good.
    pub(crate) failed: bool,
    /// The worst of their deliveries.
    pub(crate) outcome: Option<Outcome>,
    /// Only those that this subscription had: `trigger/bill`, or `bill`.
    pub(crate) of: Option<String>,
    /// The subscription that is to get them, whether it did before or not: `trigger/bill`.
    pub(crate) to: Option<Arc<str>>,
    /// The newest so many.
    pub(crate) last: usize,
}

/// An event, and who is to have it again.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) spot: Spot,
    pub(crate) event: Event,
    /// Whether all of its data was kept.
    pub(crate) is_whole: bool,
    pub(crate) arrived: SystemTime,
    pub(crate) to: Vec<Arc<str>>,
}

impl Selection {
    /// Whether events of these times may be meant.
    pub(super) fn reaches(&self, times: &Times) -> bool {
        self.since.is_none_or(|since| times.last >= millis(since))
            && self.until.is_none_or(|until| times.first <= millis(until))
    }

    pub(super) fn wants(&self, record: &Record, event: &Event) -> bool {
        self.since.is_none_or(|since| record.arrived >= since)
            && self.until.is_none_or(|until| record.arrived < until)
            && self.id.as_ref().is_none_or(|id| event.id() == id)
            && self.source.as_ref().is_none_or(|source| event.source() == source)
            && self.outcome.is_none_or(|outcome| tell::worst(record) == outcome)
            && self.is_where(&record.spot)
            && self.has_delivery(record)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(event))
    }

    /// Whether the end of this delivery is meant, as far as `id`, `filter`, `of` and `failed` say.
    pub(crate) fn wants_end(&self, end: &End) -> bool {
        let how = || end.delivery()?.settled.as_ref().map(|settled| settled.how);
        if self.failed && !is_failure(how()) {
            return false;
        }
        if self.of.is_some() && !end.name().is_some_and(|name| self.is_of(&name)) {
            return false;
        }
        if self.id.is_none() && self.filter.is_none() {
            return true;
        }
        let event = end.event();
        self.id.as_ref().is_none_or(|id| event.id() == id)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&event))
    }

    /// Whether this delivery of an event that is meant is, too.
    pub(super) fn wants_told(&self, told: &Told) -> bool {
        self.counts(told) && self.is_of(&told.whose.name)
    }

    /// Whether events that nobody took are meant.
    pub(super) const fn wants_untaken(&self) -> bool {
        self.of.is_none() && !self.failed
    }

    /// Whether it is the subscription that is asked for, by its name: `trigger/bill`.
    fn is_of(&self, name: &str) -> bool {
        self.of.as_ref().is_none_or(|of| is_called(name, of))
    }

    fn is_where(&self, spot: &Spot) -> bool {
        self.channel.as_ref().is_none_or(|channel| *spot.channel == **channel)
            && self.partition.is_none_or(|partition| spot.partition == partition)
            && self.offsets.as_ref().is_none_or(|offsets| offsets.contains(&spot.offset))
    }

    /// Whether there is a delivery among those that count, where any is asked for.
    fn has_delivery(&self, record: &Record) -> bool {
        self.wants_untaken() || record.deliveries.iter().any(|told| self.wants_told(told))
    }

    /// What was itself delivered again does not go again, nor do dead letters.
    pub(super) fn may_go_again(&self, record: &Record) -> bool {
        let kind = record.spot.channel.split_once('/').map_or("", |(kind, _)| kind);
        kind == ChannelKind::Source.text()
            || ChannelKind::addressed(kind).is_some_and(ChannelKind::is_for_people)
    }

    pub(super) fn picked(&self, record: &Record, event: Event) -> Option<Picked> {
        let had = record.deliveries.iter().filter(|told| self.counts(told) && !told.whose.name.is_empty());
        let names: Vec<_> = had.map(|told| Arc::clone(&told.whose.name)).collect();
        let to = match &self.to {
            // Who failed is who is asked for; who did not have it may be asked for, too.
            Some(to) if !self.failed || names.contains(to) => vec![Arc::clone(to)],
            Some(_) => Vec::new(),
            None => names,
        };
        let (spot, is_whole, arrived) = (record.spot.clone(), record.is_whole(), record.arrived);
        (!to.is_empty()).then_some(Picked { spot, event, is_whole, arrived, to })
    }

    fn counts(&self, told: &Told) -> bool {
        !self.failed || is_failure(told.settled.as_ref().map(|settled| settled.how))
    }
}

/// Whether a delivery failed for good.
const fn is_failure(how: Option<How>) -> bool {
    matches!(how, Some(How::DeadLetter | How::Dropped))
}
