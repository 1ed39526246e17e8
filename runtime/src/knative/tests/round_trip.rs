//! Projects that go to a cluster and come back.

use std::collections::BTreeMap;
use std::path::Path;

use activator::delivery::Policy;
use activator::scale::Scaling;
use activator::topology::{Order, Subscription};

use super::{ANY, exported, imported, load, project, yaml};
use crate::channel::Spec;
use crate::config::resolved::{ChannelKind, Found, Resolved};

/// What is to be the same: without what has no place in a cluster, and is told.
#[derive(Debug, PartialEq)]
struct Wiring {
    subscriptions: BTreeMap<String, String>,
    channels: Vec<String>,
    functions: Vec<String>,
    pings: String,
    requests: Vec<String>,
}

fn wiring(resolved: &Resolved) -> Wiring {
    let channel = |id| resolved.channels.get(&id).map(|channel| (channel.kind, channel.name.clone()));
    let told = |subscription: &Subscription| {
        let Policy { retry, backoff, delay, retry_after_max, timeout, format, .. } = subscription.delivery;
        let policy = (retry, backoff, delay, retry_after_max, timeout, format);
        let is_ordered = subscription.order == Order::Partition;
        format!(
            "{:?} {} -> {} {:?} {policy:?} {is_ordered}",
            channel(subscription.channel),
            subscription.filter.describe(),
            subscription.to_name,
            subscription.reply.map(channel),
        )
    };
    let is_of_people = |kind| kind == ChannelKind::Source || ChannelKind::is_for_people(kind);
    let channels = resolved.channels.values().filter(|channel| is_of_people(channel.kind));
    let mut channels: Vec<String> = channels
        .map(|channel| format!("{:?} {} {}", channel.kind, channel.name, class(&channel.spec)))
        .collect();
    channels.sort();
    let mut functions: Vec<String> = resolved
        .functions
        .values()
        .map(|function| match &function.found {
            Found::Program(program) => {
                // What else there is follows from how it is spoken to.
                let Scaling { min, max, idle, .. } = program.terms.settings.scaling;
                format!("{} {:?} {min} {max} {idle:?}", function.name, program.terms.env)
            }
            _ => function.name.to_string(),
        })
        .collect();
    functions.sort();
    Wiring {
        subscriptions: resolved
            .topology
            .subscriptions
            .iter()
            .map(|subscription| (subscription.name.to_string(), told(subscription)))
            .collect(),
        channels,
        functions,
        pings: format!(
            "{:?}",
            resolved.pings.values().map(|ping| (&ping.name, &ping.data)).collect::<Vec<_>>()
        ),
        requests: resolved.requests.values().map(|request| format!("{request:?}")).collect(),
    }
}

/// What it is made of, and of a topic what it is made with.
fn class(spec: &Spec) -> String {
    match spec {
        Spec::Memory(_) => "memory".into(),
        Spec::Durable(_) => "durable".into(),
        Spec::Kafka(topic) => format!("{:?}", topic.create),
        Spec::KafkaSink(sink) => format!("{:?} {:?}", sink.topic.create, sink.content),
    }
}

/// Gives what was left out on the way.
fn check(folder: &Path) -> Vec<String> {
    let (_, original) = load(folder);
    let exported = exported(folder, &ANY);
    let imported = imported(&yaml(&exported));
    let told: Vec<&str> =
        imported.notes.iter().map(|note| &*note.text).filter(|text| !text.starts_with("image ")).collect();
    assert_eq!(told, [""; 0], "all that is exported is read");
    let names: Vec<&str> = original.functions.values().map(|function| &*function.name).collect();
    let back = project(&imported.toml, &names);
    let (_, again) = load(back.path());
    assert_eq!(wiring(&original), wiring(&again), "{}\n{}", yaml(&exported), imported.toml);
    super::lines(&exported.left_out)
}

#[test]
fn the_examples_come_back_as_they_were() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    // There, a function is spoken to by HTTP alone.
    let is_protocol = |told: &String| told.contains(".protocol \"oneshot\"");
    let left_out = |name: &str| -> Vec<String> {
        check(&examples.join(name)).into_iter().filter(|told| !is_protocol(told)).collect()
    };
    assert_eq!(left_out("channel-and-subscriptions"), [""; 0]);
    assert_eq!(left_out("deploy-a-service"), [""; 0]);
    let orders = left_out("source-to-sink");
    assert_eq!(orders, ["runtime.toml:18 channel.orders.kafka.topic \"orders\""]);
    let shop = left_out("broker-and-triggers");
    assert_eq!(shop, ["runtime.toml:8 broker.default.delivery.max_delay \"5s\""]);
}

