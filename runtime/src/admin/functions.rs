//! Functions as they stand, and the wish to have one at zero.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use activator::id::FunctionId;
use activator::{FunctionPhase, State as Standing};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::error::ApiError;
use super::events::{bad_query, duration};
use super::paused::Paused;
use crate::config::nearest;
use crate::config::resolved::{Found, Function, Named, Resolved};
use crate::driver::{FunctionRow, Handle};
use crate::history::History;
use crate::history::view::millis;

/// One function, as `ps -o json` shows it. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FunctionView {
    pub(crate) function: String,
    /// zero, starting, warm, busy, draining, broken, attached; paused at zero when all that deliver to it are.
    pub(crate) state: String,
    pub(crate) instances: u32,
    pub(crate) instances_max: Option<u32>,
    pub(crate) in_flight: u32,
    pub(crate) queued: u32,
    /// Events whose attempts are used up, and that wait for another revision or for `retry`.
    #[serde(default)]
    pub(crate) held: u32,
    pub(crate) events: u64,
    pub(crate) failed: u64,
    /// Those of them that a process may have handled all the same: it had the request, and there was no answer in time.
    pub(crate) unanswered: u64,
    pub(crate) cold_starts: u64,
    pub(crate) cold_p50_ms: Option<f64>,
    pub(crate) cold_p99_ms: Option<f64>,
    pub(crate) run_p50_ms: Option<f64>,
    pub(crate) run_p99_ms: Option<f64>,
    pub(crate) revision: Option<String>,
    /// The SHA-256 of what its files hold, once they were read.
    pub(crate) content: Option<String>,
    /// How long it has had no work.
    pub(crate) idle_ms: Option<f64>,
    /// Why nothing starts, if so.
    pub(crate) reason: Option<String>,
    /// The file that is run.
    pub(crate) program: Option<String>,
    /// Its revisions that have a share or a tag; empty where all goes to the latest.
    #[serde(default)]
    pub(crate) traffic: Vec<ShareView>,
    /// The triggers, subscriptions and sources of it that are paused.
    #[serde(default)]
    pub(crate) paused: Vec<String>,
    /// At how many processes somebody pinned it.
    #[serde(default)]
    pub(crate) pinned: Option<u32>,
}

/// One revision of a function that has a share or a tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ShareView {
    /// `r3`; `latest` before there is any.
    pub(crate) revision: String,
    /// Whether it is whichever was saved last.
    pub(crate) latest: bool,
    pub(crate) percent: u32,
    pub(crate) tags: Vec<String>,
    pub(crate) state: String,
    pub(crate) instances: u32,
    pub(crate) in_flight: u32,
    pub(crate) queued: u32,
    pub(crate) events: u64,
    pub(crate) failed: u64,
    pub(crate) reason: Option<String>,
}

#[derive(Clone)]
struct Functions {
    driver: Handle,
    history: Arc<History>,
    closed: watch::Receiver<bool>,
}

pub(super) fn routes(driver: Handle, history: Arc<History>, closed: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/api/v1/functions", get(list))
        .route("/api/v1/functions/{name}", get(one))
        .route("/api/v1/functions/{name}/reap", post(reap))
        .route("/api/v1/functions/{name}/scale", post(scale))
        .with_state(Functions { driver, history, closed })
}

async fn list(State(functions): State<Functions>) -> Json<Vec<FunctionView>> {
    let config = functions.driver.config();
    let rows = functions.driver.functions().await;
    let paused = Paused::of(&config, &functions.driver.paused().await);
    let all = config.functions.iter().filter(|(_, function)| function.of.is_none());
    let mut views: Vec<FunctionView> =
        all.filter_map(|(id, f)| Some(paused.shown(*id, whole(*id, f, &rows)?))).collect();
    views.sort_by(|a, b| a.function.cmp(&b.function));
    Json(views)
}

async fn one(
    State(functions): State<Functions>,
    Path(name): Path<String>,
) -> Result<Json<FunctionView>, ApiError> {
    functions.view(&name).await.map(Json)
}

#[derive(Debug, Deserialize)]
struct ReapQuery {
    /// Answer when it is at zero, or after this time.
    wait: Option<String>,
}

async fn reap(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    query: Result<Query<ReapQuery>, QueryRejection>,
) -> Result<(StatusCode, Json<FunctionView>), ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let config = functions.driver.config();
    let (id, _) = find(&config, &name)?;
    let wait = query.wait.as_deref().map(duration).transpose()?;
    let ids = all_of(&config, id);
    for id in &ids {
        functions.driver.reap(*id).await;
    }
    if let Some(wait) = wait {
        functions.wait_for_zero(&ids, wait).await;
    }
    Ok((StatusCode::ACCEPTED, Json(functions.view(&name).await?)))
}

