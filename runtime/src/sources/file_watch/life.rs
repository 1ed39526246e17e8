//! The life of a source that watches a folder: it looks, tells of what changed, and waits for the next notice.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use activator::event::{Event, EventError};
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::board::{Asked, State};
use super::book::Book;
use super::folder::{self, File};
use super::source::{FileWatch, Occasion};
use super::stamp::Stamp;
use crate::channel::AppendError;
use crate::driver::Handle;
use crate::sources::{Fired, StoreError};
use crate::watch::{Changes, WatchError, Watcher};

/// The wait after an event could not be stored, or something could not be read of which nobody tells when it can.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// The close of a file that is being written is told just before it is over, and elsewhere where that is written by another
/// name: so it is looked at again, first after so long, then twice as long each time.
const CLOSE_WAIT_MIN: Duration = Duration::from_millis(10);
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(60);

pub(super) struct Life {
    source: Arc<FileWatch>,
    driver: Handle,
    stop: watch::Receiver<bool>,
    book: Book,
    close_wait: Duration,
}

/// What came of a look.
#[derive(Default)]
struct Looked {
    /// Whether the folder could be read.
    listed: bool,
    fired: Vec<Fired>,
    /// Whether a file is not complete that its writer will close.
    awaits_close: bool,
    /// When it is time to look again, where nobody may tell.
    again: Option<Duration>,
    trouble: Option<String>,
}

/// A file that is not as it was.
pub(super) enum Change {
    Deleted(String, Stamp),
    Written(String),
}

impl Looked {
    fn again_in(&mut self, wait: Duration) {
        self.again = Some(self.again.map_or(wait, |again| again.min(wait)));
    }

    /// What came of it, or why nothing could.
    fn answer(self, asker: Asked) {
        let why = self.trouble.filter(|_| self.fired.is_empty());
        // Whoever asked may be gone.
        asker.send(why.map_or(Ok(self.fired), Err)).ok();
    }
}

impl Life {
    /// Reads what earlier ones told of.
    pub(super) fn new(source: Arc<FileWatch>, driver: Handle, stop: watch::Receiver<bool>) -> Self {
        let config = driver.config();
        let book = block_in_place(|| Book::open(config.runtime.state.as_deref(), &source));
        Self { source, driver, stop, book, close_wait: CLOSE_WAIT_MIN }
    }

    /// Until it is told to stop. In somebody's test it looks only when it is asked to.
    pub(super) async fn live(mut self, poll: Option<Duration>, mut asked: mpsc::Receiver<Asked>) {
        let mut stop = self.stop.clone();
        let (kind, name) = &self.source.outlet.channel;
        tokio::select! {
            () = self.driver.wait_route(*kind, name) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let mut watching = match self.watch(poll) {
            Ok(watching) => watching,
            Err(error) => {
                return self.note(&Looked { trouble: Some(error.to_string()), ..Looked::default() });
            }
        };
        let mut asker: Option<Asked> = None;
        loop {
            let looks = watching.as_ref().is_some_and(|(watcher, _)| watcher.looks());
            // What is there before a test is told of when that asks, or never.
            let waits = watching.is_none() && asker.is_none() && self.source.existing;
            let again = if waits { None } else { self.turn(asker.take(), looks).await };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = notice(&mut watching) => self.close_wait = CLOSE_WAIT_MIN,
                Some(ask) = asked.recv() => asker = Some(ask),
                () = wait(again) => {}
            }
        }
    }

    /// Looks, and says what came of that; gives when to do so again. With `looks`, nobody tells when a file is closed.
    async fn turn(&mut self, asker: Option<Asked>, looks: bool) -> Option<Duration> {
        let mut looked = self.look().await;
        if looked.awaits_close {
            let wait_max = if looks { folder::QUIET } else { CLOSE_WAIT_MAX };
            looked.again_in(self.close_wait.min(wait_max));
            self.close_wait = (self.close_wait * 2).min(wait_max);
        }
        self.note(&looked);
        let again = looked.again;
        if let Some(asker) = asker {
            looked.answer(asker);
        }
        again
    }

    fn watch(&self, poll: Option<Duration>) -> Result<Option<(Watcher, Changes)>, WatchError> {
        if self.driver.config().runtime.ephemeral {
            return Ok(None);
        }
        block_in_place(|| Watcher::of_files(&self.source.folder, poll)).map(Some)
    }

    /// Tells of what is not as it was.
    async fn look(&mut self) -> Looked {
        let mut looked = Looked::default();
        match block_in_place(|| folder::list(&self.source)) {
            Ok(listed) => {
                looked.listed = true;
                self.begin(&listed);
                self.keep(&mut looked);
                self.tell_all(&listed, &mut looked).await;
            }
            Err(error) => self.unread(&error, &mut looked),
        }
        self.keep(&mut looked);
        looked
    }

    /// The folder cannot be read.
    fn unread(&mut self, error: &io::Error, looked: &mut Looked) {
        if error.kind() != io::ErrorKind::NotFound {
            looked.again_in(RETRY_WAIT);
        } else if self.book.is_new() {
            // What comes with the folder later was not there.
            self.book.begin(BTreeMap::new());
        }
        looked.trouble = Some(format!("cannot read {}: {error}", self.source.folder.display()));
    }

    async fn tell_all(&mut self, listed: &BTreeMap<String, Stamp>, looked: &mut Looked) {
        for change in changes(self.book.files(), listed) {
            if *self.stop.borrow() {
                return;
            }
            let told = match change {
                Change::Deleted(name, stamp) => self.deleted(&name, stamp, looked).await,
                Change::Written(name) => self.written(&name, looked).await,
            };
            if let Err(error) = told {
                looked.again_in(RETRY_WAIT);
                looked.trouble = Some(error.to_string());
                return;
            }
        }
    }

