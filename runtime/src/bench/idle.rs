//! What a runtime costs in which everything sleeps: this binary, started on a folder of functions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::cpu;
use super::scratch::Scratch;
use crate::process::{Command, Spawner};

/// How long a runtime may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// It sleeps when it did nothing for so long: what nobody waits for is done after it is ready.
const STILL: Duration = Duration::from_millis(500);

/// What was measured, by the number of functions.
#[derive(Debug)]
pub(crate) struct Report(Vec<Cost>);

#[derive(Debug)]
pub(super) struct Cost {
    functions: usize,
    pub(super) resident_kib: u64,
    files: usize,
    threads: usize,
}

/// Starts a runtime on a folder of each size and looks at it.
pub(crate) async fn measure(sizes: &[usize]) -> anyhow::Result<Report> {
    let spawner = Spawner::start(None)?;
    let mut costs = Vec::new();
    for &functions in sizes {
        costs.push(cost(&spawner, functions).await?);
    }
    Ok(Report(costs))
}

/// Of a runtime with so many functions.
pub(super) async fn cost(spawner: &Spawner, functions: usize) -> anyhow::Result<Cost> {
    let scratch = Scratch::new(&format!("idle-{functions}"))?;
    for number in 0..functions {
        let name = format!("functions/f{number}");
        scratch.write(&name, "#!/bin/sh\n# hydrant: protocol = \"oneshot\"\n")?;
        fs::set_permissions(scratch.path().join(name), fs::Permissions::from_mode(0o755))?;
    }
    let mut child = spawner
        .spawn(Command {
            args: vec!["run".into(), "--quiet".into()],
            dir: scratch.path().to_owned(),
            ..Command::of(std::env::current_exe()?)
        })
        .await?;
    let begin = Instant::now();
    while !scratch.path().join(".hydrant/run.json").exists() {
        if begin.elapsed() > PATIENCE {
            bail!("the runtime was not ready within {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    asleep(child.pid()).await?;
    let cost = look_at(child.pid(), functions);
    child.terminate();
    child.wait().await;
    cost
}

/// Waits until it is.
async fn asleep(pid: u32) -> anyhow::Result<()> {
    let mut before = None;
    loop {
        let used = cpu::of(pid)?;
        if before == Some(used) {
            return Ok(());
        }
        before = Some(used);
        tokio::time::sleep(STILL).await;
    }
}

fn look_at(pid: u32, functions: usize) -> anyhow::Result<Cost> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident_kib = resident.and_then(|r| r.split_whitespace().next()?.parse().ok());
    let count = |what: &str| Ok::<_, std::io::Error>(fs::read_dir(format!("/proc/{pid}/{what}"))?.count());
    Ok(Cost {
        functions,
        resident_kib: resident_kib.context("the system does not tell its memory")?,
        files: count("fd")?,
        threads: count("task")?,
    })
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let rows = self.0.iter().map(|cost| {
            json!({
                "functions": cost.functions, "resident_bytes": cost.resident_kib * 1024, "files": cost.files,
                "threads": cost.threads,
            })
        });
        json!({ "bench": "idle", "runtimes": rows.collect::<Vec<_>>() })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = "a runtime with the durable channel, all functions at zero\n".to_owned();
        text.push_str("  functions   memory KiB   open files   threads\n");
        for Cost { functions, resident_kib, files, threads } in &self.0 {
            text.push_str(&format!("  {functions:9}   {resident_kib:10}   {files:10}   {threads:7}\n"));
        }
        text
    }
}
