//! Events of the past with all of their data, and the headers that travelled with them: read again from their channels, as
//! far as those hold them.

use std::sync::Arc;

use activator::event::{Event, json};
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::driver::Handle;
use crate::history::view::Explained;
use crate::history::{History, Picked, Place, Spot};

/// What is at a place, if its channel holds it still.
type Read = dyn Fn(Place) -> BoxFuture<'static, Option<Event>> + Send + Sync;

#[derive(Clone)]
pub(super) struct Whole {
    history: Arc<History>,
    read: Arc<Read>,
}

impl Whole {
    pub(super) fn new(history: Arc<History>, driver: Handle) -> Self {
        let read = move |place| -> BoxFuture<'static, _> {
            let driver = driver.clone();
            Box::pin(async move { driver.read(place).await })
        };
        Self { history, read: Arc::new(read) }
    }

    /// No channel holds anything.
    #[cfg(test)]
    pub(super) fn nowhere(history: Arc<History>) -> Self {
        Self { history, read: Arc::new(|_| Box::pin(std::future::ready(None))) }
    }

    /// The event that is to go again. Of what its channel forgot, small data is in the history.
    pub(super) async fn picked(&self, picked: &Picked) -> Option<Event> {
        let read = self.event(&picked.spot, picked.event.id(), picked.event.source()).await;
        read.or_else(|| picked.is_whole.then(|| picked.event.clone()))
    }

    /// Adds the data that the history does not have.
    pub(super) async fn fill(&self, explained: &mut Explained) {
        if explained.data_bytes == 0 || explained.has_data() {
            return;
        }
        let event = self.event(&explained.spot(), &explained.id, &explained.source).await;
        if let Some(Value::Object(members)) = event.as_ref().map(json::to_value) {
            explained.event = members;
        }
    }

    async fn event(&self, spot: &Spot, id: &str, source: &str) -> Option<Event> {
        let channel = self.history.channel(&spot.channel)?;
        let place = Place { channel, partition: spot.partition, offset: spot.offset };
        // After a restart, a channel in memory has others in its places.
        (self.read)(place).await.filter(|event| event.id() == id && event.source() == source)
    }
}
