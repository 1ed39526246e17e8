//! `[subscription.NAME]` and `[trigger.NAME]`.

use activator::filter::Filter;
use activator::topology::{Order, Start};

use crate::config::source::At;
use crate::config::value::Value;

use super::begin;
use super::delivery::Delivery;
use super::destination::Destination;
use super::filter;

#[derive(Debug)]
pub(in crate::config) struct Subscription {
    pub(in crate::config) channel: Option<At<String>>,
    pub(in crate::config) to: Option<At<Destination>>,
    pub(in crate::config) reply: Option<At<Destination>>,
    pub(in crate::config) filter: Filter,
    pub(in crate::config) delivery: Option<Delivery>,
    pub(in crate::config) order: Order,
    pub(in crate::config) start: Start,
}

#[derive(Debug)]
pub(in crate::config) struct Trigger {
    /// The broker's name; nothing = `default`.
    pub(in crate::config) broker: Option<At<String>>,
    pub(in crate::config) to: Option<At<Destination>>,
    pub(in crate::config) filter: Filter,
    pub(in crate::config) delivery: Option<Delivery>,
    pub(in crate::config) order: Order,
    pub(in crate::config) start: Start,
}

const TO_HELP: &str = "say where it delivers to, such as to = \"fn/NAME\"";

impl Subscription {
    pub(in crate::config) const KEYS: &[&str] =
        &["channel", "to", "reply", "filter", "filters", "delivery", "ordering", "start"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        Some(Self {
            channel: table.need("channel", "name the channel it reads").and_then(|v| v.text()),
            to: table.need("to", TO_HELP).and_then(|v| Destination::read(&v)),
            reply: table.get("reply").and_then(|v| Destination::read_reply(&v)),
            filter: filter::read(&table),
            delivery: table.get("delivery").and_then(|v| Delivery::read(&v)),
            order: table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default(),
            start: table.get("start").and_then(|v| begin::start(&v)).unwrap_or_default(),
        })
    }
}

impl Trigger {
    pub(in crate::config) const KEYS: &[&str] =
        &["broker", "to", "filter", "filters", "delivery", "ordering", "start"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        Some(Self {
            broker: table.get("broker").and_then(|v| v.text()),
            to: table.need("to", TO_HELP).and_then(|v| Destination::read(&v)),
            filter: filter::read(&table),
            delivery: table.get("delivery").and_then(|v| Delivery::read(&v)),
            order: table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default(),
            start: table.get("start").and_then(|v| begin::start(&v)).unwrap_or_default(),
        })
    }
}
