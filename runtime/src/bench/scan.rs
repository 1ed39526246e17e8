//! What a runtime does when it starts on a folder of many functions: all of them are found and looked at, beside a plain
//! list of the folder with the `stat` of each; and what each costs in memory while it sleeps.

use std::fs::{self, File, Permissions};
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::ensure;
use serde_json::{Value, json};

use super::compare::{self, Compared, Figure, Target};
use super::idle;
use super::sample::Sample;
use super::scratch::Scratch;
use crate::config::{Loader, Overrides};
use crate::process::{Spawner, is_written_to};

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) functions: usize,
    pub(crate) rounds: usize,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Compared>,
    functions: usize,
    /// What a runtime is resident with: with no function, and with all.
    resident_kib: [u64; 2],
}

/// Rounds before the first that counts: the names are in the system's caches.
const WARM_UP: usize = 1;
/// How long ago the programs were written.
const SETTLED: Duration = Duration::from_secs(3600);

/// Both in turn, then a runtime on no function and on all.
pub(crate) async fn measure(plan: &Plan) -> anyhow::Result<Report> {
    let scratch = Scratch::new("scan")?;
    let folder = scratch.path().join("functions");
    for number in 0..plan.functions {
        let path = folder.join(format!("f{number}"));
        fs::write(&path, "#!/bin/sh\n")?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        // As most are that a runtime finds: nobody has just written them.
        File::open(&path)?.set_modified(SystemTime::now() - SETTLED)?;
    }
    let (mut floor, mut ours) = (Sample::default(), Sample::default());
    for round in 0..WARM_UP + plan.rounds {
        let listed = list(&folder)?;
        let loaded = load(scratch.path(), plan.functions)?;
        if round >= WARM_UP {
            floor.add(listed);
            ours.add(loaded);
        }
    }
    let row = Compared {
        what: format!("{} functions found at a start", plan.functions),
        unit: "ms",
        beside: "readdir, and stat of each",
        floor: Figure::times(&floor),
        ours: Figure::times(&ours),
        target: Target::Times(3.0),
    };
    let spawner = Spawner::start(None)?;
    let none = idle::cost(&spawner, 0).await?.resident_kib;
    let all = idle::cost(&spawner, plan.functions).await?.resident_kib;
    Ok(Report { rows: vec![row], functions: plan.functions, resident_kib: [none, all] })
}

fn list(folder: &Path) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    for entry in fs::read_dir(folder)? {
        black_box(fs::metadata(entry?.path())?);
    }
    Ok(begin.elapsed())
}

/// As a runtime does that starts: nothing is known of before.
fn load(project: &Path, functions: usize) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    // What it knows of the functions stays with a runtime.
    let mut loader = Loader::new(project, None, Overrides::default(), is_written_to)?;
    let loaded = loader.load();
    let took = begin.elapsed();
    let found = loaded.resolved.as_ref().map_or(0, |resolved| resolved.functions.len());
    ensure!(found == functions, "{found} of {functions} functions were found");
    Ok(took)
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "KiB of a process")]
    fn bytes_each(&self) -> f64 {
        let [none, all] = self.resident_kib;
        all.saturating_sub(none) as f64 * 1024.0 / self.functions as f64
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let mut all = compare::json("scan", &self.rows);
        let [none, with_all] = self.resident_kib;
        all["memory"] = json!({
            "functions": self.functions, "none_bytes": none * 1024, "all_bytes": with_all * 1024,
            "bytes_each": self.bytes_each(),
        });
        all
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let [none, all] = self.resident_kib;
        let table = compare::text("the start of a runtime", &self.rows);
        format!(
            "{table}  memory: {none} KiB with no function, {all} KiB with {}: {:.0} bytes each\n",
            self.functions,
            self.bytes_each()
        )
    }
}
