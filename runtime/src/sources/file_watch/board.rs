//! How each source stands that watches a folder, and where it is asked to look.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::{mpsc, oneshot};

use super::source::FileWatch;
use crate::sources::Fired;

/// Where the answer to one who asked it to look goes: the events that came of that, or why there could be none.
pub(super) type Asked = oneshot::Sender<Result<Vec<Fired>, String>>;

/// Askers that may wait.
const ASKERS_MAX: usize = 8;

/// A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<Arc<str>, Entry>>>);

#[derive(Debug)]
struct Entry {
    /// What is asked of it counts only if it is this still.
    of: Arc<FileWatch>,
    standing: Standing,
    ask: mpsc::Sender<Asked>,
}

/// How one stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// When that began.
    pub(crate) since: Option<SystemTime>,
    /// Files it told of, or knows without that.
    pub(crate) files: usize,
    /// The id of the last event since the start, and when that was stored.
    pub(crate) last: Option<(String, SystemTime)>,
    /// What went wrong at the last look.
    pub(crate) error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// It did not look yet.
    #[default]
    Starting,
    Watching,
    /// Its folder cannot be read.
    Waiting,
}

impl State {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Watching => "watching",
            Self::Waiting => "waiting",
        }
    }
}

impl Standing {
    pub(super) fn turn(&mut self, state: State) {
        if self.state != state {
            (self.state, self.since) = (state, Some(SystemTime::now()));
        }
    }
}

impl Board {
    /// Nothing while there is another of its name.
    pub(crate) fn standing(&self, source: &FileWatch) -> Option<Standing> {
        self.with(source, |entry| entry.standing.clone())
    }

    /// Has it look at its folder now.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) async fn look(&self, source: &FileWatch) -> Result<Vec<Fired>, String> {
        let gone = || "it is not running".to_owned();
        let ask = self.with(source, |entry| entry.ask.clone()).ok_or_else(gone)?;
        let (answer, looked) = oneshot::channel();
        ask.send(answer).await.map_err(|_| gone())?;
        looked.await.unwrap_or_else(|_| Err("hydrant is stopping".into()))
    }

    /// One begins, and hears of who asks.
    pub(super) fn enter(&self, source: &Arc<FileWatch>) -> mpsc::Receiver<Asked> {
        let (ask, asked) = mpsc::channel(ASKERS_MAX);
        let entry = Entry { of: Arc::clone(source), standing: Standing::default(), ask };
        self.all().insert(Arc::clone(&source.name), entry);
        asked
    }

    /// Notes what became of one.
    pub(super) fn note(&self, source: &FileWatch, change: impl FnOnce(&mut Standing)) {
        self.with(source, |entry| change(&mut entry.standing));
    }

    /// Forgets those that are none any more.
    pub(super) fn retain(&self, is_one: impl Fn(&str) -> bool) {
        self.all().retain(|source, _| is_one(source));
    }

    fn with<T>(&self, source: &FileWatch, act: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut all = self.all();
        all.get_mut(&source.name).filter(|entry| *entry.of == *source).map(act)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
