//! Picking events of the recent past, to deliver them again.

use std::sync::Arc;
use std::time::SystemTime;

use activator::event::Event;
use activator::filter::Filter;

use super::Place;
use super::delivery::{Delivery, How};
use super::entry::Entry;
use super::log::Log;
use crate::config::resolved::ChannelKind;

/// Which events are meant; what is not said means any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) id: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) filter: Option<Filter>,
    /// When they arrived.
    pub(crate) since: Option<SystemTime>,
    pub(crate) until: Option<SystemTime>,
    /// Only where the delivery failed for good.
    pub(crate) failed: bool,
    /// The subscription that gets them, whether it did before or not: `trigger/bill`.
    pub(crate) to: Option<Arc<str>>,
    /// The newest so many.
    pub(crate) last: usize,
}

/// An event, and who is to have it again.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) place: Place,
    /// As people name it: `broker/default`.
    pub(crate) channel: String,
    pub(crate) event: Event,
    /// Whether all of its data was kept.
    pub(crate) is_whole: bool,
    pub(crate) to: Vec<Arc<str>>,
}

impl Log {
    /// The oldest first. What was itself delivered again is not picked, nor are dead letters.
    pub(super) fn pick(&self, selection: &Selection) -> Vec<Picked> {
        let meant = self.entries().rev().filter(|entry| selection.wants(entry));
        let picked = meant.filter_map(|entry| selection.picked(entry));
        let mut picked: Vec<_> = picked.take(selection.last).collect();
        picked.reverse();
        picked
    }
}

impl Selection {
    fn wants(&self, entry: &Entry) -> bool {
        let is_meant = |kind: ChannelKind| kind.is_for_people() || kind == ChannelKind::Source;
        if !entry.wiring.kind(entry.place.channel).is_some_and(is_meant) {
            return false;
        }
        if self.since.is_some_and(|since| entry.arrived < since)
            || self.until.is_some_and(|until| entry.arrived >= until)
        {
            return false;
        }
        let event = entry.event();
        self.id.as_ref().is_none_or(|id| event.id() == id)
            && self.source.as_ref().is_none_or(|source| event.source() == source)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&event))
    }

    fn picked(&self, entry: &Entry) -> Option<Picked> {
        let had: Vec<_> = entry.deliveries.iter().filter(|d| self.counts(d)).collect();
        let name = |d: &&Delivery| entry.wiring.subscription(d.subscription).map(|s| Arc::clone(&s.name));
        let names: Vec<_> = had.iter().filter_map(name).collect();
        let to = match &self.to {
            // Who failed is who is asked for; who did not have it may be asked for, too.
            Some(to) if !self.failed || names.contains(to) => vec![Arc::clone(to)],
            Some(_) => Vec::new(),
            None => names,
        };
        (!to.is_empty()).then(|| Picked {
            place: entry.place,
            channel: entry.wiring.channel(entry.place.channel),
            event: entry.event(),
            is_whole: entry.is_whole(),
            to,
        })
    }

    fn counts(&self, delivery: &Delivery) -> bool {
        let how = delivery.settled.as_ref().map(|settled| settled.how);
        !self.failed || matches!(how, Some(How::DeadLetter | How::Dropped))
    }
}
