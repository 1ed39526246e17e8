//! Sources: what they are, when those that fire do so next, and the wish that one fires now.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::config::{kind_and_name, nearest};
use crate::driver::Handle;
use crate::history::view::rfc3339;
use crate::ping::Ping;
use crate::sources::Fired;
use crate::sources::container::{self, Container, State};
use crate::sources::file_watch::FileWatch;
use crate::sources::poll::{self, Poll};

/// One of them. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceView {
    pub(crate) source: String,
    /// `ping`, `kafka`, `container`, `http-poll` or `file-watch`.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    /// `fn/bill`, `broker/default`, a URL.
    pub(crate) to: String,
    /// When it fires or is asked next, where that is known. RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    // No two of these may have a field of one name: the first would take it from the other.
    #[serde(flatten)]
    pub(crate) standing: Option<Standing>,
    #[serde(flatten)]
    pub(crate) timing: Option<Timing>,
    #[serde(flatten)]
    pub(crate) running: Option<Running>,
    #[serde(flatten)]
    pub(crate) polling: Option<Polling>,
    #[serde(flatten)]
    pub(crate) watching: Option<Watching>,
}

/// How one stands that is a program, asks a URL or watches a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// A program: starting, running, waiting, broken, stopping. One that asks: starting, answering, failing, broken. One that
    /// watches: starting, watching, waiting.
    pub(crate) state: String,
    /// RFC 3339.
    pub(crate) since: Option<String>,
    /// What went wrong last, or why it does not run.
    pub(crate) error: Option<String>,
}

/// One that is a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    pid: Option<u32>,
    pub(crate) restarts: u32,
}

/// One that asks a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Polling {
    /// Without its query, in which there may be a secret.
    url: String,
    every_ms: u64,
    /// In a row.
    failures: u32,
}

/// One that watches a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watching {
    path: String,
    /// Files that it knows there.
    files: usize,
    /// The id of its last event since the start.
    last_event: Option<String>,
    /// RFC 3339: when that was stored.
    last_event_at: Option<String>,
}

impl Watching {
    /// For people.
    pub(crate) fn told(&self) -> String {
        let files = if self.files == 1 { "1 file".to_owned() } else { format!("{} files", self.files) };
        let last = self.last_event_at.as_ref().map(|at| format!(", last {at}"));
        files + &last.unwrap_or_default()
    }
}

/// When one of type ping fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timing {
    schedule: String,
    timezone: String,
    /// For people.
    pub(crate) told: String,
}

/// What came of a firing: of a ping one event, of a URL one or none, of a folder one for each file that is not as it was.
#[derive(Clone, Debug, Serialize)]
struct FiringView {
    events: Vec<FiredView>,
}

/// Where the event of a firing is, as `send` tells of its own.
#[derive(Clone, Debug, Serialize)]
struct FiredView {
    id: String,
    channel: String,
    partition: u32,
    offset: u64,
}

pub(super) fn routes(driver: Handle) -> Router {
    Router::new()
        .route("/api/v1/sources", get(list))
        .route("/api/v1/sources/{name}/fire", post(fire))
        .with_state(driver)
}

async fn list(extract::State(driver): extract::State<Handle>) -> Json<Vec<SourceView>> {
    Json(views(&driver, Timestamp::now()))
}

async fn fire(
    extract::State(driver): extract::State<Handle>,
    Path(name): Path<String>,
) -> Result<Json<FiringView>, ApiError> {
    let config = driver.config();
    let failed = |error: &dyn Display| {
        let message = format!("{name} did not fire: {error}");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message, "fire it again")
    };
    let fired = if let Some(poll) = config.polls.get(&*name) {
        Vec::from_iter(poll::ask(poll, &driver).await.map_err(|error| failed(&error))?)
    } else if let Some(source) = config.file_watches.get(&*name) {
        driver.file_watches().look(source).await.map_err(|error| failed(&error))?
    } else {
        vec![find(&config, &name)?.fire(&driver).await.map_err(|error| failed(&error))?]
    };
    Ok(Json(FiringView { events: fired.into_iter().map(FiredView::of).collect() }))
}

impl FiredView {
    fn of(fired: Fired) -> Self {
        let (partition, offset) = (fired.position.partition.0, fired.position.offset.0);
        Self { id: fired.id, channel: fired.channel, partition, offset }
    }
}

