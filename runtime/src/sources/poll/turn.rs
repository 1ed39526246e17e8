//! One time that a URL is asked: the event of what is new is stored, and only then it is noted that it was seen. A kill between
//! the two makes the same event once more.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::block_in_place;
use tokio::time::timeout;

use super::seen::Seen;
use super::source::{Fetched, Poll};
use crate::driver::Handle;
use crate::sources::{Fired, StoreError};

/// A whole answer takes no longer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Nothing came of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Trouble {
    pub(super) reason: String,
    /// How long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Trouble {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::new(format!("its event is not stored: {error}"))
    }
}

/// Asks now, and gives the event where there is something new.
pub(crate) async fn ask(poll: &Arc<Poll>, driver: &Handle) -> Result<Option<Fired>, Trouble> {
    ask_until(poll, driver, pending()).await.unwrap_or(Ok(None))
}

/// The same, unless it is told to stop before an answer is there: then nothing is known of it.
pub(super) async fn ask_until(
    poll: &Arc<Poll>,
    driver: &Handle,
    stop: impl Future<Output = ()>,
) -> Option<Result<Option<Fired>, Trouble>> {
    // There are never two of it, whoever wants it.
    let turn = driver.polls().turn(poll);
    let _turn = turn.lock().await;
    let seen = driver.polls().last(poll, driver);
    let fetched = tokio::select! {
        fetched = fetch(poll, driver, seen.as_ref()) => fetched,
        () = stop => return None,
    };
    let asked = match fetched {
        Ok(Some(fetched)) => store(poll, driver, &fetched, seen.as_ref()).await,
        Ok(None) => Ok(None),
        Err(trouble) => Err(trouble),
    };
    driver.polls().asked(poll, Timestamp::now(), asked.as_ref().err());
    Some(asked)
}

async fn fetch(poll: &Poll, driver: &Handle, seen: Option<&Seen>) -> Result<Option<Fetched>, Trouble> {
    let most = poll.outlet.event_bytes_max(driver)?;
    let fetched = timeout(ANSWER_MAX, poll.fetch(seen, most)).await;
    fetched.unwrap_or_else(|_| Err(Trouble::new(format!("it did not answer within {ANSWER_MAX:?}"))))
}

async fn store(
    poll: &Poll,
    driver: &Handle,
    fetched: &Fetched,
    before: Option<&Seen>,
) -> Result<Option<Fired>, Trouble> {
    let seen = Seen::of(poll, fetched, before);
    let is_known = before.is_some_and(|before| before.id == seen.id);
    let fired = if is_known {
        None
    } else {
        let event = poll.event(&seen.id, Timestamp::now(), fetched).map_err(StoreError::from)?;
        Some(poll.outlet.store(driver, event).await?)
    };
    // Not before the event is stored.
    block_in_place(|| driver.polls().note(poll, driver, seen));
    Ok(fired)
}
