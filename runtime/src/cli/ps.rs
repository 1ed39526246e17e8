//! `hydrant ps`: the functions and what they do.

use std::process::ExitCode;

use clap::Args;
use hyper::Method;
use serde::Serialize;

use super::daemon::Daemon;
use super::exit::Failure;
use super::global::Global;
use super::output::{self, count, short_ms};
use super::table::{Row, shown};
use crate::admin::{FunctionView, ShareView, SourceView};

const HEADINGS: [&str; 11] = [
    "FUNCTION",
    "STATE",
    "INST",
    "IN-FLIGHT",
    "QUEUED",
    "EVENTS",
    "FAIL",
    "COLD p50/p99",
    "RUN p50/p99",
    "REV",
    "IDLE",
];
const WIDE: [&str; 3] = ["UNANSWERED", "STARTS", "PROGRAM"];
/// The two columns of times, which a function that cannot run has no use for.
const TIMES: (usize, usize) = (7, 2);

const SOURCE_HEADINGS: [&str; 7] = ["SOURCE", "TYPE", "TO", "STATE", "SINCE", "RESTARTS", "LAST ERROR"];

/// List the functions: state, instances, queue, times
///
/// Sources that are programs are listed below them.
#[derive(Debug, Args)]
pub(super) struct Ps {
    /// List the sources instead, of all types
    #[arg(long)]
    sources: bool,
}

impl Ps {
    pub(super) async fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let daemon = Daemon::find(global).await?;
        let mut sources: Vec<SourceView> = daemon.ask(Method::GET, "/api/v1/sources").await??;
        if self.sources {
            let data = || sources_text(&sources);
            return written(global, &sources, data);
        }
        sources.retain(|source| source.running.is_some());
        let functions: Vec<FunctionView> = daemon.ask(Method::GET, "/api/v1/functions").await??;
        written(global, &functions, || {
            let columns = output::columns().filter(|_| !global.is_wide());
            let below =
                if sources.is_empty() { String::new() } else { format!("\n{}", sources_text(&sources)) };
            text(&functions, global.is_wide(), columns) + &below
        })
    }
}

/// As objects or for people.
fn written<T: Serialize>(
    global: &Global,
    all: &[T],
    text: impl FnOnce() -> String,
) -> Result<ExitCode, Failure> {
    if global.is_json() {
        all.iter().try_for_each(output::json)?;
    } else {
        output::data(text())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn sources_text(sources: &[SourceView]) -> String {
    let rows: Vec<Row> = sources.iter().map(source_row).collect();
    shown(&SOURCE_HEADINGS, &rows, output::columns())
}

fn source_row(source: &SourceView) -> Row {
    let dash = || "-".to_string();
    let restarts = source.running.as_ref().map(|running| running.restarts.to_string());
    let standing = source.standing.clone();
    let (state, since, error) =
        standing.map_or((None, None, None), |is| (Some(is.state), is.since, is.error));
    let state = state.map(|state| match &source.watching {
        Some(watching) => format!("{state}, {}", watching.told()),
        None => state,
    });
    let mut cells = vec![source.source.clone(), source.ty.clone(), source.to.clone()];
    cells.extend([state, since, restarts, error].map(|cell| cell.unwrap_or_else(dash)));
    Row { cells, remark: None }
}

pub(super) fn text(functions: &[FunctionView], wide: bool, columns: Option<usize>) -> String {
    let rows: Vec<Row> = functions.iter().flat_map(|function| rows(function, wide)).collect();
    shown(&headings(wide), &rows, columns)
}

pub(super) fn headings(wide: bool) -> Vec<&'static str> {
    HEADINGS.into_iter().chain(WIDE.into_iter().filter(|_| wide)).collect()
}

/// The function, its revisions, and what of it is paused.
pub(super) fn rows(function: &FunctionView, wide: bool) -> Vec<Row> {
    let shares = function.traffic.iter().map(|share| share_row(share, wide));
    let paused = Some(&function.paused).filter(|paused| !paused.is_empty());
    let first = std::iter::once(row(function, wide));
    first.chain(shares).chain(paused.map(|names| paused_row(names, wide))).collect()
}

fn row(function: &FunctionView, wide: bool) -> Row {
    let dash = || "-".to_string();
    let instances = match function.instances_max {
        _ if function.pinned.is_some() => format!("{} pinned", function.instances),
        Some(max) if function.instances > 0 => format!("{}/{max}", function.instances),
        _ => function.instances.to_string(),
    };
    let mut cells = vec![
        function.function.clone(),
        function.state.clone(),
        instances,
        function.in_flight.to_string(),
        waiting(function.queued, function.held),
        count(function.events),
        count(function.failed),
        pair(function.cold_p50_ms, function.cold_p99_ms),
        pair(function.run_p50_ms, function.run_p99_ms),
        function.revision.clone().unwrap_or_else(dash),
        function.idle_ms.map_or_else(dash, |ms| format!("{:.0}s", (ms / 1000.0).floor())),
    ];
    if wide {
        let program = function.program.clone().unwrap_or_else(dash);
        cells.extend([count(function.unanswered), count(function.cold_starts), program]);
    }
    Row { cells, remark: function.reason.clone().map(|reason| (TIMES.0, TIMES.1, reason)) }
}

/// `  10 % stable`, below its function.
fn share_row(share: &ShareView, wide: bool) -> Row {
    let dash = || "-".to_string();
    let name = format!("  {} % {}", share.percent, share.tags.join(" "));
    let mut cells = vec![
        name.trim_end().to_owned(),
        share.state.clone(),
        share.instances.to_string(),
        share.in_flight.to_string(),
        share.queued.to_string(),
        count(share.events),
        count(share.failed),
        dash(),
        dash(),
        share.revision.clone(),
        dash(),
    ];
    cells.extend((0..if wide { WIDE.len() } else { 0 }).map(|_| dash()));
    Row { cells, remark: share.reason.clone().map(|reason| (TIMES.0, TIMES.1, reason)) }
}

/// Those that are held wait for a person.
fn waiting(queued: u32, held: u32) -> String {
    if held == 0 { queued.to_string() } else { format!("{queued}, {held} held") }
}

/// `  bill, mail`, paused, below their function.
fn paused_row(names: &[String], wide: bool) -> Row {
    let columns = HEADINGS.len() + if wide { WIDE.len() } else { 0 };
    let mut cells = vec![format!("  {}", names.join(", ")), "paused".to_owned()];
    cells.resize(columns, String::new());
    Row { cells, remark: None }
}

/// `5.9/8.1 ms`.
fn pair(p50: Option<f64>, p99: Option<f64>) -> String {
    match (p50, p99) {
        (Some(p50), Some(p99)) => format!("{}/{} ms", short_ms(p50), short_ms(p99)),
        _ => "-".into(),
    }
}
