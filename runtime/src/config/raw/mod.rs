//! The configuration as it is written: types that mirror the file, each value with its place where something
//! can be wrong with it later. What is wrong by itself was reported when these exist.

mod annotations;
mod batch;
mod begin;
pub(super) mod channel;
pub(super) mod deduplicate;
pub(super) mod delivery;
mod destination;
mod filter;
mod flow;
pub(super) mod function;
pub(super) mod isolation;
mod job;
pub(super) mod kafka;
mod kpa;
mod request;
pub(super) mod runtime;
pub(super) mod scale;
pub(super) mod secret;
pub(super) mod security;
pub(super) mod sink;
pub(super) mod source;
mod subscription;
mod timeout;
mod traffic;
mod watch;

use super::codes::Code;
use super::diagnostic::Diagnostic;
use super::document::Document;
use super::name;
use super::source::At;
use super::value::Value;

pub(super) use batch::Batch;
pub(super) use channel::{Channel, Class, RETENTION_KEYS, Topic};
pub(super) use deduplicate::KEYS as DEDUPLICATE_KEYS;
pub(super) use delivery::{Delivery, OnExhausted};
pub(super) use destination::Destination;
pub(super) use filter::DIALECTS;
pub(super) use flow::{Branch, Parallel, Sequence, Step};
pub(super) use function::{Function, is_ours};
pub(super) use isolation::Isolation;
pub(super) use job::Job;
pub(super) use kafka::Kafka;
pub(super) use kpa::Kpa;
pub(super) use request::Request;
pub(super) use runtime::{History, Runtime, State, address, cgroup, state};
pub(super) use scale::Scale;
pub(super) use secret::Secret;
pub(super) use security::Password;
pub(super) use sink::Sink;
pub(super) use source::{
    ContainerSource, EventKeys, FileWatchSource, KafkaSource, Outlet, PingSource, PollSource, Source,
};
pub(super) use subscription::{Subscription, Trigger};
pub(super) use timeout::Timeout;
pub(super) use traffic::{Tags, Traffic, Which};
pub(super) use watch::Watch;

/// Tables under names of the user's own: `[trigger.NAME]`.
pub(super) type Named<T> = Vec<(At<String>, T)>;

/// A whole `runtime.toml`.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) runtime: Runtime,
    pub(super) defaults: Function,
    pub(super) kafka: Option<Kafka>,
    pub(super) brokers: Named<Channel>,
    pub(super) channels: Named<Channel>,
    pub(super) subscriptions: Named<Subscription>,
    pub(super) triggers: Named<Trigger>,
    pub(super) sequences: Named<Sequence>,
    pub(super) parallels: Named<Parallel>,
    pub(super) jobs: Named<Job>,
    pub(super) requests: Named<Request>,
    pub(super) sources: Named<Source>,
    pub(super) sinks: Named<Sink>,
    pub(super) functions: Named<Function>,
    pub(super) watch: Watch,
}

impl File {
    pub(super) const KEYS: &[&str] = &[
        "runtime",
        "defaults",
        "kafka",
        "broker",
        "channel",
        "subscription",
        "trigger",
        "sequence",
        "parallel",
        "request",
        "job",
        "source",
        "sink",
        "function",
        "watch",
    ];

    /// Every `delivery` there is, with who says it.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = (&'static str, &At<String>, &Delivery)> {
        let brokers = self.brokers.iter().map(|(name, b)| ("broker", name, &b.delivery));
        let channels = self.channels.iter().map(|(name, c)| ("channel", name, &c.delivery));
        let subscriptions = self.subscriptions.iter().map(|(name, s)| ("subscription", name, &s.delivery));
        let triggers = self.triggers.iter().map(|(name, t)| ("trigger", name, &t.delivery));
        let all = brokers.chain(channels).chain(subscriptions).chain(triggers);
        let all = all.chain(self.flow_deliveries());
        let all = all.filter_map(|(kind, name, delivery)| Some((kind, name, delivery.as_ref()?)));
        all.chain(self.sources.iter().filter_map(|(name, s)| Some(("source", name, s.delivery()?))))
    }

    fn flow_deliveries(&self) -> impl Iterator<Item = (&'static str, &At<String>, &Option<Delivery>)> {
        let sequences = self.sequences.iter().flat_map(|(name, sequence)| {
            let steps = sequence.steps.iter().map(|step| &step.delivery);
            steps.chain([&sequence.channel.delivery]).map(move |delivery| ("sequence", name, delivery))
        });
        let parallels = self.parallels.iter().flat_map(|(name, parallel)| {
            let branches = parallel.branches.iter().map(|branch| &branch.delivery);
            branches.chain([&parallel.channel.delivery]).map(move |delivery| ("parallel", name, delivery))
        });
        let jobs = self.jobs.iter().map(|(name, job)| ("job", name, &job.channel.delivery));
        sequences.chain(parallels).chain(jobs)
    }

    /// Every channel that is declared, also as a part of something else.
    pub(super) fn declared_channels(&self) -> impl Iterator<Item = &Channel> {
        let own = self.brokers.iter().chain(&self.channels).map(|(_, channel)| channel);
        let sequences = self.sequences.iter().map(|(_, sequence)| &sequence.channel);
        let parallels = self.parallels.iter().map(|(_, parallel)| &parallel.channel);
        own.chain(sequences).chain(parallels).chain(self.jobs.iter().map(|(_, job)| &job.channel))
    }

    pub(super) fn read(document: &Document<'_>, file_name: &str) -> Self {
        let Some(root) = Value::root(document, file_name).table(file_name, Self::KEYS) else {
            return Self::default();
        };
        let one = |key| root.get(key);
        Self {
            runtime: one("runtime").and_then(|v| Runtime::read(&v)).unwrap_or_default(),
            defaults: one("defaults").and_then(|v| Function::read_defaults(&v)).unwrap_or_default(),
            kafka: one("kafka").and_then(|v| Kafka::read(&v)),
            brokers: named(one("broker"), "broker", Channel::read),
            channels: named(one("channel"), "channel", Channel::read),
            subscriptions: named(one("subscription"), "subscription", Subscription::read),
            triggers: named(one("trigger"), "trigger", Trigger::read),
            sequences: named(one("sequence"), "sequence", Sequence::read),
            parallels: named(one("parallel"), "parallel", Parallel::read),
            requests: named(one("request"), "request", Request::read),
            jobs: named(one("job"), "job", Job::read),
            sources: named(one("source"), "source", Source::read),
            sinks: named(one("sink"), "sink", Sink::read),
            functions: named(one("function"), "function", Function::read),
            watch: one("watch").and_then(|v| Watch::read(&v)).unwrap_or_default(),
        }
    }
}

/// Reads every `[KIND.NAME]`; `read` gets what messages call the section.
fn named<T>(value: Option<Value<'_>>, kind: &str, read: impl Fn(&Value<'_>, &str) -> Option<T>) -> Named<T> {
    let Some(value) = value else {
        return Vec::new();
    };
    let entries = value.entries(&format!("[{kind}]")).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|(name, value)| {
            let table = read(&value, &format!("[{kind}.{}]", name.value));
            if !name::is_valid(&name.value) {
                value.problems().report(bad_name(kind, &name));
                return None;
            }
            Some((name, table?))
        })
        .collect()
}

fn bad_name(kind: &str, name: &At<String>) -> Diagnostic {
    Diagnostic::new(Code::BadName, format!("`{}` cannot be the name of a {kind}", name.value))
        .at(&name.place, "not a name")
        .help(name::hint(&name.value))
}
