//! The `runtime.toml` we ship is the manual: all keys are in it, and what it says are the defaults.

use std::collections::BTreeSet;

use activator::delivery::Policy;

use super::super::MANUAL;
use super::super::raw::{self, Delivery, File};
use super::{Project, Resolved};

/// Knative's spellings of some keys, and one without a default; the manual names them in a sentence.
const SENTENCES: [&str; 10] = [
    "backoffPolicy",
    "backoffDelay",
    "retryAfterMax",
    "deadLetterSink",
    "response = ",
    "correlationAttribute",
    "replyAttribute",
    "data_base64",
    "dataBase64",
    "contentType",
];

/// The manual with every example in force.
pub(in crate::config) fn manual_in_full() -> String {
    let in_force = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if is_example(rest) => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    MANUAL.lines().map(in_force).collect()
}

fn is_example(text: &str) -> bool {
    let is_key =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.'));
    let table = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    table.is_some_and(is_key) || text.split_once(" = ").is_some_and(|(key, _)| is_key(key))
}

fn project() -> Project {
    let project = Project::empty();
    project.script("target/release/bill");
    project.script("sources/clock.py");
    project.write("functions/resize", "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n", 0o755);
    project
}

fn check_same(one: &Resolved, other: &Resolved) {
    assert_eq!(one.runtime, other.runtime);
    assert_eq!(one.channels, other.channels);
    assert_eq!(one.topology.subscriptions, other.topology.subscriptions);
    assert_eq!(one.functions, other.functions);
    assert_eq!(one.requests, other.requests);
    assert_eq!(one.pings, other.pings);
    assert_eq!(one.containers, other.containers);
    assert_eq!(one.polls, other.polls);
    assert_eq!(one.file_watches, other.file_watches);
    assert_eq!(one.watch, other.watch);
}

#[test]
fn as_shipped_it_changes_nothing() {
    let project = Project::empty();
    project.script("functions/hello");
    let without = project.resolved();
    project.write("runtime.toml", MANUAL, 0o644);
    let loaded = project.load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.text());
    check_same(&loaded.usable(), &without);
}

#[test]
fn every_value_it_gives_is_the_default() {
    let project = project();
    project.write("runtime.toml", manual_in_full(), 0o644);
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H060"; 5], "kafka keys under another class: {}", loaded.text());
    let full = loaded.usable();
    // The same things by their names alone.
    let bare = "[function.bill]\nexec = \"target/release/bill\"\nbuild = \"cargo build --release\"\non = { type = \"order.*\" }\n\
        [channel.orders]\n\
        [subscription.ship]\nchannel = \"orders\"\nto = \"fn/bill\"\nreply = \"broker/default\"\n\
        filter = { prefix = { type = \"order.\" } }\n\
        [trigger.audit]\nto = \"fn/bill\"\nfilter = { all = [ { exact = { type = \"order.created\" } }, \
        { not = { suffix = { subject = \"-test\" } } } ] }\n\
        [sequence.ship]\nsteps = \"fn/bill\"\nreply = \"broker/default\"\n\
        [parallel.ship]\nbranches = { to = \"fn/bill\", filter = { prefix = { type = \"order.\" } } }\n\
        reply = \"broker/default\"\n\
        [request.ask]\n\
        [job.resize]\nto = \"fn/resize\"\n\
        [kafka]\nbrokers = \"127.0.0.1:9092\"\n\
        [source.orders]\ntype = \"kafka\"\ntopics = \"shop.orders\"\nto = \"broker/default\"\n\
        [source.nightly]\ntype = \"ping\"\nschedule = \"0 3 * * *\"\ndata = '{\"report\": \"daily\"}'\nto = \"fn/bill\"\n\
        [source.clock]\ntype = \"container\"\nexec = \"sources/clock.py\"\nto = \"fn/bill\"\n\
        [source.prices]\ntype = \"http-poll\"\nurl = \"http://127.0.0.1:9000/prices\"\nto = \"fn/bill\"\n\
        [source.inbox]\ntype = \"file-watch\"\npath = \"inbox/*.csv\"\nto = \"fn/bill\"\n\
        [sink.audit]\ntype = \"kafka\"\ntopic = \"shop.audit\"\n\
        [watch]\nenabled = true\npoll = \"1s\"\n";
    project.write("runtime.toml", bare, 0o644);
    let bare = project.resolved();
    check_same(&full, &bare);
    for name in ["trigger/bill", "trigger/audit", "subscription/ship", "sequence/ship.1", "parallel/ship.1"] {
        assert_eq!(full.subscription(name).unwrap().delivery, Policy::default(), "{name}");
    }
}

