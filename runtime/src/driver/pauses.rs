//! Which subscriptions are paused, kept over a restart: a file of the state folder, one name on a line.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::rewrite;

/// A clone is the same.
#[derive(Clone, Debug)]
pub(super) struct Pauses {
    /// Nothing when no state is kept.
    file: Option<PathBuf>,
    names: Arc<Mutex<BTreeSet<Arc<str>>>>,
    /// Held while the file is written: what is written last is what there is.
    writing: Arc<Mutex<()>>,
}

impl Pauses {
    /// Those of earlier lives.
    pub(super) fn open(state: Option<&Path>) -> Self {
        let file = state.map(|state| state.join("paused"));
        let text = file.as_ref().map(fs::read_to_string);
        let names = match text {
            Some(Ok(text)) => text.lines().map(Into::into).collect(),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!("it is not known what is paused: cannot read {file:?}: {error}");
                BTreeSet::new()
            }
            _ => BTreeSet::new(),
        };
        Self { file, names: Arc::new(Mutex::new(names)), writing: Arc::default() }
    }

    pub(super) fn names(&self) -> BTreeSet<Arc<str>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of it; [`write`](Self::write) keeps it.
    pub(super) fn set(&self, name: &Arc<str>, paused: bool) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if paused {
            names.insert(Arc::clone(name));
        } else {
            names.remove(name);
        }
    }

    /// It bears another name from now on. Says whether that is to be written.
    pub(super) fn renamed(&self, from: &Arc<str>, to: &Arc<str>) -> bool {
        let was = self.names().contains(from);
        if was {
            self.set(from, false);
            self.set(to, true);
        }
        was
    }

    /// Keeps what is paused now over a restart, as far as there is anything that is kept. Waits for the disk. Says whether it
    /// is kept.
    pub(super) fn write(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text: String = self.names().iter().map(|name| format!("{name}\n")).collect();
        rewrite::whole(file, &text)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paused_is_known_in_the_next_life() {
        let state = tempfile::tempdir().unwrap();
        let pauses = Pauses::open(Some(state.path()));
        for name in ["trigger/bill", "source/orders", "trigger/mail"] {
            pauses.set(&name.into(), true);
            assert!(pauses.write().unwrap());
        }
        pauses.set(&"trigger/mail".into(), false);
        assert!(pauses.renamed(&"trigger/bill".into(), &"trigger/invoice".into()));
        assert!(!pauses.renamed(&"trigger/bill".into(), &"trigger/other".into()));
        pauses.write().unwrap();
        let next = Pauses::open(Some(state.path())).names();
        assert_eq!(next.iter().map(|name| &**name).collect::<Vec<_>>(), ["source/orders", "trigger/invoice"]);
    }

    #[test]
    fn where_nothing_is_kept_it_is_known_in_this_life() {
        let pauses = Pauses::open(None);
        pauses.set(&"trigger/bill".into(), true);
        assert!(!pauses.write().unwrap());
        assert_eq!(pauses.names().len(), 1);
    }
}
