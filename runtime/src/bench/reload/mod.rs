//! From a save to the first answer of the program that was saved, and many saves one after the other while calls and
//! events come in: none of them fails or is lost.
//!
//! [`save`] puts new versions in place; [`load`] sends, and counts.

mod load;
mod save;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use serde_json::Value;

use self::load::{Count, Load};
use self::save::{Saves, Way};
use super::channel::child::{PATIENCE, Role};
use super::channel::client::Client;
use super::cold::PAUSE;
use super::cold::floor;
use super::cold::subject::{self, Door};
use super::compare::{self, Compared, Figure, Target};
use super::sample::Sample;
use super::scratch::Scratch;
use crate::process::Spawner;

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Saves under load.
    pub(crate) saves: usize,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Compared>,
    count: Count,
}

/// Rounds before the first that counts.
const WARM_UP: usize = 3;
const FUNCTION: &str = "live";
const CONFIG: &str = "[runtime]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n[watch]\nenabled = true\n\
    [function.live]\nargs = [\"fd\"]\nmax = 1\nidle = \"10m\"\non = { type = \"bench.hit\" }\n";

/// Each way in turn, beside a cold start of the same program; then the saves under load.
pub(crate) async fn measure(plan: &Plan) -> anyhow::Result<Report> {
    let spawner = Spawner::start(None)?;
    let scratch = Scratch::new("reload")?;
    let program = subject::rust(scratch.path()).await?.program;
    let mut saves = Saves::of(&program, scratch.path())?;
    saves.save(Way::Rename)?;
    scratch.write("runtime.toml", CONFIG)?;
    let runtime = Role::runtime(&spawner, scratch.path()).await?;
    let rows = one_by_one(plan.rounds, &program, &mut saves, &runtime).await?;
    let load = Load::start(&runtime, scratch.path()).await?;
    let mut client = Client::connect(runtime.address).await?;
    let (mut under_load, mut asked) = (Sample::default(), 0);
    for number in 0..plan.saves {
        let way = if number % 2 == 0 { Way::Rename } else { Way::Link };
        let answered = until_answered(&mut client, saves.save(way)?, Instant::now()).await?;
        under_load.add(answered.took);
        asked += answered.calls;
    }
    let count = load.end(&runtime, under_load, asked).await?;
    runtime.stop().await;
    Ok(Report { rows, count })
}

/// What was measured of one way to save.
#[derive(Default)]
struct Measured {
    whole: Sample,
    /// Without the cold start of the same program, as the floor did it just before.
    without_start: Sample,
}

async fn one_by_one(
    rounds: usize,
    program: &std::path::Path,
    saves: &mut Saves,
    runtime: &Role,
) -> anyhow::Result<Vec<Compared>> {
    let mut client = Client::connect(runtime.address).await?;
    let mut cold = Sample::default();
    let mut ways = [(Way::Rename, Measured::default()), (Way::Link, Measured::default())];
    for round in 0..WARM_UP + rounds {
        for (way, measured) in &mut ways {
            tokio::time::sleep(PAUSE).await;
            let of_program = program.to_owned();
            let start = tokio::task::spawn_blocking(move || floor::round(&of_program, Door::Given)).await??;
            tokio::time::sleep(PAUSE).await;
            let saved = saves.save(*way)?;
            let took = until_answered(&mut client, saved, Instant::now()).await?.took;
            if round >= WARM_UP {
                cold.add(start);
                measured.whole.add(took);
                measured.without_start.add(took.saturating_sub(start));
            }
        }
    }
    Ok(ways.iter().flat_map(|(way, measured)| rows(*way, measured, &cold)).collect())
}

fn rows(way: Way, measured: &Measured, cold: &Sample) -> [Compared; 2] {
    let row = |what: &str, ours: &Sample, target| Compared {
        what: format!("{}: {what}", way.name()),
        unit: "ms",
        beside: "a cold start by posix_spawn",
        floor: Figure::times(cold),
        ours: Figure::times(ours),
        target,
    };
    [
        row("save to first answer of the new", &measured.whole, Target::None),
        row("the same, less the cold start", &measured.without_start, Target::Within(5.0)),
    ]
}

/// When the new version answered, and how often it was called.
struct Answered {
    took: Duration,
    calls: usize,
}

/// Calls again and again until the new version answers. No call may fail meanwhile.
async fn until_answered(client: &mut Client, version: Bytes, saved: Instant) -> anyhow::Result<Answered> {
    let path = format!("/fn/{FUNCTION}");
    for calls in 1.. {
        let (status, body) = client.ask(&path).await.context("a call broke")?;
        let took = saved.elapsed();
        ensure!(status.is_success(), "a call was answered with {status}: {}", String::from_utf8_lossy(&body));
        if body == version {
            return Ok(Answered { took, calls });
        }
        ensure!(took < PATIENCE, "the new version does not answer within {PATIENCE:?}");
    }
    bail!("it was called too often")
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let mut all = compare::json("reload", &self.rows);
        all["under_load"] = self.count.json();
        all
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        compare::text("a function that is saved", &self.rows) + &self.count.text()
    }
}
