//! How long a record on Kafka takes to its function, beside a bare consumer that reads the same records.

use std::fs;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, bail};
use tokio::time::MissedTickBehavior;

use super::child::{PATIENCE, Role};
use super::client::{DRIP, DRIP_PAUSE};
use super::seen::{seen, wait_for};
use super::{Figure, drain, micros_now};
use crate::bench::scratch::Scratch;
use crate::channel::{BareConsumer, Channel};
use crate::process::Spawner;

/// The figures: a start with one record waiting, then a steady stream.
pub(super) async fn measure(spawner: &Spawner, brokers: &str, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let (mut bare_first, mut connection, mut first, mut beyond) =
        <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    let (mut bare, mut ours) = (Delays::default(), Delays::default());
    for round in 0..rounds {
        let topic = format!("hydrant-bench-{}-{round}-delay", std::process::id());
        let channel = drain::open(brokers, &topic).await?;
        channel.append(super::event(0)?).await?;
        let begin = Instant::now();
        let reading = BareConsumer::start(brokers, &topic).await?;
        let connected = micros(begin.elapsed());
        connection.push(millis(connected));
        next(&reading).await?;
        bare_first.push(millis(micros(begin.elapsed())));
        let scratch = Scratch::new("delay")?;
        scratch.write("runtime.toml", &drain::config(brokers, &topic)?)?;
        let begin = micros_now();
        let runtime = Role::runtime(spawner, scratch.path()).await?;
        wait_for(&runtime, 1).await?;
        let seen_first = seen(runtime.address, "/fn/sink/count").await?["first_us"].as_u64();
        let seen_first = seen_first.context("it tells its first")?;
        first.push(millis(seen_first.saturating_sub(begin)));
        beyond.push(millis(seen_first.saturating_sub(ready_at(&scratch)? + connected)));
        bare.add(drip(&channel, &reading).await?);
        wait_for(&runtime, 1 + DRIP).await?;
        let seen = seen(runtime.address, "/fn/sink/count").await?;
        if seen["events"] != 1 + DRIP {
            bail!("{} deliveries of {} events", seen["events"], 1 + DRIP);
        }
        ours.p50.push(millis(seen["p50_us"].as_u64().context("it tells its times")?));
        ours.p99.push(millis(seen["p99_us"].as_u64().context("it tells its times")?));
        runtime.stop().await;
        channel.close().await;
    }
    Ok(vec![
        Figure::floor("bare consumer: its start to a connection", "ms", connection),
        Figure::floor("bare consumer: its start to the first record", "ms", bare_first),
        Figure::floor("runtime: its start to the first delivery", "ms", first),
        Figure::floor("the same from ready on, less a connection", "ms", beyond),
        Figure::floor("bare consumer: record to hand at 100/s, p50", "ms", bare.p50),
        Figure::floor("runtime: record to function at 100/s, p50", "ms", ours.p50),
        Figure::floor("bare consumer: record to hand at 100/s, p99", "ms", bare.p99),
        Figure::floor("runtime: record to function at 100/s, p99", "ms", ours.p99),
    ])
}

/// When the runtime of a folder was ready, microseconds since 1970.
fn ready_at(scratch: &Scratch) -> anyhow::Result<u64> {
    let written = fs::metadata(scratch.path().join(".hydrant/run.json"))?.modified()?;
    Ok(micros(written.duration_since(UNIX_EPOCH)?))
}

/// Of each round.
#[derive(Default)]
struct Delays {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Delays {
    fn add(&mut self, mut round: Vec<u64>) {
        round.sort_unstable();
        let quantile = |share: usize| round.get(round.len() * share / 100).copied().map_or(f64::NAN, millis);
        self.p50.push(quantile(50));
        self.p99.push(quantile(99));
    }
}

/// Stores events at a steady rate, and gives how long each took to the bare consumer, microseconds.
async fn drip(channel: &Channel, reading: &BareConsumer) -> anyhow::Result<Vec<u64>> {
    let sending = async {
        let mut made = Vec::with_capacity(DRIP);
        let mut ticks = tokio::time::interval(DRIP_PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for id in 0..DRIP {
            ticks.tick().await;
            let now = micros_now();
            made.push(now);
            channel.append(super::event_made_at(1 + id, now)?).await?;
        }
        anyhow::Ok(made)
    };
    let receiving = async {
        let mut seen = Vec::with_capacity(DRIP);
        for _ in 0..DRIP {
            next(reading).await?;
            seen.push(micros_now());
        }
        anyhow::Ok(seen)
    };
    let (made, seen) = tokio::try_join!(sending, receiving)?;
    Ok(made.iter().zip(seen).map(|(made, seen)| seen.saturating_sub(*made)).collect())
}

async fn next(reading: &BareConsumer) -> anyhow::Result<()> {
    tokio::time::timeout(PATIENCE, reading.next()).await.context("a record did not come")??;
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a few seconds at most")]
const fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
