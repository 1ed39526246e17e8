//! One soak: a project, its producers, and the lives of its runtime.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::figures::{Figures, NOTES, delivered, length};
use crate::kafka_kills;
use crate::load::{Load, PRODUCERS};
use crate::order;
use crate::support::project::noting_server;
use crate::support::{Ends, Project, Runtime, kafka, wait_until};

/// The shortest life of a runtime, and how much longer the longest is.
const LIFE: Duration = Duration::from_secs(3);
const LIFE_MORE_MS: u64 = 3_000;
/// How often the producers hear of what was delivered.
const LOOK: Duration = Duration::from_millis(200);
/// Without a delivery for as long, nothing more is coming.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A broker of class durable.
    Durable,
    /// A broker of class kafka.
    Kafka,
    /// A sink, its topic as a source, and a durable broker behind that.
    Source,
    /// A broker of class durable, whose trigger has the events of each key in order.
    Order,
    /// The same of class kafka.
    OrderKafka,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Kafka => "kafka",
            Self::Source => "source",
            Self::Order => "order",
            Self::OrderKafka => "order-kafka",
        }
    }

    pub(crate) fn needs_kafka(self) -> bool {
        !matches!(self, Self::Durable | Self::Order)
    }

    pub(crate) fn is_ordered(self) -> bool {
        matches!(self, Self::Order | Self::OrderKafka)
    }

    /// What may be under way in the function.
    pub(crate) fn in_flight(self) -> usize {
        if self.is_ordered() { 16 } else { 4 }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Durable | Self::Kafka | Self::Order | Self::OrderKafka => "/",
            Self::Source => "/sink/in",
        }
    }

    /// What the function does with an event, in Python.
    fn function(self) -> String {
        if self.is_ordered() {
            return order::function();
        }
        format!(
            "        note(\"%s %d 200\" % (self.headers[\"ce-id\"], os.getpid()), \"{NOTES}\")\n        time.sleep(0.02)"
        )
    }

    fn config(self) -> String {
        let function = format!("[function.order]\nconcurrency = {}\nmax = 1\n", self.in_flight());
        let connection = || format!("[kafka]\nbrokers = [\"{}\"]\n", kafka::bootstrap());
        let ordered = || {
            "[trigger.order]\nto = \"fn/order\"\nordering = \"key\"\n\
             delivery = { retry = 8, backoff = \"linear\", delay = \"10ms\" }\n"
        };
        match self {
            Self::Durable => function,
            Self::Order => format!("{function}{}", ordered()),
            Self::OrderKafka => {
                format!("{}[broker.default]\nclass = \"kafka\"\n{function}{}", connection(), ordered())
            }
            Self::Kafka => format!("{}[broker.default]\nclass = \"kafka\"\n{function}", connection()),
            Self::Source => format!(
                "{}[sink.in]\ntype = \"kafka\"\ntopic = \"soak\"\n[source.in]\ntype = \"kafka\"\ntopics = [\"soak\"]\n\
                 start = \"earliest\"\nto = \"broker/default\"\n{function}",
                connection()
            ),
        }
    }
}

/// Whether it passed.
pub(crate) fn run(kind: Kind, lasts: Duration) -> bool {
    let project = Project::new(&kind.config());
    project.function("order", noting_server("", &kind.function()));
    let (load, outages) = (Load::new(kind.path()), Mutex::default());
    let mut kills = 0;
    std::thread::scope(|scope| {
        let (load, project, outages) = (&load, &project, &outages);
        let over = Ends(&load.over);
        let mut threads: Vec<_> = (0..PRODUCERS).map(|n| scope.spawn(move || load.produce(n))).collect();
        if kind.needs_kafka() {
            threads.push(scope.spawn(|| kafka_kills::kill_again_and_again(project, &load.over, outages)));
        }
        kills = lives(project, load, lasts);
        let last = live(project, load);
        drop(over);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        wait_for_the_rest(project, load);
        assert!(last.stop().success());
    });
    let figures =
        Figures::new(kind, &project, &load.acknowledged.lock().unwrap(), kills, &outages.lock().unwrap());
    figures.print(kind);
    figures.passed(kind)
}

/// Starts the runtime and kills it, until the time is over. Gives how often.
fn lives(project: &Project, load: &Load, lasts: Duration) -> usize {
    let begin = Instant::now();
    let mut kills = 0;
    while begin.elapsed() < lasts {
        let runtime = live(project, load);
        // Lives of many lengths, the same ones in every run.
        let more = Duration::from_millis((kills as u64 * 1_117) % LIFE_MORE_MS);
        let end = Instant::now() + LIFE + more;
        while Instant::now() < end {
            std::thread::sleep(LOOK);
            load.delivered.store(project.lines(NOTES).len(), Ordering::Relaxed);
        }
        runtime.kill9();
        kills += 1;
    }
    kills
}

/// The next life of the runtime. It ends what the one before left running, and takes over the load.
fn live<'p>(project: &'p Project, load: &Load) -> Runtime<'p> {
    let orphans = project.processes();
    let runtime = Runtime::start(project);
    wait_until("the orphans are gone", || {
        let alive = project.processes();
        orphans.iter().all(|orphan| !alive.contains(orphan))
    });
    *load.address.lock().unwrap() = Some(runtime.listen);
    runtime
}

/// Waits until every acknowledged event is delivered, or nothing comes any more.
fn wait_for_the_rest(project: &Project, load: &Load) {
    let acknowledged = load.acknowledged.lock().unwrap();
    let (mut known, mut since) = (length(project), Instant::now());
    while !acknowledged.is_subset(&delivered(project)) && since.elapsed() < PATIENCE {
        std::thread::sleep(LOOK);
        if length(project) != known {
            (known, since) = (length(project), Instant::now());
        }
    }
}
