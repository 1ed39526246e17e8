//! An instance as the driver holds it, and the task that lives its life.

use activator::id::InstanceId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Instance;
use crate::config::resolved::Protocol;
use crate::dispatch::{IN_FLIGHT_MAX, Job, Order, Start, oneshot, stdio};
use crate::driver::Inbox;

/// Orders an instance may have waiting: the deliveries it may hold and its end, with room to spare.
const ORDERS_MAX: usize = 4 * IN_FLIGHT_MAX as usize;

/// An instance, as the driver holds it.
#[derive(Debug)]
pub(crate) struct Handle {
    orders: mpsc::Sender<Order>,
    /// The task ends by itself once the process is gone.
    _task: JoinHandle<()>,
}

impl Handle {
    /// Tells the instance something; gives it back when the instance is gone already.
    pub(crate) fn tell(&self, order: Order) -> Result<(), Box<Order>> {
        self.orders.try_send(order).map_err(|refused| Box::new(refused.into_inner()))
    }
}

/// Starts a process. The last that is heard of it is that it exited.
pub(crate) fn start(start: Start) -> Handle {
    begin(start.id, start.inbox.clone(), |mut waiting| async move {
        let reason = match start.program.terms.protocol {
            Protocol::Http | Protocol::H2c => Instance::new(start, false).live(&mut waiting).await,
            Protocol::Oneshot => oneshot::live(start, &mut waiting).await,
            Protocol::Stdio => stdio::live(start, &mut waiting).await,
        };
        (reason, waiting)
    })
}

/// Begins a life, which gives how it ended.
pub(super) fn begin<L, F>(id: InstanceId, inbox: Inbox, live: L) -> Handle
where
    L: FnOnce(mpsc::Receiver<Order>) -> F + Send + 'static,
    F: Future<Output = (String, mpsc::Receiver<Order>)> + Send + 'static,
{
    let (orders, waiting) = mpsc::channel(ORDERS_MAX);
    let task = tokio::spawn(async move {
        // Made where it stays: a task is moved to its place, and a life is kilobytes.
        let (reason, waiting) = Box::pin(live(waiting)).await;
        refuse_all(&inbox, waiting).await;
        inbox.exited(id, reason).await;
    });
    Handle { orders, _task: task }
}

/// What was ordered too late never reached the process.
async fn refuse_all(inbox: &Inbox, mut orders: mpsc::Receiver<Order>) {
    orders.close();
    while let Some(order) = orders.recv().await {
        if let Order::Deliver(Job { delivery, work, .. }) = order {
            inbox.not_taken(delivery, work).await;
        }
    }
}
