//! A call at `/request/NAME`: its event goes into a broker, and the event that answers it comes back.

use std::fs::File;
use std::io::{self, Read as _};
use std::time::Duration;

use activator::event::{Event, EventError};
use activator::id::SinkId;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};

use super::event::{read_events, stored, webhook_validation, wrong_method};
use super::reply::{self, Body};
use crate::config::resolved::{ChannelKind, Request as Settings, Resolved};
use crate::driver::Handle;

/// An event is not given an id by which its answer is known.
#[derive(Debug, thiserror::Error)]
enum MarkError {
    #[error("the system gave no random number: {0}")]
    Random(#[from] io::Error),
    #[error("the event has no room for the id its answer is known by: {0}")]
    Event(#[from] EventError),
}

/// Knative's RequestReply.
pub(super) async fn answer(
    driver: &Handle,
    request: Request<Incoming>,
    name: &str,
    patience: Duration,
) -> Response<Body> {
    let config = driver.config();
    let Some((id, settings)) = find(&config, name) else {
        let help = format!("add [request.{name}] to runtime.toml");
        return reply::problem(404, &format!("there is no request `{name}`"), &help);
    };
    match *request.method() {
        Method::POST => {}
        Method::OPTIONS => return webhook_validation(request.headers()),
        _ => return wrong_method(),
    }
    let mut events = match read_events(request, config.runtime.body_bytes_max, patience).await {
        Ok(events) => events,
        Err(refusal) => return refusal,
    };
    match (events.pop(), events.pop()) {
        (Some(event), None) => ask(driver, id, settings, &event).await,
        _ => reply::problem(400, "a batch has many answers or none", "send one event"),
    }
}

fn find<'c>(config: &'c Resolved, name: &str) -> Option<(SinkId, &'c Settings)> {
    config.requests.iter().find(|(_, request)| request.name == name).map(|(&id, request)| (id, request))
}

async fn ask(driver: &Handle, request: SinkId, settings: &Settings, event: &Event) -> Response<Body> {
    let (id, event) = match marked(event, &settings.correlation) {
        Ok(marked) => marked,
        Err(error @ MarkError::Random(_)) => return reply::later(&error.to_string(), "send it again"),
        Err(error) => {
            let help =
                format!("send a smaller event; `{}` takes its id and 33 bytes more", settings.correlation);
            return reply::problem(400, &error.to_string(), &help);
        }
    };
    let directory = driver.directory();
    let Some(route) = directory.route(ChannelKind::Broker, &settings.broker) else {
        return reply::stopping();
    };
    // Before the event is anywhere: its answer may be quick.
    let mut caller = driver.callers().wait(request, &id);
    if let Err(refusal) = stored(route, vec![event]).await {
        return refusal;
    }
    tokio::select! {
        answer = caller.answer() => reply::event(&answer),
        () = tokio::time::sleep(settings.timeout) => {
            let waited = humantime::format_duration(settings.timeout);
            let message = format!("no event with {} = {id:?} came within {waited}", settings.reply);
            let help = format!("whoever answers copies {} into {}", settings.correlation, settings.reply);
            reply::problem(504, &message, &help)
        }
        () = driver.stopped() => reply::stopping(),
    }
}

/// The event with an id that nobody can guess, so that nobody else can answer it. Knative signs it; here, only who waits
/// knows it.
fn marked(event: &Event, attribute: &str) -> Result<(String, Event), MarkError> {
    let id = format!("{}:{:032x}", event.id(), secret()?);
    let marked = event.with(attribute, &id)?;
    Ok((id, marked))
}

fn secret() -> io::Result<u128> {
    let mut random = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(u128::from_ne_bytes(random))
}