/// More processes than anybody means.
const INSTANCES_MAX: u32 = 1000;

#[derive(Debug, Deserialize)]
struct ScaleQuery {
    /// A number, or `auto`.
    instances: String,
}

async fn scale(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    query: Result<Query<ScaleQuery>, QueryRejection>,
) -> Result<Json<FunctionView>, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let (id, _) = find(&functions.driver.config(), &name)?;
    let number = match &*query.instances {
        "auto" => None,
        text => Some(text.parse().ok().filter(|number| (1..=INSTANCES_MAX).contains(number)).ok_or_else(
            || {
                let message = format!("instances={text} is not understood");
                ApiError::new(StatusCode::BAD_REQUEST, message, format!("use 1 to {INSTANCES_MAX}, or auto"))
            },
        )?),
    };
    functions.driver.pin(id, number).await;
    functions.view(&name).await.map(Json)
}

impl Functions {
    async fn view(&self, name: &str) -> Result<FunctionView, ApiError> {
        let config = self.driver.config();
        let (id, function) = find(&config, name)?;
        let rows = self.driver.functions().await;
        let paused = Paused::of(&config, &self.driver.paused().await);
        let view = whole(id, &function, &rows).ok_or_else(|| unknown(&config, name))?;
        Ok(paused.shown(id, view))
    }

    async fn wait_for_zero(&self, ids: &[FunctionId], wait: Duration) {
        let mut closed = self.closed.clone();
        let zero = async {
            loop {
                // Enlisted before the look, so that what happens in between is not missed.
                let mut news = pin!(self.history.function_news());
                news.as_mut().enable();
                let rows = self.driver.functions().await;
                if ids.iter().all(|id| rows.get(id).is_none_or(|row| row.state.instances == 0)) {
                    return;
                }
                news.await;
            }
        };
        tokio::select! {
            () = zero => {}
            () = tokio::time::sleep(wait) => {}
            _ = closed.wait_for(|closed| *closed) => {}
        }
    }
}

pub(super) fn find(config: &Resolved, name: &str) -> Result<(FunctionId, Arc<Function>), ApiError> {
    let mut functions = config.functions.iter();
    let found = functions.find(|(_, function)| function.of.is_none() && *function.name == *name);
    found.map(|(&id, function)| (id, Arc::clone(function))).ok_or_else(|| unknown(config, name))
}

fn unknown(config: &Resolved, name: &str) -> ApiError {
    let message = format!("there is no function {name:?}");
    let help = match nearest(name, config.functions.values().map(|function| &*function.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/functions (hydrant ps) lists them".to_owned(),
    };
    ApiError::new(StatusCode::NOT_FOUND, message, help)
}

/// A function, and its revisions that are run beside the latest.
fn all_of(config: &Resolved, id: FunctionId) -> Vec<FunctionId> {
    let kept = config.functions.iter().filter(|(_, function)| function.of == Some(id));
    std::iter::once(id).chain(kept.map(|(id, _)| *id)).collect()
}

type Rows = BTreeMap<FunctionId, FunctionRow>;

/// A function with all of its revisions: what they do is what it does.
fn whole(id: FunctionId, function: &Function, rows: &Rows) -> Option<FunctionView> {
    let mut whole = view(function, rows.get(&id)?);
    let named = function.named.iter();
    whole.traffic = named.filter_map(|named| Some(share(named, rows.get(&named.id)?))).collect();
    let kept = function.named.iter().filter(|named| named.id != id);
    let mut liveliest = rows.get(&id)?.state.phase;
    for row in kept.filter_map(|named| rows.get(&named.id)) {
        whole.instances += row.state.instances;
        whole.in_flight += row.state.in_flight;
        whole.queued += row.state.queued;
        whole.held += row.state.held;
        whole.events += row.stats.events;
        whole.failed += row.stats.failed;
        whole.unanswered += row.stats.unanswered;
        whole.cold_starts += row.stats.cold_starts;
        if liveliness(row.state.phase) > liveliness(liveliest) {
            liveliest = row.state.phase;
        }
    }
    whole.state = phase_name(liveliest).into();
    Some(whole)
}

fn share(named: &Named, row: &FunctionRow) -> ShareView {
    ShareView {
        revision: row.revision.map_or_else(|| named.label(), |revision| format!("r{revision}")),
        latest: named.revision.is_none(),
        percent: named.percent,
        tags: named.tags.clone(),
        state: phase_name(row.state.phase).into(),
        instances: row.state.instances,
        in_flight: row.state.in_flight,
        queued: row.state.queued,
        events: row.stats.events,
        failed: row.stats.failed,
        reason: row.state.reason.clone(),
    }
}

/// Of several revisions, the one by whose state the function goes.
const fn liveliness(phase: FunctionPhase) -> u8 {
    match phase {
        FunctionPhase::Zero => 0,
        FunctionPhase::Broken => 1,
        FunctionPhase::Draining => 2,
        FunctionPhase::Starting => 3,
        FunctionPhase::Warm => 4,
        FunctionPhase::Busy => 5,
        FunctionPhase::Attached => 6,
    }
}

fn view(function: &Function, row: &FunctionRow) -> FunctionView {
    let Standing { phase, instances, in_flight, queued, held, reason } = &row.state;
    let program = match &function.found {
        Found::Program(program) => Some(program),
        Found::Absent | Found::Broken(_) => None,
    };
    let stats = &row.stats;
    FunctionView {
        function: function.name.to_string(),
        state: phase_name(*phase).into(),
        instances: *instances,
        instances_max: row.pinned.or_else(|| program.map(|program| program.terms.settings.scaling.max)),
        in_flight: *in_flight,
        queued: *queued,
        held: *held,
        events: stats.events,
        failed: stats.failed,
        unanswered: stats.unanswered,
        cold_starts: stats.cold_starts,
        cold_p50_ms: percentile(&stats.cold_ms, 50),
        cold_p99_ms: percentile(&stats.cold_ms, 99),
        run_p50_ms: percentile(&stats.run_ms, 50),
        run_p99_ms: percentile(&stats.run_ms, 99),
        revision: row.revision.map(|revision| format!("r{revision}")),
        content: program.and_then(|program| program.content.hash()).map(|hash| hash.to_string()),
        idle_ms: row.idle.map(millis),
        reason: reason.clone(),
        program: program.map(|program| program.path.display().to_string()),
        traffic: Vec::new(),
        paused: Vec::new(),
        pinned: row.pinned,
    }
}

const fn phase_name(phase: FunctionPhase) -> &'static str {
    match phase {
        FunctionPhase::Zero => "zero",
        FunctionPhase::Starting => "starting",
        FunctionPhase::Warm => "warm",
        FunctionPhase::Busy => "busy",
        FunctionPhase::Draining => "draining",
        FunctionPhase::Broken => "broken",
        FunctionPhase::Attached => "attached",
    }
}

