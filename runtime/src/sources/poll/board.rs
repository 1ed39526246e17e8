//! How each source stands that asks a URL, when it does so next, and what it saw last.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::pace;
use super::seen::{Book, Seen};
use super::source::Poll;
use super::turn::Trouble;
use crate::driver::Handle;

/// A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: Mutex<BTreeMap<Arc<str>, Entry>>,
    book: OnceLock<Mutex<Book>>,
    asked: Notify,
}

#[derive(Debug)]
struct Entry {
    poll: Arc<Poll>,
    standing: Standing,
    /// Nothing while it is asked, or cannot be.
    due: Option<Timestamp>,
    /// How long it is from the last answer until then.
    wait: Duration,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// How one stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// Since when it is in that state.
    pub(crate) since: Timestamp,
    /// In a row.
    pub(crate) failures: u32,
    pub(crate) error: Option<String>,
    /// When it is asked next.
    pub(crate) next: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// It was not asked yet.
    #[default]
    Starting,
    Answering,
    Failing,
    /// It cannot be asked.
    Broken,
}

impl State {
    /// The word for it.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Answering => "answering",
            Self::Failing => "failing",
            Self::Broken => "broken",
        }
    }
}

impl Board {
    pub(crate) fn standing(&self, source: &str) -> Option<Standing> {
        let entries = self.entries();
        let entry = entries.get(source)?;
        Some(Standing { next: entry.due, ..entry.standing.clone() })
    }

    /// Takes over what is configured: what is new or became another is asked now.
    pub(super) fn configure(&self, polls: &BTreeMap<Arc<str>, Arc<Poll>>, now: Timestamp) {
        let mut entries = self.entries();
        entries.retain(|name, _| polls.contains_key(name));
        for poll in polls.values() {
            let turn = match entries.get(&poll.name) {
                Some(entry) if entry.poll == *poll => continue,
                Some(entry) => Arc::clone(&entry.turn),
                None => Arc::default(),
            };
            entries.insert(Arc::clone(&poll.name), Entry::new(poll, now, turn));
        }
    }

    /// Those whose turn it is; nothing is due of them until they were asked.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<Arc<Poll>> {
        let mut entries = self.entries();
        let due = entries.values_mut().filter_map(|entry| {
            // A clock that was set back makes nobody wait for longer.
            entry.due = entry.due.map(|due| due.min(after(now, entry.wait)));
            entry.due.take_if(|due| *due <= now).map(|_| Arc::clone(&entry.poll))
        });
        due.collect()
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.entries().values().filter_map(|entry| entry.due).min()
    }

    /// Waits until one was asked.
    pub(super) async fn changed(&self) {
        self.0.asked.notified().await;
    }

    /// Whoever has it asks.
    pub(super) fn turn(&self, poll: &Arc<Poll>) -> Arc<tokio::sync::Mutex<()>> {
        let new = || Entry::new(poll, Timestamp::now(), Arc::default());
        let mut entries = self.entries();
        Arc::clone(&entries.entry(Arc::clone(&poll.name)).or_insert_with(new).turn)
    }

    /// How that went.
    pub(super) fn asked(&self, poll: &Arc<Poll>, now: Timestamp, trouble: Option<&Trouble>) {
        if let Some(entry) = self.entries().get_mut(&poll.name).filter(|entry| entry.poll == *poll) {
            entry.asked(now, trouble);
        }
        self.0.asked.notify_one();
    }

    /// What was seen last.
    pub(super) fn last(&self, poll: &Poll, driver: &Handle) -> Option<Seen> {
        self.book(driver).last(poll).cloned()
    }

    /// Notes what is seen now. Waits for the disk.
    pub(super) fn note(&self, poll: &Poll, driver: &Handle, seen: Seen) {
        said(self.book(driver).note(poll, seen));
    }

    /// Forgets what was seen at URLs that are none any more. Waits for the disk.
    pub(super) fn forget_others(&self, driver: &Handle) {
        let config = driver.config();
        said(self.book(driver).retain(|name| config.polls.contains_key(name)));
    }

    fn book(&self, driver: &Handle) -> MutexGuard<'_, Book> {
        let open = || Mutex::new(Book::open(driver.config().runtime.state.as_deref()));
        self.0.book.get_or_init(open).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(poll: &Arc<Poll>, now: Timestamp, turn: Arc<tokio::sync::Mutex<()>>) -> Self {
        let error = poll.headers.as_ref().err().cloned();
        let state = if error.is_some() { State::Broken } else { State::Starting };
        let due = error.is_none().then_some(now);
        let standing = Standing { state, since: now, error, ..Standing::default() };
        Self { poll: Arc::clone(poll), standing, due, wait: Duration::ZERO, turn }
    }

    fn asked(&mut self, now: Timestamp, trouble: Option<&Trouble>) {
        let standing = &mut self.standing;
        standing.failures = if trouble.is_some() { standing.failures.saturating_add(1) } else { 0 };
        self.wait = pace::wait(self.poll.every, standing.failures, trouble.and_then(|is| is.retry_after));
        self.due = Some(after(now, self.wait)).filter(|_| self.poll.headers.is_ok());
        let state = match trouble {
            _ if self.poll.headers.is_err() => State::Broken,
            Some(_) => State::Failing,
            None => State::Answering,
        };
        if state != standing.state {
            (standing.state, standing.since) = (state, now);
            say(&self.poll.name, trouble, self.wait);
        }
        standing.error = trouble.map(|trouble| trouble.reason.clone());
    }
}

/// Said once, however often it is asked.
fn say(source: &str, trouble: Option<&Trouble>, wait: Duration) {
    match trouble {
        Some(trouble) => tracing::warn!(source, "its URL gives nothing: {trouble}; asked again in {wait:?}"),
        None => tracing::info!(source, "its URL answers"),
    }
}

fn said(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!("what was seen at URLs is not known after a restart: cannot write that: {error}");
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
