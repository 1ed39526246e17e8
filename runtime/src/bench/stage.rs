//! A runtime in this process, without its admin API, for programs to be started in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use activator::event::Event;
use activator::id::FunctionId;
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Request;
use tokio::sync::watch;

use super::scratch::Scratch;
use crate::config::resolved::ChannelKind;
use crate::config::{Loader, Overrides};
use crate::dispatch::CallerBody;
use crate::driver::{Callee, Driver, Handle};
use crate::history::view::Outcome;
use crate::history::{End, History};
use crate::ingress::{self, Ingress};
use crate::process::{Spawner, is_written_to};

/// How long one event or one end may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A runtime of the functions in a temporary folder.
pub(super) struct Stage {
    driver: Handle,
    running: tokio::task::JoinHandle<()>,
    history: Arc<History>,
    /// The ingress, and what tells it to stop.
    address: SocketAddr,
    stop: watch::Sender<bool>,
    _scratch: Scratch,
}

/// How long an event took.
pub(super) struct Delivered {
    /// From before its append until its verdict is told.
    pub(super) took: Duration,
    /// Of it, from when it was read, matched and handed over until the loop has its outcome.
    pub(super) delivery: Duration,
}

impl Stage {
    /// Starts it with what `config` adds to the folder's configuration.
    pub(super) async fn set(scratch: Scratch, config: &str) -> anyhow::Result<Self> {
        scratch.add("runtime.toml", config)?;
        let loaded = Loader::new(scratch.path(), None, Overrides::default(), is_written_to)?.load();
        let Some(resolved) = loaded.resolved else { bail!("the bench's own configuration is broken") };
        let history = Arc::new(History::new(1000));
        let (driver, handle) = Driver::new(Arc::new(resolved), Spawner::start(None)?, Arc::clone(&history));
        let running = tokio::spawn(driver.run());
        handle.wait_open().await;
        let listener = ingress::bind(([127, 0, 0, 1], 0).into()).map_err(anyhow::Error::msg)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(ingress::serve(
            Ingress::new(handle.clone(), Arc::clone(&history), address),
            listener,
            stopped,
        ));
        Ok(Self { driver: handle, running, history, address, stop, _scratch: scratch })
    }

    /// Where calls and events come in.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn function(&self, name: &str) -> anyhow::Result<FunctionId> {
        let config = self.driver.config();
        let found = config.functions.iter().find(|(_, function)| *function.name == *name);
        Ok(*found.with_context(|| format!("{name} is not taken as a function"))?.0)
    }

    /// A call, and the time until the head of its answer.
    pub(super) async fn call(&self, function: FunctionId) -> anyhow::Result<Duration> {
        let (head, ()) = Request::post("/").header("host", "localhost").body(())?.into_parts();
        let begin = Instant::now();
        let callee = Callee { function, protocol: None, tagged: false };
        let answer = self.driver.call(callee, head, CallerBody::Whole(Bytes::new())).await;
        let took = begin.elapsed();
        answer?.into_body().collect().await.map_err(anyhow::Error::msg)?;
        Ok(took)
    }

    /// An event, until its verdict is told.
    pub(super) async fn event(&self, ty: &str, id: &str) -> anyhow::Result<Delivered> {
        let mut event = Event::builder();
        for (name, value) in [("id", id), ("source", "/bench"), ("type", ty)] {
            event.attribute(name, value)?;
        }
        let event = event.build(Bytes::new())?;
        let directory = self.driver.directory();
        let route = directory.route(ChannelKind::Broker, "default").context("there is no default broker")?;
        let channel = route.channel.clone().context("it is not open")?;
        // What is over is told; to ask what became of the event would take time of its own.
        let over = self.history.watch();
        let begin = Instant::now();
        channel.append(event).await?;
        let waiting = tokio::time::timeout(PATIENCE, over.next()).await;
        let took = begin.elapsed();
        let waiting = waiting.with_context(|| format!("the event was not handled within {PATIENCE:?}"))?;
        let ended = waiting.ends.front().and_then(End::told).context("something else is over")?;
        ensure!(
            ended.id == id && ended.outcome == Outcome::Delivered,
            "the event was not delivered: {ended:?}"
        );
        let delivery = ended.ms.context("no time of its delivery is told")?;
        Ok(Delivered { took, delivery: Duration::from_secs_f64(delivery / 1000.0) })
    }

    /// Ends all processes of the function.
    pub(super) async fn to_zero(&self, function: FunctionId) -> anyhow::Result<()> {
        let begin = Instant::now();
        self.driver.reap(function).await;
        while self.driver.functions().await.get(&function).is_some_and(|f| f.state.instances > 0) {
            if begin.elapsed() > PATIENCE {
                bail!("the function does not end within {PATIENCE:?}");
            }
            self.driver.reap(function).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        self.driver.drain().await;
        self.running.await.ok();
    }
}
