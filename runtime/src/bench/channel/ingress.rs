//! An event in over HTTP, through the durable channel, to a warm function, beside a bare relay.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

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
/// What a tail asks for.
const TAIL: &str = "/api/v1/stream?filter=type%20%3D%20'bench.hit'";

/// The figures: relay and runtime, flooded in turn, and the runtime under a steady stream.
pub(super) async fn measure(spawner: &Spawner, events: usize, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let scratch = project("ingress", "")?;
    let without = project("ingress-without", "history = { events = 0 }\n")?;
    let answer = Role::start(spawner, &["bench".into(), "answer".into()], scratch.path()).await?;
    let relay = ["bench".to_owned(), "relay".to_owned(), "--to".to_owned(), answer.address.to_string()];
    let relay = Role::start(spawner, &relay, scratch.path()).await?;
    let runtime = Role::runtime(spawner, scratch.path()).await?;
    let other = Role::runtime(spawner, without.path()).await?;
    let tailed = project("ingress-tailed", "")?;
    let tailed = (Role::runtime(spawner, tailed.path()).await?, tailed);
    let tail = tail(&tailed.0).await?;
    flood(relay.address, WARM_UP, CONNECTIONS).await?;
    let (mut delivered, mut delivered_by_other, mut tailed_too) = (0, 0, 0);
    deliver(&runtime, WARM_UP, &mut delivered).await?;
    deliver(&other, WARM_UP, &mut delivered_by_other).await?;
    deliver(&tailed.0, WARM_UP, &mut tailed_too).await?;
    let (mut relayed, mut ours, mut others, mut seen) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = relay.cpu()?;
        flood(relay.address, events, CONNECTIONS).await?;
        relayed.push(micros_each(relay.cpu()? - before, events));
        ours.push(cost(&runtime, events, &mut delivered).await?);
        others.push(cost(&other, events, &mut delivered_by_other).await?);
        seen.push(cost(&tailed.0, events, &mut tailed_too).await?);
    }
    other.stop().await;
    drop(tail);
    tailed.0.stop().await;
    let floor = Figure::floor("relay: hyper in -> hyper out", "us/event", relayed);
    let without = Figure::beside("the same without the history on disk", "us/event", others, &floor);
    let mut figures = vec![floor.clone()];
    figures.push(Figure::beside("ingress -> durable -> warm function", "us/event", ours, &floor));
    figures.push(without);
    figures.push(Figure::beside("the same while somebody tails it", "us/event", seen, &floor));
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

/// Reads what is over from a runtime, as `hydrant tail` does with a filter that matches all, until it is dropped.
async fn tail(runtime: &Role) -> anyhow::Result<JoinSet<()>> {
    let admin = runtime.admin.context("a runtime has an API")?;
    let mut stream = TcpStream::connect(admin).await?;
    let ask = format!("GET {TAIL} HTTP/1.1\r\nhost: {admin}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    anyhow::ensure!(status == *b"HTTP/1.1 200", "nobody may tail it");
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        let mut piece = vec![0; 64 << 10];
        while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {}
    });
    Ok(reading)
}

/// The processor time of a runtime for each of so many events.
async fn cost(runtime: &Role, events: usize, delivered: &mut usize) -> anyhow::Result<f64> {
    let before = runtime.cpu()?;
    deliver(runtime, events, delivered).await?;
    Ok(micros_each(runtime.cpu()? - before, events))
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
