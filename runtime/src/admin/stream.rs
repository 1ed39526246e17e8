//! What is over, as it happens: `GET /api/v1/stream`. Each client has a task that looks at all that is over and takes what
//! the client asked for, no more of it than it may have and can take; it tells what it left out. Nobody waits for it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::StreamExt;
use futures_util::stream::{iter, unfold};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::error::ApiError;
use super::events::bad_query;
use super::sample::Sample;
use super::{replay, sse};
use crate::history::view::Ended;
use crate::history::{End, History, Selection, Watch};

/// Lines a second, unless the client says how many.
const RATE: u32 = 200;
const RATE_MAX: u32 = 10_000;
/// Lines of the past at most.
const LAST_MAX: usize = 10_000;
/// Lines that wait for a client to read.
const UNREAD_MAX: usize = 256;
/// So many are looked at, then others have their turn: it is the thread that delivers.
const AT_ONCE: usize = 256;

/// What messages are about.
const EVENTS: &str = "events";
const GAP: &str = "gap";

#[derive(Clone)]
struct Streams {
    history: Arc<History>,
    closed: watch::Receiver<bool>,
}

pub(super) fn routes(history: Arc<History>, closed: watch::Receiver<bool>) -> Router {
    Router::new().route("/api/v1/stream", get(stream)).with_state(Streams { history, closed })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StreamQuery {
    topics: Option<String>,
    id: Option<String>,
    /// The trigger, subscription or source that had it.
    trigger: Option<String>,
    /// CESQL.
    filter: Option<String>,
    failed: bool,
    /// Lines a second at most.
    rate: Option<u32>,
    /// First the past: the newest so many, and what arrived since (RFC 3339).
    last: Option<usize>,
    since: Option<String>,
}

impl StreamQuery {
    fn selection(&self) -> Result<Selection, ApiError> {
        Ok(Selection {
            id: self.id.clone(),
            of: self.trigger.clone(),
            filter: self.filter.as_deref().map(replay::filter).transpose()?,
            since: self.since.as_deref().map(replay::time).transpose()?,
            failed: self.failed,
            last: self.last.unwrap_or(LAST_MAX).min(LAST_MAX),
            ..Selection::default()
        })
    }

    const fn wants_past(&self) -> bool {
        self.last.is_some() || self.since.is_some()
    }
}

async fn stream(
    State(streams): State<Streams>,
    query: Result<Query<StreamQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    check_topics(query.topics.as_deref())?;
    let selection = query.selection()?;
    let sample = Sample::new(query.rate.unwrap_or(RATE).clamp(1, RATE_MAX), Instant::now());
    // First this, or what is over between the two would be in neither.
    let watch = streams.history.watch();
    let past = match query.wants_past() {
        true => streams.history.ended_before(&selection, watch.since).await,
        false => Vec::new(),
    };
    let past = past.into_iter().map(|ended| message(&ended));
    let (lines, unread) = mpsc::channel(UNREAD_MAX);
    // Ends with the stream that holds it.
    let mut follows = JoinSet::new();
    follows.spawn(follow(watch, selection, sample, lines));
    let live = unfold((unread, follows), |(mut unread, follows)| async move {
        Some((unread.recv().await?, (unread, follows)))
    });
    Ok(sse::answer(iter(past).chain(live), streams.closed))
}

fn check_topics(topics: Option<&str>) -> Result<(), ApiError> {
    match topics.unwrap_or(EVENTS).split(',').find(|topic| *topic != EVENTS) {
        None => Ok(()),
        Some(other) => {
            let message = format!("there is no topic {other:?}");
            Err(ApiError::new(StatusCode::BAD_REQUEST, message, format!("the topic is {EVENTS}")))
        }
    }
}

fn message(ended: &Ended) -> Event {
    sse::message(EVENTS, ended)
}

/// Passes on what is wanted, until nobody reads it any more.
async fn follow(watch: Watch, selection: Selection, mut sample: Sample, lines: mpsc::Sender<Event>) {
    let mut gone = pin!(lines.closed());
    loop {
        let due = sample.due().map(tokio::time::Instant::from_std);
        let told = async {
            tokio::time::sleep_until(due?).await;
            Some(())
        };
        tokio::select! {
            waiting = watch.next() => {
                sample.left_out(waiting.left_out);
                for (at, end) in waiting.ends.iter().enumerate() {
                    if at % AT_ONCE == AT_ONCE - 1 {
                        tokio::task::yield_now().await;
                    }
                    pass_on(end, &selection, &mut sample, &lines);
                }
            }
            Some(()) = told => {}
            () = &mut gone => return,
        }
        // With no room for it the client hears of it when it reads.
        if let Ok(place) = lines.try_reserve()
            && let Some(gap) = sample.take_gap(Instant::now())
        {
            place.send(sse::message(GAP, &gap));
        }
    }
}

fn pass_on(end: &End, selection: &Selection, sample: &mut Sample, lines: &mpsc::Sender<Event>) {
    if !selection.wants_end(end) {
        return;
    }
    // In this order: what is not shown costs no more than to count it.
    if !sample.admits(Instant::now()) {
        return sample.left_out(1);
    }
    let Ok(place) = lines.try_reserve() else { return sample.left_out(1) };
    if let Some(ended) = end.told() {
        place.send(message(&ended));
        sample.shown();
    }
}
