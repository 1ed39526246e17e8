//! Every table there is: its keys are those its reader takes, and here stands what each may be.

mod channel;
mod function;
mod runtime;
mod wiring;

use super::shape::Shape;
use crate::config::raw::File;

/// A table.
pub(super) struct Table {
    /// By which others name it.
    pub(super) name: &'static str,
    /// Those of its reader.
    pub(super) keys: &'static [&'static str],
    pub(super) shape: fn(&str) -> Option<Shape>,
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
    /// Tables of the manual that tell of its keys; the first that does counts.
    pub(super) told_in: &'static [&'static str],
}

/// The file itself.
pub(super) const ROOT: Table =
    Table { name: "file", keys: File::KEYS, shape: root, required: &[], told_in: &[] };

/// All others.
pub(super) const TABLES: &[Table] = &[
    runtime::RUNTIME,
    runtime::HISTORY,
    runtime::WATCH,
    runtime::KAFKA,
    runtime::TLS,
    runtime::SASL,
    function::FUNCTION,
    function::DEFAULTS,
    function::IDLE,
    function::KPA,
    function::TIMEOUT,
    function::ISOLATION,
    function::LIMITS,
    function::BATCH,
    function::SECRET,
    channel::CHANNEL,
    channel::TOPIC,
    channel::RETENTION,
    channel::DELIVERY,
    channel::DEDUPLICATE,
    wiring::SUBSCRIPTION,
    wiring::TRIGGER,
    wiring::FILTER,
    wiring::SEQUENCE,
    wiring::STEP,
    wiring::PARALLEL,
    wiring::BRANCH,
    wiring::REQUEST,
    wiring::JOB,
    wiring::SOURCE,
    wiring::PING,
    wiring::CONTAINER,
    wiring::POLL,
    wiring::POLL_EVENT,
    wiring::FILE_WATCH,
    wiring::FILE_EVENT,
    wiring::SINK,
];

fn root(key: &str) -> Option<Shape> {
    Some(match key {
        "runtime" => Shape::Table("runtime"),
        "defaults" => Shape::Table("defaults"),
        "kafka" => Shape::Table("kafka"),
        "watch" => Shape::Table("watch"),
        "broker" | "channel" => Shape::named("channel"),
        "subscription" => Shape::named("subscription"),
        "trigger" => Shape::named("trigger"),
        "sequence" => Shape::named("sequence"),
        "parallel" => Shape::named("parallel"),
        "request" => Shape::named("request"),
        "job" => Shape::named("job"),
        "source" => {
            let kinds =
                ["kafka-source", "ping-source", "container-source", "http-poll-source", "file-watch-source"];
            Shape::Named(Box::new(Shape::Any(kinds.map(Shape::Table).into())))
        }
        "sink" => Shape::named("sink"),
        "function" => Shape::named("function"),
        _ => return None,
    })
}
