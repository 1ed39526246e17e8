//! On a real Kafka: the same promises, and records of other people's.

use libtest_mimic::Trial;

use crate::kill;
use crate::support::project::noting_script;
use crate::support::{Project, Runtime, group_needing, kafka, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group_needing(
        "kafka",
        kafka::missing(),
        &[
            ("a_record_wakes_a_function_through_a_source_and_a_broker", a_record_wakes_a_function),
            ("a_source_delivers_straight_to_a_function", a_source_straight_to_a_function),
            ("the_class_is_swapped_by_one_line", the_class_is_swapped),
            ("what_was_delivered_is_not_delivered_again", not_again_after_a_restart),
            ("kafka_loses_nothing_over_20_kills_of_the_runtime", kills_of_the_runtime),
            ("a_kill_of_kafka_loses_nothing", a_kill_of_kafka),
            ("a_kafka_that_is_away_stops_nothing_else", a_kafka_that_is_away),
        ],
    )
}

/// A name for a topic that no other test has.
pub(crate) fn topic(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn connection() -> String {
    connection_to(&kafka::bootstrap())
}

pub(crate) fn connection_to(bootstrap: &str) -> String {
    format!("[kafka]\nbrokers = [\"{bootstrap}\"]\n")
}

fn broker_on(topic: &str) -> String {
    format!("{}[broker.default]\nclass = \"kafka\"\nkafka = {{ topic = \"{topic}\" }}\n", connection())
}

/// A runtime answers 202 once its channel is open.
pub(crate) fn send_when_open(runtime: &Runtime<'_>, path: &str, id: &str, ty: &str) {
    wait_until("the channel takes it", || runtime.post(path, id, ty, "data").status == 202);
}

/// Puts records on a topic: CloudEvents in binary mode, as any producer would.
fn produce(topic: &str, ids: &[&str]) {
    let producer = Project::new(&format!(
        "{}[channel.out]\nclass = \"kafka\"\nkafka = {{ topic = \"{topic}\" }}\n",
        connection()
    ));
    let runtime = Runtime::start(&producer);
    for id in ids {
        send_when_open(&runtime, "/channel/out", id, "order");
    }
}

fn source(topic: &str, to: &str) -> String {
    format!(
        "{}[source.in]\ntype = \"kafka\"\ntopics = [\"{topic}\"]\ngroup = \"g-{topic}\"\nstart = \"earliest\"\nto = \"{to}\"\n",
        connection()
    )
}

fn a_record_wakes_a_function() {
    let topic = topic("source");
    produce(&topic, &["1", "2"]);
    let project = Project::new(&source(&topic, "broker/default"));
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    wait_until("both are delivered", || project.lines("delivered").len() == 2);
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    runtime.wait_zero("order");
    produce(&topic, &["3"]);
    wait_until("the third wakes it again", || project.lines("delivered").len() == 3);
}

fn a_source_straight_to_a_function() {
    let topic = topic("straight");
    produce(&topic, &["1"]);
    let project = Project::new(&source(&topic, "fn/order"));
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    wait_until("it is delivered", || project.lines("delivered") == ["1"]);
    assert!(runtime.stop().success());
    let again = Runtime::start(&project);
    produce(&topic, &["2"]);
    wait_until("the next is delivered", || project.lines("delivered").len() == 2);
    assert_eq!(project.lines("delivered"), ["1", "2"], "the first was committed");
    drop(again);
}

fn the_class_is_swapped() {
    let topic = topic("swap");
    let project = Project::new("");
    project.function("order", noting_script("", ""));
    for (number, class) in ["memory", "durable", "kafka"].into_iter().enumerate() {
        project.configure(&format!(
            "{}[broker.default]\nclass = \"{class}\"\nkafka = {{ topic = \"{topic}\" }}\n",
            connection()
        ));
        let runtime = Runtime::start(&project);
        let id = class.to_owned();
        send_when_open(&runtime, "/", &id, "order");
        let verdict = &runtime.verdicts(&id)["order"];
        assert_eq!(
            (&verdict["outcome"], &verdict["attempt_count"]),
            (&"delivered".into(), &1.into()),
            "{class}"
        );
        assert_eq!(project.lines("delivered").len(), number + 1);
        assert!(runtime.stop().success());
    }
}

fn not_again_after_a_restart() {
    let project = Project::new(&broker_on(&topic("again")));
    project.function("order", noting_script("", ""));
    for round in 0..3 {
        let runtime = Runtime::start(&project);
        let id = round.to_string();
        send_when_open(&runtime, "/", &id, "order");
        runtime.verdicts(&id);
        assert!(runtime.stop().success());
    }
    assert_eq!(project.lines("delivered"), ["0", "1", "2"]);
}

fn kills_of_the_runtime() {
    let config = format!("{}{}", broker_on(&topic("kill")), kill::CONFIG);
    kill::kills(&Project::new(&config), 20);
}

fn a_kill_of_kafka() {
    let kafka = kafka::own();
    let broker = "[broker.default]\nclass = \"kafka\"\n";
    let project = Project::new(&[connection_to(&kafka.bootstrap()).as_str(), broker].concat());
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    send_when_open(&runtime, "/", "before", "order");
    runtime.verdicts("before");
    kafka.kill9();
    let refused = runtime.post("/", "while-down", "order", "data");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    kafka.start();
    send_when_open(&runtime, "/", "after", "order");
    wait_until("deliveries go on", || project.counts("delivered").contains_key("after"));
    assert!(project.counts("delivered").contains_key("before"));
}

fn a_kafka_that_is_away() {
    let project = Project::new("[kafka]\nbrokers = [\"127.0.0.1:1\"]\n[broker.far]\nclass = \"kafka\"\n");
    project.function("order", noting_script("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    assert_eq!(runtime.verdicts("1")["order"]["outcome"], "delivered");
    let refused = runtime.post("/broker/far", "2", "order", "");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    wait_until("it is told", || {
        let ready = runtime.admin("GET", "/readyz").json();
        ready["degraded"] == true && ready["reasons"].to_string().contains("far")
    });
    wait_until("it is logged", || runtime.log().contains("trying again"));
}
