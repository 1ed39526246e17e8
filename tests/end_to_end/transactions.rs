//! What comes of an event is stored in Kafka once, however often hydrant is killed, where the channel says so.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::kafka::{connection, topic};
use crate::kill::{Load, under_load};
use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group_needing, kafka, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group_needing(
        "transactions",
        kafka::missing(),
        &[("a_reply_is_in_its_topic_once_over_kills", once_over_kills)],
    )
}

const KILLS: usize = 20;
/// With some 20 ms for each, in eight slots: enough for many transactions in each life.
const ANSWERED_PER_KILL: usize = 80;
const LAST: &str = "last";

/// Each event is answered into its own topic, and passed on into another.
const FLOWS: &str = "
[function.order]
concurrency = 8
max = 1
[trigger.copy]
to = \"channel/copies\"
filter = { exact = { type = \"order\" } }
";

/// Under an id of its own, which is the same whenever it answers this event.
const ANSWERS: &str = r#"        time.sleep(0.02)
        note(self.headers["ce-id"], "answered")
        self.send_response(200)
        for name, value in [("specversion", "1.0"), ("id", "reply-" + self.headers["ce-id"]), ("source", "/order"), ("type", "billed")]:
            self.send_header("ce-" + name, value)
        self.send_header("content-length", "0")
        self.end_headers()
        return"#;

fn once_over_kills() {
    let topics = [topic("answers"), topic("copies")];
    let [answers, copies] = &topics;
    let project = Project::new(&format!(
        "{}[broker.default]\nclass = \"kafka\"\nkafka = {{ topic = \"{answers}\", transactions = true }}\n\
         [channel.copies]\nclass = \"kafka\"\nkafka = {{ topic = \"{copies}\" }}\n{FLOWS}",
        connection()
    ));
    project.function("order", noting_server("on = { type = \"order\" }", ANSWERS));
    let acknowledged = kill_under_load(&project);
    let counts = read(&topics, &acknowledged);
    let answered = project.lines("answered");
    let again = answered.len() - project.counts("answered").len();
    let twice: Vec<_> = counts.iter().filter(|(_, times)| **times > 1).collect();
    println!(
        "{KILLS} kills, {} events: {again} were answered twice, {} records are there twice",
        acknowledged.len(),
        twice.len()
    );
    assert!(twice.is_empty(), "there more than once: {twice:?}");
}

/// What was acknowledged meanwhile, of which all that comes is stored at the end.
fn kill_under_load(project: &Project) -> Vec<String> {
    let load = Load::default();
    under_load(
        project,
        &load,
        (KILLS, "answered", ANSWERED_PER_KILL),
        || {},
        |last| {
            wait_until("all are answered", || {
                let answered = project.counts("answered");
                load.acknowledged.lock().unwrap().iter().all(|id| answered.contains_key(id))
            });
            // Behind all others in the topics.
            last.send(LAST, "order");
            last.verdicts(LAST);
            assert!(last.stop().success());
        },
    );
    load.acknowledged.lock().unwrap().insert(LAST.to_owned());
    load.acknowledged.into_inner().unwrap().into_iter().collect()
}

/// How often each reply and each copy is there for who reads only what is committed; a runtime that nobody kills has each
/// record once.
fn read(topics: &[String; 2], acknowledged: &[String]) -> BTreeMap<String, usize> {
    let [answers, copies] = topics;
    let reader = Project::new(&format!(
        "{}[source.answers]\ntype = \"kafka\"\ntopics = [\"{answers}\"]\ngroup = \"reads-{answers}\"\nstart = \"earliest\"\nto = \"fn/read\"\n\
         [source.copies]\ntype = \"kafka\"\ntopics = [\"{copies}\"]\ngroup = \"reads-{copies}\"\nstart = \"earliest\"\nextensions = {{ copied = \"yes\" }}\nto = \"fn/read\"\n",
        connection()
    ));
    let note = "        note((\"copy-\" if self.headers[\"ce-copied\"] else \"\") + self.headers[\"ce-id\"], \"read\")";
    reader.function("read", noting_server("", note));
    let runtime = Runtime::start(&reader);
    let stored = || {
        let read = reader.counts("read");
        let here = |id: String| read.contains_key(&id);
        acknowledged.iter().all(|id| here(format!("reply-{id}")) && here(format!("copy-{id}")))
    };
    wait_until("a reply and a copy of each event is there", stored);
    runtime.wait_zero("read");
    let mut counts = reader.counts("read");
    // The events themselves are in a topic, too.
    counts.retain(|id, _| id.starts_with("reply-") || id.starts_with("copy-"));
    assert!(runtime.stop().success());
    counts
}
