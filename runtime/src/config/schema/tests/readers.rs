//! What the readers take, the schema takes; and of what is no text, list or table, nothing else.

use serde_json::Value;

use super::super::shape::Shape;
use super::super::tables::{TABLES, Table};
use super::super::{Of, schema};
use super::validator::errors;
use crate::config::codes::Severity;
use crate::config::diagnostic::Problems;
use crate::config::document::Document;
use crate::config::raw::File;
use crate::config::source::Source;

/// Where a table stands in a file: what is before its keys, and behind them. What the key needs beside it is in there.
const PLACES: &[(&str, &str, &str)] = &[
    ("runtime", "runtime = { ", " }"),
    ("history", "runtime.history = { ", " }"),
    ("watch", "watch = { ", " }"),
    ("kafka", "kafka = { ", " }"),
    ("tls", "kafka.tls = { ", " }"),
    ("sasl", "kafka.sasl = { ", " }"),
    ("function", "function.a = { ", " }"),
    ("defaults", "defaults = { ", " }"),
    ("idle", "function.a.idle = { ", " }"),
    ("kpa", "function.a.kpa = { ", " }"),
    ("timeout", "function.a.timeout = { ", " }"),
    ("isolation", "function.a.isolation = { ", " }"),
    ("limits", "function.a.limits = { ", " }"),
    ("batch", "function.a.batch = { ", " }"),
    ("secret", "function.a.secrets.x = { ", " }"),
    ("channel", "channel.a = { ", " }"),
    ("topic", "channel.a = { class = 'kafka', kafka = { ", " } }"),
    ("retention", "channel.a.retention = { ", " }"),
    ("delivery", "channel.a.delivery = { ", " }"),
    ("deduplicate", "channel.a.delivery.deduplicate = { ", " }"),
    ("subscription", "subscription.a = { ", " }"),
    ("trigger", "trigger.a = { ", " }"),
    ("filter", "trigger.a = { to = 'fn/a', filter = { ", " } }"),
    ("sequence", "sequence.a = { ", " }"),
    ("step", "sequence.a.steps = [{ ", " }]"),
    ("parallel", "parallel.a = { ", " }"),
    ("branch", "parallel.a.branches = [{ ", " }]"),
    ("request", "request.a = { ", " }"),
    ("job", "job.a = { ", " }"),
    ("kafka-source", "source.a = { ", " }"),
    ("ping-source", "source.a = { ", " }"),
    ("container-source", "source.a = { ", " }"),
    ("http-poll-source", "source.a = { ", " }"),
    (
        "http-poll-event",
        "source.a = { type = 'http-poll', url = 'http://x/', to = 'fn/a', event = { ",
        " } }",
    ),
    ("file-watch-source", "source.a = { ", " }"),
    ("file-event", "source.a = { type = 'file-watch', path = 'a', to = 'fn/a', event = { ", " } }"),
    ("sink", "sink.a = { ", " }"),
];

/// What a table needs beside the key that is tried.
const NEEDED: &[(&str, &[(&str, &str)])] = &[
    ("isolation", &[("level", "'strict'")]),
    ("batch", &[("max", "2")]),
    ("tls", &[("cert", "'x'"), ("key", "'x'")]),
    ("sasl", &[("mechanism", "'plain'"), ("user", "'me'")]),
    ("deduplicate", &[("for", "'1m'")]),
    ("subscription", &[("channel", "'a'"), ("to", "'fn/a'")]),
    ("trigger", &[("to", "'fn/a'")]),
    ("sequence", &[("steps", "'fn/a'")]),
    ("step", &[("to", "'fn/a'")]),
    ("parallel", &[("branches", "{ to = 'fn/a' }")]),
    ("branch", &[("to", "'fn/a'")]),
    ("job", &[("to", "'fn/a'")]),
    ("kafka-source", &[("type", "'kafka'"), ("topics", "'a'"), ("to", "'fn/a'")]),
    ("ping-source", &[("type", "'ping'"), ("schedule", "'@daily'"), ("to", "'fn/a'")]),
    ("container-source", &[("type", "'container'"), ("exec", "'a'"), ("to", "'fn/a'")]),
    ("http-poll-source", &[("type", "'http-poll'"), ("url", "'http://x/'"), ("to", "'fn/a'")]),
    ("file-watch-source", &[("type", "'file-watch'"), ("path", "'a'"), ("to", "'fn/a'")]),
    ("sink", &[("type", "'kafka'"), ("topic", "'a'")]),
];

const SCALARS: &[&str] = &[
    "true",
    "false",
    "-1",
    "0",
    "1",
    "2",
    "15",
    "16",
    "100",
    "101",
    "109",
    "110",
    "256",
    "257",
    "1000",
    "1001",
    "1024",
    "1025",
    "10000",
    "32767",
    "32768",
    "65535",
    "65536",
    "1000000",
    "1000001",
    "10000000",
    "10000001",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "0.5",
    "1.5",
    "-0.5",
    "20000.5",
];

