//! A process whose cost is measured: this binary, in one of its roles.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::client::Client;
use crate::bench::cpu;
use crate::process::{Child, Command, Spawner};

/// How long a process may take to be ready, or an event to arrive.
pub(in crate::bench) const PATIENCE: Duration = Duration::from_secs(120);

/// A look is a request to what is measured, and costs.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running one; ended when it is dropped.
pub(in crate::bench) struct Role {
    child: Child,
    pub(in crate::bench) address: SocketAddr,
    /// Of a runtime, where its API is.
    pub(in crate::bench) admin: Option<SocketAddr>,
}

impl Role {
    /// A role that listens on a port of its own: `answer`, `relay` or `pump`.
    pub(in crate::bench) async fn start(
        spawner: &Spawner,
        args: &[String],
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let env = vec![("PORT".to_owned(), port.to_string())];
        let child = spawn(spawner, args.to_vec(), env, dir).await?;
        let role = Self { child, address, admin: None };
        role.wait_until("it listens", async || Client::connect(address).await.is_ok()).await?;
        Ok(role)
    }

    /// A role that listens to nobody.
    #[cfg(feature = "kafka")]
    pub(super) async fn silent(spawner: &Spawner, args: &[String], dir: &Path) -> anyhow::Result<Self> {
        let child = spawn(spawner, args.to_vec(), Vec::new(), dir).await?;
        Ok(Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), admin: None })
    }

    /// A runtime on a project.
    pub(in crate::bench) async fn runtime(spawner: &Spawner, dir: &Path) -> anyhow::Result<Self> {
        fs::remove_file(dir.join(".hydrant/run.json")).ok();
        let child = spawn(spawner, vec!["run".into(), "--quiet".into()], Vec::new(), dir).await?;
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut role = Self { child, address: unknown, admin: None };
        role.wait_until("it is ready", async || dir.join(".hydrant/run.json").exists()).await?;
        let run: Value = serde_json::from_slice(&fs::read(dir.join(".hydrant/run.json"))?)?;
        let place = |key: &str| run[key].as_str().context("it does not say where it listens");
        role.address = place("listen")?.parse()?;
        role.admin = Some(place("admin")?.parse()?);
        Ok(role)
    }

    pub(in crate::bench) async fn wait_until(
        &self,
        what: &str,
        is: impl AsyncFn() -> bool,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !is().await {
            if begin.elapsed() > PATIENCE {
                bail!("waited {PATIENCE:?} in vain until {what}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The processor time it has used so far.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu::of(self.child.pid())
    }

    /// What is resident at its highest, KiB.
    pub(super) fn peak_kib(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.pid()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|p| p.split_whitespace().next()?.parse().ok()).context("it does not tell its memory")
    }

    /// Ends it, and waits for that.
    pub(in crate::bench) async fn stop(mut self) {
        self.child.terminate();
        if tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await.is_err() {
            self.child.kill();
            self.child.wait().await;
        }
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.child.kill();
    }
}

async fn spawn(
    spawner: &Spawner,
    args: Vec<String>,
    env: Vec<(String, String)>,
    dir: &Path,
) -> anyhow::Result<Child> {
    let path = std::env::current_exe()?;
    let command = Command { args, env, dir: dir.to_owned(), ..Command::of(path) };
    Ok(spawner.spawn(command).await?)
}
