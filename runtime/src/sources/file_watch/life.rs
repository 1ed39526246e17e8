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

/// The wait after an event could not be stored.
const RETRY_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Life {
    source: Arc<FileWatch>,
    driver: Handle,
    stop: watch::Receiver<bool>,
    book: Book,
}

/// What came of a look.
#[derive(Default)]
struct Looked {
    /// Whether the folder could be read.
    listed: bool,
    fired: Vec<Fired>,
    /// Nobody will tell when it is time to look again.
    again: Option<Duration>,
    trouble: Option<String>,
}

/// A file that is not as it was.
pub(super) enum Change {
    Deleted(String, Stamp),
    Written(String),
}

impl Looked {
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
        Self { source, driver, stop, book }
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
            let looked = self.look(looks).await;
            self.note(&looked);
            let again = looked.again;
            if let Some(asker) = asker.take() {
                looked.answer(asker);
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = notice(&mut watching) => {}
                Some(ask) = asked.recv() => asker = Some(ask),
                () = wait(again) => {}
            }
        }
    }

    fn watch(&self, poll: Option<Duration>) -> Result<Option<(Watcher, Changes)>, WatchError> {
        if self.driver.config().runtime.ephemeral {
            return Ok(None);
        }
        block_in_place(|| Watcher::of_files(&self.source.folder, poll)).map(Some)
    }

    /// Tells of what is not as it was. With `looks`, nobody tells when a file is closed.
    async fn look(&mut self, looks: bool) -> Looked {
        let mut looked = Looked::default();
        match block_in_place(|| folder::list(&self.source)) {
            Ok(listed) => {
                looked.listed = true;
                self.begin(&listed);
                self.tell_all(&listed, looks, &mut looked).await;
            }
            Err(error) => {
                // What comes with the folder later was not there.
                if self.book.is_new() && error.kind() == io::ErrorKind::NotFound {
                    self.book.begin();
                }
                looked.trouble = Some(format!("cannot read {}: {error}", self.source.folder.display()));
            }
        }
        self.keep(&mut looked);
        looked
    }

    async fn tell_all(&mut self, listed: &BTreeMap<String, Stamp>, looks: bool, looked: &mut Looked) {
        for change in changes(self.book.files(), listed) {
            if *self.stop.borrow() {
                return;
            }
            let told = match change {
                Change::Deleted(name, stamp) => self.deleted(&name, stamp, looked).await,
                Change::Written(name) => self.written(&name, looks, looked).await,
            };
            if let Err(error) = told {
                (looked.again, looked.trouble) = (Some(RETRY_WAIT), Some(error.to_string()));
                return;
            }
            if self.book.is_long_unwritten() {
                self.keep(looked);
            }
        }
    }

    /// What was there before anybody watched is known, and told to nobody unless that is wanted.
    fn begin(&mut self, listed: &BTreeMap<String, Stamp>) {
        if !self.book.is_new() {
            return;
        }
        self.book.begin();
        let untold = listed.iter().filter(|_| !self.source.existing);
        for (name, stamp) in untold {
            match block_in_place(|| folder::read(&self.source, name, None)) {
                Ok(File::BeingWritten | File::Gone) => {}
                // What is not complete after all will be another.
                Ok(File::Complete(..) | File::Unsettled) | Err(_) => self.book.know(name, Some(*stamp)),
            }
        }
    }

    async fn written(&mut self, name: &str, looks: bool, looked: &mut Looked) -> Result<(), StoreError> {
        let max = self.source.data_bytes_max.filter(|_| self.source.tells(Occasion::Write));
        match block_in_place(|| folder::read(&self.source, name, max)) {
            Ok(File::Complete(stamp, data)) => self.complete(name, stamp, data, looked).await?,
            Ok(File::BeingWritten) if looks => looked.again = Some(folder::QUIET),
            Ok(File::BeingWritten | File::Gone) => {}
            Ok(File::Unsettled) => looked.again = Some(folder::QUIET),
            Err(error) => looked.trouble = Some(format!("cannot read {name}: {error}")),
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
                    self.told(self.tell(event(None), looked).await, looked)?;
                }
                told => self.told(told, looked)?,
            }
        }
        self.book.know(name, Some(stamp));
        Ok(())
    }

    async fn deleted(&mut self, name: &str, stamp: Stamp, looked: &mut Looked) -> Result<(), StoreError> {
        if self.source.tells(Occasion::Delete) {
            let told = self.tell(self.source.deleted(name, &stamp), looked).await;
            self.told(told, looked)?;
        }
        self.book.know(name, None);
        Ok(())
    }

    async fn tell(&self, event: Result<Event, EventError>, looked: &mut Looked) -> Result<(), StoreError> {
        let fired = self.source.outlet.store(&self.driver, event?).await?;
        let last = Some((fired.id.clone(), SystemTime::now()));
        self.driver.file_watches().note(&self.source.name, |standing| standing.last = last);
        looked.fired.push(fired);
        Ok(())
    }

    /// What would be the same another time is over.
    fn told(&self, told: Result<(), StoreError>, looked: &mut Looked) -> Result<(), StoreError> {
        match told {
            Err(error) if error.is_final() => {
                tracing::error!(source = &*self.source.name, "an event is given up: {error}");
                looked.trouble = Some(format!("an event is given up: {error}"));
                Ok(())
            }
            told => told,
        }
    }

    /// Only what is stored is written down.
    fn keep(&mut self, looked: &mut Looked) {
        if let Err(error) = block_in_place(|| self.book.write()) {
            looked.trouble = Some(format!("what it told of is not known after a restart: {error}"));
        }
    }

    fn note(&self, looked: &Looked) {
        let (name, files) = (&self.source.name, self.book.files().map_or(0, BTreeMap::len));
        self.driver.file_watches().note(name, |standing| {
            if let Some(trouble) = looked.trouble.as_ref().filter(|_| standing.error != looked.trouble) {
                tracing::warn!(source = &**name, "{trouble}");
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
    let known = known.into_iter().flatten();
    let known: BTreeMap<_, _> = known.collect();
    let gone = known.iter().filter(|(name, _)| !listed.contains_key(**name));
    let gone = gone.map(|(name, stamp)| Change::Deleted((*name).clone(), **stamp));
    let is_new = |(name, stamp): &(&String, &Stamp)| !known.get(name).is_some_and(|was| stamp.is_as(was));
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
