//! `ordering = ...` and `start = ...`: in which order a subscription gets its events, and with which it begins.

use activator::id::Offset;
use activator::topology::{Order, Start};
use toml::de::DeValue;

use super::filter::is_attribute;
use crate::config::value::Value;

/// The last two are how Knative's KafkaSource says it.
const ORDERS: [(&str, Order); 5] = [
    ("none", Order::None),
    ("partition", Order::Partition),
    ("key", Order::Key),
    ("ordered", Order::Partition),
    ("unordered", Order::None),
];
const ORDER_HELP: &str = "\"none\", \"partition\", \"key\", or an attribute such as \"subject\"";
const START_HELP: &str =
    "\"latest\", \"earliest\", a time such as \"2026-11-01T00:00:00Z\", or an offset such as 1200";

/// One of a few words, else the attribute whose equal values are kept in order.
pub(super) fn order(value: &Value<'_>) -> Option<Order> {
    let order =
        value.parse("an order", ORDER_HELP, |text| match ORDERS.iter().find(|(word, _)| *word == text) {
            Some((_, order)) => Ok(order.clone()),
            None if is_attribute(text) => Ok(Order::Attribute(text.into())),
            None => Err("none of these, and no attribute of an event"),
        })?;
    Some(order.value)
}

pub(super) fn start(value: &Value<'_>) -> Option<Start> {
    if let DeValue::Integer(integer) = value.node() {
        let offset = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        return offset.map_or_else(
            || value.refuse("a beginning", "no offset", START_HELP),
            |offset| Some(Start::Offset(Offset(offset))),
        );
    }
    let start = value.parse("a beginning", START_HELP, |text| match text {
        "latest" => Ok(Start::Tail),
        "earliest" => Ok(Start::Beginning),
        _ => time(text).map(Start::Time),
    })?;
    Some(start.value)
}

/// Milliseconds since 1970 of an RFC 3339 text.
pub(super) fn time(text: &str) -> Result<u64, &'static str> {
    let time: jiff::Timestamp = text.parse().map_err(|_| "none of these")?;
    u64::try_from(time.as_millisecond()).map_err(|_| "a time before 1970")
}
