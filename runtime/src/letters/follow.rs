//! The index is kept up with the channel: read from its beginning at the start, and then as letters are stored.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use activator::id::Partition;
use activator::input::OpenedPartition;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::desk::Desk;
use crate::channel::{Channel, ReadError};

const READ_RECORDS: u32 = 256;
const READ_BYTES: u32 = 1 << 20;
/// The wait after a read that failed.
const RETRY_WAIT: Duration = Duration::from_secs(1);

impl Desk {
    /// The channel is open. Gives what follows it until [`close`](Self::close).
    pub(crate) fn opened(
        self: &Arc<Self>,
        channel: &Channel,
        partitions: &[OpenedPartition],
    ) -> Vec<BoxFuture<'static, ()>> {
        let mut state = self.state();
        for opened in partitions {
            state.index.begin(opened.partition, opened.begin, opened.committed.as_ref());
        }
        state.channel = Some(channel.clone());
        drop(state);
        let followed = |opened: &OpenedPartition| {
            let follows = Arc::clone(self).follow(channel.clone(), opened.partition);
            Arc::clone(self).until_closed(follows).boxed()
        };
        let announces = Arc::clone(self).announce();
        let announces = Arc::clone(self).until_closed(announces).boxed();
        partitions.iter().map(followed).chain([announces]).collect()
    }

    /// Lets go of the channel.
    pub(crate) fn close(&self) {
        self.state().channel = None;
        self.closing.send_replace(true);
    }

    async fn until_closed(self: Arc<Self>, what: impl Future<Output = ()>) {
        let mut closing = self.closing.subscribe();
        tokio::select! {
            () = what => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
    }

    async fn follow(self: Arc<Self>, channel: Channel, partition: Partition) {
        loop {
            if let Err(error) = self.read_on(&channel, partition).await {
                tracing::warn!("the dead letters: {error}; trying again");
                tokio::time::sleep(RETRY_WAIT).await;
            }
        }
    }

    async fn read_on(&self, channel: &Channel, partition: Partition) -> Result<(), ReadError> {
        let mut moved = self.moved.subscribe();
        let has_room = moved.wait_for(|()| !self.state().index.is_full()).await.is_ok();
        debug_assert!(has_room, "the sender is borrowed for as long as we wait");
        drop(moved);
        let from = self.state().index.position(partition);
        let batch = channel.read(partition, from, READ_RECORDS, READ_BYTES).await?;
        self.state().index.read(partition, &batch);
        self.moved.send_replace(());
        Ok(())
    }

    /// Says once how many there are, when there are some.
    async fn announce(self: Arc<Self>) {
        if self.caught_up().await.is_err() {
            return;
        }
        match self.count() {
            0 => {}
            1 => tracing::warn!("1 dead letter waits for you (hydrant dlq ls)"),
            count => tracing::warn!("{count} dead letters wait for you (hydrant dlq ls)"),
        }
    }
}
