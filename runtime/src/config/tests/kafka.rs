//! What is said of Kafka: who shares a topic, how a cluster is reached, what a source adds.

use activator::event::kafka::KeyType;
use std::time::Duration;

use super::super::{Given, Overrides};
use super::Project;
use crate::channel::{KafkaSpec, Mechanism, Mode, Password, Security, Spec, Start, Tls};
use crate::config::resolved::Resolved;

const BROKERS: &str = "[kafka]\nbrokers = \"k:1\"\n";
const SOURCE: &str = "[source.in]\ntype = \"kafka\"\ntopics = [\"t\"]\nto = \"broker/default\"\n";

fn spec<'r>(resolved: &'r Resolved, name: &str) -> &'r KafkaSpec {
    let named = resolved.channels.values().find(|channel| channel.name == name).expect(name);
    let Spec::Kafka(spec) = &named.spec else { panic!("{name} is {:?}", named.spec) };
    spec
}

/// Brokers nobody runs, a state folder, waits of minutes: a test needs none of it.
#[test]
fn a_runtime_for_a_test_has_neither_kafka_nor_waits() {
    let delivery = "delivery = { retry = 3, delay = \"5m\", deliver_after = \"5m\" }\n";
    let brokers = format!(
        "[broker.a]\nclass = \"kafka\"\nkafka = {{ partitions = 3 }}\n[channel.b]\nclass = \"durable\"\n{delivery}"
    );
    let sink =
        "[sink.out]\ntype = \"kafka\"\ntopic = \"t\"\n[subscription.s]\nchannel = \"b\"\nto = \"sink/out\"\n";
    let runtime = "[runtime]\nhistory = { events = 5 }\n";
    let project = Project::new(&format!("{runtime}{BROKERS}{brokers}{SOURCE}{sink}"));
    let state = Some(Given { origin: "--ephemeral", text: "memory".into() });
    let overrides = Overrides { state, ephemeral: true, ..Overrides::default() };
    let loaded = project.loader_with(overrides, |_, _| Ok(false)).load();
    assert_eq!(loaded.codes(), [""; 0], "{}", loaded.text());
    let resolved = loaded.usable();
    let mut stand_ins = Vec::new();
    for channel in resolved.channels.values() {
        let Spec::Memory(memory) = &channel.spec else { panic!("{channel:?}") };
        stand_ins.extend(channel.stands_in.then(|| (&*channel.name, memory.partitions)));
    }
    stand_ins.sort_unstable();
    assert_eq!(stand_ins, [("a", 3), ("in/t", 1), ("out", 1)]);
    let policy = &resolved.subscription("subscription/s").unwrap().delivery;
    assert_eq!((policy.retry, policy.delay, policy.after), (3, Duration::ZERO, Duration::ZERO));
}

/// What the only finding says, with its line.
fn refused(file: &str) -> (usize, String) {
    let project = Project::new(file);
    let loaded = project.load();
    assert!(loaded.resolved.is_none(), "it is taken");
    (loaded.only().labels[0].place.line(), loaded.text())
}

