//! How each source stands that is a program, for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<Arc<str>, Standing>>>);

/// How one stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// How it ended last, or why it does not run.
    pub(crate) error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Starting,
    Running {
        pid: u32,
        since: SystemTime,
    },
    /// It ended, and is started again after a wait.
    Waiting,
    /// There is nothing to start.
    Broken,
    /// It was asked to end.
    Stopping,
}

impl State {
    /// The word for it.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running { .. } => "running",
            Self::Waiting => "waiting",
            Self::Broken => "broken",
            Self::Stopping => "stopping",
        }
    }
}

impl Board {
    pub(crate) fn standing(&self, source: &str) -> Option<Standing> {
        self.all().get(source).cloned()
    }

    /// Notes what became of one.
    pub(super) fn note(&self, source: &Arc<str>, change: impl FnOnce(&mut Standing)) {
        change(self.all().entry(Arc::clone(source)).or_default());
    }

    /// Forgets those that are none any more.
    pub(super) fn retain(&self, is_one: impl Fn(&str) -> bool) {
        self.all().retain(|source, _| is_one(source));
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
