//! How long an event is under way to a function that is fast, alone and beside triggers whose functions are slow.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;

use super::Plan;
use crate::bench::channel::child::Role;
use crate::bench::channel::client::{DRIP, DRIP_PAUSE, drip};
use crate::bench::channel::function_config;
use crate::bench::channel::seen::{seen, wait_for};
use crate::bench::compare::{Compared, Figure, Target};
use crate::bench::sample::Sample;
use crate::bench::scratch::Scratch;
use crate::process::Spawner;

/// What is asked for: others do not delay it.
const TARGET: Target = Target::Times(1.1);
/// Events before anything counts.
const WARM_UP: usize = 50;
const ANEW: &str = "/fn/sink/anew";

/// A runtime, and the times of each round.
struct Case {
    runtime: Role,
    delivered: usize,
    p50: Sample,
    p99: Sample,
    _scratch: Scratch,
}

/// The rows: the median of each round, and its worst but for one in a hundred.
pub(super) async fn measure(spawner: &Spawner, plan: Plan) -> anyhow::Result<Vec<Compared>> {
    let mut alone = Case::start(spawner, 0).await?;
    let mut beside = Case::start(spawner, plan.slow).await?;
    for _ in 0..plan.rounds {
        alone.round().await?;
        beside.round().await?;
    }
    let row = |what: &str, floor, ours, target| Compared {
        what: format!("sent to delivered, {what}"),
        unit: "ms",
        beside: "the same trigger alone",
        floor: Figure::times(floor),
        ours: Figure::times(ours),
        target,
    };
    let rows = vec![
        row("p50 of each round", &alone.p50, &beside.p50, TARGET),
        row("p99 of each round", &alone.p99, &beside.p99, Target::None),
    ];
    alone.runtime.stop().await;
    beside.runtime.stop().await;
    Ok(rows)
}

impl Case {
    /// A runtime with one fast trigger and so many slow ones, which want every event.
    async fn start(spawner: &Spawner, slow: usize) -> anyhow::Result<Self> {
        let scratch = Scratch::new(&format!("beside-{slow}"))?;
        let mut config = function_config()? + "on = { type = \"bench.hit\" }\n";
        for number in 0..slow {
            let exe = std::env::current_exe()?;
            writeln!(config, "[function.slow{number}]\nexec = {exe:?}\nmax = 1\nconcurrency = 1")?;
            writeln!(config, "args = [\"bench\", \"answer\", \"--takes-ms\", \"1000\"]\nidle = \"10m\"")?;
            writeln!(config, "on = {{ type = \"bench.*\" }}")?;
        }
        scratch.write("runtime.toml", &config)?;
        let runtime = Role::runtime(spawner, scratch.path()).await?;
        let (p50, p99) = (Sample::default(), Sample::default());
        let mut case = Self { runtime, delivered: 0, p50, p99, _scratch: scratch };
        case.send(WARM_UP).await?;
        Ok(case)
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        seen(self.runtime.address, ANEW).await?;
        self.send(DRIP).await?;
        let seen = seen(self.runtime.address, ANEW).await?;
        let time = |key: &str| seen[key].as_u64().map(Duration::from_micros).context("it tells its times");
        self.p50.add(time("p50_us")?);
        self.p99.add(time("p99_us")?);
        Ok(())
    }

    async fn send(&mut self, events: usize) -> anyhow::Result<()> {
        drip(self.runtime.address, events, DRIP_PAUSE).await?;
        self.delivered += events;
        wait_for(&self.runtime, self.delivered).await
    }
}