fn check_refused(file: &str, line: usize, says: &[&str]) {
    let (at, text) = refused(file);
    assert_eq!(at, line, "{text}");
    for part in says {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn the_mode_is_said_once_or_where_it_differs() {
    let brokers =
        "[broker.a]\nclass = \"kafka\"\n[broker.b]\nclass = \"kafka\"\nkafka = { mode = \"own\" }\n";
    let resolved =
        Project::new(&format!("{BROKERS}mode = \"group\"\n{brokers}{SOURCE}mode = \"own\"\n")).resolved();
    assert_eq!(spec(&resolved, "a").mode, Mode::Group);
    assert_eq!(spec(&resolved, "b").mode, Mode::Own);
    assert_eq!(spec(&resolved, "in/t").mode, Mode::Own);
    let resolved = Project::new(&format!("{BROKERS}{brokers}")).resolved();
    assert_eq!(spec(&resolved, "a").mode, Mode::Own, "nobody shares who does not say so");
}

#[test]
fn transactions_are_asked_for_where_one_runtime_is_alone() {
    let broker = |more: &str| format!("[broker.a]\nclass = \"kafka\"\nkafka = {{ {more} }}\n");
    let resolved = Project::new(&format!("{BROKERS}{}{SOURCE}", broker("transactions = true"))).resolved();
    assert!(spec(&resolved, "a").transactions);
    assert!(!spec(&resolved, "in/t").transactions, "nobody asked for them there");
    let resolved = Project::new(&format!("{BROKERS}{}", broker("partitions = 2"))).resolved();
    assert!(!spec(&resolved, "a").transactions);
    let shared = format!("{BROKERS}{}", broker("mode = \"group\", transactions = true"));
    check_refused(&shared, 5, &["H017", "broker `a`", "not with a group", "mode = \"own\""]);
}

#[test]
fn a_source_says_what_its_records_become() {
    let fields = "brokers = \"other:2\"\nstart = \"2026-11-26T08:00:00Z\"\nkey_type = \"int\"\n\
        extensions = { region = \"eu\", tier = 3 }\ndelivery = { retry = 2 }\n";
    // Brokers of its own are enough.
    let resolved = Project::new(&format!("{SOURCE}{fields}")).resolved();
    let spec = spec(&resolved, "in/t");
    assert_eq!(spec.brokers, ["other:2"]);
    assert_eq!(spec.start, Start::Time(1_795_680_000_000));
    assert_eq!(spec.records.key, KeyType::Integer);
    assert_eq!(spec.records.extensions, [("region".into(), "eu".into()), ("tier".into(), "3".into())]);
    let delivery = &resolved.subscription("source/in/t").unwrap().delivery;
    assert_eq!(
        (delivery.retry, delivery.delay),
        (2, Duration::from_millis(300)),
        "the rest is KafkaSource's"
    );
}

#[test]
fn a_source_cannot_say_everything() {
    let source = |more: &str| format!("{BROKERS}{SOURCE}{more}\n");
    check_refused(&source("start = \"soon\""), 7, &["\"latest\", \"earliest\" or a time", "RFC 3339"]);
    check_refused(&source("extensions = { id = \"1\" }"), 7, &["an attribute of the event's own"]);
    check_refused(&source("extensions = { a-b = \"1\" }"), 7, &["a-z and 0-9 only"]);
    check_refused(&source("key_type = \"bytes\""), 7, &["byte-array"]);
    check_refused(&source("consumers = 3"), 7, &["unknown key `consumers`"]);
}

#[test]
fn tls_and_sasl_name_files_beside_the_configuration() {
    let file = format!(
        "{BROKERS}tls = {{ ca = \"ca.pem\", cert = \"me.pem\", key = \"/etc/me.key\" }}\n\
         sasl = {{ mechanism = \"scram-sha-512\", user = \"me\", password_file = \"secret\" }}\n{SOURCE}"
    );
    let project = Project::new(&file);
    let resolved = project.resolved();
    let Security { tls, sasl } = &spec(&resolved, "in/t").security;
    let ca = Some(project.path().join("ca.pem"));
    let identity = Some((project.path().join("me.pem"), "/etc/me.key".into()));
    assert_eq!(*tls, Some(Tls { ca, identity }));
    let sasl = sasl.as_ref().unwrap();
    assert_eq!((sasl.mechanism, &*sasl.user), (Mechanism::ScramSha512, "me"));
    assert_eq!(sasl.password, Password::File(project.path().join("secret")));
    let resolved = Project::new(&format!("{BROKERS}tls = true\nsasl = false\n{SOURCE}")).resolved();
    assert_eq!(spec(&resolved, "in/t").security, Security { tls: Some(Tls::default()), sasl: None });
}

#[test]
fn a_password_is_named_and_never_written() {
    let sasl = |more: &str| format!("{BROKERS}sasl = {{ mechanism = \"plain\", user = \"me\"{more} }}\n");
    check_refused(&sasl(", password = \"hunter2\""), 3, &["`password` in [kafka] sasl", "password_file ="]);
    check_refused(&sasl(""), 3, &["where the password is"]);
    check_refused(&sasl(", password_file = \"a\", password_env = \"B\""), 3, &["once"]);
    check_refused(&format!("{BROKERS}tls = {{ cert = \"a\" }}\n"), 3, &["add the other"]);
    check_refused(&format!("{BROKERS}sasl = true\n"), 3, &["name a mechanism and a user"]);
}

#[test]
#[cfg(feature = "kafka")]
fn options_are_known_before_anything_starts() {
    let options = |options: &str| format!("{BROKERS}options = {{ {options} }}\n");
    check_refused(
        &options("\"lingr.ms\" = 5"),
        3,
        &["settings that librdkafka has", "did you mean \"linger.ms\"?"],
    );
    check_refused(&options("\"no.such.thing.at.all\" = 5"), 3, &["CONFIGURATION.md"]);
    check_refused(&options("\"linger.ms\" = \"soon\""), 3, &["librdkafka says: "]);
    check_refused(&options("\"sasl.password\" = \"hunter2\""), 3, &["a secret", "password_file"]);
    assert!(Project::new(&options("\"linger.ms\" = 5, \"client.rack\" = \"a\"")).load().resolved.is_some());
}
