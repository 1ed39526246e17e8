//! An event in over HTTP, through the durable channel, to a warm function, beside a bare relay.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;

use super::child::Role;
use super::client::{DRIP, DRIP_PAUSE, drip, flood};
use super::seen::{seen, wait_for};
use super::{Figure, micros_each};
use crate::bench::scratch::Scratch;
use crate::process::Spawner;

/// Connections of the flood.
const CONNECTIONS: usize = 16;
/// Before anything counts: the function is started, connections are made, pages are touched.
const WARM_UP: usize = 1_000;

/// The figures: relay and runtime, flooded in turn, and the runtime under a steady stream.
pub(super) async fn measure(spawner: &Spawner, events: usize, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let scratch = project("ingress", "")?;
    let without = project("ingress-without", "history = { events = 0 }\n")?;
    let answer = Role::start(spawner, &["bench".into(), "answer".into()], scratch.path()).await?;
    let relay = ["bench".to_owned(), "relay".to_owned(), "--to".to_owned(), answer.address.to_string()];
    let relay = Role::start(spawner, &relay, scratch.path()).await?;
    let runtime = Role::runtime(spawner, scratch.path()).await?;
    let other = Role::runtime(spawner, without.path()).await?;
    flood(relay.address, WARM_UP, CONNECTIONS).await?;
    let (mut delivered, mut delivered_by_other) = (0, 0);
    deliver(&runtime, WARM_UP, &mut delivered).await?;
    deliver(&other, WARM_UP, &mut delivered_by_other).await?;
    let (mut relayed, mut ours, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = relay.cpu()?;
        flood(relay.address, events, CONNECTIONS).await?;
        relayed.push(micros_each(relay.cpu()? - before, events));
        let before = runtime.cpu()?;
        deliver(&runtime, events, &mut delivered).await?;
        ours.push(micros_each(runtime.cpu()? - before, events));
        let before = other.cpu()?;
        deliver(&other, events, &mut delivered_by_other).await?;
        others.push(micros_each(other.cpu()? - before, events));
    }
    other.stop().await;
    let floor = Figure::floor("relay: hyper in -> hyper out", "us/event", relayed);
    let without = Figure::beside("the same without the history on disk", "us/event", others, &floor);
    let mut figures = vec![floor.clone()];
    figures.push(Figure::beside("ingress -> durable -> warm function", "us/event", ours, &floor));
    figures.push(without);
    figures.extend(steady("relay", &relay, (answer.address, "/anew")).await?);
    figures.extend(steady("runtime", &runtime, (runtime.address, "/fn/sink/anew")).await?);
    figures.push(Figure::floor("memory at its highest", "MiB", vec![to_f64(runtime.peak_kib()?) / 1024.0]));
    runtime.stop().await;
    relay.stop().await;
    answer.stop().await;
    Ok(figures)
}

/// A folder for a runtime, with more in its `[runtime]`.
fn project(name: &str, more: &str) -> anyhow::Result<Scratch> {
    let scratch = Scratch::new(name)?;
    let config = super::function_config()?.replacen('\n', &format!("\n{more}"), 1);
    scratch.write("runtime.toml", &(config + "on = { type = \"bench.hit\" }\n"))?;
    Ok(scratch)
}

/// Floods the runtime, and waits until the function has all.
async fn deliver(runtime: &Role, events: usize, delivered: &mut usize) -> anyhow::Result<()> {
    flood(runtime.address, events, CONNECTIONS).await?;
    *delivered += events;
    wait_for(runtime, *delivered).await
}

/// What a steady stream takes `role`; the function is asked there.
async fn steady(name: &str, role: &Role, (address, path): (SocketAddr, &str)) -> anyhow::Result<Vec<Figure>> {
    seen(address, path).await?;
    let before = role.cpu()?;
    let begin = Instant::now();
    let mut answered = drip(role.address, DRIP, DRIP_PAUSE).await?;
    let core = (role.cpu()? - before).as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0;
    answered.sort_unstable();
    let p50 = answered.get(DRIP / 2).context("there are some")?.as_secs_f64() * 1000.0;
    let seen = seen(address, path).await?;
    let ms = |key: &str| Ok::<_, anyhow::Error>(seen[key].as_f64().context("it tells its times")? / 1000.0);
    let figure = |what: &str, unit, value| {
        Figure::floor(&format!("{name} at 100 events/s: {what}"), unit, vec![value])
    };
    Ok(vec![
        figure("answered, p50", "ms", p50),
        figure("sent to delivered, p50", "ms", ms("p50_us")?),
        figure("sent to delivered, p99", "ms", ms("p99_us")?),
        figure("of a core", "%", core),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
const fn to_f64(kib: u64) -> f64 {
    kib as f64
}
