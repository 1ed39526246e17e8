//! What reads from channels, and what stands between them: subscriptions, triggers, flows, sources and sinks.

use super::Table;
use super::channel::{of_channel, of_topic};
use super::function::of_function;
use crate::config::raw::{
    Branch, ContainerSource, DIALECTS, EventKeys, FileWatchSource, Job, KafkaSource, Parallel, PingSource,
    PollSource, Request, Sequence, Sink, Step, Subscription, Trigger, kafka, sink, source,
};
use crate::config::schema::shape::Shape;

pub(super) const SUBSCRIPTION: Table = Table {
    name: "subscription",
    keys: Subscription::KEYS,
    shape: of_subscription,
    required: &["channel", "to"],
    told_in: &["subscription.ship"],
};

pub(super) const TRIGGER: Table = Table {
    name: "trigger",
    keys: Trigger::KEYS,
    shape: of_subscription,
    required: &["to"],
    told_in: &["trigger.audit", "subscription.ship"],
};

pub(super) const FILTER: Table =
    Table { name: "filter", keys: DIALECTS, shape: of_filter, required: &[], told_in: &[] };

pub(super) const SEQUENCE: Table = Table {
    name: "sequence",
    keys: Sequence::KEYS,
    shape: of_flow,
    required: &["steps"],
    told_in: &["sequence.ship", "broker.default"],
};

pub(super) const STEP: Table =
    Table { name: "step", keys: Step::KEYS, shape: of_subscription, required: &["to"], told_in: &[] };

pub(super) const PARALLEL: Table = Table {
    name: "parallel",
    keys: Parallel::KEYS,
    shape: of_flow,
    required: &["branches"],
    told_in: &["parallel.ship", "sequence.ship", "broker.default"],
};

pub(super) const BRANCH: Table =
    Table { name: "branch", keys: Branch::KEYS, shape: of_subscription, required: &["to"], told_in: &[] };

pub(super) const REQUEST: Table = Table {
    name: "request",
    keys: Request::KEYS,
    shape: of_request,
    required: &[],
    told_in: &["request.ask"],
};

pub(super) const JOB: Table = Table {
    name: "job",
    keys: Job::KEYS,
    shape: of_flow,
    required: &["to"],
    told_in: &["job.resize", "broker.default"],
};

pub(super) const SOURCE: Table = Table {
    name: "kafka-source",
    keys: KafkaSource::KEYS,
    shape: of_source,
    required: &["type", "topics", "to"],
    told_in: &["source.orders"],
};

pub(super) const PING: Table = Table {
    name: "ping-source",
    keys: PingSource::KEYS,
    shape: of_ping,
    required: &["type", "schedule", "to"],
    told_in: &["source.nightly", "source.orders"],
};

pub(super) const CONTAINER: Table = Table {
    name: "container-source",
    keys: ContainerSource::KEYS,
    shape: of_container,
    required: &["type", "exec", "to"],
    told_in: &["source.clock", "source.nightly", "function.bill", "defaults"],
};

pub(super) const POLL: Table = Table {
    name: "http-poll-source",
    keys: PollSource::KEYS,
    shape: of_poll,
    required: &["type", "url", "to"],
    told_in: &["source.prices", "source.nightly", "source.orders"],
};

pub(super) const POLL_EVENT: Table = Table {
    name: "http-poll-event",
    keys: EventKeys::KEYS,
    shape: |_| Some(Shape::Text),
    required: &[],
    told_in: &[],
};

pub(super) const FILE_WATCH: Table = Table {
    name: "file-watch-source",
    keys: FileWatchSource::KEYS,
    shape: of_file_watch,
    required: &["type", "path", "to"],
    told_in: &["source.inbox", "source.nightly"],
};

pub(super) const FILE_EVENT: Table = Table {
    name: "file-event",
    keys: source::EVENT_KEYS,
    shape: |_| Some(Shape::Text),
    required: &[],
    told_in: &[],
};

