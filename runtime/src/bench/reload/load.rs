//! Calls and events that come in while a function is saved again and again; and what became of each.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::FUNCTION;
use crate::admin::RunFile;
use crate::bench::channel::child::Role;
use crate::bench::channel::client::Client;
use crate::bench::sample::Sample;

/// Connections that send events, each as fast as it is answered.
const SENDERS: usize = 2;

/// Runs until it is ended.
pub(super) struct Load {
    sent: Arc<Sent>,
    tasks: JoinSet<anyhow::Result<()>>,
    admin: SocketAddr,
    /// What the runtime had counted before.
    before: Counted,
}

/// What went out, and what was refused.
#[derive(Debug, Default)]
struct Sent {
    is_over: AtomicBool,
    events: AtomicUsize,
    calls: AtomicUsize,
    failed: AtomicUsize,
}

/// What the runtime counts: attempts and calls.
#[derive(Clone, Copy, Debug)]
struct Counted {
    done: usize,
    failed: usize,
}

/// What became of all.
#[derive(Debug)]
pub(super) struct Count {
    took: Sample,
    events: usize,
    calls: usize,
    failed: usize,
    lost: usize,
}

impl Load {
    pub(super) async fn start(runtime: &Role, project: &Path) -> anyhow::Result<Self> {
        let admin = RunFile::of_project(project).context("it does not say where it answers")?.admin;
        let sent = Arc::new(Sent::default());
        let mut tasks = JoinSet::new();
        let before = Counted::of(admin).await?;
        for _ in 0..SENDERS {
            tasks.spawn(Arc::clone(&sent).events(runtime.address));
        }
        tasks.spawn(Arc::clone(&sent).calls(runtime.address));
        Ok(Self { sent, tasks, admin, before })
    }

    /// Stops sending, and waits for what is under way; `asked` calls were made beside it, `took` is what each save took.
    pub(super) async fn end(mut self, runtime: &Role, took: Sample, asked: usize) -> anyhow::Result<Count> {
        self.sent.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let (events, calls) = (of(&self.sent.events), of(&self.sent.calls) + asked);
        let expected = self.before.done + events + calls;
        let all = async || Counted::of(self.admin).await.is_ok_and(|counted| counted.done >= expected);
        // Whatever is not there by then is lost, and is told as that.
        runtime.wait_until("all are delivered", all).await.ok();
        let counted = Counted::of(self.admin).await?;
        let lost = expected.saturating_sub(counted.done);
        let failed = of(&self.sent.failed) + counted.failed - self.before.failed;
        Ok(Count { took, events, calls, failed, lost })
    }
}

impl Sent {
    async fn events(self: Arc<Self>, address: SocketAddr) -> anyhow::Result<()> {
        let mut client = Client::connect(address).await?;
        while !self.is_over.load(Ordering::Relaxed) {
            let status = client.post(self.events.load(Ordering::Relaxed)).await?;
            let count = if status.is_success() { &self.events } else { &self.failed };
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn calls(self: Arc<Self>, address: SocketAddr) -> anyhow::Result<()> {
        let mut client = Client::connect(address).await?;
        while !self.is_over.load(Ordering::Relaxed) {
            let (status, _) = client.ask(&format!("/fn/{FUNCTION}")).await?;
            let count = if status.is_success() { &self.calls } else { &self.failed };
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Counted {
    async fn of(admin: SocketAddr) -> anyhow::Result<Self> {
        let view = Client::connect(admin).await?.get(&format!("/api/v1/functions/{FUNCTION}")).await?;
        let view: Value = serde_json::from_slice(&view)?;
        let count = |key: &str| {
            let count = view[key].as_u64().and_then(|count| usize::try_from(count).ok());
            count.with_context(|| format!("it does not count `{key}`"))
        };
        Ok(Self { done: count("events")?, failed: count("failed")? })
    }
}

impl Count {
    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "saves": self.took.len(), "p50_ms": self.took.median_ms(), "p99_ms": self.took.quantile_ms(0.99),
            "events": self.events, "calls": self.calls, "failed": self.failed, "lost": self.lost,
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Self { took, events, calls, failed, lost } = self;
        format!(
            "  {} saves under load (p50 {:.3} ms, p99 {:.3} ms): {events} events and {calls} calls, {failed} failed, \
             {lost} lost\n",
            took.len(),
            took.median_ms(),
            took.quantile_ms(0.99)
        )
    }
}
