//! A cold start as the runtime does it, beside the floor of the same program.
//!
//! Inside a measured time: for a call, all from the request in the runtime's hand to the head of the answer; for
//! an event, all from the event in the ingress's hand, through the append, the read, the match and the delivery,
//! until its verdict is known. Outside: the HTTP of the client, which the floor does not have either.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::event::Event;
use activator::id::FunctionId;
use anyhow::{Context, bail};
use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::floor;
use super::sample::Sample;
use super::scratch::Scratch;
use crate::config::resolved::ChannelKind;
use crate::config::{Loader, Overrides};
use crate::dispatch::CallerBody;
use crate::driver::{Driver, Handle};
use crate::history::{History, Place, Until, Wanted};
use crate::process::{Spawner, is_being_written};

/// The pause before each measured start, the same for all: processors and caches settle.
const PAUSE: Duration = Duration::from_millis(20);
/// Rounds before the first that counts: the program's pages are read, and where it takes requests is learnt.
const WARM_UP: usize = 3;
/// How long one event or one end may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    program: PathBuf,
    floor: Sample,
    call: Sample,
    event: Sample,
}

/// Measures `rounds` rounds of a program that takes its requests on fd 3.
pub(crate) async fn measure(program: &Path, rounds: usize) -> anyhow::Result<Report> {
    let program = program.canonicalize().with_context(|| format!("there is no {}", program.display()))?;
    let bench = Bench::start(&program).await?;
    let mut report = Report { program: program.clone(), ..Report::default() };
    for round in 0..WARM_UP + rounds {
        let path = program.clone();
        tokio::time::sleep(PAUSE).await;
        let floor = tokio::task::spawn_blocking(move || floor::round(&path)).await??;
        tokio::time::sleep(PAUSE).await;
        let call = bench.call().await?;
        tokio::time::sleep(PAUSE).await;
        let event = bench.event(round).await?;
        if round >= WARM_UP {
            report.floor.add(floor);
            report.call.add(call);
            report.event.add(event);
        }
    }
    bench.stop().await;
    Ok(report)
}

/// A runtime with one function, without its doors.
struct Bench {
    driver: Handle,
    running: tokio::task::JoinHandle<()>,
    history: Arc<History>,
    function: FunctionId,
    _scratch: Scratch,
}

impl Bench {
    async fn start(program: &Path) -> anyhow::Result<Self> {
        let scratch = Scratch::new("cold")?;
        std::os::unix::fs::symlink(program, scratch.path().join("functions/hello"))?;
        let loaded = Loader::new(scratch.path(), None, Overrides::default(), is_being_written)?.load();
        let Some(resolved) = loaded.resolved else { bail!("the bench's own configuration is broken") };
        let function = *resolved.functions.keys().next().context("the program is not taken as a function")?;
        let history = Arc::new(History::new(1000));
        let (driver, handle) = Driver::new(Arc::new(resolved), Spawner::start(None)?, Arc::clone(&history));
        let running = tokio::spawn(driver.run());
        handle.wait_open().await;
        Ok(Self { driver: handle, running, history, function, _scratch: scratch })
    }

    async fn call(&self) -> anyhow::Result<Duration> {
        let (head, ()) = Request::post("/").header("host", "localhost").body(())?.into_parts();
        let begin = Instant::now();
        let answer = self.driver.call(self.function, head, CallerBody::Whole(Bytes::new())).await;
        let took = begin.elapsed();
        drop(answer?);
        self.to_zero().await?;
        Ok(took)
    }

    async fn event(&self, round: usize) -> anyhow::Result<Duration> {
        let mut event = Event::builder();
        for (name, value) in [("id", round.to_string().as_str()), ("source", "/bench"), ("type", "hello")] {
            event.attribute(name, value)?;
        }
        let event = event.build(Bytes::new())?;
        let directory = self.driver.directory();
        let route = directory.route(ChannelKind::Broker, "default").context("there is no default broker")?;
        let (channel, id) = (route.channel.clone().context("it is not open")?, route.id);
        let begin = Instant::now();
        let at = channel.append(event).await?;
        let place = Place { channel: id, partition: at.partition, offset: at.offset };
        let explained = self.history.wait(&Wanted::At(place), Until::Settled, PATIENCE).await;
        let took = begin.elapsed();
        if explained.is_empty() {
            bail!("the event was not handled within {PATIENCE:?}");
        }
        self.to_zero().await?;
        Ok(took)
    }

    async fn to_zero(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        self.driver.reap(self.function).await;
        while self.driver.functions().await.get(&self.function).is_some_and(|f| f.state.instances > 0) {
            if begin.elapsed() > PATIENCE {
                bail!("the function does not end within {PATIENCE:?}");
            }
            self.driver.reap(self.function).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    async fn stop(self) {
        self.driver.drain().await;
        self.running.await.ok();
    }
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let of = |sample: &Sample| {
            json!({
                "p50_ms": sample.median_ms(),
                "p99_ms": sample.quantile_ms(0.99),
                "ratio_p50": sample.median_ms() / self.floor.median_ms(),
            })
        };
        json!({
            "bench": "cold", "program": self.program, "floor": of(&self.floor), "call": of(&self.call),
            "event": of(&self.event),
        })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("cold start of {}\n", self.program.display());
        text.push_str("                                          p50 ms    p99 ms   p50 / floor\n");
        for (name, sample) in [
            ("floor: posix_spawn, fd 3, one exchange", &self.floor),
            ("call, request in hand to answer", &self.call),
            ("event, in hand to verdict", &self.event),
        ] {
            let (p50, p99) = (sample.median_ms(), sample.quantile_ms(0.99));
            let ratio = p50 / self.floor.median_ms();
            text.push_str(&format!("  {name:38} {p50:8.3}  {p99:8.3}   {ratio:8.2}\n"));
        }
        text
    }
}