#[test]
fn what_a_cluster_has_a_place_for_comes_back_as_it_was() {
    let file = r#"
[kafka]
brokers = ["127.0.0.1:9092", "127.0.0.1:9093"]
[broker.events]
class = "kafka"
kafka = { topic = "shop.events", partitions = 6, replication = 1 }
delivery = { retry = 3, backoff = "linear", delay = "1m 30s", timeout = "10s", dead_letter = "channel/bad" }
[broker.quick]
class = "memory"
[channel.bad]
class = "kafka"
kafka = { partitions = 2, replication = 1 }
retention = { age = "2days" }
[channel.quick]
class = "memory"
delivery = { retry = 0, retry_after_max = "1m", format = "structured" }
[subscription.look]
channel = "bad"
to = "http://127.0.0.1:9/x?y=1"
reply = "broker/quick"
[trigger.cesql]
broker = "events"
filter = "type LIKE 'order.%' AND EXISTS total"
ordering = "partition"
to = "fn/bill"
[trigger.all]
broker = "quick"
filters = [{ prefix = { source = "/x", type = "a." } }, { not = { suffix = { subject = "-test" } } },
    { any = [{ exact = { type = "a.b" } }, { all = [{ exact = { q = "1" } }, { cesql = "true" }] }] }]
to = "fn/bill"
[trigger.older]
filter = { attributes = { subject = "", type = "x" } }
to = "channel/quick"
[source.orders]
type = "kafka"
topics = ["a", "b"]
group = "g"
start = "earliest"
ordering = "partition"
key_type = "int"
extensions = { region = "eu" }
delivery = { retry = 2 }
to = "broker/events"
[source.nightly]
type = "ping"
schedule = "0 3 * * *"
timezone = "Europe/Berlin"
data = '{"a": "b"}'
to = "channel/quick"
[sink.audit]
type = "kafka"
topic = "shop.audit"
content_mode = "binary"
[function.bill]
min = 1
max = 3
concurrency = 7
idle = "1m"
timeout = { request = "20s" }
limits = { memory = "512MiB" }
env = { A = "1", B = "a \"b\"" }
args = ["--x"]
"#;
    let folder = project(file, &["bill", "named"]);
    std::fs::write(folder.path().join("functions/named.toml"), "on = [{ type = \"a.*\" }, { q = \"*z\" }]")
        .unwrap();
    assert_eq!(check(folder.path()), [""; 0]);
}

#[test]
fn flows_come_back_as_they_were() {
    let file = r#"
[kafka]
brokers = ["127.0.0.1:9092"]
[sequence.ship]
steps = ["fn/check", { to = "http://127.0.0.1:9/price", delivery = { retry = 2 } }, { to = "channel/done" }]
delivery = { retry = 7, backoff = "linear" }
class = "memory"
[sequence.pay]
steps = "fn/check"
reply = "parallel/news"
class = "kafka"
kafka = { partitions = 3, replication = 1 }
[parallel.news]
branches = [{ to = "fn/mail", delivery = { retry = 0 } }, { to = "fn/log", reply = "channel/done" },
    { to = "sequence/ship" }]
reply = "job/resize"
delivery = { retry = 4 }
[channel.done]
[sink.audit]
type = "kafka"
topic = "shop.audit"
[request.ask]
[request.price]
broker = "shop"
timeout = "2s"
correlationAttribute = "asked"
reply_attribute = "told"
[broker.shop]
class = "memory"
[job.resize]
to = "fn/thumb"
delivery = { retry = 3 }
[job.again]
to = "fn/thumb"
[function.thumb]
protocol = "oneshot"
args = ["--small"]
env = { SIZE = "64" }
limits = { memory = "64MiB" }
timeout = "90s"
"#;
    let folder = project(file, &["check", "mail", "log", "thumb"]);
    assert_eq!(check(folder.path()), [""; 0]);
}
