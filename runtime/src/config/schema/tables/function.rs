//! `[function.NAME]` and `[defaults]`, and what is in them.

use super::Table;
use crate::config::raw::function::PROTOCOLS;
use crate::config::raw::isolation::{FILES_MIN, ISOLATION_KEYS, LEVELS, LIMITS_KEYS, SHARE_MAX, SHARE_MIN};
use crate::config::raw::scale::{IDLE_KEYS, OVERFLOW, POLICIES};
use crate::config::raw::{Batch, Function, Kpa, Timeout, secret};
use crate::config::schema::shape::Shape;
use crate::dispatch::IN_FLIGHT_MAX;

pub(super) const FUNCTION: Table = Table {
    name: "function",
    keys: Function::KEYS,
    shape: of_function,
    required: &[],
    told_in: &["function.bill", "defaults"],
};

pub(super) const DEFAULTS: Table = Table {
    name: "defaults",
    keys: Function::DEFAULTS_KEYS,
    shape: of_function,
    required: &[],
    told_in: &["defaults"],
};

pub(super) const IDLE: Table =
    Table { name: "idle", keys: IDLE_KEYS, shape: |_| Some(Shape::Duration), required: &[], told_in: &[] };

pub(super) const KPA: Table =
    Table { name: "kpa", keys: Kpa::KEYS, shape: of_kpa, required: &[], told_in: &[] };

pub(super) const TIMEOUT: Table = Table {
    name: "timeout",
    keys: Timeout::KEYS,
    shape: |_| Some(Shape::Duration),
    required: &[],
    told_in: &[],
};

pub(super) const ISOLATION: Table = Table {
    name: "isolation",
    keys: ISOLATION_KEYS,
    shape: of_isolation,
    required: &["level"],
    told_in: &[],
};

pub(super) const LIMITS: Table =
    Table { name: "limits", keys: LIMITS_KEYS, shape: of_limits, required: &[], told_in: &[] };

pub(super) const BATCH: Table =
    Table { name: "batch", keys: Batch::KEYS, shape: of_batch, required: &["max"], told_in: &[] };

pub(super) const SECRET: Table =
    Table { name: "secret", keys: secret::KEYS, shape: |_| Some(Shape::Text), required: &[], told_in: &[] };

pub(super) fn of_function(key: &str) -> Option<Shape> {
    Some(match key {
        "exec" | "build" => Shape::Text,
        "args" => Shape::list(Shape::Text),
        "env" => Shape::map(Shape::Text),
        "env_file" => Shape::one_or_many(Shape::Text),
        "secrets" => Shape::map(Shape::Table("secret")),
        "protocol" => Shape::one_of(PROTOCOLS),
        "isolation" => Shape::Any(vec![Shape::one_of(LEVELS), Shape::Table("isolation")]),
        "limits" => Shape::Table("limits"),
        "timeout" => Shape::Any(vec![Shape::Duration, Shape::Table("timeout")]),
        "annotations" => Shape::map(Shape::Any(vec![Shape::Text, Shape::count_from(0)])),
        "batch" => Shape::Any(vec![batch_max(), Shape::Table("batch")]),
        "traffic" => Shape::map(Shape::Integer(1, Some(100))),
        "tags" => Shape::map(Shape::Text),
        "on" => Shape::one_or_many(Shape::Any(vec![Shape::Text, Shape::map(Shape::Text)])),
        _ => return of_scale(key),
    })
}

fn of_scale(key: &str) -> Option<Shape> {
    Some(match key {
        "min" | "initial" | "concurrency" => Shape::count_from(0),
        "max" | "activation" | "target" | "waiting" => Shape::count_from(1),
        "utilization" => Shape::Integer(1, Some(100)),
        "idle" => Shape::Any(vec![Shape::Duration, Shape::OneOf(vec!["auto"]), Shape::Table("idle")]),
        "scale_down_delay" => Shape::Duration,
        "standby" => Shape::Boolean,
        "policy" => Shape::one_of(POLICIES),
        "kpa" => Shape::Table("kpa"),
        "overflow" => Shape::one_of(OVERFLOW),
        _ => return None,
    })
}

fn of_kpa(key: &str) -> Option<Shape> {
    Some(match key {
        "window" | "grace" => Shape::Duration,
        "panic_window" => Shape::Integer(1, Some(100)),
        "panic_threshold" => Shape::Integer(110, Some(1000)),
        _ => return None,
    })
}

fn of_isolation(key: &str) -> Option<Shape> {
    Some(match key {
        "level" => Shape::one_of(LEVELS),
        "read" | "write" => Shape::one_or_many(Shape::Text),
        "connect" => Shape::list(Shape::Integer(1, Some(u16::MAX.into()))),
        _ => return None,
    })
}

fn of_limits(key: &str) -> Option<Shape> {
    Some(match key {
        "memory" | "file_size" => Shape::Size,
        "cpu" => Shape::Any(vec![Shape::Duration, Shape::Number(SHARE_MIN, SHARE_MAX)]),
        "files" => Shape::count_from(FILES_MIN.into()),
        "pids" => Shape::count_from(1),
        _ => return None,
    })
}

fn of_batch(key: &str) -> Option<Shape> {
    Some(match key {
        "max" => batch_max(),
        "wait" => Shape::Duration,
        _ => return None,
    })
}

const fn batch_max() -> Shape {
    Shape::Integer(1, Some(IN_FLIGHT_MAX as i64))
}
