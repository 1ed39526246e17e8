//! Cold starts as a client sees them, many at once, and behind the walls of each isolation; one program for all.
//!
//! - [`client`]: through the ingress, beside a relay that only accepts, spawns and passes on.
//! - [`crowd`]: many functions at once, beside as many threads as processors that start the same.
//! - [`walls`]: a process of each isolation, beside a bare `posix_spawn`.

mod client;
mod crowd;
mod relay;
mod walls;

use std::path::Path;

use serde_json::Value;

use super::cold::subject;
use super::compare::{self, Compared};
use super::scratch::Scratch;

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Without one, a small web server of the first language there is.
    pub(crate) program: Option<&'a Path>,
    pub(crate) rounds: usize,
    /// Functions that are started at once.
    pub(crate) crowd: usize,
    /// A folder of cgroup v2 to start processes in, too.
    pub(crate) cgroup: Option<&'a Path>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report(Vec<Compared>);

/// Rounds before the first that counts: the program's pages are read, and where it takes requests is learnt.
const WARM_UP: usize = 3;

/// Measures one after the other; in each, the rounds of both sides take turns.
pub(crate) async fn measure(plan: &Plan<'_>) -> anyhow::Result<Report> {
    let built = Scratch::new("starts")?;
    let program = match plan.program {
        Some(program) => subject::named(program)?.program,
        None => subject::first(built.path()).await?.program,
    };
    let mut rows = vec![client::measure(&program, plan.rounds).await?];
    rows.extend(walls::measure(&program, plan.rounds, plan.cgroup).await?);
    // Each of these rounds is many starts.
    rows.push(crowd::measure(&program, plan.rounds.div_ceil(5), plan.crowd).await?);
    Ok(Report(rows))
}

impl Report {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        compare::json("starts", &self.0)
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        compare::text("cold starts of one program, which takes its requests on fd 3", &self.0)
    }
}
