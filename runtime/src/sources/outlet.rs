//! Where a source puts its events, and how one is stored there.

use activator::event::{Event, EventError};

use crate::channel::{AppendError, Channel, Position};
use crate::config::resolved::ChannelKind;
use crate::driver::{Directory, Handle, Route};

/// The end of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outlet {
    /// Where its events are stored: what `to` names, or the source's own channel before a function or URL.
    pub(crate) channel: (ChannelKind, String),
    /// As it is written: `fn/bill`.
    pub(crate) to: String,
    /// Attributes that every event gets.
    pub(crate) extensions: Vec<(String, String)>,
}

/// Where an event is.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) id: String,
    /// `broker/default`.
    pub(crate) channel: String,
    pub(crate) position: Position,
}

/// An event is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("it is no event: {0}")]
    Event(#[from] EventError),
    #[error("{0} is not open: {1}")]
    Closed(String, String),
    #[error("{0}")]
    Append(#[from] AppendError),
}

impl StoreError {
    /// Whether it would be the same another time.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Append(AppendError::TooLarge { .. }))
    }
}

impl Outlet {
    /// Done once the channel has it, as durably as it says of itself.
    pub(crate) async fn store(&self, driver: &Handle, event: Event) -> Result<Fired, StoreError> {
        let directory = driver.directory();
        let (route, channel) = self.open(&directory)?;
        let id = event.id().to_owned();
        Ok(Fired { id, channel: route.name.clone(), position: channel.append(event).await? })
    }

    /// The bytes of the largest event that is taken there, by the channel and from those who send.
    pub(crate) fn event_bytes_max(&self, driver: &Handle) -> Result<usize, StoreError> {
        let directory = driver.directory();
        let (_, channel) = self.open(&directory)?;
        Ok(channel.event_bytes_max().min(driver.config().runtime.body_bytes_max))
    }

    fn open<'d>(&self, directory: &'d Directory) -> Result<(&'d Route, &'d Channel), StoreError> {
        let (kind, name) = &self.channel;
        let closed = |why: &str| StoreError::Closed(format!("{}/{name}", kind.text()), why.into());
        let route = directory.route(*kind, name).ok_or_else(|| closed("hydrant is stopping"))?;
        let trouble = || closed(route.trouble.as_deref().unwrap_or("it is being opened"));
        Ok((route, route.channel.as_ref().ok_or_else(trouble)?))
    }
}
