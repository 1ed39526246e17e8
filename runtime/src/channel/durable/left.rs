//! What a log still holds for its subscriptions, asked when nobody uses it any more.

use std::path::Path;

use activator::input::OpenedPartition;

use super::Durable;
use crate::channel::{DurableSpec, Landmark, OpenError, Reserve, Retention, SyncMode};

/// How many events the log in `dir` holds that these subscriptions have not had, by the one that has had least. Those
/// between that were had already are counted, too.
///
/// # Errors
/// It is there and cannot be opened.
pub(in crate::channel) async fn left(dir: &Path, subscriptions: &[&str]) -> Result<u64, OpenError> {
    if !dir.is_dir() {
        return Ok(0);
    }
    let (sync, retention, reserve) = (SyncMode::Os, Retention::default(), Reserve::Used);
    let spec = DurableSpec { dir: dir.to_owned(), partitions: 1, sync, retention, reserve };
    let (channel, partitions, _) = Durable::open(&spec).await?;
    let mut events = 0;
    for partition in &partitions {
        let end = channel.locate(partition.partition, Landmark::End).await;
        let end = end.map_err(|error| OpenError(error.to_string()))?;
        events += end.0.saturating_sub(lowest(partition, subscriptions));
    }
    channel.close().await;
    Ok(events)
}

/// The first offset that one of the subscriptions needs.
fn lowest(partition: &OpenedPartition, subscriptions: &[&str]) -> u64 {
    let Some(progress) = &partition.committed else { return partition.begin.0 };
    let wired = progress.behind.iter().filter(|(name, _)| subscriptions.contains(&&**name));
    wired.map(|(_, cursor)| cursor.prefix().0).fold(progress.position.0, u64::min)
}
