//! A number of events, at a rate or as fast as they are taken; how many were is told at the end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use super::door::{Door, is_gone};
use super::what::What;
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output::{self, count, time};
use crate::cli::rate::Rate;
use crate::history::view::millis;

/// Events under way at once where their order is of no matter.
const LANES_MAX: usize = 16;
/// How often is told how far it is.
const PROGRESS: Duration = Duration::from_millis(200);
/// Reasons why events failed that are told.
const REASONS_SHOWN: usize = 5;

/// `send --count`, `send --batch` with `-o json`. Field names are public interface: more may be added, none renamed.
#[derive(Debug, Serialize)]
struct Summary {
    accepted: u64,
    failed: u64,
    total_ms: f64,
    per_s: f64,
}

/// How far it is.
struct Run<'a> {
    what: &'a What,
    rate: Option<Rate>,
    begun: Instant,
    next: Cell<usize>,
    accepted: Cell<u64>,
    failed: RefCell<BTreeMap<String, u64>>,
    /// Why nothing more is sent.
    end: RefCell<Option<Failure>>,
}

pub(super) async fn send(
    global: &Global,
    what: &What,
    door: Door,
    rate: Option<Rate>,
) -> Result<ExitCode, Failure> {
    let run = Run::new(what, rate);
    let number = if what.is_ordered() { 1 } else { what.count().min(LANES_MAX) };
    let mut doors: Vec<Door> = (1..number).map(|_| door.another()).collect();
    doors.push(door);
    let lanes = join_all(doors.into_iter().map(|door| run.lane(door)));
    let shows = !global.quiet && !global.is_json() && io::stderr().is_terminal();
    tokio::select! {
        _ = lanes => {}
        () = run.show(), if shows => {}
    }
    if shows && run.begun.elapsed() >= PROGRESS {
        write("\r\x1b[K");
    }
    run.tell(global)
}

impl<'a> Run<'a> {
    fn new(what: &'a What, rate: Option<Rate>) -> Self {
        Self {
            what,
            rate,
            begun: Instant::now(),
            next: Cell::default(),
            accepted: Cell::default(),
            failed: RefCell::default(),
            end: RefCell::default(),
        }
    }

    /// One event after the other, each when its time has come.
    async fn lane(&self, mut door: Door) {
        while let Some(at) = self.take() {
            tokio::time::sleep_until(self.due(at).into()).await;
            let sent = match self.what.event(at) {
                Ok(event) => door.send(&event).await,
                Err(failure) => Err(failure),
            };
            match sent {
                Ok(_) => self.accepted.set(self.accepted.get() + 1),
                Err(failure) => self.fail(failure),
            }
        }
    }

    fn take(&self) -> Option<usize> {
        let at = self.next.get();
        let is_left = at < self.what.count() && self.end.borrow().is_none();
        is_left.then(|| self.next.replace(at + 1))
    }

    /// By the clock and not by the one before, so that what was late is made up for.
    fn due(&self, at: usize) -> Instant {
        let each = self.rate.map_or(Duration::ZERO, |rate| rate.each);
        let nanos = u64::try_from(each.as_nanos() * at as u128).unwrap_or(u64::MAX);
        self.begun + Duration::from_nanos(nanos)
    }

    fn fail(&self, failure: Failure) {
        *self.failed.borrow_mut().entry(failure.message.clone()).or_default() += 1;
        if is_gone(&failure) {
            self.end.replace(Some(failure));
        }
    }

    fn failed(&self) -> u64 {
        self.failed.borrow().values().sum()
    }

    /// Goes on for ever.
    async fn show(&self) {
        loop {
            tokio::time::sleep(PROGRESS).await;
            let (done, all) = (self.accepted.get() + self.failed(), self.what.count() as u64);
            write(&format!("\r{} of {}, {} failed\x1b[K", count(done), count(all), count(self.failed())));
        }
    }

    fn tell(self, global: &Global) -> Result<ExitCode, Failure> {
        let (accepted, failed, took) = (self.accepted.get(), self.failed(), self.begun.elapsed());
        let per_s = accepted as f64 / took.as_secs_f64().max(1e-6);
        let summary = Summary { accepted, failed, total_ms: millis(took), per_s };
        if global.is_json() {
            output::json(&summary)?;
        } else {
            let (accepted, failed) = (count(accepted), count(failed));
            let took = time(summary.total_ms);
            output::data(format!("{accepted} accepted, {failed} failed in {took} ({per_s:.1}/s)\n"))?;
        }
        if let Some(failure) = self.end.into_inner() {
            return Err(failure);
        }
        for (reason, number) in self.failed.into_inner().into_iter().take(REASONS_SHOWN) {
            global.talk(&format!("{} failed: {reason}", count(number)));
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { Exit::Failed.into() })
    }
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    // Talk that nobody can hear is not worth failing for.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
