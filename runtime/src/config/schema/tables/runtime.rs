//! `[runtime]`, `[watch]` and `[kafka]`.

use super::Table;
use crate::config::raw::security::{MECHANISMS, SASL_KEYS, TLS_KEYS};
use crate::config::raw::{History, Kafka, Runtime, Watch, kafka, runtime};
use crate::config::schema::shape::Shape;

pub(super) const RUNTIME: Table =
    Table { name: "runtime", keys: Runtime::KEYS, shape: of_runtime, required: &[], told_in: &["runtime"] };

pub(super) const HISTORY: Table =
    Table { name: "history", keys: History::KEYS, shape: of_history, required: &[], told_in: &[] };

pub(super) const WATCH: Table =
    Table { name: "watch", keys: Watch::KEYS, shape: of_watch, required: &[], told_in: &["watch"] };

pub(super) const KAFKA: Table =
    Table { name: "kafka", keys: Kafka::KEYS, shape: of_kafka, required: &[], told_in: &["kafka"] };

pub(super) const TLS: Table =
    Table { name: "tls", keys: TLS_KEYS, shape: |_| Some(Shape::Text), required: &[], told_in: &[] };

pub(super) const SASL: Table =
    Table { name: "sasl", keys: SASL_KEYS, shape: of_sasl, required: &["mechanism", "user"], told_in: &[] };

fn of_runtime(key: &str) -> Option<Shape> {
    Some(match key {
        "listen" | "admin" | "state" | "cgroup" => Shape::Text,
        "functions" => Shape::one_or_many(Shape::Text),
        "body_max" | "budget" => Shape::Size,
        "drain" => Shape::Duration,
        "revisions" => Shape::count_from(0),
        "history" => Shape::Table("history"),
        _ => return None,
    })
}

fn of_history(key: &str) -> Option<Shape> {
    Some(match key {
        "events" => Shape::Integer(0, Some(runtime::HISTORY_EVENTS_MAX.into())),
        "age" => Shape::Duration,
        "bytes" => Shape::Size,
        _ => return None,
    })
}

fn of_watch(key: &str) -> Option<Shape> {
    Some(match key {
        "enabled" => Shape::Boolean,
        "poll" => Shape::Duration,
        _ => return None,
    })
}

fn of_kafka(key: &str) -> Option<Shape> {
    Some(match key {
        "brokers" => Shape::one_or_many(Shape::Text),
        "mode" => Shape::one_of(kafka::MODES),
        "mirror" => Shape::Boolean,
        "tls" => Shape::Any(vec![Shape::Boolean, Shape::Table("tls")]),
        "sasl" => Shape::Any(vec![Shape::False, Shape::Table("sasl")]),
        "options" => {
            Shape::map(Shape::Any(vec![Shape::Text, Shape::Integer(i64::MIN, None), Shape::Boolean]))
        }
        _ => return None,
    })
}

fn of_sasl(key: &str) -> Option<Shape> {
    Some(match key {
        "mechanism" => Shape::one_of(MECHANISMS),
        "user" | "password_file" | "password_env" => Shape::Text,
        "password" => Shape::Nothing,
        _ => return None,
    })
}
