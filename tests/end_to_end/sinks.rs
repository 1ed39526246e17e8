//! Sinks: topics that are only written to, by whoever sends and by whoever delivers.

use libtest_mimic::Trial;

use crate::kafka::{connection, connection_to, send_when_open, topic};
use crate::support::project::noting_script;
use crate::support::{Project, Runtime, group_needing, http, kafka, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group_needing(
        "sinks",
        kafka::missing(),
        &[
            ("an_event_for_a_sink_is_on_its_topic_in_either_mode", on_its_topic),
            ("a_trigger_delivers_to_a_sink", a_trigger_to_a_sink),
            ("a_sink_takes_only_events_and_only_some_size", only_events),
            ("a_sink_refuses_while_its_kafka_is_away", while_kafka_is_away),
            ("what_is_delivered_to_a_sink_that_is_not_open_yet_waits_for_it", not_open_yet),
        ],
    )
}

fn sink(name: &str, topic: &str, more: &str) -> String {
    format!("[sink.{name}]\ntype = \"kafka\"\ntopic = \"{topic}\"\n{more}")
}

/// Reads topics back into a function that notes the ids.
fn back(topics: &[&str]) -> String {
    let (group, topics) = (topics[0], topics.join("\", \""));
    format!(
        "[source.back]\ntype = \"kafka\"\ntopics = [\"{topics}\"]\ngroup = \"g-{group}\"\nstart = \"earliest\"\nto = \"fn/note\"\n"
    )
}

fn on_its_topic() {
    let (json, plain) = (topic("json"), topic("plain"));
    let config = [
        connection(),
        sink("json", &json, ""),
        sink("plain", &plain, "content_mode = \"binary\"\n"),
        back(&[&json, &plain]),
    ];
    let project = Project::new(&config.concat());
    project.function("note", noting_script("", "echo \"$CE_TYPE $(cat)\" >> data"));
    let runtime = Runtime::start(&project);
    send_when_open(&runtime, "/sink/json", "1", "a");
    send_when_open(&runtime, "/sink/plain", "2", "b");
    wait_until("both came by their topics", || project.lines("data").len() == 2);
    assert_eq!(project.counts("delivered"), [("1".to_owned(), 1), ("2".to_owned(), 1)].into());
    assert_eq!(project.counts("data"), [("a data".to_owned(), 1), ("b data".to_owned(), 1)].into());
}

fn a_trigger_to_a_sink() {
    let topic = topic("audit");
    let trigger = "[trigger.audit]\nto = \"sink/audit\"\nfilter = { exact = { type = \"order\" } }\n";
    let config = [connection(), sink("audit", &topic, ""), back(&[&topic]), trigger.to_owned()];
    let project = Project::new(&config.concat());
    project.function("note", noting_script("", ""));
    let runtime = Runtime::start(&project);
    runtime.send("1", "order");
    runtime.send("other", "invoice");
    let verdict = &runtime.verdicts("1")["audit"];
    assert_eq!((&verdict["outcome"], &verdict["to"]), (&"delivered".into(), &"sink/audit".into()));
    wait_until("it came by its topic", || project.lines("delivered") == ["1"]);
}

fn only_events() {
    let project = Project::new(&[connection(), sink("out", &topic("rules"), "")].concat());
    let runtime = Runtime::start(&project);
    send_when_open(&runtime, "/sink/out", "1", "a");
    let text = [("content-type", "text/plain")];
    let no_event = http::request(runtime.listen, "POST", "/sink/out", &text, b"hello").unwrap();
    assert_eq!(no_event.status, 400, "{}", no_event.body);
    let too_large = runtime.post("/sink/out", "2", "a", &"x".repeat((1 << 20) + 1));
    assert_eq!(too_large.status, 413, "{}", too_large.body);
    assert_eq!(runtime.post("/sink/none", "3", "a", "").status, 404);
    assert!(runtime.stop().success());
}

fn while_kafka_is_away() {
    let kafka = kafka::own();
    let project = Project::new(&[connection_to(&kafka.bootstrap()), sink("out", "away", "")].concat());
    let runtime = Runtime::start(&project);
    send_when_open(&runtime, "/sink/out", "before", "a");
    kafka.kill9();
    let refused = runtime.post("/sink/out", "while-down", "a", "data");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    kafka.start();
    send_when_open(&runtime, "/sink/out", "after", "a");
}

/// The append ended the task that was to open the channel, and the event waited for ever.
fn not_open_yet() {
    let trigger = "[trigger.audit]\nto = \"sink/out\"\n".to_owned();
    let kafka = kafka::own();
    let config = [connection_to(&kafka.bootstrap()), sink("out", "late", ""), trigger];
    let project = Project::new(&config.concat());
    kafka.kill9();
    let runtime = Runtime::start(&project);
    runtime.send("1", "a");
    runtime.send("2", "a");
    wait_until("the sink cannot be opened", || runtime.log().contains("trying again"));
    kafka.start();
    for id in ["1", "2"] {
        assert_eq!(runtime.verdicts(id)["audit"]["outcome"], "delivered", "{id}");
    }
}
