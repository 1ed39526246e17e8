//! The task that fires: it waits for the next time of all sources, stores the event, and notes that it is done.

use std::future::pending;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};

use super::book::Book;
use super::rota::{Ended, Rota, Turn};
use super::timer::Timer;
use super::{Missed, Ping};
use crate::driver::Handle;
use crate::sources::StoreError;
use crate::sources::poll::Polling;

struct Pinging {
    driver: Handle,
    rota: Rota,
    /// Those that ask a URL, by the same timer.
    polling: Polling,
    book: Book,
    /// There is none until there is a source.
    timer: Option<Timer>,
    storing: JoinSet<Stored>,
}

/// An event that was to be stored.
struct Stored {
    ping: Arc<Ping>,
    time: Timestamp,
    outcome: Result<(), StoreError>,
}

/// Fires until told to stop; what is being stored then is waited for.
pub(crate) async fn run(driver: Handle, mut stop: watch::Receiver<bool>) {
    let mut configured = driver.configured();
    let book = Book::open(driver.config().runtime.state.as_deref());
    let polling = Polling::new(driver.clone(), stop.clone());
    let (rota, storing) = (Rota::default(), JoinSet::new());
    let mut pinging = Pinging { driver, rota, polling, book, timer: None, storing };
    pinging.configure();
    loop {
        if let Err(error) = pinging.look() {
            return tracing::error!("no source fires any more: no timer: {error}");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Ok(()) = configured.changed() => pinging.configure(),
            Some(Ok(stored)) = pinging.storing.join_next() => pinging.ended(&stored),
            () = pinging.polling.changed() => {}
            () = ring(pinging.timer.as_ref()) => {}
        }
    }
    while let Some(Ok(stored)) = pinging.storing.join_next().await {
        pinging.ended(&stored);
    }
    pinging.polling.end().await;
}

/// Where the timer is broken, the next look says so.
async fn ring(timer: Option<&Timer>) {
    match timer {
        Some(timer) => drop(timer.ring().await),
        None => pending().await,
    }
}

impl Pinging {
    fn configure(&mut self) {
        let config = self.driver.config();
        self.rota.configure(Timestamp::now(), &config.pings, |ping| self.book.passed(ping));
        self.polling.configure();
        self.keep();
    }

    /// Fires what is due, and sets the timer for what is next.
    fn look(&mut self) -> io::Result<()> {
        loop {
            for turn in self.rota.turns(Timestamp::now()) {
                match turn {
                    Turn::Fire(ping, time) => self.fire(ping, time),
                    Turn::Missed(ping, time) => {
                        let time = ping.schedule.local(time).datetime();
                        tracing::warn!(
                            source = &*ping.name,
                            "it did not fire at {time}, which is more than a minute past"
                        );
                    }
                }
            }
            self.polling.look();
            let next = self.rota.next().into_iter().chain(self.polling.next()).min();
            if self.timer.is_none() && next.is_some() {
                self.timer = Some(Timer::new()?);
            }
            let Some(timer) = &self.timer else { return Ok(()) };
            if timer.set(next)? {
                return Ok(());
            }
        }
    }

    fn fire(&mut self, ping: Arc<Ping>, time: Timestamp) {
        let driver = self.driver.clone();
        self.storing.spawn(async move {
            let outcome = match ping.scheduled(time) {
                Ok(event) => ping.outlet.store(&driver, event).await.map(drop),
                Err(error) => Err(error.into()),
            };
            Stored { ping, time, outcome }
        });
    }

    fn ended(&mut self, stored: &Stored) {
        let Stored { ping, time, outcome } = stored;
        let is_over = outcome.as_ref().err().is_none_or(StoreError::is_final);
        let how = if is_over { Ended::Over } else { Ended::NotNow };
        let is_first = self.rota.ended(Timestamp::now(), ping, *time, how);
        match outcome {
            Err(error) if is_over => tracing::error!(source = &*ping.name, "its event is given up: {error}"),
            // Said once, however often it is tried.
            Err(error) if is_first => {
                tracing::warn!(source = &*ping.name, "its event is not stored yet: {error}; trying again");
            }
            _ => {}
        }
        if ping.missed == Missed::Once {
            self.keep();
        }
    }

    fn keep(&mut self) {
        let (book, rota) = (&mut self.book, &self.rota);
        if let Err(error) = block_in_place(|| book.write(rota.passed())) {
            tracing::error!("what sources fired is not known after a restart: cannot write that: {error}");
        }
    }
}