pub(super) const SINK: Table = Table {
    name: "sink",
    keys: Sink::KEYS,
    shape: of_sink,
    required: &["type", "topic"],
    told_in: &["sink.audit"],
};

fn of_subscription(key: &str) -> Option<Shape> {
    Some(match key {
        "channel" | "broker" | "to" | "reply" | "ordering" => Shape::Text,
        "filter" => filter(),
        "filters" => Shape::list(filter()),
        "delivery" => Shape::Table("delivery"),
        "start" => Shape::Any(vec![Shape::Text, Shape::Integer(0, None)]),
        _ => return None,
    })
}

fn filter() -> Shape {
    Shape::Any(vec![Shape::Text, Shape::Table("filter")])
}

fn of_filter(key: &str) -> Option<Shape> {
    Some(match key {
        "exact" | "prefix" | "suffix" | "attributes" => Shape::map(Shape::Text),
        "all" | "any" => Shape::list(filter()),
        "not" => filter(),
        "cesql" => Shape::Text,
        _ => return None,
    })
}

fn of_flow(key: &str) -> Option<Shape> {
    Some(match key {
        "steps" => Shape::one_or_many(Shape::Any(vec![Shape::Text, Shape::Table("step")])),
        "branches" => Shape::one_or_many(Shape::Table("branch")),
        "to" | "reply" | "ordering" => Shape::Text,
        _ => return of_channel(key),
    })
}

fn of_request(key: &str) -> Option<Shape> {
    Some(match key {
        "timeout" => Shape::Duration,
        "broker"
        | "correlation_attribute"
        | "correlationAttribute"
        | "reply_attribute"
        | "replyAttribute" => Shape::Text,
        _ => return None,
    })
}

fn of_source(key: &str) -> Option<Shape> {
    Some(match key {
        "type" => Shape::OneOf(vec!["kafka"]),
        "topics" | "brokers" => Shape::one_or_many(Shape::Text),
        "group" | "start" | "ordering" | "to" => Shape::Text,
        "mode" => Shape::one_of(kafka::MODES),
        "key_type" => Shape::one_of(source::KEY_TYPES),
        "extensions" => {
            Shape::map(Shape::Any(vec![Shape::Text, Shape::Integer(i64::MIN, None), Shape::Boolean]))
        }
        "delivery" => Shape::Table("delivery"),
        _ => return None,
    })
}

fn of_ping(key: &str) -> Option<Shape> {
    Some(match key {
        "type" => Shape::OneOf(vec!["ping"]),
        "missed" => Shape::one_of(source::MISSED),
        "extensions" | "delivery" | "to" => return of_source(key),
        _ => Shape::Text,
    })
}

fn of_container(key: &str) -> Option<Shape> {
    match key {
        "type" => Some(Shape::OneOf(vec!["container"])),
        "extensions" | "delivery" | "to" => of_source(key),
        _ => of_function(key),
    }
}

fn of_poll(key: &str) -> Option<Shape> {
    Some(match key {
        "type" => Shape::OneOf(vec!["http-poll"]),
        "url" => Shape::Text,
        "every" => Shape::Duration,
        "headers" => Shape::map(Shape::Any(vec![Shape::Text, Shape::Table("secret")])),
        "event" => Shape::Table("http-poll-event"),
        _ => return of_source(key).filter(|_| PollSource::KEYS.contains(&key)),
    })
}

fn of_file_watch(key: &str) -> Option<Shape> {
    Some(match key {
        "type" => Shape::OneOf(vec!["file-watch"]),
        "path" => Shape::Text,
        "on" => Shape::one_or_many(Shape::one_of(source::OCCASIONS)),
        "data" | "existing" => Shape::Boolean,
        "event" => Shape::Table("file-event"),
        _ => return of_source(key),
    })
}

fn of_sink(key: &str) -> Option<Shape> {
    match key {
        "type" => Some(Shape::OneOf(vec!["kafka"])),
        "content_mode" => Some(Shape::one_of(sink::MODES)),
        _ => of_topic(key),
    }
}
