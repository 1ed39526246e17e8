//! What the mind waits for by time. A timer may outlive its reason; whoever it wakes looks for itself.

use crate::id::{CallId, ChannelId, DeliveryId, Epoch, FunctionId, InstanceId, Partition};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The next attempt of a delivery.
    Retry(DeliveryId),
    /// The next append for a delivery.
    Store(DeliveryId),
    /// The next commit of a channel.
    Commit(ChannelId),
    /// The time by which a tail that moved is stored.
    CommitTail(ChannelId),
    /// The end of a tail's patience.
    Tail(ChannelId, Partition),
    /// The end of what a partition that was asked back may take.
    Revoke(ChannelId, Partition, Epoch),
    /// The end of a start's time.
    Start(InstanceId),
    /// The moment an instance may have been idle for long enough.
    Idle(InstanceId),
    /// The next look at a function's averages.
    Look(FunctionId),
    /// The end of a retiring instance's time.
    Retire(InstanceId),
    /// The end of a crash loop's wait.
    Restart(FunctionId),
    /// The end of a caller's patience with a function that cannot start.
    Patience(CallId),
    /// The end of the time to stop in order.
    Drain,
}