    /// What was there before anybody watched is known, and told to nobody unless that is wanted.
    fn begin(&mut self, listed: &BTreeMap<String, Stamp>) {
        if !self.book.is_new() {
            return;
        }
        // What is not complete after all will be another.
        let is_complete = |name: &str| {
            !matches!(folder::read(&self.source, name, None), Ok(File::BeingWritten | File::Gone))
        };
        let untold = listed.iter().filter(|(name, _)| !self.source.existing && is_complete(name));
        let known = block_in_place(|| untold.map(|(name, stamp)| (name.clone(), *stamp)).collect());
        self.book.begin(known);
    }

    async fn written(&mut self, name: &str, looked: &mut Looked) -> Result<(), StoreError> {
        let wants_data = self.source.data && self.source.tells(Occasion::Write);
        let max = if wants_data { Some(self.source.outlet.event_bytes_max(&self.driver)?) } else { None };
        match block_in_place(|| folder::read(&self.source, name, max)) {
            Ok(File::Complete(stamp, data)) => self.complete(name, stamp, data, looked).await?,
            Ok(File::BeingWritten) => looked.awaits_close = true,
            Ok(File::Gone) => {}
            Ok(File::Unsettled) => looked.again_in(folder::QUIET),
            Err(error) => {
                // That it may be read is told.
                if error.kind() != io::ErrorKind::PermissionDenied {
                    looked.again_in(RETRY_WAIT);
                }
                looked.trouble = Some(format!("cannot read {name}: {error}"));
            }
        }
        Ok(())
    }

    async fn complete(
        &mut self,
        name: &str,
        stamp: Stamp,
        data: Option<Bytes>,
        looked: &mut Looked,
    ) -> Result<(), StoreError> {
        if self.source.tells(Occasion::Write) {
            let event = |data| self.source.written(name, &stamp, data);
            let fits = self.tell(event(data), looked).await;
            match fits {
                Err(StoreError::Append(AppendError::TooLarge { .. })) => {
                    self.told(name, self.tell(event(None), looked).await, looked)?;
                }
                told => self.told(name, told, looked)?,
            }
        }
        block_in_place(|| self.book.know(name, Some(stamp)));
        Ok(())
    }

    async fn deleted(&mut self, name: &str, stamp: Stamp, looked: &mut Looked) -> Result<(), StoreError> {
        if self.source.tells(Occasion::Delete) {
            let told = self.tell(self.source.deleted(name, &stamp), looked).await;
            self.told(name, told, looked)?;
        }
        block_in_place(|| self.book.know(name, None));
        Ok(())
    }

    async fn tell(&self, event: Result<Event, EventError>, looked: &mut Looked) -> Result<(), StoreError> {
        let fired = self.source.outlet.store(&self.driver, event?).await?;
        let last = Some((fired.id.clone(), SystemTime::now()));
        self.driver.file_watches().note(&self.source, |standing| standing.last = last);
        looked.fired.push(fired);
        Ok(())
    }

    /// What would be the same another time is over.
    fn told(&self, name: &str, told: Result<(), StoreError>, looked: &mut Looked) -> Result<(), StoreError> {
        match told {
            Err(error) if error.is_final() => {
                let trouble = Some(format!("the event of {name:?} is given up: {error}"));
                tracing::error!(source = &*self.source.name, "the event of {name:?} is given up: {error}");
                // Which is said by now.
                self.driver.file_watches().note(&self.source, |standing| standing.error.clone_from(&trouble));
                looked.trouble = trouble;
                Ok(())
            }
            told => told,
        }
    }

    /// Only what is stored is known, and written down.
    fn keep(&mut self, looked: &mut Looked) {
        if let Err(error) = block_in_place(|| self.book.write()) {
            looked.trouble = Some(format!("what it told of is not known after a restart: {error}"));
        }
    }

    fn note(&self, looked: &Looked) {
        let (source, files) = (&self.source, self.book.files().map_or(0, BTreeMap::len));
        self.driver.file_watches().note(source, |standing| {
            if let Some(trouble) = looked.trouble.as_ref().filter(|_| standing.error != looked.trouble) {
                tracing::warn!(source = &*source.name, "{trouble}");
            }
            standing.turn(if looked.listed { State::Watching } else { State::Waiting });
            standing.files = files;
            standing.error.clone_from(&looked.trouble);
        });
    }
}

/// What was told of, and is not as it is; in the order in which files were written.
pub(super) fn changes(
    known: Option<&BTreeMap<String, Stamp>>,
    listed: &BTreeMap<String, Stamp>,
) -> Vec<Change> {
    let gone = known.into_iter().flatten().filter(|(name, _)| !listed.contains_key(*name));
    let gone = gone.map(|(name, stamp)| Change::Deleted(name.clone(), *stamp));
    let is_new = |(name, stamp): &(&String, &Stamp)| {
        !known.and_then(|known| known.get(*name)).is_some_and(|was| stamp.is_as(was))
    };
    let mut written: Vec<_> = listed.iter().filter(is_new).collect();
    written.sort_by_key(|(_, stamp)| stamp.written());
    gone.chain(written.into_iter().map(|(name, _)| Change::Written(name.clone()))).collect()
}

/// Never where there is none, and where the watcher is gone.
async fn notice(watching: &mut Option<(Watcher, Changes)>) {
    if let Some((_, changes)) = watching
        && changes.next().await.is_some()
    {
        return;
    }
    pending().await
}

async fn wait(again: Option<Duration>) {
    match again {
        Some(wait) => sleep(wait).await,
        None => pending().await,
    }
}
