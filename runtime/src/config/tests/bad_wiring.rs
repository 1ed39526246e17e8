//! What is wired wrongly: names, references, destinations, and what Kafka needs.

use super::Project;
use super::bad::check;

const RULE: &str = "names have 1 to 63 of a-z, 0-9, `-` and `_`, a letter or digit first and last";

#[test]
fn names_follow_the_rule_and_no_path_is_made_of_others() {
    check(
        "[function.Bill]\n",
        "H010",
        (1, 11),
        "`Bill` cannot be the name of a function",
        &format!("`bill` would do: {RULE}"),
    );
    for name in ["../../etc", "a/b", "", &"x".repeat(300)] {
        let loaded = Project::new(&format!("[broker.\"{name}\"]\n")).load();
        assert_eq!(loaded.codes(), ["H010"], "{name}");
        assert!(loaded.resolved.is_none());
    }
}

#[test]
fn references_to_what_is_not_there() {
    let comes_later = "put it into the functions folder; if it comes later, declare it: [function.ship]";
    check(
        "[trigger.a]\nto = \"fn/ship\"\n",
        "H012",
        (2, 6),
        "trigger `a` points to a function that does not exist",
        comes_later,
    );
    check(
        "[trigger.a]\nbroker = \"defualt\"\nto = \"fn/bill\"\n",
        "H012",
        (2, 10),
        "trigger `a` points to a broker that does not exist",
        "did you mean `default`?",
    );
    check(
        "[trigger.a]\nto = \"channel/x\"\n",
        "H012",
        (2, 6),
        "trigger `a` points to a channel that does not exist",
        "declare it: [channel.x]",
    );
    check(
        "[channel.orders]\n[subscription.a]\nchannel = \"order\"\nto = \"fn/bill\"\n",
        "H012",
        (3, 11),
        "subscription `a` points to a channel that does not exist",
        "did you mean `orders`?",
    );
    check(
        "kafka.brokers = \"k:1\"\n[sink.audit]\ntype = \"kafka\"\ntopic = \"t\"\n\
         [trigger.a]\nto = \"sink/audti\"\n",
        "H012",
        (6, 6),
        "trigger `a` points to a sink that does not exist",
        "did you mean `sink/audit`?",
    );
    check(
        "[channel.o]\n[subscription.a]\nchannel = \"o\"\nto = \"fn/bill\"\nreply = \"broker/defaul\"\n",
        "H012",
        (5, 9),
        "subscription `a` points to a broker that does not exist",
        "did you mean `broker/default`?",
    );
}

#[test]
fn destinations() {
    let help = "\"fn/NAME\", \"channel/NAME\", \"broker/NAME\", \"sequence/NAME\", \"parallel/NAME\", \"job/NAME\", \"sink/NAME\" or \
                \"http://HOST/PATH\"";
    for to in ["bill", "https://x/", "http://169.254.169.254/", "file:///etc/passwd", "fn/../x"] {
        let message = "`to` in [trigger.a] must be a destination";
        check(&format!("[trigger.a]\nto = \"{to}\"\n"), "H005", (2, 6), message, help);
    }
    let loaded = Project::new("[trigger.a]\nto = \"https://x/\"\n").load();
    assert!(loaded.text().contains("this is https: TLS is not built yet"), "{}", loaded.text());
    check(
        "[trigger.a]\nto = \"broker/default\"\n",
        "H016",
        (2, 6),
        "trigger `a` delivers into what it reads",
        "deliver to a function, or to another channel or broker",
    );
}

#[test]
fn a_sink_says_what_it_writes_to() {
    let help = "[kafka] brokers = [\"127.0.0.1:9092\"]";
    let message = "sink `a` needs Kafka, and no brokers are named";
    check("[sink.a]\ntype = \"kafka\"\ntopic = \"t\"\n", "H015", (1, 7), message, help);
    let message = "`content_mode` in [sink.a] must be one of \"structured\", \"binary\"";
    let loaded = Project::new(
        "kafka.brokers = \"k:1\"\n[sink.a]\ntype = \"kafka\"\ntopic = \"t\"\ncontent_mode = \"batch\"\n",
    )
    .load();
    assert_eq!(loaded.codes(), ["H005"], "{}", loaded.text());
    assert!(loaded.text().contains(message), "{}", loaded.text());
    check(
        "kafka.brokers = \"k:1\"\n[source.in]\ntype = \"kafka\"\ntopics = [\"t\"]\nto = \"sink/a\"\n\
         [sink.a]\ntype = \"kafka\"\ntopic = \"t\"\n",
        "H016",
        (5, 6),
        "source `in` delivers into what it reads",
        "deliver to a function, or to another channel or broker",
    );
}

#[test]
fn an_implicit_trigger_does_not_share_a_name() {
    check(
        "[function.bill]\non = { type = \"a\" }\n[trigger.bill]\nto = \"fn/bill\"\n",
        "H013",
        (3, 10),
        "function `bill` has `on`, so its trigger is `bill` too",
        "rename this trigger, or remove the function's `on`",
    );
    check(
        "[trigger.bill]\nto = \"http://127.0.0.1:1/\"\n",
        "H013",
        (1, 10),
        "function `bill` is pointed to by nobody, so its trigger is `bill` too",
        "rename this trigger, or point one to the function",
    );
}

#[test]
fn kafka_needs_brokers_and_cursors_of_its_own() {
    let help = "[kafka] brokers = [\"127.0.0.1:9092\"]";
    check(
        "[broker.default]\nclass = \"kafka\"\n",
        "H015",
        (2, 9),
        "broker `default` needs Kafka, and no brokers are named",
        help,
    );
    check(
        "kafka.brokers = \"k:1\"\n[source.a]\ntype = \"kafka\"\ntopics = [\"t\", \"t\"]\nto = \"fn/bill\"\n",
        "H014",
        (4, 16),
        "source `a` reads topic `t` as group `hydrant-a`, as source `a` does",
        "give it another topic or group",
    );
    check(
        "[kafka]\nbrokers = [\"k:1\", \"k\"]\n",
        "H005",
        (2, 19),
        "`brokers` in [kafka] must be `host:port` of a Kafka broker",
        "such as \"127.0.0.1:9092\"",
    );
    check(
        "[kafka]\nbrokers = [\"k:1\"]\noptions = { \"group.id\" = \"x\" }\n",
        "H005",
        (3, 13),
        "`options` in [kafka] must be settings hydrant leaves open",
        "hydrant sets it: its cursors stand on it; brokers go to `[kafka] brokers`, groups to their source",
    );
}

#[test]
fn a_durable_channel_needs_a_folder() {
    check(
        "[runtime]\nstate = \"memory\"\n[channel.a]\nclass = \"durable\"\n",
        "H005",
        (4, 9),
        "`class` in [channel.a] must be one that keeps nothing",
        "the state is kept in memory: use class = \"memory\", or set `state` to a folder",
    );
}

#[test]
fn kafka_keys_of_another_class_are_noted_and_stop_nothing() {
    let project = Project::new("[broker.default]\nkafka = { topic = \"t\" }\n");
    let loaded = project.load();
    assert_eq!(loaded.codes(), ["H060"]);
    assert!(loaded.resolved.is_some());
}
