//! kill -9 of the runtime: every acknowledged event is delivered, and what comes twice is what was in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::kafka::send_when_open;
use crate::support::project::noting_server;
use crate::support::{Ends, Project, Runtime, group, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let tests: &[(&str, fn())] = &[
        ("a_kill_brings_back_what_was_in_flight_and_nothing_else", brings_back_what_was_in_flight),
        ("durable_loses_nothing_over_25_kills", || kills(&Project::new(CONFIG), 25)),
    ];
    group("kill -9 on durable", tests)
}

/// Few at a time, so that the bound on what comes twice means something.
pub(crate) const CONFIG: &str = "[function.order]\nconcurrency = 4\nmax = 1\n";
const IN_FLIGHT: usize = 4;

/// What the function answered, and a kill took before it was committed: the commit follows within milliseconds,
/// and two in a row (one under way, the next waiting for it) take less than two events, of 20 ms each, in each of
/// the four slots. It holds on average: one kill may find the machine busy.
const UNCOMMITTED: usize = 2 * IN_FLIGHT;

/// Enough to fill many commits: were one missing, a kill would bring back more than the bound.
const DELIVERED_PER_KILL: usize = 60;

fn brings_back_what_was_in_flight() {
    let project = Project::new(CONFIG);
    let hold = "        while self.headers[\"ce-id\"].startswith(\"hold\") and not os.path.exists(\"go\"): time.sleep(0.01)
        note(\"done\", \"done\")";
    project.function("order", noting_server("", hold));
    let ids = |name: &str, count: usize| (0..count).map(|n| format!("{name}-{n}")).collect::<Vec<_>>();
    let (done, held, queued) = (ids("done", 20), ids("hold", IN_FLIGHT), ids("queued", 10));

    let first = Runtime::start(&project);
    for id in &done {
        first.send(id, "order");
    }
    done.iter().for_each(|id| drop(first.verdicts(id)));
    assert!(first.stop().success(), "it commits before it ends");

    let second = Runtime::start(&project);
    held.iter().for_each(|id| second.send(id, "order"));
    wait_until("four are in flight", || project.lines("delivered").len() == done.len() + IN_FLIGHT);
    queued.iter().for_each(|id| second.send(id, "order"));
    wait_until("ten are queued", || second.function("order")["queued"] == queued.len());
    second.kill9();
    wait_until("the function ends with its runtime", || project.processes().is_empty());

    let third = Runtime::start(&project);
    project.write("go", "");
    let wanted = |id: &String| if held.contains(id) { 2 } else { 1 };
    let all = done.iter().chain(&held).chain(&queued);
    let wanted: BTreeMap<String, usize> = all.map(|id| (id.clone(), wanted(id))).collect();
    wait_until("all are handled", || project.lines("done").len() >= wanted.len());
    assert!(third.stop().success());
    assert_eq!(project.counts("delivered"), wanted);
}

/// Kills the runtime again and again while events come in, and holds what was acknowledged against what arrived.
pub(crate) fn kills(project: &Project, kills: usize) {
    // There is one process of the function in each life of the runtime.
    let note = "        note(\"%s %d\" % (self.headers[\"ce-id\"], os.getpid()), \"lives\")\n        time.sleep(0.02)";
    project.function("order", noting_server("", note));
    let load = Load::default();
    under_load(
        project,
        &load,
        (kills, "delivered", DELIVERED_PER_KILL),
        || {},
        |last| {
            // There may be nothing left to do for the last life.
            send_when_open(&last, "/", "last", "order");
            wait_until("the last is delivered", || project.counts("delivered").contains_key("last"));
            let acknowledged = load.acknowledged.lock().unwrap();
            wait_until("every acknowledged event is delivered", || {
                let delivered = project.counts("delivered");
                acknowledged.iter().all(|id| delivered.contains_key(id))
            });
            assert!(last.stop().success());
            assert_eq!(project.processes(), [0; 0], "no orphan is left");
        },
    );
    check_duplicates(project, kills, load.acknowledged.lock().unwrap().len());
}

/// Kills the runtime so many times under load, each time when a file has so many lines more; `killed` is called after each.
/// The last life is for `then`, when nobody sends any more.
pub(crate) fn under_load(
    project: &Project,
    load: &Load,
    (kills, file, lines): (usize, &str, usize),
    mut killed: impl FnMut(),
    then: impl FnOnce(Runtime<'_>),
) {
    std::thread::scope(|scope| {
        let over = Ends(&load.over);
        let producers: Vec<_> = (0..4).map(|number| scope.spawn(move || load.produce(number))).collect();
        let mut orphans = Vec::new();
        for _ in 0..kills {
            let runtime = live(project, load, &orphans);
            let enough = project.lines(file).len() + lines;
            wait_until("deliveries go on", || project.lines(file).len() >= enough);
            runtime.kill9();
            killed();
            orphans = project.processes();
        }
        let last = live(project, load, &orphans);
        drop(over);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        then(last);
    });
}

/// The next life of the runtime. It ends what the one before left running, and takes over the load.
fn live<'p>(project: &'p Project, load: &Load, orphans: &[u32]) -> Runtime<'p> {
    let runtime = Runtime::start(project);
    wait_until("the orphans are gone", || {
        let alive = project.processes();
        orphans.iter().all(|orphan| !alive.contains(orphan))
    });
    *load.address.lock().unwrap() = Some(runtime.listen);
    runtime
}

