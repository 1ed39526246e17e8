//! Several runtimes of one configuration share a topic: one joins, leaves or is killed, and the others take over.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::kafka::{connection, topic};
use crate::support::project::noting_server;
use crate::support::{Ends, Project, Runtime, group_needing, http, kafka, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    group_needing(
        "kafka, shared",
        kafka::missing(),
        &[
            ("runtimes_share_a_topic_and_take_over_from_one_another", share_and_take_over),
            ("the_order_of_a_key_survives_every_move", order_survives),
            ("two_runtimes_that_each_think_to_be_alone_are_told_contrib_4577", two_alone),
        ],
    )
}

const PARTITIONS: usize = 6;
/// What a runtime has in flight at most, and what may be answered and not committed yet when it is killed: the two
/// commits that may be under way and waiting, as on durable.
const IN_FLIGHT: usize = 4;
const TWICE_PER_KILL: usize = 3 * IN_FLIGHT;
/// Enough that each of three runtimes has some.
const SHARE: usize = 40;

/// A runtime's folder; all note what they deliver in one file.
fn member(topic: &str, shared: &Project, trigger: &str) -> Project {
    let project = Project::new(&format!(
        "{}mode = \"group\"\n[broker.default]\nclass = \"kafka\"\npartitions = {PARTITIONS}\n\
         kafka = {{ topic = \"{topic}\" }}\n[function.order]\nconcurrency = {IN_FLIGHT}\nmax = 1\n{trigger}",
        connection()
    ));
    let all = shared.file("all");
    let note = format!(
        "        note(self.headers[\"ce-id\"], {:?})\n        time.sleep(0.02)",
        all.display().to_string()
    );
    project.function("order", noting_server("", &note));
    project
}

/// Whoever produces, and goes on whatever happens to the others.
#[derive(Default)]
struct Load {
    acknowledged: Mutex<BTreeSet<String>>,
    over: AtomicBool,
}

impl Load {
    /// Sends to one runtime; several keys, each with ascending numbers.
    fn produce(&self, address: SocketAddr, keys: std::ops::Range<usize>) {
        let begin = Instant::now();
        for number in 0.. {
            for key in keys.clone() {
                if self.over.load(Ordering::Relaxed) {
                    return;
                }
                assert!(begin.elapsed() < Duration::from_secs(300), "the moves take too long");
                std::thread::sleep(Duration::from_millis(8));
                let id = format!("k{key}-{number}");
                // Who is refused sends it again: the order of a key is that of what was taken.
                while !send(address, &id, key) {
                    std::thread::sleep(Duration::from_millis(50));
                }
                self.acknowledged.lock().unwrap().insert(id);
            }
        }
    }
}

fn send(address: SocketAddr, id: &str, key: usize) -> bool {
    let key = format!("k{key}");
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "/test"),
        ("ce-type", "order"),
        ("ce-partitionkey", &*key),
    ];
    http::request(address, "POST", "/", &headers, b"data").is_ok_and(|answer| answer.status == 202)
}

/// All that three runtimes went through, and what was delivered meanwhile.
struct Story {
    shared: Project,
    /// How much was delivered when the kill came; nothing comes twice before.
    before_kill: usize,
}

impl Story {
    fn tell(name: &str, trigger: &str) -> Self {
        let topic = topic(name);
        let shared = Project::new("");
        let projects = [0, 1, 2].map(|_| member(&topic, &shared, trigger));
        let load = Load::default();
        let before_kill = std::thread::scope(|scope| act(scope, &load, &projects, &shared));
        Self { shared, before_kill }
    }
}

/// One joins, one leaves and comes back, one is killed and comes back, while events come in through the third.
fn act<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    load: &'s Load,
    [first, second, third]: &[Project; 3],
    shared: &Project,
) -> usize {
    let over = Ends(&load.over);
    let stays = Runtime::start(first);
    wait_until("it takes events", || send(stays.listen, "first", 0));
    let address = stays.listen;
    let producers = [0..8, 8..16].map(|keys| scope.spawn(move || load.produce(address, keys)));
    let (killed, leaves) = (Runtime::start(second), Runtime::start(third));
    [first, second, third].into_iter().for_each(wait_for_a_share);

    let left = Instant::now();
    assert!(leaves.stop().success());
    wait_for_all_of(load, shared);
    println!("a runtime left: all that was sent was delivered {:?} after it was asked to", left.elapsed());
    let joined = Runtime::start(third);
    wait_for_a_share(third);

    let before_kill = shared.lines("all").len();
    let died = Instant::now();
    killed.kill9();
    wait_for_all_of(load, shared);
    println!("a runtime was killed: all that was sent was delivered {:?} after it", died.elapsed());
    let back = Runtime::start(second);
    wait_for_a_share(second);

    drop(over);
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    wait_for_all_of(load, shared);
    for runtime in [stays, back, joined] {
        assert!(runtime.stop().success());
    }
    before_kill
}

