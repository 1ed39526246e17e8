//! Without a line of configuration, and what each kind of line adds to that.

use std::time::Duration;

use activator::scale::Idle;

use activator::delivery::{Backoff, Policy};
use activator::id::ChannelId;
use activator::topology::Destination;

use super::super::resolved::{ChannelKind, Found, Protocol, Resolved};
use super::super::{Given, Overrides};
use super::Project;
use crate::channel::{ContentMode, CreateTopic, KafkaSpec, Retention, Spec, Start};

fn channel(resolved: &Resolved, kind: ChannelKind, name: &str) -> (ChannelId, Spec) {
    let mut all = resolved.channels.iter();
    let found = all.find(|(_, channel)| channel.kind == kind && channel.name == name);
    let (id, channel) = found.unwrap_or_else(|| panic!("no {kind:?} {name}"));
    (*id, channel.spec.clone())
}

fn kafka(resolved: &Resolved, kind: ChannelKind, name: &str) -> KafkaSpec {
    match channel(resolved, kind, name).1 {
        Spec::Kafka(spec) => *spec,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_with_a_function_is_enough() {
    let project = Project::empty();
    project.script("functions/hello.sh");
    let resolved = project.resolved();
    let (broker, spec) = channel(&resolved, ChannelKind::Broker, "default");
    let Spec::Durable(spec) = spec else { panic!("{spec:?}") };
    assert_eq!(spec.dir, project.path().join(".hydrant/channels/broker-default"));
    let trigger = resolved.subscription("trigger/hello").unwrap();
    assert_eq!(trigger.channel, broker);
    assert_eq!(trigger.reply, Some(broker), "replies go back to the broker");
    assert_eq!(trigger.filter.describe(), "(type = \"hello\" or type = \"*.hello\")");
    assert_eq!(trigger.delivery, Policy::default());
    let hello = resolved.program("hello");
    assert_eq!(*hello.path, project.path().join("functions/hello.sh"));
    assert_eq!(hello.terms.dir, project.path());
    assert_eq!(hello.terms.protocol, Protocol::Http);
    assert_eq!(hello.terms.settings.concurrency, 100);
    assert_eq!(hello.terms.settings.scaling.max, 10);
    assert_eq!(hello.terms.settings.scaling.idle, Idle::After(Duration::from_secs(30)));
    assert!(!hello.terms.settings.single_use);
}

#[test]
fn dead_letters_have_a_durable_channel_that_keeps() {
    let resolved = Project::empty().resolved();
    let (id, spec) = channel(&resolved, ChannelKind::DeadLetters, "dlq");
    assert_eq!(resolved.topology.dead_letters, id);
    assert!(matches!(spec, Spec::Durable(_)), "{spec:?}");
    let keeping: Vec<ChannelId> =
        resolved.topology.channels.iter().filter(|c| c.keeps).map(|c| c.id).collect();
    assert_eq!(keeping, [id], "it alone keeps what nobody reads");
}

#[test]
fn state_in_memory_keeps_nothing_anywhere() {
    let overrides = Overrides {
        state: Some(Given { origin: "HYDRANT_STATE", text: "memory".into() }),
        ..Overrides::default()
    };
    let resolved = Project::empty().loader_with(overrides, |_, _| Ok(false)).load().usable();
    assert_eq!(resolved.runtime.state, None);
    assert!(resolved.channels.values().all(|channel| matches!(channel.spec, Spec::Memory(_))));
}

#[test]
fn a_flag_wins_over_the_file() {
    let project = Project::new("[runtime]\nlisten = \"127.0.0.1:1\"\nstate = \"a\"\n");
    let overrides = Overrides {
        listen: Some(Given { origin: "--listen", text: "127.0.0.1:0".into() }),
        ..Overrides::default()
    };
    let runtime = project.loader_with(overrides, |_, _| Ok(false)).load().usable().runtime;
    assert_eq!(runtime.listen.port(), 0);
    assert_eq!(runtime.state, Some(project.path().join("a")));
}

#[test]
fn whoever_is_pointed_to_gets_no_trigger_by_name() {
    let project = Project::new(
        "[channel.c]\n\
         [trigger.one]\nto = \"fn/a\"\nfilter = { exact = { type = \"x\" }, prefix = { source = \"/s\" } }\n\
         [subscription.two]\nchannel = \"c\"\nto = \"fn/b\"\nreply = \"broker/default\"\n",
    );
    for name in ["a", "b", "c"] {
        project.script(&format!("functions/{name}"));
    }
    let resolved = project.resolved();
    let names = names(&resolved);
    assert_eq!(names, ["trigger/one", "subscription/two", "trigger/c"]);
    assert_eq!(resolved.filter("trigger/one"), "type = \"x\" and source = \"/s*\"");
    assert_eq!(resolved.filter("subscription/two"), "every event");
    let (broker, _) = channel(&resolved, ChannelKind::Broker, "default");
    assert_eq!(resolved.subscription("subscription/two").unwrap().reply, Some(broker));
}

#[test]
fn filters_nest() {
    let project = Project::new(
        "[trigger.t]\nto = \"http://127.0.0.1:1/\"\nfilter = { any = [ { exact = { type = \"a\" } }, \
         { all = [ { not = { suffix = { subject = \"-test\" } } }, { prefix = { id = \"1\", source = \"/\" } } ] } ] }\n",
    );
    let expected = "(type = \"a\" or not (subject = \"*-test\") and id = \"1*\" and source = \"/*\")";
    assert_eq!(project.resolved().filter("trigger/t"), expected);
}

#[test]
fn a_url_is_a_sink() {
    let project = Project::new("[trigger.t]\nto = \"http://127.0.0.1:1/x\"\n");
    let resolved = project.resolved();
    let Destination::Sink(id) = resolved.subscription("trigger/t").unwrap().to else { panic!("not a sink") };
    assert_eq!(resolved.sinks[&id].to_string(), "http://127.0.0.1:1/x");
}

#[test]
fn a_sink_is_a_topic_that_is_only_written_to() {
    let project = Project::new(
        "kafka.brokers = \"k:1\"\n\
         [sink.plain]\ntype = \"kafka\"\ntopic = \"a\"\n\
         [sink.full]\ntype = \"kafka\"\ntopic = \"b\"\ncontent_mode = \"binary\"\npartitions = 3\nreplication = 2\n\
         [trigger.t]\nto = \"sink/full\"\n",
    );
    let resolved = project.resolved();
    let sink = |name| match channel(&resolved, ChannelKind::Sink, name) {
        (id, Spec::KafkaSink(spec)) => (id, spec),
        other => panic!("{other:?}"),
    };
    let (plain, full) = (sink("plain"), sink("full"));
    assert_eq!(plain.1.content, ContentMode::Structured, "as of Knative's KafkaSink");
    let create = plain.1.topic.create.unwrap();
    assert_eq!((create.partitions, create.replication), (1, 1));
    assert_eq!((full.1.content, &*full.1.topic.topic), (ContentMode::Binary, "b"));
    let create = full.1.topic.create.unwrap();
    assert_eq!((create.partitions, create.replication), (3, 2));
    assert_eq!(resolved.subscription("trigger/t").unwrap().to, Destination::Channel(full.0));
    let kept = resolved.topology.channels.iter().find(|c| c.id == full.0).unwrap();
    assert!(kept.keeps, "nobody reads it");
}

#[test]
fn a_triggers_delivery_replaces_its_brokers_as_a_whole() {
    let project = Project::new(
        "[broker.default]\ndelivery = { retry = 3, delay = \"1s\" }\n\
         [trigger.own]\nto = \"fn/a\"\ndelivery = { backoffPolicy = \"linear\", backoffDelay = \"PT0.5S\" }\n\
         [trigger.brokers]\nto = \"fn/a\"\n",
    );
    project.script("functions/a");
    let resolved = project.resolved();
    let own = &resolved.subscription("trigger/own").unwrap().delivery;
    assert_eq!(own.retry, 10, "the broker's 3 is not mixed in");
    assert_eq!((own.backoff, own.delay), (Backoff::Linear, Duration::from_millis(500)));
    let brokers = &resolved.subscription("trigger/brokers").unwrap().delivery;
    assert_eq!((brokers.retry, brokers.delay), (3, Duration::from_secs(1)));
}

#[test]
fn a_long_delay_is_not_cut_by_the_default_cap() {
    let project = Project::new("[broker.default]\ndelivery = { delay = \"2m\" }\n");
    project.script("functions/a");
    let resolved = project.resolved();
    assert_eq!(resolved.subscription("trigger/a").unwrap().delivery.delay_max, Duration::from_secs(120));
}

#[test]
fn an_attempt_may_take_as_long_as_the_functions_requests() {
    let project = Project::new(
        "[function.a]\ntimeout = \"10s\"\n[trigger.t]\nto = \"fn/a\"\ndelivery = { timeout = \"3s\" }\n",
    );
    project.script("functions/a");
    project.write("functions/b", "#!/bin/sh\n# hydrant: timeout = \"7s\"\n", 0o755);
    let resolved = project.resolved();
    let timeout = |name: &str| resolved.subscription(name).unwrap().delivery.timeout;
    assert_eq!(timeout("trigger/b"), Duration::from_secs(7));
    assert_eq!(timeout("trigger/t"), Duration::from_secs(3), "said outright");
    assert_eq!(resolved.program("a").terms.settings.call_timeout, Duration::from_secs(10));
}

/// As Knative creates its topics.
const A_WEEK: Retention = Retention { bytes: None, age: Some(Duration::from_secs(7 * 24 * 3_600)) };

#[test]
fn one_line_makes_it_kafka() {
    let project = Project::new(
        "[kafka]\nbrokers = [\"k:9092\"]\noptions = { \"fetch.min.bytes\" = 1, \"socket.keepalive.enable\" = true }\n\
         [broker.default]\nclass = \"Kafka\"\npartitions = 3\n\
         [channel.orders]\nclass = \"kafka\"\nkafka = { topic = \"own\", partitions = 12, replication = 2 }\n",
    );
    let resolved = project.resolved();
    let broker = kafka(&resolved, ChannelKind::Broker, "default");
    assert_eq!(broker.topic, "knative-broker-default-default");
    assert_eq!(broker.group, "hydrant-knative-broker-default-default");
    assert_eq!(broker.create, Some(CreateTopic { partitions: 3, replication: 1, retention: A_WEEK }));
    assert_eq!(broker.start, Start::Earliest);
    let options = [("fetch.min.bytes", "1"), ("socket.keepalive.enable", "true")];
    assert_eq!(broker.options, options.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let orders = kafka(&resolved, ChannelKind::Channel, "orders");
    assert_eq!((&*orders.topic, &*orders.group), ("own", "hydrant-own"));
    assert_eq!(orders.create, Some(CreateTopic { partitions: 12, replication: 2, retention: A_WEEK }));
}

#[test]
fn a_source_is_a_subscription_to_each_of_its_topics() {
    let project = Project::new(
        "[kafka]\nbrokers = \"k:9092\"\n\
         [source.shop]\ntype = \"kafka\"\ntopics = [\"orders\", \"bills\"]\nstart = \"earliest\"\nto = \"fn/a\"\n",
    );
    project.script("functions/a");
    let resolved = project.resolved();
    let names = names(&resolved);
    assert_eq!(names, ["source/shop/orders", "source/shop/bills"], "and `a` needs no trigger");
    let spec = kafka(&resolved, ChannelKind::Source, "shop/orders");
    assert_eq!((&*spec.group, spec.start, spec.create), ("hydrant-shop", Start::Earliest, None));
    assert_eq!(spec.records.source, "/apis/v1/namespaces/default/kafkasources/shop#orders");
    // KafkaSource's own delay; the function's own timeout.
    let delivery = &resolved.subscription("source/shop/bills").unwrap().delivery;
    assert_eq!((delivery.delay, delivery.timeout), (Duration::from_millis(300), Duration::from_secs(300)));
}

#[test]
fn a_function_whose_file_comes_later_can_be_declared() {
    let project = Project::new("[function.later]\n[trigger.t]\nto = \"fn/later\"\n");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H055"]);
    assert_eq!(loaded.usable().function("later").found, Found::Absent);
}

/// Who subscribes to something, but for what everyone may have delivered again.
fn names(resolved: &Resolved) -> Vec<&str> {
    let names = resolved.topology.subscriptions.iter().map(|s| &*s.name);
    names.filter(|name| *name != "replay/any").collect()
}
