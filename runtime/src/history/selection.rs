//! Which events of the past are meant, to be listed or delivered again.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use activator::event::Event;
use activator::filter::Filter;
use activator::id::{Offset, Partition};

use super::archive::{Times, millis};
use super::delivery::How;
use super::record::{Record, Spot, Told};
use super::tell;
use super::view::Outcome;
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

    fn is_where(&self, spot: &Spot) -> bool {
        self.channel.as_ref().is_none_or(|channel| *spot.channel == **channel)
            && self.partition.is_none_or(|partition| spot.partition == partition)
            && self.offsets.as_ref().is_none_or(|offsets| offsets.contains(&spot.offset))
    }

    /// Whether there is a delivery among those that count, where any is asked for.
    fn has_delivery(&self, record: &Record) -> bool {
        let is_of = |told: &Told| {
            let is = |of: &String| {
                *told.whose.name == **of
                    || told.whose.name.split_once('/').is_some_and(|(_, name)| name == of)
            };
            self.of.as_ref().is_none_or(is)
        };
        let is_any = self.of.is_none() && !self.failed;
        is_any || record.deliveries.iter().any(|told| is_of(told) && self.counts(told))
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
        let how = told.settled.as_ref().map(|settled| settled.how);
        !self.failed || matches!(how, Some(How::DeadLetter | How::Dropped))
    }
}
