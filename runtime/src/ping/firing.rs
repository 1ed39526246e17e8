//! A firing: its event, stored in the channel where the source puts them.

use activator::event::{Event, EventError};
use jiff::Timestamp;

use super::Ping;
use crate::channel::{AppendError, Position};
use crate::driver::Handle;

/// Where the event is.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) id: String,
    /// `broker/default`.
    pub(crate) channel: String,
    pub(crate) position: Position,
}

/// An event is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FireError {
    #[error("it is no event: {0}")]
    Event(#[from] EventError),
    #[error("{0} is not open: {1}")]
    Closed(String, String),
    #[error("{0}")]
    Append(#[from] AppendError),
}

impl FireError {
    /// Whether it would be the same another time.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Append(AppendError::TooLarge { .. }))
    }
}

/// Fires a source now, because somebody wants it. No two of these are one event.
pub(crate) async fn fire(driver: &Handle, ping: &Ping) -> Result<Fired, FireError> {
    let now = Timestamp::now();
    let event = ping.event(&format!("{}-fired-{now}", ping.name), now)?;
    store(driver, ping, event).await
}

/// Once the channel has it, as durably as it says of itself.
pub(super) async fn store(driver: &Handle, ping: &Ping, event: Event) -> Result<Fired, FireError> {
    let (kind, name) = &ping.channel;
    let directory = driver.directory();
    let closed = |why: &str| FireError::Closed(format!("{}/{name}", kind.text()), why.into());
    let route = directory.route(*kind, name).ok_or_else(|| closed("hydrant is stopping"))?;
    let Some(channel) = &route.channel else {
        return Err(closed(route.trouble.as_deref().unwrap_or("it is being opened")));
    };
    let id = event.id().to_owned();
    Ok(Fired { id, channel: route.name.clone(), position: channel.append(event).await? })
}