const OTHERS: &[&str] = &[
    "'x'",
    "'1s'",
    "'30s'",
    "'1h'",
    "'1MiB'",
    "'auto'",
    "'fn/a'",
    "'broker/a'",
    "'127.0.0.1:9'",
    "'http://x/'",
    "'latest'",
    "'@daily'",
    "'UTC'",
    "'YQ=='",
    "'a = b'",
    "'correlation'",
    "[]",
    "['x']",
    "['fn/a']",
    "['127.0.0.1:9']",
    "[1]",
    "[80]",
    "[true]",
    "[{ to = 'fn/a' }]",
    "[{ exact = { type = 'x' } }]",
    "[{ type = 'x' }]",
    "{}",
    "{ x = 'x' }",
    "{ x = 1 }",
    "{ type = 'x' }",
    "{ latest = 100 }",
    "{ x = 'latest' }",
    "{ max = 1 }",
    "{ level = 'strict' }",
    "{ for = '1m' }",
    "{ x = { file = 'x' } }",
    "{ exact = { type = 'x' } }",
    "{ 'fetch.min.bytes' = 1 }",
    "{ retry = 1 }",
    "{ 'autoscaling.knative.dev/min-scale' = '1' }",
    "{ 'autoscaling.knative.dev/min-scale' = 1 }",
    "{ bytes = '1MiB' }",
    "{ mechanism = 'plain', user = 'me', password_env = 'X' }",
    "{ ca = 'x' }",
    "{ min = '1s' }",
];

fn reads(toml: &str) -> bool {
    let problems = Problems::default();
    let source = Source::new("runtime.toml", toml);
    let document = Document::parse(toml, &source, &problems).unwrap_or_else(|| panic!("{toml}"));
    File::read(&document, "runtime.toml");
    problems.into_sorted().iter().all(|finding| finding.severity() != Severity::Error)
}

/// The file in which this key of the table has this value.
fn file(table: &Table, key: &str, value: &str) -> String {
    let (_, before, behind) = PLACES.iter().find(|(name, ..)| *name == table.name).expect(table.name);
    let needed = NEEDED.iter().find(|(name, _)| *name == table.name).map_or(&[][..], |(_, needed)| needed);
    let mut keys = vec![format!("{key} = {value}")];
    keys.extend(
        needed.iter().filter(|(other, _)| *other != key).map(|(key, value)| format!("{key} = {value}")),
    );
    let password = table.name == "sasl" && !key.starts_with("password");
    keys.extend(password.then(|| "password_env = 'X'".to_owned()));
    format!("{before}{}{behind}", keys.join(", "))
}

fn palette(shape: &Shape) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    collect(shape, &mut words);
    let scalars = SCALARS.iter().map(|value| ((*value).to_owned(), true));
    let others = OTHERS.iter().map(|value| (*value).to_owned());
    let all = others.chain(words.iter().map(|word| format!("'{word}'")));
    scalars.chain(all.map(|value| (value, false))).collect()
}

/// The words of a shape.
fn collect(shape: &Shape, words: &mut Vec<&'static str>) {
    match shape {
        Shape::OneOf(some) => words.extend(some),
        Shape::Any(shapes) => shapes.iter().for_each(|shape| collect(shape, words)),
        _ => {}
    }
}

#[test]
fn what_the_readers_take_the_schema_takes() {
    let schema = schema(Of::Runtime);
    for table in TABLES {
        for key in table.keys {
            let (mut taken, mut tried) = (0, 0);
            for (value, is_scalar) in palette(&(table.shape)(key).unwrap()) {
                let toml = file(table, key, &value);
                let json: Value = serde_json::to_value(toml.parse::<toml::Table>().unwrap()).unwrap();
                let (read, errors) = (reads(&toml), errors(&schema, &schema, &json));
                assert!(!read || errors.is_empty(), "read, and refused by the schema: {toml}\n{errors:?}");
                assert!(
                    !is_scalar || read || !errors.is_empty(),
                    "passes the schema, and is not read: {toml}"
                );
                (taken, tried) = (taken + usize::from(read), tried + 1);
            }
            let is_refused = *key == "password";
            assert_eq!(taken == 0, is_refused, "{}: none of {tried} values for `{key}` is read", table.name);
        }
    }
}

#[test]
fn every_word_of_a_few_is_one_that_is_read() {
    for table in TABLES {
        for key in table.keys {
            let mut words = Vec::new();
            collect(&(table.shape)(key).unwrap(), &mut words);
            for word in words {
                let toml = file(table, key, &format!("'{word}'"));
                assert!(reads(&toml), "{toml}");
            }
        }
    }
}