fn views(driver: &Handle, now: Timestamp) -> Vec<SourceView> {
    let config = driver.config();
    let pings = config.pings.values().map(|ping| view(ping, now));
    let containers = config.containers.values().map(|source| program_view(driver, source));
    let topics = topics(&config).into_iter();
    let topics = topics.map(|(source, to)| SourceView::new(&source, "kafka", &to));
    let polls = config.polls.values().map(|poll| poll_view(driver, poll));
    let folders = config.file_watches.values().map(|source| folder_view(driver, source));
    let mut all: Vec<SourceView> =
        pings.chain(containers).chain(polls).chain(folders).chain(topics).collect();
    all.sort_by(|a, b| a.source.cmp(&b.source));
    all
}

fn view(ping: &Ping, now: Timestamp) -> SourceView {
    let schedule = &ping.schedule;
    let next = schedule.next(now).map(|next| schedule.local(next));
    let timing =
        Timing { schedule: schedule.text().into(), timezone: schedule.zone().into(), told: schedule.told() };
    SourceView {
        // By the clock of its time zone.
        next: next.map(|next| next.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()),
        timing: Some(timing),
        ..SourceView::new(&ping.name, "ping", &ping.outlet.to)
    }
}

fn program_view(driver: &Handle, source: &Container) -> SourceView {
    let container::Standing { state, restarts, error } =
        driver.containers().standing(&source.name).unwrap_or_default();
    let (pid, since) = match state {
        State::Running { pid, since } => (Some(pid), Some(rfc3339(since))),
        _ => (None, None),
    };
    SourceView {
        standing: Some(Standing { state: state.text().into(), since, error }),
        running: Some(Running { pid, restarts }),
        ..SourceView::new(&source.name, "container", &source.outlet.to)
    }
}

fn poll_view(driver: &Handle, poll: &Poll) -> SourceView {
    let known = driver.polls().standing(&poll.name);
    let since = known.as_ref().map(|standing| standing.since.to_string());
    let known = known.unwrap_or_default();
    let every_ms = u64::try_from(poll.every.as_millis()).unwrap_or(u64::MAX);
    SourceView {
        next: known.next.map(|next| next.to_string()),
        standing: Some(Standing { state: known.state.text().into(), since, error: known.error }),
        polling: Some(Polling { url: poll.shown(), every_ms, failures: known.failures }),
        ..SourceView::new(&poll.name, "http-poll", &poll.outlet.to)
    }
}

fn folder_view(driver: &Handle, source: &FileWatch) -> SourceView {
    let known = driver.file_watches().standing(source).unwrap_or_default();
    let (last_event, last_event_at) = known.last.map(|(id, at)| (id, rfc3339(at))).unzip();
    let (state, since) = (known.state.text().into(), known.since.map(rfc3339));
    SourceView {
        standing: Some(Standing { state, since, error: known.error }),
        watching: Some(Watching { path: source.place(), files: known.files, last_event, last_event_at }),
        ..SourceView::new(&source.name, "file-watch", &source.outlet.to)
    }
}

impl SourceView {
    fn new(source: &str, ty: &str, to: &str) -> Self {
        let (source, ty, to) = (source.into(), ty.into(), to.into());
        let (next, standing, timing) = (None, None, None);
        Self { source, ty, to, next, standing, timing, running: None, polling: None, watching: None }
    }
}

/// Those that read topics, which have a subscription for each, and where their events go.
fn topics(config: &Resolved) -> BTreeMap<String, String> {
    let subscriptions = config.topology.subscriptions.iter();
    let named = subscriptions.filter_map(|subscription| {
        let (kind, name) = kind_and_name(&subscription.name);
        let (source, _topic) = name.split_once('/').filter(|_| kind == ChannelKind::Source.text())?;
        Some((source.to_owned(), subscription.to_name.to_string()))
    });
    named.collect()
}

fn find<'c>(config: &'c Resolved, name: &str) -> Result<&'c Ping, ApiError> {
    if let Some(ping) = config.pings.get(name) {
        return Ok(ping);
    }
    let refused = |why: &str, help: &str| {
        let message = format!("source {name:?} {why}: it has nothing to fire");
        Err(ApiError::new(StatusCode::CONFLICT, message, help))
    };
    if config.containers.contains_key(name) {
        return refused(
            "is a program",
            "only those of type ping, http-poll and file-watch fire; this one sends when it likes",
        );
    }
    if topics(config).contains_key(name) {
        let help = "only those of type ping, http-poll and file-watch fire; to try it, write a record into its topic";
        return refused("reads topics of Kafka", help);
    }
    let names = config.pings.keys().chain(config.polls.keys()).chain(config.file_watches.keys());
    let help = match nearest(name, names.map(|name| &**name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/sources lists them".to_owned(),
    };
    Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no source {name:?}"), help))
}