/// The nearest-rank percentile; nothing of nothing.
pub(crate) fn percentile<'s>(samples: impl IntoIterator<Item = &'s f64>, percent: usize) -> Option<f64> {
    let mut sorted: Vec<f64> = samples.into_iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Stats;
    use crate::history::fixture::resolved;
    use activator::id::Revision;

    #[test]
    fn a_percentile_is_a_sample_that_was_measured() {
        let samples: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!((percentile(&samples, 50), percentile(&samples, 99)), (Some(100.0), Some(198.0)));
        assert_eq!((percentile(&[7.0], 50), percentile(&[7.0], 99)), (Some(7.0), Some(7.0)));
        assert_eq!(percentile(&[0.0; 0], 50), None);
    }

    #[test]
    fn a_function_is_shown_under_stable_names() {
        let (_, bill) = find(&resolved(), "bill").unwrap();
        let row = FunctionRow {
            state: Standing {
                phase: FunctionPhase::Broken,
                instances: 0,
                in_flight: 0,
                queued: 5,
                held: 2,
                reason: Some("its file is missing".into()),
            },
            stats: Stats {
                events: 9,
                failed: 1,
                unanswered: 0,
                cold_starts: 1,
                cold_ms: [5.9].into(),
                run_ms: [1.4, 2.2].into(),
            },
            revision: Some(Revision(2)),
            idle: Some(Duration::from_secs(12)),
            pinned: None,
        };
        let expected = serde_json::json!({
            "function": "bill", "state": "broken", "instances": 0, "instances_max": null, "in_flight": 0,
            "queued": 5, "held": 2, "events": 9, "failed": 1, "unanswered": 0, "cold_starts": 1, "cold_p50_ms": 5.9,
            "cold_p99_ms": 5.9, "run_p50_ms": 1.4, "run_p99_ms": 2.2, "revision": "r2", "content": null, "idle_ms": 12000.0,
            "reason": "its file is missing", "program": null, "traffic": [],
            "paused": [], "pinned": null,
        });
        assert_eq!(serde_json::to_value(view(&bill, &row)).unwrap(), expected);
    }

    #[test]
    fn an_unknown_function_is_not_found() {
        let refused = find(&resolved(), "bil").unwrap_err();
        assert_eq!((refused.status, &*refused.body.help), (StatusCode::NOT_FOUND, "did you mean `bill`?"));
        assert!(find(&resolved(), "else").unwrap_err().body.help.contains("hydrant ps"));
    }
}
