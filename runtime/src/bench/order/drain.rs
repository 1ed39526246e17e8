//! A backlog through a function that takes its time, beside a bare client with as many connections, and beside what the
//! times come to.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;

use super::work::Work;
use super::{Plan, SLOTS};
use crate::bench::channel::child::Role;
use crate::bench::channel::client::Client;
use crate::bench::channel::function_config;
use crate::bench::channel::seen::{seen, wait_for};
use crate::bench::compare::{Compared, Figure, Target};
use crate::bench::sample::Sample;
use crate::bench::scratch::Scratch;
use crate::process::Spawner;

/// What is asked for: nobody else's machine is ideal either.
const TARGET: Target = Target::Times(1.3);
/// One after the other takes a hundred times as long, so there are fewer.
const SERIAL_SHARE: usize = 20;
/// Connections over which a backlog comes in.
const PRODUCERS: usize = 16;
/// Where the function of a runtime forgets what it has seen, and tells it.
const ANEW: &str = "/fn/sink/anew";

/// A backlog for a trigger, and how it went.
struct Case {
    /// Its `ordering`, and its trigger's name.
    ordering: &'static str,
    target: Target,
    work: Arc<Work>,
    ideal: Duration,
    floor: Sample,
    ours: Sample,
}

/// The rows: each ordering beside a bare client, and beside the ideal.
pub(super) async fn measure(spawner: &Spawner, plan: Plan) -> anyhow::Result<Vec<Compared>> {
    let mut cases = cases(plan);
    let scratch = project(&cases)?;
    let answer = Role::start(spawner, &["bench".into(), "answer".into()], scratch.path()).await?;
    let runtime = Role::runtime(spawner, scratch.path()).await?;
    let mut delivered = 0;
    // The first round counts nothing: the function is started, connections are made.
    for round in 0..=plan.rounds {
        for case in &mut cases {
            let floor = bare(&answer, case).await?;
            let ours = drained(&runtime, case, &mut delivered).await?;
            if round > 0 {
                case.floor.add(floor);
                case.ours.add(ours);
            }
        }
    }
    runtime.stop().await;
    answer.stop().await;
    Ok(cases.iter().flat_map(Case::rows).collect())
}

fn cases(plan: Plan) -> Vec<Case> {
    let all = Arc::new(Work::new(plan.events, plan.keys));
    let few = Arc::new(all.first((plan.events / SERIAL_SHARE).max(1)));
    let case = |ordering, target, work: &Arc<Work>, ideal| Case {
        ordering,
        target,
        work: Arc::clone(work),
        ideal,
        floor: Sample::default(),
        ours: Sample::default(),
    };
    vec![
        case("none", TARGET, &all, all.side_by_side()),
        case("key", TARGET, &all, all.by_key()),
        case("partition", Target::None, &few, few.serial()),
    ]
}

fn project(cases: &[Case]) -> anyhow::Result<Scratch> {
    let scratch = Scratch::new("order")?;
    let mut config = function_config()?;
    for Case { ordering, .. } in cases {
        writeln!(config, "[trigger.{ordering}]\nto = \"fn/sink\"\nordering = \"{ordering}\"")?;
        writeln!(config, "filter = {{ exact = {{ type = \"bench.{ordering}\" }} }}")?;
    }
    scratch.write("runtime.toml", &config)?;
    Ok(scratch)
}

/// How long the function had to do with what a bare client sends it, in the order of the case as well as one can
/// without looking at keys.
async fn bare(answer: &Role, case: &Case) -> anyhow::Result<Duration> {
    seen(answer.address, "/anew").await?;
    let connections = if case.ordering == "partition" { 1 } else { SLOTS as usize };
    post(answer.address, case, connections).await?;
    busy(answer.address, "/anew").await
}

/// The same for what a trigger sends it that was paused until all of it was stored.
async fn drained(runtime: &Role, case: &Case, delivered: &mut usize) -> anyhow::Result<Duration> {
    let mut admin = Client::connect(runtime.admin.context("a runtime has an API")?).await?;
    let trigger = format!("/api/v1/triggers/{}", case.ordering);
    admin.wish(&format!("{trigger}/pause")).await?;
    post(runtime.address, case, PRODUCERS).await?;
    seen(runtime.address, ANEW).await?;
    admin.wish(&format!("{trigger}/resume")).await?;
    *delivered += case.work.pieces().len();
    wait_for(runtime, *delivered).await?;
    busy(runtime.address, ANEW).await
}

/// From the first event that came to the function to its last answer.
async fn busy(address: SocketAddr, path: &str) -> anyhow::Result<Duration> {
    let seen = seen(address, path).await?;
    let at = |key: &str| seen[key].as_u64().with_context(|| format!("it does not tell {key}"));
    Ok(Duration::from_micros(at("answered_us")?.saturating_sub(at("first_us")?)))
}

/// Posts all of a case; each connection takes the next that nobody took.
async fn post(address: SocketAddr, case: &Case, connections: usize) -> anyhow::Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let ty = format!("bench.{}", case.ordering);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (next, work, ty) = (Arc::clone(&next), Arc::clone(&case.work), ty.clone());
        tasks.spawn(async move {
            let mut client = Client::connect(address).await?;
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = work.pieces().get(id) else { return anyhow::Ok(()) };
                let more = [("ce-takesus", piece.takes_us), ("ce-partitionkey", piece.key)];
                let status = client.post_of(&ty, id, &more).await?;
                anyhow::ensure!(status.is_success(), "an event was answered with {status}");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

impl Case {
    fn rows(&self) -> [Compared; 2] {
        let ideal = self.ideal.as_secs_f64() * 1000.0;
        let row = |beside, floor| Compared {
            what: format!("ordering = {:?}, {} events", self.ordering, self.work.pieces().len()),
            unit: "ms",
            beside,
            floor,
            ours: Figure::times(&self.ours),
            target: self.target,
        };
        [
            row("as many connections, no order", Figure::times(&self.floor)),
            row("what the times come to", Figure { p50: ideal, p99: ideal }),
        ]
    }
}