fn wait_for_a_share(project: &Project) {
    let enough = project.lines("delivered").len() + SHARE;
    wait_until("it has its share", || project.lines("delivered").len() >= enough);
}

/// Enough more events come to reach every partition, and all that were acknowledged by then are delivered, whoever had
/// them.
fn wait_for_all_of(load: &Load, shared: &Project) {
    let sent = || load.acknowledged.lock().unwrap().clone();
    let enough = sent().len() + if load.over.load(Ordering::Relaxed) { 0 } else { SHARE };
    wait_until("more is sent", || sent().len() >= enough);
    let sent = sent();
    wait_until("all that was sent is delivered", || delivered(shared).is_superset(&sent));
}

fn delivered(shared: &Project) -> BTreeSet<String> {
    shared.lines("all").into_iter().collect()
}

/// EKB#2201, #3767: what was delivered is not delivered anew when members come and go; dapr#8796: what waits when
/// its partition moves is delivered by the next.
fn share_and_take_over() {
    let story = Story::tell("shared", "");
    let lines = story.shared.lines("all");
    let (before, after) = lines.split_at(story.before_kill);
    let distinct: BTreeSet<&String> = before.iter().collect();
    assert_eq!(before.len(), distinct.len(), "joining and leaving deliver nothing twice");
    let all: BTreeSet<&String> = lines.iter().collect();
    let twice = lines.len() - all.len();
    println!(
        "{} delivered, {twice} of them twice (at most {TWICE_PER_KILL}), {} after the kill",
        all.len(),
        after.len()
    );
    assert!(twice <= TWICE_PER_KILL, "{twice}");
}

fn order_survives() {
    let story = Story::tell("ordered", "[trigger.order]\nto = \"fn/order\"\nordering = \"key\"\n");
    let mut last = BTreeMap::<String, u64>::new();
    for (at, id) in story.shared.lines("all").into_iter().enumerate() {
        let Some((key, number)) = id.split_once('-') else { continue };
        let number: u64 = number.parse().unwrap();
        let next = last.get(key).map_or(0, |last| last + 1);
        // A kill brings back what was in flight: never what comes after something that is missing.
        assert!(number <= next, "{id} came and {key}-{next} had not");
        assert!(number == next || at >= story.before_kill, "{id} came again without a kill");
        last.insert(key.to_owned(), next.max(number + 1) - 1);
    }
}

/// Alone by default, and twice on one topic.
fn two_alone() {
    let topic = topic("alone");
    let projects: [Project; 2] = [0, 1].map(|_| {
        let project = Project::new(&format!(
            "{}[broker.default]\nclass = \"kafka\"\nkafka = {{ topic = \"{topic}\" }}\n",
            connection()
        ));
        project.function("order", noting_server("", ""));
        project
    });
    let runtimes = projects.each_ref().map(Runtime::start);
    let told = |runtime: &Runtime<'_>| {
        let ready = runtime.admin("GET", "/readyz").json();
        ready["reasons"].to_string().contains("another runtime")
    };
    let mut number = 0;
    wait_until("one of the two is told", || {
        number += 1;
        send(runtimes[0].listen, &number.to_string(), 0);
        runtimes.iter().any(told)
    });
    let stopped = runtimes.iter().position(told).unwrap();
    assert!(
        runtimes[stopped].log().contains("set mode = \\\"group\\\" in both")
            || runtimes[stopped].log().contains("set mode = \"group\" in both")
    );
    let other: &PathBuf = &projects[1 - stopped].file("delivered");
    wait_until("the other goes on", || {
        number += 1;
        send(runtimes[1 - stopped].listen, &number.to_string(), 0);
        std::fs::read_to_string(other).is_ok_and(|text| text.lines().any(|id| id == number.to_string()))
    });
}
