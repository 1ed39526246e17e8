//! Whose turn it is to be asked. It has no timer: whoever has that of all sources asks when the next is due, and looks then.

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};

use super::turn::ask_until;
use crate::driver::Handle;

pub(crate) struct Polling {
    driver: Handle,
    /// Tells when to stop.
    stop: watch::Receiver<bool>,
    asking: JoinSet<()>,
}

impl Polling {
    pub(crate) fn new(driver: Handle, stop: watch::Receiver<bool>) -> Self {
        Self { driver, stop, asking: JoinSet::new() }
    }

    /// Takes over what is configured.
    pub(crate) fn configure(&self) {
        self.driver.polls().configure(&self.driver.config().polls, Timestamp::now());
        block_in_place(|| self.driver.polls().forget_others(&self.driver));
    }

    /// Asks those that are due.
    pub(crate) fn look(&mut self) {
        while self.asking.try_join_next().is_some() {}
        for poll in self.driver.polls().take_due(Timestamp::now()) {
            let (driver, mut stop) = (self.driver.clone(), self.stop.clone());
            self.asking.spawn(async move {
                // Gone is told, too.
                let stop = async move { drop(stop.wait_for(|stop| *stop).await) };
                ask_until(&poll, &driver, stop).await;
            });
        }
    }

    /// When there is something to do next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.driver.polls().next()
    }

    /// Waits until that may be another time.
    pub(crate) async fn changed(&self) {
        self.driver.polls().changed().await;
    }

    /// Waits for what is being stored.
    pub(crate) async fn end(mut self) {
        while self.asking.join_next().await.is_some() {}
    }
}