fn check_duplicates(project: &Project, kills: usize, acknowledged: usize) {
    let mut lives: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in project.lines("lives") {
        let (id, life) = line.split_once(' ').unwrap();
        if lives.last().is_none_or(|(last, _)| last != life) {
            lives.push((life.to_owned(), BTreeSet::new()));
        }
        let (_, delivered) = lives.last_mut().unwrap();
        assert!(delivered.insert(id.to_owned()), "{id} comes twice without a kill");
    }
    assert_eq!(lives.len(), kills + 1, "one process a life");
    let again = |pair: &[(String, BTreeSet<String>)]| pair[0].1.intersection(&pair[1].1).count();
    let twice: Vec<usize> = lives.windows(2).map(again).collect();
    let (sum, bound) = (twice.iter().sum::<usize>(), kills * (IN_FLIGHT + UNCOMMITTED));
    println!(
        "{kills} kills, {acknowledged} acknowledged: 0 lost, {sum} delivered twice (at most {bound}): {twice:?}"
    );
    assert!(sum <= bound, "{sum} > {bound}");
    let deliveries: usize = lives.iter().map(|(_, delivered)| delivered.len()).sum();
    let distinct: BTreeSet<&String> = lives.iter().flat_map(|(_, delivered)| delivered).collect();
    assert_eq!(deliveries - distinct.len(), sum, "what comes again comes right after the kill");
}

/// Producers that go on whatever happens to the runtime.
#[derive(Default)]
pub(crate) struct Load {
    address: Mutex<Option<SocketAddr>>,
    pub(crate) acknowledged: Mutex<BTreeSet<String>>,
    next: AtomicU64,
    over: AtomicBool,
}

impl Load {
    fn produce(&self, producer: usize) {
        let begin = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            assert!(begin.elapsed() < Duration::from_secs(600), "the kills take too long");
            // A little more than the function handles, so that its slots are full when the kill comes.
            std::thread::sleep(Duration::from_millis(15));
            let Some(address) = *self.address.lock().unwrap() else { continue };
            let id = format!("{producer}-{:06}", self.next.fetch_add(1, Ordering::Relaxed));
            // Not acknowledged is not promised: it may arrive all the same.
            if runtime::post(address, "/", &id, "order", "data").is_ok_and(|answer| answer.status == 202) {
                self.acknowledged.lock().unwrap().insert(id);
            }
        }
    }
}
