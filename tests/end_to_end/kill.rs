//! kill -9 of the runtime under load: every acknowledged event is delivered, and at most what was in flight comes
//! twice.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::support::project::noting_server;
use crate::support::{Project, Runtime, group, runtime, wait_until};

pub(crate) fn trials() -> Vec<Trial> {
    let tests: &[(&str, fn())] =
        &[("durable_loses_nothing_over_25_kills", || kills(&Project::new(CONFIG), 25))];
    group("kill -9 on durable", tests)
}

/// Few at a time, so that the bound on what comes twice means something.
pub(crate) const CONFIG: &str = "[function.order]\nconcurrency = 4\nmax = 1\n";

/// Deliveries that a commit may not have caught up with: it follows within 5 ms, and on a busy machine later.
const UNCOMMITTED: Duration = Duration::from_millis(250);

/// Kills the runtime again and again while events come in, and holds what was acknowledged against what arrived.
pub(crate) fn kills(project: &Project, kills: usize) {
    project.function(
        "order",
        noting_server("", "        note(repr(time.time()), \"times\")\n        time.sleep(0.002)"),
    );
    let load = Load::default();
    let mut killed_at = Vec::new();
    std::thread::scope(|scope| {
        let producers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn({
                    let load = &load;
                    move || load.produce(number)
                })
            })
            .collect();
        for _ in 0..kills {
            let runtime = Runtime::start(project);
            *load.address.lock().unwrap() = Some(runtime.listen);
            let before = project.lines("delivered").len();
            wait_until("deliveries go on", || project.lines("delivered").len() >= before + 20);
            killed_at.push(std::time::SystemTime::now());
            runtime.kill9();
        }
        let last = Runtime::start(project);
        *load.address.lock().unwrap() = Some(last.listen);
        load.over.store(true, Ordering::Relaxed);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        let acknowledged = load.acknowledged.lock().unwrap();
        wait_until("every acknowledged event is delivered", || {
            let delivered = project.counts("delivered");
            acknowledged.iter().all(|id| delivered.contains_key(id))
        });
        wait_until("the orphans are gone", || {
            last.function("order")["instances"] != 0 || project.processes().len() <= 2
        });
    });
    check_duplicates(project, &killed_at, load.acknowledged.lock().unwrap().len());
}

fn check_duplicates(project: &Project, killed_at: &[std::time::SystemTime], acknowledged: usize) {
    let duplicates: usize = project.counts("delivered").values().map(|count| count - 1).sum();
    let times: Vec<f64> = project.lines("times").iter().filter_map(|time| time.parse().ok()).collect();
    let seconds =
        |time: &std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let in_flight = |kill: &std::time::SystemTime| {
        let (from, to) = (seconds(kill) - UNCOMMITTED.as_secs_f64(), seconds(kill) + 0.5);
        times.iter().filter(|time| (from..to).contains(*time)).count() + 4
    };
    let bound: usize = killed_at.iter().map(in_flight).sum();
    println!(
        "{} kills, {acknowledged} acknowledged: 0 lost, {duplicates} delivered twice (in flight at the kills: at most {bound})",
        killed_at.len()
    );
    assert!(duplicates <= bound, "{duplicates} > {bound}");
}

/// Producers that go on whatever happens to the runtime.
#[derive(Default)]
struct Load {
    address: Mutex<Option<SocketAddr>>,
    acknowledged: Mutex<BTreeSet<String>>,
    next: AtomicU64,
    over: AtomicBool,
}

impl Load {
    fn produce(&self, producer: usize) {
        let begin = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            assert!(begin.elapsed() < Duration::from_secs(600), "the kills take too long");
            let Some(address) = *self.address.lock().unwrap() else { continue };
            let id = format!("{producer}-{}", self.next.fetch_add(1, Ordering::Relaxed));
            match runtime::post(address, "/", &id, "order", "data") {
                Ok(answer) if answer.status == 202 => drop(self.acknowledged.lock().unwrap().insert(id)),
                // Not acknowledged, so not promised: it may arrive all the same.
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
