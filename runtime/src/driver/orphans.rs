//! Cursors that nobody bears any more: kept for a while, since a trigger that was removed may come back, and then let go
//! of, since what they have not passed can never be deleted.
//!
//! A file in the state folder says since when: the first time a channel was opened without whoever bore it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use activator::input::OpenedPartition;
use jiff::{SignedDuration, Timestamp};

/// How long they are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Channel and name, and since when nobody bears it.
type Since = BTreeMap<String, BTreeMap<String, Timestamp>>;

/// Those of all channels.
#[derive(Debug)]
pub(super) struct Orphans {
    /// Nothing when no state is kept; then all are kept as long as their channels.
    path: Option<PathBuf>,
    since: Since,
    /// How often that changed.
    changes: u64,
    /// How many of the changes are written: channels open side by side, and the last one counts.
    written: Arc<Mutex<u64>>,
}

impl Orphans {
    /// Reads what was noted before.
    pub(super) fn open(state: Option<&Path>) -> Self {
        let path = state.map(|state| state.join("orphans.json"));
        let since = path.as_deref().map(read).unwrap_or_default();
        Self { path, since, changes: 0, written: Arc::default() }
    }

    /// Takes out of what was stored the cursors that were nobody's for too long. `wired` are the subscriptions of the
    /// channel. Gives what writes down who is nobody's now, when that changed; it blocks.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        channel: &str,
        wired: &[Arc<str>],
        partitions: &mut [OpenedPartition],
    ) -> Option<impl FnOnce() + Send + use<>> {
        let path = self.path.clone()?;
        let mut names = self.since.get(channel).cloned().unwrap_or_default();
        names.retain(|name, _| !wired.iter().any(|wired| **wired == **name));
        for progress in partitions.iter_mut().filter_map(|opened| opened.committed.as_mut()) {
            progress.behind.retain(|(name, _)| {
                wired.contains(name)
                    || is_kept(channel, name, now, *names.entry(name.to_string()).or_insert(now))
            });
        }
        if self.since.get(channel).map_or(names.is_empty(), |before| *before == names) {
            return None;
        }
        self.since.insert(channel.to_owned(), names);
        self.since.retain(|_, names| !names.is_empty());
        self.changes += 1;
        let (since, change, written) = (self.since.clone(), self.changes, Arc::clone(&self.written));
        Some(move || {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            if *written > change {
                return;
            }
            match write(&path, &since) {
                Ok(()) => *written = change,
                Err(error) => {
                    tracing::warn!("{}: cannot note whose cursors are nobody's: {error}", path.display());
                }
            }
        })
    }
}

fn is_kept(channel: &str, name: &str, now: Timestamp, since: Timestamp) -> bool {
    let is_kept = now.duration_since(since) < KEPT;
    if !is_kept {
        tracing::info!(channel, "nothing is called {name} since a week: its cursor is let go of");
    }
    is_kept
}

/// Nothing when it cannot be read: then they are kept for longer.
fn read(path: &Path) -> Since {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Since::new(),
        Err(error) => {
            tracing::warn!("{}: {error}", path.display());
            return Since::new();
        }
    };
    let texts: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&bytes).unwrap_or_default();
    let time = |(name, text): (String, String)| Some((name, text.parse().ok()?));
    texts
        .into_iter()
        .map(|(channel, names)| (channel, names.into_iter().filter_map(time).collect()))
        .collect()
}

fn write(path: &Path, since: &Since) -> io::Result<()> {
    let text = |(name, time): (&String, &Timestamp)| (name.clone(), time.to_string());
    let texts: BTreeMap<_, BTreeMap<_, _>> =
        since.iter().map(|(channel, names)| (channel, names.iter().map(text).collect())).collect();
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, serde_json::to_vec_pretty(&texts)?)?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use activator::cursor::Cursor;
    use activator::id::{Offset, Partition};
    use activator::input::Progress;
    use jiff::ToSpan;

    use super::*;

    const DAY: i64 = 24;

    /// What is left of the cursors of `bill` and `ship` when the channel is opened after so many hours.
    fn left(state: &Path, hours: i64, wired: &[&str]) -> Vec<String> {
        let behind = ["trigger/bill", "trigger/ship"].map(|name| (Arc::from(name), Cursor::at(Offset(3))));
        let committed = Some(Progress { position: Offset(9), behind: behind.to_vec() });
        let mut partitions = [OpenedPartition { partition: Partition(0), begin: Offset(0), committed }];
        let wired: Vec<Arc<str>> = wired.iter().map(|name| Arc::from(*name)).collect();
        let now = Timestamp::UNIX_EPOCH + hours.hours();
        let noted = Orphans::open(Some(state)).look(now, "broker/default", &wired, &mut partitions);
        noted.into_iter().for_each(|note| note());
        let progress = partitions[0].committed.take().unwrap();
        progress.behind.into_iter().map(|(name, _)| name.as_ref().to_owned()).collect()
    }

    #[test]
    fn a_cursor_that_nobody_bears_is_let_go_of_after_a_week() {
        let state = tempfile::tempdir().unwrap();
        let both = ["trigger/bill", "trigger/ship"];
        assert_eq!(left(state.path(), 0, &both), both);
        assert_eq!(left(state.path(), DAY, &["trigger/bill"]), both, "since now");
        assert_eq!(left(state.path(), 8 * DAY - 1, &["trigger/bill"]), both);
        assert_eq!(left(state.path(), 8 * DAY, &["trigger/bill"]), ["trigger/bill"]);
    }

    #[test]
    fn what_is_noted_late_does_not_replace_what_is_newer() {
        let state = tempfile::tempdir().unwrap();
        let mut orphans = Orphans::open(Some(state.path()));
        let behind = vec![(Arc::from("trigger/bill"), Cursor::at(Offset(3)))];
        let committed = Some(Progress { position: Offset(9), behind });
        let mut partitions = [OpenedPartition { partition: Partition(0), begin: Offset(0), committed }];
        let mut look = |channel| orphans.look(Timestamp::UNIX_EPOCH, channel, &[], &mut partitions).unwrap();
        let (first, second) = (look("broker/default"), look("channel/orders"));
        second();
        first();
        assert_eq!(read(&state.path().join("orphans.json")).len(), 2);
    }

    #[test]
    fn one_that_came_back_has_its_week_anew() {
        let state = tempfile::tempdir().unwrap();
        let both = ["trigger/bill", "trigger/ship"];
        left(state.path(), 0, &["trigger/bill"]);
        assert_eq!(left(state.path(), 6 * DAY, &both), both);
        assert_eq!(left(state.path(), 8 * DAY, &["trigger/bill"]), both);
        assert_eq!(left(state.path(), 15 * DAY, &["trigger/bill"]), ["trigger/bill"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_keeps_them_for_longer() {
        let state = tempfile::tempdir().unwrap();
        left(state.path(), 0, &[]);
        fs::write(state.path().join("orphans.json"), "no").unwrap();
        assert_eq!(left(state.path(), 8 * DAY, &[]).len(), 2);
        assert_eq!(left(state.path(), 15 * DAY, &[]).len(), 0);
    }
}
