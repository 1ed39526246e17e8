//! Server-sent events: how a stream is answered, and that it ends with the runtime.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::watch;

/// A client that went away in silence is noticed by what is sent to it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// One message: what it is about, and an object.
pub(super) fn message(topic: &str, object: &impl Serialize) -> Event {
    // Nothing of ours fails to be JSON; a client takes what is empty for nothing.
    Event::default().event(topic).data(serde_json::to_string(object).unwrap_or_default())
}

/// The answer that goes on until the stream or the runtime ends.
pub(super) fn answer(
    messages: impl Stream<Item = Event> + Send + 'static,
    closed: watch::Receiver<bool>,
) -> Response {
    let messages = messages.map(Ok::<_, Infallible>).take_until(super::closed(closed));
    Sse::new(messages).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response()
}
