//! What has no place in a cluster, and what is exported for it.

use super::super::BrokerClass;
use super::{ANY, Options, exported, lines, project};

#[test]
fn what_has_no_place_is_told_with_its_line() {
    let file = "\
[trigger.bill]
to = \"fn/bill\"
ordering = \"subject\"
start = \"earliest\"
[trigger.bill.delivery]
on_exhausted = \"block\"
max_delay = \"1s\"
[function.bill]
protocol = \"stdio\"
isolation = \"strict\"
idle = \"1500ms\"
[parallel.news]
branches = [{ to = \"fn/bill\", filter = \"id = '1'\" }]
sync = \"disk\"
[job.one]
to = \"fn/one\"
partitions = 2
[job.one.delivery]
max_delay = \"1s\"
[function.one]
protocol = \"oneshot\"
max = 2
[source.clock]
type = \"container\"
exec = \"clock\"
to = \"fn/bill\"
";
    let left_out = exported(project(file, &["bill", "one"]).path(), &ANY).left_out;
    assert_eq!(
        lines(&left_out),
        [
            "runtime.toml:3 trigger.bill.ordering \"subject\"",
            "runtime.toml:4 trigger.bill.start \"earliest\"",
            "runtime.toml:6 trigger.bill.delivery.on_exhausted \"block\"",
            "runtime.toml:7 trigger.bill.delivery.max_delay \"1s\"",
            "runtime.toml:9 function.bill.protocol \"stdio\"",
            "runtime.toml:10 function.bill.isolation \"strict\"",
            "runtime.toml:11 function.bill.idle \"1500ms\"",
            "runtime.toml:13 parallel.news.branches.1.filter \"id = '1'\"",
            "runtime.toml:14 parallel.news.sync \"disk\"",
            "runtime.toml:17 job.one.partitions 2",
            "runtime.toml:19 job.one.delivery.max_delay \"1s\"",
            "runtime.toml:22 function.one.max 2",
            "runtime.toml:24 source.clock.type \"container\"",
            "runtime.toml:25 source.clock.exec \"clock\"",
            "runtime.toml:26 source.clock.to \"fn/bill\"",
        ]
    );
}

#[test]
fn a_function_that_says_nothing_has_its_trigger_and_a_service() {
    let exported = exported(project("", &["pay_now"]).path(), &ANY);
    let kinds: Vec<&str> =
        exported.documents.iter().map(|document| document["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Broker", "Trigger", "Service"]);
    let trigger = &exported.documents[1];
    assert_eq!(trigger["metadata"]["name"], "pay-now", "names there have no `_`");
    let filters = r#"[{"any":[{"exact":{"type":"pay_now"}},{"suffix":{"type":".pay_now"}}]}]"#;
    assert_eq!(trigger["spec"]["filters"].to_string(), filters);
    assert_eq!(trigger["spec"]["subscriber"]["ref"]["name"], "pay-now");
    assert_eq!(
        exported.documents[2]["spec"]["template"]["spec"]["containers"][0]["image"],
        "registry.example/pay-now"
    );
}

#[test]
fn another_class_of_broker_is_one_flag() {
    let file = "[kafka]\nbrokers = \"127.0.0.1:9092\"\n[broker.default]\nclass = \"durable\"\nkafka = { partitions = 3 }\n";
    let folder = project(file, &[]);
    let options = Options { class: Some(BrokerClass::Kafka), namespace: "shop".into() };
    let documents = exported(folder.path(), &options).documents;
    assert_eq!(documents[0]["data"]["default.topic.partitions"], "3");
    assert_eq!(documents[0]["data"]["bootstrap.servers"], "127.0.0.1:9092");
    assert_eq!(documents[0]["metadata"]["namespace"], "shop");
    assert_eq!(documents[1]["metadata"]["annotations"]["eventing.knative.dev/broker.class"], "Kafka");
    let options = Options { class: Some(BrokerClass::Channels), namespace: "shop".into() };
    let documents = exported(folder.path(), &options).documents;
    assert_eq!(documents.len(), 1, "no ConfigMap: {documents:?}");
}