#[test]
fn the_kafka_keys_it_gives_are_the_defaults_too() {
    let project = project();
    let with_class = |text: &str| text.replace("class = \"durable\"", "class = \"kafka\"");
    project.write("runtime.toml", with_class(&manual_in_full()), 0o644);
    let full = project.resolved();
    let without: String = with_class(&manual_in_full())
        .lines()
        .filter(|line| !line.starts_with("kafka = "))
        .map(|line| format!("{line}\n"))
        .collect();
    project.write("runtime.toml", without, 0o644);
    check_same(&full, &project.resolved());
}

#[test]
fn it_holds_every_key_there_is() {
    let manual: toml::Table = manual_in_full().parse().unwrap();
    let check = |path: &[&str], keys: &[&str]| {
        let table = path.iter().fold(&manual, |table, key| table[*key].as_table().unwrap());
        let missing = keys
            .iter()
            .filter(|key| !SENTENCES.iter().any(|said| said.starts_with(*key)) && !table.contains_key(**key));
        assert_eq!(missing.collect::<BTreeSet<_>>(), BTreeSet::new(), "{path:?}");
    };
    check(&[], File::KEYS);
    check(&["runtime"], raw::Runtime::KEYS);
    check(&["runtime", "history"], raw::History::KEYS);
    check(&["watch"], raw::Watch::KEYS);
    check(&["defaults"], raw::Function::DEFAULTS_KEYS);
    check(&["function", "bill"], raw::Function::KEYS);
    check(&["function", "bill", "timeout"], raw::Timeout::KEYS);
    check(&["broker", "default"], raw::Channel::KEYS);
    check(&["broker", "default", "delivery"], Delivery::KEYS);
    check(&["channel", "orders"], raw::Channel::KEYS);
    check(&["channel", "orders", "kafka"], raw::Topic::KEYS);
    check(&["subscription", "ship"], raw::Subscription::KEYS);
    check(&["trigger", "audit"], raw::Trigger::KEYS);
    check(&["sequence", "ship"], raw::Sequence::KEYS);
    check(&["parallel", "ship"], raw::Parallel::KEYS);
    check(&["request", "ask"], raw::Request::KEYS);
    check(&["job", "resize"], raw::Job::KEYS);
    check(&["kafka"], raw::Kafka::KEYS);
    check(&["source", "orders"], raw::KafkaSource::KEYS);
    check(&["source", "nightly"], raw::PingSource::KEYS);
    check(&["source", "clock"], raw::ContainerSource::KEYS);
    check(&["source", "prices"], raw::PollSource::KEYS);
    check(&["source", "inbox"], raw::FileWatchSource::KEYS);
    check(&["sink", "audit"], raw::Sink::KEYS);
    for word in raw::RETENTION_KEYS.iter().chain(raw::Step::KEYS).chain(raw::DEDUPLICATE_KEYS) {
        assert!(MANUAL.contains(&format!("{word} = ")), "{word}");
    }
    check(&["source", "prices", "event"], &["type"]);
    for word in raw::Branch::KEYS {
        assert!(MANUAL.contains(&format!("`{word}`")), "{word}");
    }
    for word in SENTENCES.into_iter().chain(raw::DIALECTS.iter().copied()) {
        assert!(MANUAL.contains(word), "{word}");
    }
}
