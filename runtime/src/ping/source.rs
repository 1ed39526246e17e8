//! A ping source, as the configuration says it is: when it fires, and what.

use std::sync::Arc;

use activator::event::{Event, EventError};
use bytes::Bytes;
use jiff::Timestamp;

use super::Schedule;
use crate::driver::Handle;
use crate::sources::{Fired, Outlet, StoreError};

/// Knative's names for its events.
const TYPE: &str = "dev.knative.sources.ping";

/// `[source.NAME]` of type ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ping {
    pub(crate) name: Arc<str>,
    pub(crate) schedule: Schedule,
    pub(crate) missed: Missed,
    pub(crate) outlet: Outlet,
    pub(crate) data: Bytes,
    pub(crate) content_type: Option<String>,
}

/// What is done about a time that passed while nobody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nothing: as Knative has it.
    #[default]
    Skip,
    /// One event, however many they were.
    Once,
}

impl Ping {
    /// The event of a firing. That of a scheduled time is the same each time it is made.
    pub(crate) fn event(&self, id: &str, time: Timestamp) -> Result<Event, EventError> {
        let mut event = Event::builder();
        event.attribute("id", id)?;
        event.attribute("source", &format!("/apis/v1/namespaces/default/pingsources/{}", self.name))?;
        event.attribute("type", TYPE)?;
        event.attribute("time", &time.to_string())?;
        if let Some(content_type) = &self.content_type {
            event.attribute("datacontenttype", content_type)?;
        }
        for (name, value) in &self.outlet.extensions {
            event.attribute(name, value)?;
        }
        event.build(self.data.clone())
    }

    /// For people: `at 03:00 every day (Europe/Berlin), next 2026-11-28 03:00`.
    pub(crate) fn told(&self, now: Timestamp) -> String {
        let next = self.schedule.next(now).map(|next| self.schedule.local(next).datetime());
        let next = next.map(|next| match next.second() {
            0 => next.strftime("%Y-%m-%d %H:%M").to_string(),
            _ => next.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        });
        format!("{}, next {}", self.schedule.told(), next.as_deref().unwrap_or("never"))
    }

    /// That of a scheduled time.
    pub(super) fn scheduled(&self, time: Timestamp) -> Result<Event, EventError> {
        self.event(&format!("{}-{time}", self.name), time)
    }
    /// Fires it now, because somebody wants it. No two of these are one event.
    pub(crate) async fn fire(&self, driver: &Handle) -> Result<Fired, StoreError> {
        let now = Timestamp::now();
        let event = self.event(&format!("{}-fired-{now}", self.name), now)?;
        self.outlet.store(driver, event).await
    }
}
