//! `[broker.NAME]` and `[channel.NAME]`, and what is in them.

use super::Table;
use crate::config::raw::channel::{CLASSES, HOPS_MAX, PARTITIONS_MAX, REPLICATION_MAX, SYNC_MODES};
use crate::config::raw::delivery::{BACKOFFS, FORMATS, ON_EXHAUSTED};
use crate::config::raw::{Channel, DEDUPLICATE_KEYS, Delivery, RETENTION_KEYS, Topic, deduplicate, kafka};
use crate::config::schema::shape::Shape;

pub(super) const CHANNEL: Table = Table {
    name: "channel",
    keys: Channel::KEYS,
    shape: of_channel,
    required: &[],
    told_in: &["broker.default"],
};

pub(super) const TOPIC: Table =
    Table { name: "topic", keys: Topic::KEYS, shape: of_topic, required: &[], told_in: &[] };

pub(super) const RETENTION: Table =
    Table { name: "retention", keys: RETENTION_KEYS, shape: of_retention, required: &[], told_in: &[] };

pub(super) const DELIVERY: Table = Table {
    name: "delivery",
    keys: Delivery::KEYS,
    shape: of_delivery,
    required: &[],
    told_in: &["broker.default.delivery"],
};

pub(super) const DEDUPLICATE: Table = Table {
    name: "deduplicate",
    keys: DEDUPLICATE_KEYS,
    shape: of_deduplicate,
    required: &["for"],
    told_in: &[],
};

/// Those of a channel are among the keys of flows, too.
pub(super) fn of_channel(key: &str) -> Option<Shape> {
    Some(match key {
        "class" => Shape::one_of(CLASSES),
        "partitions" => Shape::Integer(1, Some(PARTITIONS_MAX.into())),
        "sync" => Shape::one_of(SYNC_MODES),
        "retention" => Shape::Table("retention"),
        "kafka" => Shape::Table("topic"),
        "hops" => Shape::Integer(1, Some(HOPS_MAX.into())),
        "delivery" => Shape::Table("delivery"),
        _ => return None,
    })
}

pub(super) fn of_topic(key: &str) -> Option<Shape> {
    Some(match key {
        "topic" => Shape::Text,
        "partitions" => Shape::Integer(1, Some(PARTITIONS_MAX.into())),
        "replication" => Shape::Integer(1, Some(REPLICATION_MAX.into())),
        "mode" => Shape::one_of(kafka::MODES),
        "transactions" => Shape::Boolean,
        _ => return None,
    })
}

fn of_retention(key: &str) -> Option<Shape> {
    Some(match key {
        "bytes" => Shape::Size,
        "age" => Shape::Duration,
        _ => return None,
    })
}

fn of_delivery(key: &str) -> Option<Shape> {
    Some(match key {
        "retry" => Shape::count_from(0),
        "backoff" | "backoffPolicy" => Shape::one_of(BACKOFFS),
        "delay" | "backoffDelay" | "max_delay" | "retry_after_max" | "retryAfterMax" | "timeout"
        | "deliver_after" => Shape::Duration,
        "jitter" => Shape::Boolean,
        "format" => Shape::one_of(FORMATS),
        "deduplicate" => Shape::Any(vec![Shape::False, Shape::Duration, Shape::Table("deduplicate")]),
        "on_exhausted" => Shape::one_of(ON_EXHAUSTED),
        "dead_letter" | "deadLetterSink" => Shape::Text,
        _ => return None,
    })
}

fn of_deduplicate(key: &str) -> Option<Shape> {
    Some(match key {
        "for" => Shape::Duration,
        "max" => Shape::Integer(1, Some(deduplicate::MAX_MAX.into())),
        _ => return None,
    })
}
